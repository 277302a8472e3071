"""Calling the services over HTTP as their users do: bearer tokens, repeats, readable failures."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from admin.tokens import operator_token
from services.kit.tokens import Role

PATIENCE_SECONDS = 90.0
"""A killed service is back within this time, also on a crowded machine."""


class CallFailed(RuntimeError):
    """An answer that the rehearsal did not expect."""

    def __init__(self, answer: httpx.Response) -> None:
        request = answer.request
        super().__init__(
            f"{request.method} {request.url} answered {answer.status_code}: {answer.text[:600]}"
        )
        self.status = answer.status_code
        self.body = answer.text


class Client:
    """The four services by name. A 503 or a lost connection is tried again with the same id."""

    def __init__(self, environment: dict[str, str], operator_key: Path, at_once: int = 8) -> None:
        self.urls = {
            name: environment[f"{name.upper()}_URL"]
            for name in ("submission", "scoring", "webinar", "notify")
        }
        self._key = operator_key
        self._tokens: dict[tuple[Role, str], str] = {}
        self._gate = asyncio.Semaphore(at_once)
        self._http = httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=at_once * 2))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def operator(self, role: Role, subject: str) -> str:
        """A token of the operator's, made once."""
        if (role, subject) not in self._tokens:
            self._tokens[role, subject] = operator_token(
                self._key, role, subject, timedelta(hours=6)
            )
        return self._tokens[role, subject]

    async def call(
        self, method: str, service: str, path: str, *, token: str | None = None, **request: Any
    ) -> Any:
        """The JSON of a successful answer; raises CallFailed for any other."""
        headers = dict(request.pop("headers", {}))
        if token:
            headers["Authorization"] = f"Bearer {token}"
        async with self._gate:
            answer = await self._persistently(method, service, path, headers=headers, **request)
        if answer.is_error:
            raise CallFailed(answer)
        return answer.json()

    def url(self, service: str) -> str:
        """Where the next try of a call to a service goes."""
        return self.urls[service]

    async def _persistently(
        self, method: str, service: str, path: str, **request: Any
    ) -> httpx.Response:
        pause, give_up = 0.2, time.monotonic() + PATIENCE_SECONDS
        while True:
            late = time.monotonic() > give_up
            try:
                answer = await self._http.request(method, self.url(service) + path, **request)
            except httpx.TransportError:
                if late:
                    raise
            else:
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or late:
                    return answer
            await asyncio.sleep(pause)
            pause = min(pause * 2, 3.0)
