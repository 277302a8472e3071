"""Reading a batch: what is handled, parked, skipped and waited for, each apart from the others."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from pymongo.errors import AutoReconnect, BulkWriteError, DuplicateKeyError, OperationFailure

from services.kit import reader as kit_reader
from services.kit.fold import Heard
from services.kit.parking import Parking
from services.kit.reader import Reader
from services.kit.refusal import Refused
from tests.kit.fakes import Unreliable, connection_lost
from tests.kit.jars import MODELS, CoinAdded, JarSealed, Owner, Record

PEOPLE = "jars.people"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit_reader, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(kit_reader, "AWAY_PAUSE", 0.0)


class Listener:
    """A handler that remembers, and fails as it is told."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.events: list[Any] = []
        self.failures: list[Exception] = []
        self.poison: set[str] = set()

    async def hear(self, batch: Sequence[Heard]) -> None:
        names = [f"{heard.envelope.aggregate_id}{heard.envelope.sequence}" for heard in batch]
        if self.failures:
            raise self.failures.pop(0)
        if self.poison & set(names):
            raise RuntimeError(f"can not handle {sorted(self.poison & set(names))}")
        self.batches.append(names)
        self.events += [heard.event for heard in batch]

    @property
    def heard(self) -> list[str]:
        return [name for batch in self.batches for name in batch]


class Room:
    def __init__(self, collection: Any) -> None:
        self.listener = Listener()
        self.parking = Parking(collection, "kit", [PEOPLE])
        models = {**MODELS, "Owner": Owner}
        self.reader = Reader(models, [self.listener.hear], self.parking)

    async def parked(self) -> dict[int, str]:
        """{offset: reason} of what is parked."""
        docs = self.parking.collection.find().sort("offset", 1)
        return {doc["offset"]: doc["reason"] async for doc in docs}


@pytest.fixture
async def room(collection: Any) -> Room:
    made = Room(collection)
    await made.parking.prepare()
    return made


def coin(jar: str, sequence: int, offset: int, **place: Any) -> Record:
    return Record.of(jar, sequence, CoinAdded(coin="x"), offset=offset, **place)


def broken(jar: str, offset: int) -> Record:
    record = coin(jar, 1, offset)
    record.value = b"{not json"
    return record


BEHIND = "waits behind an earlier record of the same key"


async def test_batch_is_handled_in_order_and_at_once(room: Room) -> None:
    await room.reader.handle([coin("a", 1, 0), coin("b", 1, 1), coin("a", 2, 2)])
    assert room.listener.batches == [["a1", "b1", "a2"]]
    assert room.reader.handled == 3
    assert await room.parked() == {}


def tampered(offset: int) -> dict[str, tuple[Record, str]]:
    def make() -> Record:
        return coin("p", 1, offset)

    not_json, wrong, no_body = make(), make(), make()
    not_json.value, wrong.value, no_body.value = b"\xff\x00{", b'{"coin": 1}', None
    future = make().with_header("ce_dataschema", b"urn:zharmenke:schema:CoinAdded:v2")
    bare = make()
    bare.headers = ()
    deep = make()
    deep.value = b"[" * 200_000
    return {
        "not json": (not_json, "body is not valid"),
        "deeply nested": (deep, "body is not valid"),
        "wrong body": (wrong, "body is not valid: coin"),
        "empty body": (no_body, "a tombstone, on a topic that has none"),
        "no headers": (bare, "header ce_specversion"),
        "missing header": (make().without_header("ce_sequence"), "header ce_sequence is missing"),
        "null header": (make().with_header("ce_type", None), "header ce_type is null"),
        "not utf-8": (make().with_header("ce_subject", b"\xff"), "header ce_subject is not UTF-8"),
        "huge number": (make().with_header("ce_sequence", b"9" * 5000), "header ce_sequence"),
        "unknown major": (future, "CoinAdded v2 is not known, v1 is"),
    }


@pytest.mark.parametrize("what", list(tampered(0)))
async def test_unreadable_record_is_parked_and_the_others_are_handled(
    room: Room, what: str
) -> None:
    record, reason = tampered(1)[what]
    await room.reader.handle([coin("a", 1, 0), record, coin("b", 1, 2)])
    assert room.listener.batches == [["a1", "b1"]]
    ((offset, given),) = (await room.parked()).items()
    assert offset == 1
    assert reason in given


async def test_type_not_in_use_is_skipped_and_counted_whatever_its_major_and_body(
    room: Room,
) -> None:
    future = Record.of("a", 1, JarSealed(), offset=0)
    future.with_header("ce_dataschema", b"urn:zharmenke:schema:JarSealed:v9")
    future.value = b"\xff"
    await room.reader.handle([future, Record.of("a", 2, JarSealed(), offset=1)])
    assert room.reader.skipped == {"JarSealed": 2}
    assert room.listener.heard == []
    assert await room.parked() == {}


async def test_tombstone_of_a_person_is_heard_as_none(room: Room) -> None:
    await room.reader.handle([Record.of("p", 1, None, type_name="Owner", topic=PEOPLE)])
    assert room.listener.events == [None]


async def test_later_records_of_a_parked_key_wait_and_other_keys_go_on(room: Room) -> None:
    await room.reader.handle([broken("p", 0), coin("p", 2, 1), coin("a", 1, 2)])
    await room.reader.handle([coin("p", 3, 3), coin("a", 2, 4)])
    assert room.listener.heard == ["a1", "a2"]
    parked = await room.parked()
    assert list(parked) == [0, 1, 3]
    assert [parked[offset] for offset in (1, 3)] == [BEHIND, BEHIND]


async def test_same_key_on_another_topic_does_not_wait(room: Room) -> None:
    await room.reader.handle([broken("p", 0), coin("p", 1, 0, topic="other")])
    assert room.listener.heard == ["p1"]


async def test_records_without_a_key_do_not_wait_for_each_other(room: Room) -> None:
    first, second = broken("p", 0), coin("q", 1, 1)
    first.key = second.key = None
    await room.reader.handle([first, second])
    assert room.listener.heard == ["q1"]
    third = coin("q", 2, 2)
    third.key = None
    await room.reader.handle([third])
    assert room.listener.heard == ["q1", "q2"]


async def test_record_that_keeps_failing_is_parked_and_the_others_are_handled(
    room: Room,
) -> None:
    room.listener.poison = {"p1"}
    await room.reader.handle([coin("a", 1, 0), coin("p", 1, 1), coin("p", 2, 2), coin("a", 2, 3)])
    assert room.listener.heard == ["a1", "a2"]
    parked = await room.parked()
    assert "RuntimeError: can not handle ['p1']" in parked[1]
    assert parked[2] == BEHIND


async def test_failure_that_passes_is_tried_again_and_parks_nothing(room: Room) -> None:
    room.listener.failures = [RuntimeError("once"), RuntimeError("twice"), RuntimeError("thrice")]
    await room.reader.handle([coin("a", 1, 0), coin("b", 1, 1)])
    assert room.listener.heard == ["a1", "b1"]
    assert await room.parked() == {}


AWAY = [
    AutoReconnect("away"),
    OperationFailure("not primary", 10107),
    OperationFailure("no space", 14031),
    BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 64}]}),
    Refused("busy", "outbox-full", "The event broker is away."),
]


@pytest.mark.parametrize("error", AWAY, ids=str)
async def test_what_is_away_is_waited_for_and_parks_nothing(room: Room, error: Exception) -> None:
    room.listener.failures = [error] * 8
    await room.reader.handle([coin("a", 1, 0)])
    assert room.listener.heard == ["a1"]
    assert await room.parked() == {}


async def test_database_that_goes_away_while_trying_record_by_record_is_waited_for(
    room: Room,
) -> None:
    away = AutoReconnect("away")
    room.listener.failures = [RuntimeError("batch"), RuntimeError("one"), away, away]
    await room.reader.handle([coin("a", 1, 0)])
    assert room.listener.heard == ["a1"]
    assert await room.parked() == {}


HOPELESS = [
    DuplicateKeyError("taken", 11000),
    OperationFailure("too large", 10334),
    BulkWriteError({"writeErrors": [{"code": 11000}]}),
    Refused("conflict", "jar-sealed", "The jar is sealed."),
]


@pytest.mark.parametrize("error", HOPELESS, ids=str)
async def test_what_the_database_or_a_rule_will_always_refuse_is_parked(
    room: Room, error: Exception
) -> None:
    room.listener.failures = [error] * (1 + kit_reader.ATTEMPTS)
    await room.reader.handle([coin("p", 1, 0)])
    assert list(await room.parked()) == [0]


async def test_parking_that_is_away_is_waited_for(collection: Any) -> None:
    broken_collection = Unreliable(collection)
    broken_collection.before("bulk_write", connection_lost, connection_lost)
    broken_collection.before("find_one", connection_lost)
    room = Room(broken_collection)
    await room.reader.handle([broken("p", 0), coin("a", 1, 1)])
    assert list(await room.parked()) == [0]
    assert "a1" in room.listener.heard


async def test_stopped_reader_does_not_wait_for_a_database_and_leaves_the_batch(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_reader, "AWAY_PAUSE", 3600.0)
    room.listener.failures = [AutoReconnect("away")] * 100
    handling = asyncio.create_task(room.reader.handle([coin("a", 1, 0)]))
    await asyncio.sleep(0)
    room.reader.stop()
    with pytest.raises(AutoReconnect):
        await asyncio.wait_for(handling, 5)
    assert await room.parked() == {}


async def test_batch_that_comes_again_parks_nothing_more(room: Room) -> None:
    batch = [coin("p", 1, 0), broken("p", 1), coin("p", 3, 2), coin("a", 1, 3)]
    await room.reader.handle(batch)
    before = await room.parked()
    await room.reader.handle(batch)
    assert list(before) == [1, 2]
    assert await room.parked() == before
    assert room.listener.batches == [["p1", "a1"], ["p1", "a1"]]
