"""SIGTERM under traffic: the processes end with 0 in less than ten seconds, and nothing is lost."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from admin.rehearsal.cast import ProjectPlan
from admin.stack.stack import Stack
from tests.applicants import Applicants, applicants
from tests.notify.smtp_script import Script, scripted_smtp
from tests.parts import require_durable_broker
from tests.ports import free_port
from tests.rooms import Rooms, eventually

SERVICES = ("submission", "scoring", "notify")
LONGEST_END = 10.0
"""Seconds that a process may take after SIGTERM."""
WORKERS = 6


class Processes:
    """The services, each a process as in production."""

    def __init__(self, rooms: Rooms, smtp_url: str, logs: Path) -> None:
        self._rooms = rooms
        self._smtp_url = smtp_url
        self._logs = logs
        self._ports = {name: free_port() for name in SERVICES}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def url(self, name: str) -> str:
        """Where a service answers."""
        return f"http://127.0.0.1:{self._ports[name]}"

    def launch(self) -> None:
        """Start them all."""
        for name in SERVICES:
            with (self._logs / f"{name}.log").open("ab") as log:
                self._running[name] = subprocess.Popen(  # noqa: S603 - our own command
                    [sys.executable, "-m", "admin", "serve", name],
                    env=os.environ | self._variables(name),
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )

    async def start(self) -> None:
        """Start them all; return when they are ready."""
        self.launch()
        async with httpx.AsyncClient() as http:

            async def ready() -> bool:
                try:
                    answers = [await http.get(f"{self.url(n)}/health/ready") for n in SERVICES]
                except httpx.TransportError:
                    return False
                return all(answer.is_success for answer in answers)

            await eventually(ready, "the services are ready", within=90)

    async def terminate(self) -> dict[str, tuple[int, float]]:
        """SIGTERM to all at once; of each how it ended and after how many seconds."""
        began = time.monotonic()
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)

        async def ended(process: subprocess.Popen[bytes]) -> tuple[int, float]:
            code = await asyncio.to_thread(process.wait, 60)
            return code, time.monotonic() - began

        found = await asyncio.gather(*(ended(process) for process in self._running.values()))
        return dict(zip(self._running, found, strict=True))

    def kill(self) -> None:
        """Leave nothing behind, however the test ended."""
        for process in self._running.values():
            process.kill()
            process.wait()

    def _variables(self, name: str) -> dict[str, str]:
        keys = self._rooms.stack.directory / "keys"
        return self._rooms.environment | {
            "HTTP_PORT": str(self._ports[name]),
            "TOPIC_PREFIX": self._rooms.prefix,
            "MONGO_DATABASE": self._rooms.database(name),
            "SESSION_KEY_FILE": str(keys / "scoring-session.pem"),
            "LINK_PRIVATE_KEY_FILE": str(keys / "links.pem"),
            "SMTP_URL": self._smtp_url,
            "LOG_LEVEL": "WARNING",
        }


class Traffic:
    """Applicants who hand in one project after the other, and try again what was not answered."""

    def __init__(self, everybody: Applicants, plans: Sequence[ProjectPlan], url: str) -> None:
        self._everybody = everybody
        self._waiting = list(plans)
        self._url = url
        self.acknowledged: list[str] = []

    async def run(self) -> None:
        """Until every project is acknowledged."""
        async with httpx.AsyncClient(base_url=self._url, timeout=30) as http:
            await asyncio.gather(*(self._work(http) for _ in range(WORKERS)))

    async def _work(self, http: httpx.AsyncClient) -> None:
        while self._waiting:
            plan = self._waiting.pop()
            try:
                await self._everybody.hand_in(http, plan)
            except httpx.TransportError:
                self._waiting.append(plan)
                await asyncio.sleep(0.05)
            except httpx.HTTPStatusError as refused:
                if refused.response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    raise  # while it starts it says 503, and nothing else
                self._waiting.append(plan)
                await asyncio.sleep(0.05)
            else:
                self.acknowledged.append(plan.id)


@contextmanager
def slow_mail_server() -> Iterator[tuple[Script, str]]:
    """One that is in the middle of a mail whenever something ends."""
    with scripted_smtp() as (script, url):
        script.pause = 0.5
        yield script, url


@pytest.fixture
def mail_server() -> Iterator[tuple[Script, str]]:
    with slow_mail_server() as served:
        yield served


@pytest.fixture
def processes(rooms: Rooms, mail_server: tuple[Script, str], tmp_path: Path) -> Iterator[Processes]:
    made = Processes(rooms, mail_server[1], tmp_path)
    yield made
    made.kill()


async def test_sigterm_under_traffic_ends_with_0_in_time_and_loses_nothing(
    parts: Stack, rooms: Rooms, processes: Processes, mail_server: tuple[Script, str]
) -> None:
    require_durable_broker(parts)
    script, _ = mail_server
    everybody = applicants(rooms, "drain", projects=80)
    plans = everybody.cast.projects()
    await processes.start()
    async with httpx.AsyncClient(base_url=processes.url("submission")) as http:
        await everybody.open_season(http)
    traffic = Traffic(everybody, plans, processes.url("submission"))
    working = asyncio.create_task(traffic.run())

    async def in_full_swing() -> bool:
        return len(traffic.acknowledged) >= 20 and len(script.began) >= 4

    await eventually(in_full_swing, "projects are taken and mails go out", within=60)
    ended = await processes.terminate()
    acknowledged = list(traffic.acknowledged)
    mailed = dict(script.attempts)

    assert {name: code for name, (code, _) in ended.items()} == dict.fromkeys(SERVICES, 0)
    assert max(seconds for _, seconds in ended.values()) < LONGEST_END
    assert len(acknowledged) < len(plans)  # else there was no traffic any more
    assert 0 < len(mailed) < len(plans)

    await processes.start()
    await working

    async def all_mailed() -> bool:
        return len(await rooms.said("notify", "MessageAccepted")) >= len(plans)

    await eventually(all_mailed, "every receipt is mailed", within=120)
    said = Counter(id for id, _ in await rooms.said("submission", "ProjectSubmitted"))
    assert said == {f"submission/project/{plan.id}:1": 1 for plan in plans}
    assert await rooms.said("notify", "MessageUnknown") == []
    assert {address: len(ids) for address, ids in script.attempts.items()} == {
        plan.draft["contact"]["email"]: 1 for plan in plans
    }
    assert await heard_projects(rooms) == {plan.id for plan in plans}


async def heard_projects(rooms: Rooms) -> set[Any]:
    """The projects that scoring knows of."""
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(rooms.environment["MONGO_URL"])
    found = client[rooms.database("scoring")]["heard_projects"].find({}, {"_id": 1})
    ids = {doc["_id"] async for doc in found}
    client.close()
    return ids
