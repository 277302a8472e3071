"""Tokens: Ed25519-signed JWTs (EdDSA). Bearer tokens say who calls; link tokens travel in mails.

The two never stand in for each other: a link token carries a purpose and an audience of one
service, a bearer token carries a role.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

import jwt

from services.kit.refusal import Refused

Role = Literal["applicant", "judge", "secretary", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
ALGORITHM = "EdDSA"
BEARER_AUDIENCE = "zharmenke"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls an API, as the token's issuer vouches for."""

    subject: str
    role: Role

    @property
    def actor(self) -> str:
        """How events name the caller."""
        return f"{self.role}/{self.subject}"


@dataclass(frozen=True, slots=True)
class Link:
    """What a link from a mail entitles to, at one service, for one purpose."""

    subject: str
    purpose: str
    message_id: str


def issue_bearer(
    private_key: str, *, issuer: str, subject: str, role: Role, now: datetime, lifetime: timedelta
) -> str:
    """A bearer token for `subject` in `role`, valid for `lifetime` from `now`."""
    claims = {
        "iss": issuer,
        "aud": BEARER_AUDIENCE,
        "sub": subject,
        "role": role,
        "typ": "bearer",
        "iat": now,
        "exp": now + lifetime,
    }
    return jwt.encode(claims, private_key, algorithm=ALGORITHM)


def read_bearer(token: str, keys: dict[str, str], roles: dict[str, frozenset[Role]]) -> Caller:
    """Check a bearer token against the public key of its issuer; raises Refused (401).

    `roles` says which roles each issuer may vouch for.
    """
    issuer = _unverified_issuer(token)
    if issuer not in keys:
        raise _rejected("The token's issuer is not known here.")
    claims = _verified(token, keys[issuer], BEARER_AUDIENCE)
    role = str(claims.get("role", ""))
    if claims.get("typ") != "bearer" or role not in roles.get(issuer, frozenset()):
        raise _rejected("The token is not a bearer token of a role this issuer may give.")
    return Caller(str(claims["sub"]), role)


def issue_link(
    private_key: str,
    *,
    audience: str,
    purpose: str,
    subject: str,
    message_id: str,
    expires: datetime,
    now: datetime | None = None,
) -> str:
    """A link token for one service and purpose. Same arguments, same token (Ed25519 is exact)."""
    claims: dict[str, Any] = {
        "aud": audience,
        "purpose": purpose,
        "sub": subject,
        "typ": "link",
        "jti": message_id,
        "exp": expires.astimezone(UTC),
    }
    if now is not None:
        claims["iat"] = now
    return jwt.encode(claims, private_key, algorithm=ALGORITHM)


def read_link(token: str, public_key: str, *, audience: str, purpose: str) -> Link:
    """Check a link token; raises Refused (401) when forged, expired or meant for elsewhere."""
    claims = _verified(token, public_key, audience)
    if claims.get("typ") != "link" or claims.get("purpose") != purpose or "jti" not in claims:
        raise _rejected("The link is not meant for this.")
    return Link(str(claims["sub"]), purpose, str(claims["jti"]))


def claimed_identity(token: str) -> str:
    """Whom a token claims to be of, unchecked: a renewed one claims the same. Gives no rights."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return token
    return "/".join(str(claims.get(name, "")) for name in ("iss", "typ", "role", "sub"))


def _verified(token: str, public_key: str, audience: str) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            public_key,
            algorithms=[ALGORITHM],
            audience=audience,
            # `iat` is no condition: the clock of a replica that issued it may be ahead of ours.
            options={"require": ["exp", "sub", "aud"], "verify_iat": False},
        )
    except jwt.ExpiredSignatureError:
        raise _rejected("The token has expired.") from None
    except jwt.InvalidTokenError:
        raise _rejected("The token is not valid.") from None


def _unverified_issuer(token: str) -> str:
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise _rejected("The token is not valid.") from None
    return str(claims.get("iss", ""))


def _rejected(detail: str) -> Refused:
    return Refused("unauthenticated", "token-rejected", detail)
