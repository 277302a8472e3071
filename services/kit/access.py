"""Who may call: bearer tokens and Idempotency-Keys as FastAPI dependencies."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.kit.aggregate import CommandKey, fingerprint
from services.kit.refusal import Refused
from services.kit.tokens import ROLES, Caller, Role, claimed_identity, read_bearer

_bearer = HTTPBearer(auto_error=False, description="A token made by `zharmenke token`.")


class Access:
    """Checks bearer tokens by issuer. The operator may vouch for any role, others as told."""

    def __init__(self, operator_public_key: str) -> None:
        self._keys = {"operator": operator_public_key}
        self._roles: dict[str, frozenset[Role]] = {"operator": frozenset(ROLES)}

    def trust(self, issuer: str, public_key: str, roles: frozenset[Role]) -> None:
        """Accept bearer tokens of another issuer, for these roles only."""
        self._keys[issuer] = public_key
        self._roles[issuer] = roles

    def require(self, *roles: Role) -> Callable[..., Awaitable[Caller]]:
        """A dependency: the caller, in one of these roles; else 401 or 403."""

        async def caller(
            credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
        ) -> Caller:
            if credentials is None:
                raise Refused("unauthenticated", "token-missing", "This needs a bearer token.")
            return self.read(credentials.credentials, *roles)

        return caller

    def read(self, token: str, *roles: Role) -> Caller:
        """Whose bearer token this is, in one of these roles; for a page whose form carries it."""
        who = read_bearer(token, self._keys, self._roles)
        if who.role not in roles:
            allowed = ", ".join(roles)
            raise Refused(
                "forbidden",
                "role-not-allowed",
                f"A {who.role} may not do this; it takes one of: {allowed}.",
            )
        return who

    def optional(self) -> Callable[..., Awaitable[Caller | None]]:
        """A dependency: the caller, or None for the public; a bad token is still 401."""

        async def caller(
            credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
        ) -> Caller | None:
            if credentials is None:
                return None
            return read_bearer(credentials.credentials, self._keys, self._roles)

        return caller


async def command_key(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            description="Send the same key again to repeat a request safely (kept 24 hours).",
        ),
    ] = None,
) -> CommandKey | None:
    """A dependency: the client's Idempotency-Key with the fingerprint of its request.

    A client may renew its token between the request and its repeat.
    """
    if idempotency_key is None:
        return None
    body = (await request.body()).decode("utf-8", "replace")
    who = claimed_identity(request.headers.get("authorization", "").partition(" ")[2])
    where = f"{request.url.path}?{request.url.query}"
    return CommandKey(idempotency_key, fingerprint(request.method, where, who, body))
