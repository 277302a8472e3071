"""What every request has: a correlation id, a trace, a line in the log, a place in the figures."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

log = structlog.get_logger(__name__)

_CORRELATION = re.compile(r"^[\w.:/~-]{1,100}$", re.ASCII)
_TRACEPARENT = re.compile(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Answered = Callable[[str, str, int, float], None]
"""Told of each request: method, template of the path, status, seconds."""

UNKNOWN_ROUTE = "(none)"


class Correlation:
    """Gives each request a correlation id and a trace, and says the former in the answer."""

    def __init__(self, app: App, answered: Answered | None = None) -> None:
        self._app = app
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the caller's ids when they are well-formed, else make new ones."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"])
        correlation = given.get(b"x-correlation-id", b"").decode("latin-1")
        if not _CORRELATION.fullmatch(correlation):
            correlation = f"http/{secrets.token_hex(12)}"
        trace = given.get(b"traceparent", b"").decode("latin-1")
        if not _TRACEPARENT.fullmatch(trace):
            trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
        scope.setdefault("state", {}).update(correlation_id=correlation, traceparent=trace)

        began, status = time.monotonic(), 500  # what the caller gets when the app raises

        async def send_with_id(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", []),
                    (b"x-correlation-id", correlation.encode()),
                ]
            await send(message)

        with structlog.contextvars.bound_contextvars(correlation_id=correlation):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                if not scope["path"].startswith(("/health/", "/metrics")):
                    self._note(scope, status, time.monotonic() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The path alone: a query may hold a link's token.
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            milliseconds=round(seconds * 1000),
        )
        if self._answered:
            self._answered(scope["method"], route_of(scope), status, seconds)


def route_of(scope: Scope) -> str:
    """The template of the path that was asked for, such as `/projects/{project_id}`."""
    return getattr(scope.get("route"), "path_format", UNKNOWN_ROUTE)
