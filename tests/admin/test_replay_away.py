"""`zharmenke replay run` while the broker, and the database, is killed and comes back."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from admin.stack.stack import Stack
from bench.rebuilding import EVENTS_AN_EVALUATION, produce
from tests.parts import caller_environment, require_durable_broker
from tests.rooms import eventually

PREFIX = "away"
EVENTS = 4_000 * EVENTS_AN_EVALUATION
"""More than the client fetches ahead: the broker is needed to the end."""


class Run:
    """`replay run` of scoring into a database of its own, and what is in that."""

    def __init__(self, stack: Stack, database: Any) -> None:
        self._stack = stack
        self.database = database
        self.process: asyncio.subprocess.Process | None = None

    async def begin(self) -> None:
        """Start it; it goes on beside what the caller does."""
        environment = self._stack.environment()
        places = {name: environment[name] for name in ("KAFKA_BOOTSTRAP_SERVERS", "MONGO_URL")}
        own = {"TOPIC_PREFIX": PREFIX, "MONGO_DATABASE": self.database.name}
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "admin", "replay", "run", "scoring", "--json"),
            env=os.environ | places | own,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def ended(self) -> tuple[int | None, list[str]]:
        """Its exit code, and the errors that it told of."""
        assert self.process is not None
        _, said = await asyncio.wait_for(self.process.communicate(), 120)
        errors = [line for line in said.decode().splitlines() if line.startswith("error: ")]
        return self.process.returncode, errors

    async def goes_on(self) -> bool:
        """Run it again; false while the claim is held."""
        await self.begin()
        _, errors = await self.ended()
        assert all("Another replay" in line for line in errors), errors
        return not errors

    async def sealed(self) -> int:
        """How many evaluations are folded to their last event."""
        final = {"state.state.sealed": True, "state.state.said": EVENTS_AN_EVALUATION}
        return int(await self.database["evaluations_g1"].count_documents(final))

    async def is_under_way(self) -> bool:
        """Whether its first window is in the documents."""
        noted = self.database["generations"].count_documents({"positions.0": {"$exists": True}})
        return bool(await noted)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A broker and a database of this module's own: they are killed here."""
    found = Stack(
        tmp_path_factory.mktemp("away"), free_ports=True, environment=caller_environment()
    )
    found.up(["kafka", "mongo"])
    require_durable_broker(found)
    asyncio.run(produce(found.environment()["KAFKA_BOOTSTRAP_SERVERS"], PREFIX, EVENTS))
    yield found
    found.down()


@pytest.fixture
async def run(stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[Run]:
    """A run into an empty database."""
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(stack.environment()["MONGO_URL"])
    found = Run(stack, client[f"away_{request.node.name[:30]}"])
    yield found
    if found.process is not None and found.process.returncode is None:
        found.process.kill()
        await found.process.wait()
    client.close()


@pytest.mark.parametrize(("part", "told"), [("kafka", " went away"), ("mongo", "does not answer")])
async def test_run_is_told_of_what_is_killed_and_goes_on_when_it_is_back(
    stack: Stack, run: Run, part: str, told: str
) -> None:
    await run.begin()
    await eventually(run.is_under_way, "the first window is in the documents")

    await asyncio.to_thread(stack.kill, part)

    code, errors = await run.ended()
    assert (code, len(errors)) == (2, 1)
    assert told in errors[0]
    await asyncio.to_thread(stack.up, [part])
    before = await run.sealed()
    await eventually(run.goes_on, "the claim of the one that broke off is free", within=90)
    assert before < await run.sealed() == EVENTS // EVENTS_AN_EVALUATION
