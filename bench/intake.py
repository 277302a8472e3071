"""Submissions a second, over HTTP: PUT of a draft, then POST of its submission.

Both sides are driven by the same httpx client with the same number of workers, in the bench's own
process; the server is another process. The clock runs from the first request to the last answer.
What the client and the database need is in both sides alike, so a ratio near 1 may also mean that
these are what limits.

Ours: `zharmenke serve submission` as the local stack starts it: bearer token (Ed25519) checked,
season looked up, rules applied, answers with the project's public shape, and the relay running
beside it. After a round the outboxes are waited for outside the clock, so that no rest of it runs
in the other side's round.

The limit: `bench/bare_intake.py`.
"""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from admin.rehearsal.cast import ProjectPlan
from admin.stack.stack import Stack
from admin.tokens import operator_token
from bench.bare_intake import AUTHORIZATION
from bench.material import Material
from bench.ratio import Comparison
from bench.stall import Stalled

TRIES, PAUSE = 1200, 0.1


class Intake:
    """The comparison, while both servers run."""

    def __init__(
        self, ours: httpx.AsyncClient, limit: httpx.AsyncClient, submissions: int, at_once: int
    ) -> None:
        self._ours = ours
        self._limit = limit
        self._submissions = submissions
        self._at_once = at_once

    def comparison(self) -> Comparison:
        """The two sides."""
        return Comparison(
            "HTTP → submitted", "submissions", self._submissions, self.ours, self.limit
        )

    async def warm_up(self) -> None:
        """A few submissions to each, so that nothing is done for the first time in a round."""
        for client in (self._ours, self._limit):
            await self._submit_all(client, self._plans("warm-up")[: self._at_once])

    async def ours(self, number: int) -> float:
        """One round of the submission service."""
        seconds = await self._submit_all(self._ours, self._plans(number))
        await _outbox_empty(self._ours)
        return seconds

    async def limit(self, number: int) -> float:
        """One round of the bare app."""
        return await self._submit_all(self._limit, self._plans(number))

    def _plans(self, number: object) -> Sequence[ProjectPlan]:
        return Material(self._submissions, f"bench-{number}").cast.projects()

    async def _submit_all(self, client: httpx.AsyncClient, plans: Sequence[ProjectPlan]) -> float:
        queue = list(reversed(plans))

        async def work() -> None:
            while queue:
                plan = queue.pop()
                address = f"/projects/{plan.id}"
                (await client.put(address, json=plan.draft)).raise_for_status()
                (await client.post(f"{address}/submit")).raise_for_status()

        begun = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._at_once):
                tasks.create_task(work())
        return time.perf_counter() - begun


@asynccontextmanager
async def intake(stack: Stack, submissions: int, at_once: int) -> AsyncIterator[Intake]:
    """Both servers running on the stack; ended with the block."""
    environment = stack.environment()
    await asyncio.to_thread(stack.up, ["submission"])
    key = Path(environment["OPERATOR_KEY_FILE"])
    command = [sys.executable, "-m", "bench.bare_intake"]
    command += ["--mongo-url", environment["MONGO_URL"], "--database", "bench_bare_intake"]
    bare = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    try:
        assert bare.stdout is not None
        port = int(await asyncio.to_thread(bare.stdout.readline))
        applicant = f"Bearer {operator_token(key, 'applicant', 'bench')}"
        async with (
            _client(environment["SUBMISSION_URL"], applicant) as ours,
            _client(f"http://127.0.0.1:{port}", AUTHORIZATION) as limit,
        ):
            await _open_season(ours, key)
            yield Intake(ours, limit, submissions, at_once)
    finally:
        bare.terminate()
        await asyncio.to_thread(bare.wait)
        stack.kill("submission", signal.SIGTERM)


def _client(url: str, authorization: str) -> httpx.AsyncClient:
    headers = {"Authorization": authorization}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False)


async def _open_season(client: httpx.AsyncClient, key: Path) -> None:
    material = Material(1)
    answer = await client.put(
        f"/seasons/{material.cast.season.id}",
        content=material.season_yaml.encode(),
        headers={"Authorization": f"Bearer {operator_token(key, 'admin', 'bench')}"},
    )
    answer.raise_for_status()


async def _outbox_empty(client: httpx.AsyncClient) -> None:
    empty = 'zharmenke_outbox_depth{service="submission"} 0.0'
    for _ in range(TRIES):
        if empty in (await client.get("/metrics")).text:
            return
        await asyncio.sleep(PAUSE)
    raise Stalled("the outboxes of submission do not get empty")
