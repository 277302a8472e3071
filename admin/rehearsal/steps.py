"""What every step of a rehearsal is made of: calls in somebody's name, and waiting to be heard."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from admin.rehearsal.client import CallFailed, Client

SECRETARY, ADMIN = "office", "operator"
Step = Callable[[str, int, int], None]
"""Told the phase, how much of it is done, and how much there is."""


class Steps:
    """Calls of one rehearsal. `patience`: for how many seconds it waits for a service to hear."""

    def __init__(self, client: Client, step: Step, patience: float) -> None:
        self._client = client
        self._step = step
        self._patience = patience

    async def _call(
        self, method: str, service: str, path: str, token: str | None, **request: Any
    ) -> Any:
        return await self._client.call(method, service, path, token=token, **request)

    async def _as_secretary(self, method: str, service: str, path: str, **request: Any) -> Any:
        token = self._client.operator("secretary", SECRETARY)
        return await self._call(method, service, path, token, **request)

    async def _as_admin(self, method: str, service: str, path: str, **request: Any) -> Any:
        return await self._call(
            method, service, path, self._client.operator("admin", ADMIN), **request
        )

    async def _all(self, phase: str, jobs: Sequence[Awaitable[Any]]) -> None:
        async for done in _as_done(jobs):
            self._step(phase, done, len(jobs))

    async def _until(self, fits: Callable[[Any], bool], service: str, path: str) -> None:
        """Ask until another service has heard of it."""
        async with asyncio.timeout(self._patience):
            while True:
                try:
                    if fits(await self._call("GET", service, path, None)):
                        return
                except CallFailed as failure:
                    if failure.status != 404:
                        raise
                await asyncio.sleep(0.1)

    async def _repeat_while(self, rules: Sequence[str], step: Callable[[], Awaitable[Any]]) -> None:
        """Do it again while a service has not heard of everything yet."""
        async with asyncio.timeout(self._patience):
            while True:
                try:
                    await step()
                    return
                except CallFailed as failure:
                    if not any(f":{rule}" in failure.body for rule in rules):
                        raise
                await asyncio.sleep(0.1)


async def _as_done(jobs: Sequence[Awaitable[Any]]) -> AsyncIterator[int]:
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        for done, finished in enumerate(asyncio.as_completed(tasks), start=1):
            await finished
            yield done
    finally:
        for task in tasks:
            task.cancel()
