"""Where a row plays: a stack of its own, the play's moments, and the means to hurt."""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import httpx
from motor.motor_asyncio import AsyncIOMotorClient

from admin.rehearsal.cast import FairSize
from admin.rehearsal.rest import OWN_GROUPS
from admin.stack.stack import Stack
from schemas.topics import SERVICES
from tests.faults.suite.moments import ANY, Moments
from tests.faults.suite.patient import PatientClient
from tests.faults.suite.replicas import Replica
from tests.faults.suite.verdict import Verdict

SMALL = FairSize(projects=20, shortlist=6, jury=5, judges_per_project=3, registrants=20)
PATIENCE_SECONDS = 90.0


class Arena:
    """What a row is given. Every fault that really happened is counted in `injections`."""

    def __init__(
        self,
        directory: Path,
        environment: Mapping[str, str],
        seed: str,
        kills: int,
        today: date,
        size: FairSize = SMALL,
    ) -> None:
        self.environment = dict(environment)
        """What all parts are started with."""
        self.stack = Stack(directory, free_ports=True, environment=self.environment)
        self.seed, self.kills, self.today, self.size = seed, kills, today, size
        self.chance = random.Random(seed)  # noqa: S311 - a play's own dice
        self.injections = 0
        self.parked_expected = 0
        self.bounced_expected = 0
        self.moments = Moments(self.chance, size.projects / SMALL.projects)
        self.client: PatientClient
        self.findings: list[str] = []
        """What a row found wrong by itself; each counts as lost."""
        self.verdicts: list[Verdict] = []
        """What a row judged by itself, beside what is judged of every row."""
        self.at_rest: list[Callable[[], Awaitable[None]]] = []
        """What a row does when all has come to rest, before it comes to rest again."""
        self.at_end: list[Callable[[], object]] = []
        """What a row leaves to be put right after all is judged."""
        self.notes: list[str] = []
        """What a row has to tell of what it did, for its reader."""
        self.groups: dict[str, str] = dict(OWN_GROUPS)
        """The consumer group of each service now."""
        self.replicas: list[Replica] = []
        """Those that run beside the stack's own."""

    def open(self) -> None:
        """Connect the client; the stack runs by now."""
        key = self.stack.directory / "keys" / "operator.pem"
        self.client = PatientClient(self.stack.environment(), key, self.moments)

    async def draw(self, count: int, service: str = ANY, early: float = 1.0) -> AsyncIterator[int]:
        """Moments of the play, the play held; see Moments.draw."""
        async for moment in self.moments.draw(count, service, early):
            yield moment

    async def kill(self, part: str) -> None:
        """SIGKILL, a little after now, and start again; it takes calls when this returns."""
        await self.dies(part)
        self.injections += 1
        await self.comes_back(part)

    async def dies(self, part: str) -> None:
        """SIGKILL at a random moment of the next twentieth of a second."""
        await asyncio.sleep(self.chance.uniform(0, 0.05))
        await asyncio.to_thread(self.stack.kill, part)

    async def stops(self, part: str) -> None:
        """SIGTERM; it is gone when this returns."""
        await asyncio.to_thread(self.stack.kill, part, signal.SIGTERM)
        await self.until(lambda: self.stack.pid(part) is None, f"{part} ends")

    async def comes_back(self, part: str, **environment: str) -> None:
        """Start it, with these variables too, and wait until it takes calls."""
        await self.starts(part, **environment)
        if part not in SERVICES:
            await asyncio.to_thread(self.stack.wait, part)
            return
        url = f"{self.stack.environment()[f'{part.upper()}_URL']}/health/live"
        async with httpx.AsyncClient(timeout=5) as http:

            async def lives() -> bool:
                try:
                    return (await http.get(url)).is_success
                except httpx.TransportError:
                    return False

            await self.until(lives, f"{part} is live")

    async def starts(self, part: str, **environment: str) -> None:
        """Start it, with these variables too, and don't wait."""
        variables = self._variables(part) | environment
        stack = Stack(self.stack.directory, free_ports=True, environment=variables)
        await asyncio.to_thread(stack.start, part)

    async def joins(
        self, service: str, environment: Mapping[str, str] | None = None, *, calls: bool = True
    ) -> Replica:
        """Start a further replica with these variables too; it lives when this returns.

        `calls`: it takes its share of the play's calls from then on.
        """
        variables = self._variables(service) | dict(environment or {})
        replica = await asyncio.to_thread(Replica, self.stack, variables, service)
        self.replicas.append(replica)
        await self.until(replica.answers, f"a replica of {service} is live")
        if calls:
            self.client.add_replica(service, replica.url)
        return replica

    async def leaves(self, replica: Replica, number: int = signal.SIGTERM) -> None:
        """End a replica by this signal; the calls that it has in hand are made elsewhere."""
        replica.send(number)
        await self.until(lambda: not replica.alive, f"a replica of {replica.service} ends")
        self.client.remove_replica(replica.service, replica.url)
        self.replicas.remove(replica)

    def close(self) -> None:
        """End and put right what a row left behind, all but the stack."""
        while self.replicas:
            self.replicas.pop().end()
        for step in self.at_end:
            step()

    async def slots(self, replica: Replica) -> int:
        """How many of its service's outbox slots a replica holds."""
        client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(self.stack.environment()["MONGO_URL"])
        held = {"slot": {"$exists": True}, "owner": {"$regex": f"-{replica.pid}-"}}
        count = await client[replica.service]["leases"].count_documents(held)
        client.close()
        return int(count)

    def _variables(self, part: str) -> dict[str, str]:
        group = self.groups.get(part, part)
        return self.environment | ({"CONSUMER_GROUP": group} if group != part else {})

    async def until(
        self, holds: Callable[[], Any], what: str, within: float = PATIENCE_SECONDS
    ) -> bool:
        """Wait for a condition, plain or a coroutine's. Raises TimeoutError that says what for."""
        deadline = time.monotonic() + within
        while True:
            value = holds()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return True
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {within:.0f} s: {what}")
            await asyncio.sleep(0.05)

    async def mails_planned(self) -> int:
        """How many mails wait to be sent."""
        token = self.client.operator("admin", "faults")
        async with httpx.AsyncClient(timeout=10) as http:
            answer = await http.get(
                f"{self.stack.environment()['NOTIFY_URL']}/messages/counts",
                headers={"Authorization": f"Bearer {token}"},
            )
        return int(answer.json().get("planned", 0)) if answer.is_success else 0

    async def misses(self, service: str, check: str) -> bool:
        """Whether a service says that it is not ready because of this."""
        url = f"{self.stack.environment()[f'{service.upper()}_URL']}/health/ready"
        async with httpx.AsyncClient(timeout=30) as http:
            checks = (await http.get(url)).json()["checks"]
        return bool(checks[check] != "ok")

    async def unsent(self, service: str) -> float:
        """How many of a service's documents have events that are not on Kafka."""
        url = f"{self.stack.environment()[f'{service.upper()}_URL']}/metrics"
        async with httpx.AsyncClient(timeout=10) as http:
            text = (await http.get(url)).text
        depth = [line for line in text.splitlines() if line.startswith("zharmenke_outbox_depth{")]
        return float(depth[0].rpartition(" ")[2]) if depth else 0.0

    async def drop_database(self, name: str) -> None:
        """Remove a service's database, as a lost disk would."""
        client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(self.stack.environment()["MONGO_URL"])
        await client.drop_database(name)
        client.close()

    def count_in_log(self, part: str, text: str) -> int:
        """How many lines of a part's log hold this."""
        try:
            return self.stack.log_file(part).read_text(errors="replace").count(text)
        except FileNotFoundError:
            return 0
