"""What every request has: a correlation id, a trace, a line in the log, a place in the figures."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http.client import INTERNAL_SERVER_ERROR
from typing import Any

import structlog

from services.kit.tracing import OFF, SERVER, Tracing

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

    def __init__(self, app: App, answered: Answered | None = None, tracing: Tracing = OFF) -> None:
        self._app = app
        self._answered = answered
        self._tracing = tracing

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
            trace = ""
        scope.setdefault("state", {})["correlation_id"] = correlation
        answer = _Answer(send, correlation)
        with structlog.contextvars.bound_contextvars(correlation_id=correlation):
            if scope["path"].startswith(("/health/", "/metrics")):
                scope["state"]["traceparent"] = trace or _new_trace()
                await self._app(scope, receive, answer)
            else:
                await self._observed(scope, receive, answer, trace)

    async def _observed(
        self, scope: Scope, receive: Receive, answer: "_Answer", trace: str
    ) -> None:
        began, method = time.monotonic(), scope["method"]
        with self._tracing.step(method, trace, SERVER, http__request__method=method) as step:
            scope["state"]["traceparent"] = step.traceparent or _new_trace()
            try:
                await self._app(scope, receive, answer)
            finally:
                route = route_of(scope)
                step.call(f"{method} {route}")
                step.note(
                    http__route=route,
                    http__response__status_code=answer.status,
                    zharmenke__correlation_id=answer.correlation,
                )
                if answer.status >= INTERNAL_SERVER_ERROR:
                    step.fail(str(answer.status))
                self._note(scope, answer.status, time.monotonic() - began)

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


class _Answer:
    """Adds the correlation id to the answer, and keeps its status."""

    def __init__(self, send: Send, correlation: str) -> None:
        self._send = send
        self.correlation = correlation
        self.status: int = INTERNAL_SERVER_ERROR  # what the caller gets when the app raises

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [
                *message.get("headers", []),
                (b"x-correlation-id", self.correlation.encode()),
            ]
        await self._send(message)


def _new_trace() -> str:
    """A trace of its own for a request that brings none: its events belong together."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def route_of(scope: Scope) -> str:
    """The template of the path that was asked for, such as `/projects/{project_id}`."""
    return getattr(scope.get("route"), "path_format", UNKNOWN_ROUTE)
