"""Slot leases: replicas share the sixteen slots, and a dead one loses its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.kit.aggregate import SLOTS
from services.kit.clock import DatabaseClock
from services.kit.lease import LEASE, SlotLeases
from tests.kit.fakes import SetClock, Unreliable

START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
ALL = list(range(SLOTS))


async def replicas(collection: Any, clock: SetClock, *names: str) -> list[SlotLeases]:
    made = [SlotLeases(collection, name, clock) for name in names]  # type: ignore[arg-type]
    for leases in made:
        await leases.prepare()
    return made


async def test_one_replica_holds_every_slot(collection: Any) -> None:
    (alone,) = await replicas(collection, SetClock(START), "a")
    assert await alone.renew() == ALL
    assert await alone.renew() == ALL


async def test_two_replicas_share_the_slots_evenly_and_hold_none_in_common(
    collection: Any,
) -> None:
    clock = SetClock(START)
    first, second = await replicas(collection, clock, "a", "b")
    assert await first.renew() == ALL
    assert await second.renew() == []  # nothing is free yet
    clock.turn(3)
    mine = await first.renew()
    yours = await second.renew()
    assert (len(mine), len(yours)) == (8, 8)
    assert sorted(mine + yours) == ALL


async def test_three_replicas_hold_each_slot_exactly_once(collection: Any) -> None:
    clock = SetClock(START)
    crowd = await replicas(collection, clock, "a", "b", "c")
    for _ in range(3):
        clock.turn(3)
        held = [await leases.renew() for leases in crowd]
    assert sorted(slot for slots in held for slot in slots) == ALL
    assert max(len(slots) for slots in held) <= 6


async def test_dead_replicas_slots_are_taken_over_after_its_lease_and_not_before(
    collection: Any,
) -> None:
    clock = SetClock(START)
    dies, lives = await replicas(collection, clock, "a", "b")
    assert await dies.renew() == ALL
    clock.turn(LEASE.total_seconds() - 1)
    assert await lives.renew() == []
    clock.turn(1)
    assert await lives.renew() == ALL


async def test_replica_that_slept_past_its_lease_holds_only_what_nobody_took(
    collection: Any,
) -> None:
    clock = SetClock(START)
    sleeps, lives = await replicas(collection, clock, "a", "b")
    await sleeps.renew()
    clock.turn(60)
    assert await lives.renew() == ALL
    assert await sleeps.renew() == []


async def test_slots_that_another_takes_at_the_same_moment_are_not_taken_from_it(
    collection: Any,
) -> None:
    clock, unlucky = SetClock(START), Unreliable(collection)
    (other,) = await replicas(collection, clock, "b")
    (slow,) = await replicas(unlucky, clock, "a")
    taken: list[int] = []

    async def nothing() -> None:
        pass

    async def other_is_faster() -> None:
        taken.extend(await other.renew())

    await slow.release()
    unlucky.before("update_one", nothing, other_is_faster)  # after its look, before its first take
    mine = await slow.renew()
    assert len(taken) == 8
    assert sorted(mine + taken) == ALL


async def test_released_slots_are_free_at_once(collection: Any) -> None:
    first, second = await replicas(collection, SetClock(START), "a", "b")
    await first.renew()
    await first.release()
    assert await second.renew() == ALL


async def test_prepare_of_a_late_replica_takes_nothing_away(collection: Any) -> None:
    clock = SetClock(START)
    (first,) = await replicas(collection, clock, "a")
    await first.renew()
    await replicas(collection, clock, "b")
    assert await first.renew() == ALL


async def test_replicas_that_are_long_dead_leave_nothing_behind(collection: Any) -> None:
    clock = SetClock(START)
    for number in range(5):
        (leases,) = await replicas(collection, clock, f"replica-{number}")
        await leases.renew()
        clock.turn(7200)
    await replicas(collection, clock, "new")
    assert await collection.count_documents({}) == SLOTS


async def test_database_clock_is_the_servers_and_moves_on(database: Any) -> None:
    clock = DatabaseClock(database)
    first = await clock.now()
    second = await clock.now()
    server = (await database.command("hello"))["localTime"].replace(tzinfo=UTC)
    assert first <= second
    assert abs(server - second) < timedelta(seconds=2)
