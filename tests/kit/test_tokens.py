"""Tokens: who may call, and that a link never stands in for a bearer token nor the other way."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from services.kit.refusal import Refused
from services.kit.tokens import (
    ROLES,
    Caller,
    Link,
    Role,
    issue_bearer,
    issue_link,
    read_bearer,
    read_link,
)

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


def key_pair() -> tuple[str, str]:
    private = Ed25519PrivateKey.generate()
    return (
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    )


OPERATOR, OPERATOR_PUBLIC = key_pair()
SCORING, SCORING_PUBLIC = key_pair()
STRANGER, _ = key_pair()
KEYS = {"operator": OPERATOR_PUBLIC, "scoring": SCORING_PUBLIC}
VOUCHED: dict[str, frozenset[Role]] = {
    "operator": frozenset(ROLES),
    "scoring": frozenset({"judge"}),
}


def bearer(key: str = OPERATOR, **changes: Any) -> str:
    """A bearer token; `changes` replace claims, None leaves one out."""
    claims = {
        "iss": "operator",
        "aud": "zharmenke",
        "sub": "aigul",
        "role": "secretary",
        "typ": "bearer",
        "exp": NOW + HOUR,
    } | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm="EdDSA")


def link(key: str = OPERATOR, **changes: Any) -> str:
    claims = {
        "aud": "webinar",
        "purpose": "join",
        "sub": "registration-1",
        "typ": "link",
        "jti": "message-1",
        "exp": NOW + HOUR,
    } | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm="EdDSA")


def unsigned(claims: dict[str, Any], algorithm: str = "none") -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims)}."


def test_bearer_token_says_who_in_what_role() -> None:
    token = issue_bearer(
        OPERATOR, issuer="operator", subject="aigul", role="judge", now=NOW, lifetime=HOUR
    )
    caller = read_bearer(token, KEYS, VOUCHED)
    assert caller == Caller("aigul", "judge")
    assert caller.actor == "judge/aigul"


def test_token_of_an_issuer_whose_clock_is_ahead_is_good_at_once() -> None:
    token = issue_bearer(
        SCORING, issuer="scoring", subject="aigul", role="judge", now=NOW + HOUR, lifetime=HOUR
    )
    assert read_bearer(token, KEYS, VOUCHED) == Caller("aigul", "judge")


CLAIMS = {
    "iss": "operator",
    "aud": "zharmenke",
    "sub": "aigul",
    "role": "admin",
    "typ": "bearer",
    "exp": 4_000_000_000,
}


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("not.a.token", id="no token"),
        pytest.param("ә", id="not ascii"),
        pytest.param(bearer(STRANGER), id="forged"),
        pytest.param(bearer()[:-4] + "AAAA", id="tampered"),
        pytest.param(bearer(exp=NOW - timedelta(seconds=1)), id="expired"),
        pytest.param(bearer(exp=None), id="never expires"),
        pytest.param(bearer(iss="somebody"), id="other issuer"),
        pytest.param(bearer(iss=None), id="no issuer"),
        pytest.param(bearer(aud="other"), id="other audience"),
        pytest.param(bearer(sub=None), id="no subject"),
        pytest.param(bearer(role="god"), id="unknown role"),
        pytest.param(bearer(role=["admin"]), id="a list of roles"),
        pytest.param(bearer(role=None), id="no role"),
        pytest.param(bearer(typ="link"), id="not of type bearer"),
        pytest.param(bearer(SCORING, iss="scoring", role="admin"), id="role of another issuer"),
        pytest.param(bearer(SCORING), id="issuer's name without its key"),
        pytest.param(link(), id="link token"),
        pytest.param(unsigned(CLAIMS), id="alg none"),
        pytest.param(unsigned(CLAIMS, "None"), id="alg None"),
        pytest.param(
            jwt.encode(CLAIMS, "a-secret-of-at-least-thirty-two-bytes", algorithm="HS256"),
            id="alg HS256",
        ),
    ],
)
def test_bearer_token_that_is_not_one_is_refused_as_unauthenticated(token: str) -> None:
    with pytest.raises(Refused) as refused:
        read_bearer(token, KEYS, VOUCHED)
    assert (refused.value.kind, refused.value.rule) == ("unauthenticated", "token-rejected")


def test_issuer_may_vouch_for_its_own_roles() -> None:
    token = bearer(SCORING, iss="scoring", role="judge")
    assert read_bearer(token, KEYS, VOUCHED) == Caller("aigul", "judge")


def test_link_token_entitles_to_one_purpose_at_one_service() -> None:
    token = issue_link(
        OPERATOR,
        audience="webinar",
        purpose="join",
        subject="registration-1",
        message_id="message-1",
        expires=NOW + HOUR,
    )
    read = read_link(token, OPERATOR_PUBLIC, audience="webinar", purpose="join")
    assert read == Link("registration-1", "join", "message-1")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(link(STRANGER), id="forged"),
        pytest.param(link(exp=NOW - timedelta(seconds=1)), id="expired"),
        pytest.param(link(exp=None), id="never expires"),
        pytest.param(link(aud="scoring"), id="other service"),
        pytest.param(link(purpose="cancel"), id="other purpose"),
        pytest.param(link(typ="bearer"), id="not of type link"),
        pytest.param(link(jti=None), id="of no message"),
        pytest.param(bearer(), id="bearer token"),
        pytest.param(bearer(aud="webinar", purpose="join", jti="m"), id="bearer with a purpose"),
        pytest.param(unsigned({"aud": "webinar", "exp": 4_000_000_000}), id="alg none"),
    ],
)
def test_link_token_that_is_not_one_is_refused_as_unauthenticated(token: str) -> None:
    with pytest.raises(Refused) as refused:
        read_link(token, OPERATOR_PUBLIC, audience="webinar", purpose="join")
    assert (refused.value.kind, refused.value.rule) == ("unauthenticated", "token-rejected")


def test_link_token_is_the_same_for_the_same_arguments() -> None:
    made = {
        issue_link(
            OPERATOR,
            audience="webinar",
            purpose="join",
            subject="r-1",
            message_id="m-1",
            expires=NOW + HOUR,
        )
        for _ in range(3)
    }
    assert len(made) == 1
