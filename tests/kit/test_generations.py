"""Generations of heard state: the pointer moves among events, and nothing is lost or doubled."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from services.kit.fold import Heard
from services.kit.generations import HANDOVER, Pointer, copy_indexes, generation_name
from services.kit.history import fold_all
from services.kit.projection import Projection
from tests.kit.fakes import SetClock
from tests.kit.jars import BY_JAR, Heaps, heard

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
OVERDUE = HANDOVER.total_seconds() + 1
JARS = ("a", "b", "c", "d")


class Shelf:
    """One database of a service with several replicas, each with a pointer of its own."""

    def __init__(self, database: Any, name: str) -> None:
        self.database = database
        self.name = name
        self.clock = SetClock(NOON)

    def pointer(self) -> Pointer:
        return Pointer(self.database, self.clock)

    def replica(self) -> Projection[Heaps]:
        return Projection(self.database[self.name], BY_JAR, self.pointer())

    def generation(self, number: int) -> Projection[Heaps]:
        """What a replay writes to: one generation, whatever is live."""
        return Projection(self.database[generation_name(self.name, number)], BY_JAR)


@pytest.fixture
async def shelf(database: Any) -> AsyncIterator[Shelf]:
    await database["generations"].drop()
    yield Shelf(database, secrets.token_hex(4))
    await database["generations"].drop()


async def coins(projection: Projection[Heaps]) -> dict[str, tuple[str, ...]]:
    found = projection.collection.find()
    return {doc["_id"]: tuple(doc["state"]["coins"]) async for doc in found}


async def test_without_a_pointer_the_bare_collection_is_live(shelf: Shelf) -> None:
    replica, pointer = shelf.replica(), shelf.pointer()
    assert await pointer.look() == 0
    assert await pointer.settled(0)
    await replica.hear([heard("a", 1, "x")])
    assert await coins(shelf.generation(0)) == {"a": ("x",)}


async def test_what_is_written_while_the_pointer_moves_is_in_the_new_generation_too(
    shelf: Shelf,
) -> None:
    replica, pointer = shelf.replica(), shelf.pointer()
    await replica.hear([heard("a", 1, "x")])
    await shelf.generation(1).hear([heard("a", 1, "x")])
    handover = await pointer.hand_over()
    assert handover is not None

    hearing = asyncio.create_task(replica.hear([heard("a", 2, "y")]))
    done, _ = await asyncio.wait([hearing], timeout=0.2)
    assert not done
    assert await pointer.switch(handover, 1)
    await hearing

    assert await coins(shelf.generation(1)) == {"a": ("x", "y")}
    assert await coins(replica) == {"a": ("x", "y")}
    assert await pointer.switched() == NOON


async def test_handover_that_is_cut_off_is_called_off_by_who_waits(shelf: Shelf) -> None:
    replica, pointer = shelf.replica(), shelf.pointer()
    handover = await pointer.hand_over()
    assert handover is not None
    shelf.clock.turn(OVERDUE)

    await replica.hear([heard("a", 1, "x")])

    assert not await pointer.switch(handover, 1)
    assert await pointer.look() == 0
    assert await coins(shelf.generation(0)) == {"a": ("x",)}


async def test_one_handover_at_a_time_and_a_cut_off_one_makes_way(shelf: Shelf) -> None:
    pointer = shelf.pointer()
    first = await pointer.hand_over()
    assert first is not None
    assert await pointer.hand_over() is None
    shelf.clock.turn(OVERDUE)
    second = await pointer.hand_over()
    assert second is not None
    assert not await pointer.switch(first, 7)
    await pointer.call_off(first)
    assert await pointer.switch(second, 8)
    assert await pointer.look() == 8


async def test_switches_under_traffic_lose_and_double_nothing(shelf: Shelf) -> None:
    log: list[Heard] = []
    position, turn = 0, asyncio.Lock()

    async def say() -> None:
        for number in range(1, 61):
            log.extend(heard(jar, number, f"{jar}{number}") for jar in JARS)
            await asyncio.sleep(0.005)

    async def read(replica: Projection[Heaps]) -> None:
        nonlocal position
        while position < len(JARS) * 60:
            async with turn:  # one partition, whose records replicas hear in turn
                batch = log[position : position + 7]
                if batch:
                    await replica.hear(batch)
                    position += len(batch)
            await asyncio.sleep(0.001)

    async def switch_again_and_again() -> int:
        number, pointer = 0, shelf.pointer()
        while position < len(JARS) * 60:
            number += 1
            fresh = shelf.generation(number)
            await fresh.hear(log)
            handover = await pointer.hand_over()
            assert handover is not None
            await fresh.hear(log)
            await asyncio.sleep(0.02)  # what is said now is in the fresh one by its readers alone
            assert await pointer.switch(handover, number)
        return number

    _, _, _, switched = await asyncio.gather(
        say(), read(shelf.replica()), read(shelf.replica()), switch_again_and_again()
    )

    whole = {id: state.coins for id, (state, _) in fold_all(BY_JAR, log).items()}
    assert switched > 3
    assert await coins(shelf.generation(switched)) == whole


async def test_indexes_are_copied_to_the_new_generation(database: Any) -> None:
    name = secrets.token_hex(4)
    await database[name].create_index([("state.coins", 1), ("_id", 1)], name="by_coin")

    await copy_indexes(database, [(name, f"{name}_g1")])

    found = await database[f"{name}_g1"].index_information()
    assert list(found["by_coin"]["key"]) == [("state.coins", 1), ("_id", 1)]
