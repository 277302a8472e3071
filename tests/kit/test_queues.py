"""A queue's redrive beside a reader, other replicas and crashes: step by step, on the database."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from services.kit import reader as kit_reader
from services.kit.fold import Heard
from services.kit.parking import Lane, ParkedRecord, Parking
from services.kit.projection import Projection
from services.kit.reader import BEHIND, Reader
from services.kit.redrive import LEASE, Claims, Queue, Redrive
from services.kit.refusal import Refused
from tests.kit.fakes import Killed, SetClock
from tests.kit.jars import BY_JAR, MODELS, NOW, CoinAdded, Record

QUEUE = Queue("jars", b"jar/p", "")


class Room:
    """A reader and a redrive on one database, with a handler that fails as it is told."""

    def __init__(self, database: Any, clock: SetClock) -> None:
        self.failures: dict[str, Exception] = {}
        self.heard: list[str] = []
        self.heaps = Projection(database["heaps"], BY_JAR)
        self.parking = Parking(database["parked"], "kit", [])
        self.claims = Claims(database["redrives"], clock)
        self.reader = Reader(MODELS, [self._hear, self.heaps.hear], self.parking)
        self.redrive = Redrive(self.parking, self.claims, self.reader.attempt)
        self.reader.resume = self.redrive.resume

    async def _hear(self, batch: Sequence[Heard]) -> None:
        for one in batch:
            name = f"{one.envelope.aggregate_id}{one.envelope.sequence}"
            if error := self.failures.get(name):
                raise error
            self.heard.append(name)

    async def parked(self) -> list[int]:
        return [doc["offset"] async for doc in self.parking.collection.find().sort("offset", 1)]

    async def coins(self) -> tuple[str, ...]:
        heap = await self.heaps.get("p")
        return heap.coins if heap else ()

    async def stick(self, count: int) -> None:
        """Park so many records of one key, the first for a failure that is over then."""
        self.failures["p1"] = ValueError("a rule")
        await self.reader.handle([coin(n) for n in range(1, count + 1)])
        self.failures.clear()


def coin(sequence: int) -> Record:
    return Record.of("p", sequence, CoinAdded(coin=f"p{sequence}"), offset=sequence)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit_reader, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(kit_reader, "AWAY_PAUSE", 0.0)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
async def room(database: Any, clock: SetClock) -> Room:
    for name in ("heaps", "parked", "redrives", "discarded"):
        await database[name].delete_many({})
    made = Room(database, clock)
    await made.parking.prepare()
    return made


async def test_record_handed_to_the_handlers_is_the_one_that_was_consumed(room: Room) -> None:
    original = coin(1)
    original.headers = (*original.headers, ("x-null", None), ("x-bytes", b"\xfe"))
    await room.parking.park([(original, "a reason")])
    doc = await room.parking.head(QUEUE.query)
    assert doc is not None
    again = ParkedRecord.of(doc)
    for name in ("topic", "partition", "offset", "timestamp", "key", "value", "headers"):
        assert getattr(again, name) == getattr(original, name)


async def test_killed_between_handling_and_removal_is_handled_again_as_a_no_op(
    room: Room, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: Any) -> None:
        raise Killed

    await room.stick(3)
    with monkeypatch.context() as dying:
        dying.setattr(room.parking, "remove", killed)
        dying.setattr(room.claims, "release", killed)
        with pytest.raises(Killed):
            await room.redrive.run(QUEUE, "aigul")
    assert (await room.parked(), await room.coins()) == ([1, 2, 3], ("p1",))
    assert (await room.redrive.run(QUEUE, "aigul")).state == "busy"
    clock.turn(LEASE.total_seconds() + 1)
    outcome = await room.redrive.run(QUEUE, "aigul")
    assert (outcome.state, outcome.handled) == ("done", 3)
    assert room.heard == ["p1", "p1", "p2", "p3"]
    assert await room.coins() == ("p1", "p2", "p3")


async def test_record_put_behind_while_the_last_one_goes_is_handled_by_the_reader(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.stick(1)
    look = room.parking.blocked

    async def looks_just_before_the_redrive(records: Sequence[Any]) -> dict[Lane, int]:
        found = await look(records)
        assert (await room.redrive.run(QUEUE, "aigul")).state == "done"
        return found

    monkeypatch.setattr(room.parking, "blocked", looks_just_before_the_redrive)
    await room.reader.handle([coin(2), coin(3)])
    assert (await room.parked(), room.heard) == ([], ["p1", "p2", "p3"])


async def test_record_put_behind_while_the_claim_is_given_back_is_not_left(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.stick(1)
    release = room.claims.release
    late = [coin(2)]

    async def release_late(name: str, token: str) -> None:
        while late:
            await room.parking.park([(late.pop(), BEHIND)])
            with pytest.raises(Refused, match="queue-busy"):  # the reader comes again then
                await room.redrive.resume(("jars", b"jar/p"))
        await release(name, token)

    monkeypatch.setattr(room.claims, "release", release_late)
    outcome = await room.redrive.run(QUEUE, "aigul")
    assert (outcome.state, outcome.handled) == ("done", 2)
    assert (await room.parked(), room.heard) == ([], ["p1", "p2"])


async def test_records_behind_a_discarded_one_wait_for_a_person(room: Room) -> None:
    await room.stick(2)
    await room.redrive.discard("jars/0/1", "a test", "aigul")
    await room.reader.handle([coin(3)])
    assert (await room.parked(), room.heard) == ([2, 3], [])
    assert (await room.redrive.run(QUEUE, "aigul")).handled == 2


async def test_poison_put_back_by_a_second_reading_is_not_tried_for_ever(room: Room) -> None:
    room.failures["p1"] = ValueError("a rule")
    for _ in range(3):
        await asyncio.wait_for(room.reader.handle([coin(1), coin(2)]), 10)
    assert (await room.parked(), room.heard) == ([1, 2], [])


async def test_discard_that_was_interrupted_half_way_is_finished_by_the_redrive(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: Any) -> None:
        raise Killed

    await room.stick(2)
    with monkeypatch.context() as dying:
        dying.setattr(room.parking, "remove", killed)
        with pytest.raises(Killed):
            await room.redrive.discard("jars/0/1", "a test", "aigul")
    assert await room.parked() == [1, 2]
    outcome = await room.redrive.run(QUEUE, "aigul")
    assert (outcome.state, room.heard) == ("done", ["p2"])


async def test_claim_that_is_lost_ends_the_redrive_between_two_records(
    room: Room, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.stick(3)
    monkeypatch.setattr("services.kit.redrive.LEASE", LEASE / 300)
    attempt, lost = room.reader.attempt, asyncio.Event()

    async def stopped_for_long(record: Any) -> str:
        if not lost.is_set():
            clock.turn(LEASE.total_seconds())
            assert await room.claims.take(QUEUE.name, "another")
            lost.set()
            await asyncio.sleep(0.3)
        return await attempt(record)

    slow = Redrive(room.parking, room.claims, stopped_for_long)
    outcome = await slow.run(QUEUE, "aigul")
    assert (outcome.state, outcome.handled, outcome.left) == ("busy", 1, 2)
    assert room.heard == ["p1"]


@pytest.mark.parametrize(
    "error", [AutoReconnect("away"), Refused("busy", "outbox-full", "later")], ids=["away", "busy"]
)
async def test_database_that_is_away_changes_nothing_and_gives_the_claim_back(
    room: Room, error: Exception
) -> None:
    await room.stick(2)
    room.failures["p2"] = error
    with pytest.raises(type(error)):
        await room.redrive.run(QUEUE, "aigul")
    (doc,) = await room.parking.collection.find().to_list(None)
    assert (doc["offset"], doc["reason"], doc["attempts"]) == (2, BEHIND, 0)
    room.failures.clear()
    assert (await room.redrive.run(QUEUE, "aigul")).state == "done"


async def test_claims_are_one_at_a_time_and_free_after_the_lease(
    collection: Any, clock: SetClock
) -> None:
    claims = Claims(collection, clock)
    taken = await asyncio.gather(*[claims.take("q", secrets.token_hex(4)) for _ in range(20)])
    assert sum(taken) == 1
    assert not await claims.renew("q", "another")
    clock.turn(LEASE.total_seconds())
    assert await claims.take("q", "another")
    assert await claims.renew("q", "another")
    await claims.release("q", "a third")
    assert not await claims.take("q", "a third")
    await claims.release("q", "another")
    assert await claims.take("q", "a third")


async def test_record_without_a_key_is_a_queue_by_itself(room: Room) -> None:
    bad, worse = coin(1), coin(2)
    bad.key = worse.key = None
    await room.parking.park([(bad, "a reason"), (worse, "a reason")])
    queues = await room.redrive.queues()
    assert [queue.id for queue in queues] == ["jars/0/1", "jars/0/2"]
    outcome = await room.redrive.run(queues[1], "aigul")
    assert (outcome.state, outcome.handled) == ("done", 1)
    assert await room.parked() == [1]
