"""A client of the services that waits for whatever is away, as people do who come back later."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from admin.rehearsal.client import CallFailed, Client
from tests.faults.suite.moments import Moments

PATIENCE_SECONDS = 180.0


class PatientClient(Client):
    """Repeats a call, with the same ids, until there is an answer that is not 503."""

    def __init__(self, environment: dict[str, str], operator_key: Path, moments: Moments) -> None:
        super().__init__(environment, operator_key)
        self._moments = moments
        self._replicas: dict[str, list[str]] = {name: [url] for name, url in self.urls.items()}
        self.doubled = 0
        """How many calls are still to be made twice at once, as by two clients."""
        self.twice = 0
        """How many were, and had the same answer both times."""
        self.refused = 0
        """How often a service was away, or said that it can't at present."""

    def add_replica(self, service: str, url: str) -> None:
        """From now on this replica takes its share of the calls to its service."""
        self._replicas[service].append(url)

    def remove_replica(self, service: str, url: str) -> None:
        """No call goes there any more; a try that is under way is made elsewhere when it fails."""
        if url in self._replicas[service]:
            self._replicas[service].remove(url)

    def url(self, service: str) -> str:
        """The replicas of a service in turn."""
        replicas = self._replicas[service]
        replicas.append(replicas.pop(0))
        return replicas[-1]

    async def call(
        self, method: str, service: str, path: str, *, token: str | None = None, **request: Any
    ) -> Any:
        """The JSON of a successful answer; raises CallFailed for any other."""
        await self._moments.passing(service, counted=method != "GET")
        once = self._persist(method, service, path, token=token, **request)
        if self.doubled <= 0 or method == "GET" or path == "/sessions":  # a link works once
            return await once
        self.doubled -= 1
        again = self._persist(method, service, path, token=token, **request)
        answers = await asyncio.gather(once, again, return_exceptions=True)
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        if len(failures) == len(answers):
            raise failures[0]
        if failures:
            raise AssertionError(f"{method} {path}: one of two equal commands failed: {failures}")
        self.twice += 1
        return answers[0]

    async def _persist(self, method: str, service: str, path: str, **request: Any) -> Any:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    return await super().call(method, service, path, **request)
                except httpx.TransportError:
                    self.refused += 1
                except CallFailed as failure:
                    if failure.status != httpx.codes.SERVICE_UNAVAILABLE:
                        raise
                    self.refused += 1
                await asyncio.sleep(0.2)
