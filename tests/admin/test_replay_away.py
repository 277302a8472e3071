"""`zharmenke replay run` while the broker, and the database, is killed and comes back."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from admin.replay import running
from admin.replay.place import Address, open_place
from admin.stack.stack import Stack
from admin.terminal import Trouble
from bench.rebuilding import EVENTS_AN_EVALUATION, produce
from tests.parts import caller_environment, require_durable_broker
from tests.rooms import eventually

PREFIX = "away"
EVALUATIONS = 4_000
EVENTS = EVALUATIONS * EVENTS_AN_EVALUATION
"""More than the client fetches ahead: the broker is needed to the end."""


class Replay:
    """`replay run` of scoring into a database of its own, and what is in that."""

    def __init__(self, stack: Stack, database: Any) -> None:
        self._stack = stack
        self._database = database
        self._environment = stack.environment()

    async def run_and_kill(self, part: str) -> str:
        """What a run is told when a part is killed after a third of the events."""
        servers, mongo_url = (
            self._environment[name] for name in ("KAFKA_BOOTSTRAP_SERVERS", "MONGO_URL")
        )
        read = 0

        def advance(records: int) -> None:
            nonlocal read
            read += records
            if read > EVENTS // 3 and self._stack.pid(part) is not None:
                self._stack.kill(part)

        at = Address("scoring", servers, PREFIX, mongo_url, self._database.name)
        with pytest.raises(Trouble) as told:
            async with open_place(at) as place, running.opened(place) as shadow:
                await running.run(shadow, advance)
        return str(told.value)

    async def goes_on(self) -> bool:
        """Run the command; false while the claim of the one that broke off is held."""
        own = {"TOPIC_PREFIX": PREFIX, "MONGO_DATABASE": self._database.name}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "admin", "replay", "run", "scoring", "--json"),
            env=os.environ | self._environment | own,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await asyncio.wait_for(process.communicate(), 120)
        errors = [line for line in said.decode().splitlines() if line.startswith("error: ")]
        assert all("Another replay" in line for line in errors), errors
        return not errors

    async def sealed(self) -> int:
        """How many evaluations are folded to their last event."""
        final = {"state.state.sealed": True, "state.state.said": EVENTS_AN_EVALUATION}
        return int(await self._database["evaluations_g1"].count_documents(final))

    async def generations(self) -> list[int]:
        """The generations that were begun."""
        return [int(one["_id"]) async for one in self._database["generations"].find()]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A broker and a database of this module's own: they are killed here."""
    found = Stack(
        tmp_path_factory.mktemp("away"), free_ports=True, environment=caller_environment()
    )
    found.up(["kafka", "mongo"])
    try:
        require_durable_broker(found)
        asyncio.run(produce(found.environment()["KAFKA_BOOTSTRAP_SERVERS"], PREFIX, EVENTS))
        yield found
    finally:
        found.down()


@pytest.fixture
async def replay(stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[Replay]:
    """A replay into an empty database."""
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(stack.environment()["MONGO_URL"])
    yield Replay(stack, client[f"away_{request.node.callspec.params['part']}"])
    client.close()


@pytest.mark.parametrize(("part", "told"), [("kafka", " went away"), ("mongo", "does not answer")])
async def test_run_is_told_of_what_is_killed_and_goes_on_when_it_is_back(
    stack: Stack, replay: Replay, part: str, told: str
) -> None:
    assert told in await replay.run_and_kill(part)

    await asyncio.to_thread(stack.up, [part])
    before = await replay.sealed()
    await eventually(replay.goes_on, "the claim of the one that broke off is free", within=90)

    assert before < await replay.sealed() == EVALUATIONS
    assert await replay.generations() == [1]
