"""The reader on real Kafka: committed after the write, nothing lost, the stream goes on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from pymongo.errors import AutoReconnect

from admin.rehearsal.outside import read_topic
from admin.stack.stack import Stack
from services.kit import reader as kit_reader
from services.kit.fold import Heard
from services.kit.parking import Parking
from services.kit.projection import Projection
from services.kit.reader import Reader
from tests.kit.conftest import NewTopicNamed
from tests.kit.jars import BY_JAR, CoinAdded, Heaps, JarSealed, Record
from tests.kit.running import Ears, Place, new_place, running
from tests.rooms import eventually

SERVICES = Path(kit_reader.__file__).parents[1]


@pytest.fixture
async def place(parts: Stack, new_topic: NewTopicNamed) -> AsyncIterator[Place]:
    async with new_place(parts, new_topic) as made:
        yield made


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit_reader, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(kit_reader, "AWAY_PAUSE", 0.05)


@pytest.fixture
def ears() -> Ears:
    made = Ears()
    made.gate.set()
    return made


def coin(jar: str, sequence: int) -> Record:
    return Record.of(jar, sequence, CoinAdded(coin=f"{jar}{sequence}"))


async def has_heard(ears: Ears, *ids: str) -> None:
    async def all_heard() -> bool:
        return set(ids) <= set(ears.heard)

    await eventually(all_heard, f"heard {ids}")


async def has_committed(place: Place, count: int) -> None:
    async def reached() -> bool:
        return await place.committed() == count

    await eventually(reached, f"{count} committed")


def test_every_subscriber_commits_by_itself_after_the_write_and_begins_at_the_earliest() -> None:
    broker = KafkaBroker()
    parking = Parking(None, "kit", [])  # type: ignore[arg-type]
    Reader({}, [], parking).subscribe(broker, ["one", "two"], "kit")
    assert len(broker.subscribers) == 1
    for subscriber in broker.subscribers:
        assert subscriber.ack_policy is AckPolicy.NACK_ON_ERROR
        settings = subscriber._connection_args  # type: ignore[attr-defined]
        assert settings["enable_auto_commit"] is False
        assert settings["auto_offset_reset"] == "earliest"
        assert subscriber.group_id == "kit"  # type: ignore[attr-defined]


def test_nobody_subscribes_or_publishes_beside_the_kit() -> None:
    found = {
        (word, f"{path.parent.name}/{path.name}")
        for path in SERVICES.rglob("*.py")
        for word in (".subscriber(", ".publisher(", "KafkaBroker(", "KafkaProducer(")
        if word in path.read_text()
    }
    assert found == {
        (".subscriber(", "kit/reader.py"),
        ("KafkaBroker(", "kit/service.py"),
        ("KafkaProducer(", "kit/relay.py"),
    }


async def test_new_group_hears_the_history_and_commits_it(place: Place, ears: Ears) -> None:
    await place.say(coin("a", 1), coin("a", 2))
    async with running(place.service(ears)):
        await has_heard(ears, "kit/jar/a:1", "kit/jar/a:2")
        await has_committed(place, 2)
    assert ears.heard == ["kit/jar/a:1", "kit/jar/a:2"]


async def test_offset_does_not_move_while_the_database_is_away(place: Place, ears: Ears) -> None:
    attempts: list[str] = []

    def away(heard: Heard) -> Exception | None:
        attempts.append(heard.envelope.id)
        return AutoReconnect("away") if len(attempts) <= 6 else None

    ears.failure = away
    await place.say(coin("a", 1), coin("b", 1))
    service = place.service(ears)
    committed_while_away: list[int] = []
    async with running(service):

        async def tried() -> bool:
            return len(attempts) >= 3

        await eventually(tried, "it was tried")
        if len(attempts) < 6:
            committed_while_away.append(await place.committed())
        await has_heard(ears, "kit/jar/a:1", "kit/jar/b:1")
        await has_committed(place, 2)
        assert service.parking is not None
        assert await service.parking.count() == 0
    assert set(committed_while_away) <= {0}


async def test_offset_does_not_move_before_the_handler_is_done(place: Place, ears: Ears) -> None:
    ears.gate.clear()
    await place.say(coin("a", 1))
    async with running(place.service(ears)):
        await asyncio.wait_for(ears.entered.wait(), 20)
        assert await place.committed() == 0
        ears.gate.set()
        await has_committed(place, 1)


async def test_batch_in_hand_is_finished_and_committed_when_the_service_stops(
    place: Place, ears: Ears
) -> None:
    ears.gate.clear()
    await place.say(coin("a", 1))
    async with running(place.service(ears)):
        await asyncio.wait_for(ears.entered.wait(), 20)
        asyncio.get_running_loop().call_later(0.3, ears.gate.set)
    assert ears.heard == ["kit/jar/a:1"]
    assert await place.committed() == 1


async def test_batch_not_finished_comes_again_to_the_next_process(place: Place, ears: Ears) -> None:
    ears.failure = lambda heard: AutoReconnect("away")
    await place.say(coin("a", 1), coin("b", 1))
    async with running(place.service(ears)):
        await asyncio.wait_for(ears.entered.wait(), 20)
    assert await place.committed() == 0
    successor = Ears()
    successor.gate.set()
    async with running(place.service(successor)):
        await has_heard(successor, "kit/jar/a:1", "kit/jar/b:1")


def poisons() -> list[tuple[Record, str]]:
    def make(number: int) -> Record:
        return coin(f"poison-{number}", 1)

    not_json = make(0)
    not_json.value = b"\xff\x00 not json"
    bare = make(5)
    bare.headers = ()
    return [
        (not_json, "body is not valid"),
        (make(1).without_header("ce_type"), "header ce_type is missing"),
        (make(2).with_header("ce_type", None), "header ce_type is null"),
        (make(3).with_header("ce_subject", b"\xff\xfe"), "header ce_subject is not UTF-8"),
        (
            make(4).with_header("ce_dataschema", b"urn:zharmenke:schema:CoinAdded:v2"),
            "CoinAdded v2 is not known",
        ),
        (bare, "header ce_specversion"),
    ]


async def test_poison_in_a_batch_is_parked_whole_and_said_and_the_others_are_handled(
    place: Place, ears: Ears
) -> None:
    bad = poisons()
    good = [coin(f"good-{n}", 1) for n in range(len(bad) + 1)]
    mixed = [good[0]]
    for number, (record, _) in enumerate(bad):
        mixed += [record, good[number + 1]]
    await place.say(*mixed)
    service = place.service(ears)

    async with running(service) as (client, _app):
        await has_heard(ears, *(f"kit/jar/good-{n}:1" for n in range(len(good))))
        await has_committed(place, len(mixed))
        assert service.parking is not None
        parked = await service.parking.collection.find().sort("offset", 1).to_list(None)

        async def all_said() -> list[Any] | None:
            found = await read_topic(place.servers, place.topics.dead)
            return found if len(found) >= len(bad) else None

        letters = await eventually(all_said, "the dead letters are said")
        letters.sort(key=lambda letter: int(dict(letter.headers)["dead-offset"]))
        metrics = (await client.get("/metrics")).text

    assert len(ears.heard) == len(good)
    assert f'zharmenke_parked{{service="kit"}} {len(bad)}.0' in metrics
    for number, (record, reason) in enumerate(bad):
        doc, letter, offset = parked[number], letters[number], 2 * number + 1
        assert (doc["topic"], doc["partition"], doc["offset"]) == (place.stream, 0, offset)
        assert (doc["key"], doc["value"]) == (record.key, record.value)
        assert [tuple(header) for header in doc["headers"]] == list(record.headers)
        assert reason in doc["reason"]
        assert (letter.key, letter.value) == (record.key, record.value)
        assert letter.headers[: len(record.headers)] == record.headers
        assert dict(letter.headers)["dead-offset"] == str(offset).encode()
        assert reason.encode() in dict(letter.headers)["dead-reason"]


async def test_poison_as_large_as_the_broker_takes_holds_up_no_dead_letter(
    place: Place, ears: Ears
) -> None:
    large, small = coin("large", 1), coin("small", 1)
    size, small.value = 1_048_588, b"not json"
    while True:  # the largest that the broker takes
        large.value = b"x" * size
        try:
            await place.say(large)
        except MessageSizeTooLargeError:
            size -= 20
        else:
            break
    service = place.service(ears)
    async with running(service):
        await place.say(small)
        await has_committed(place, 2)

        async def said() -> list[Any] | None:
            found = await read_topic(place.servers, place.topics.dead)
            return found if len(found) == 2 else None

        letters = await eventually(said, "both dead letters are said")
        doc = await service.database["parked"].find_one({"key": b"jar/large"})
    by_key = {letter.key: letter for letter in letters}
    assert by_key[b"jar/small"].value == b"not json"
    assert b"in the database only" in dict(by_key[b"jar/large"].headers)["dead-cut"]
    assert doc is not None
    assert doc["value"] == large.value


async def test_later_records_of_a_parked_key_wait_while_other_keys_go_on(
    place: Place, ears: Ears
) -> None:
    ears.failure = lambda heard: (
        ValueError("a rule") if heard.envelope.id == "kit/jar/p:1" else None
    )
    service = place.service(ears)
    async with running(service):
        await place.say(coin("p", 1), coin("p", 2), coin("a", 1))
        await has_heard(ears, "kit/jar/a:1")
        await has_committed(place, 3)
        await place.say(coin("p", 3), coin("a", 2))
        await has_heard(ears, "kit/jar/a:2")
        await has_committed(place, 5)
        assert service.parking is not None
        parked = await service.parking.collection.find().sort("offset", 1).to_list(None)
    assert ears.heard == ["kit/jar/a:1", "kit/jar/a:2"]
    assert [doc["offset"] for doc in parked] == [0, 1, 3]
    assert "ValueError: a rule" in parked[0]["reason"]
    assert [doc["reason"] for doc in parked[1:]] == [kit_reader.BEHIND] * 2


async def test_type_not_in_use_is_skipped_counted_and_committed(place: Place, ears: Ears) -> None:
    service = place.service(ears)
    async with running(service):
        await place.say(Record.of("a", 1, JarSealed()), coin("a", 2))
        await has_committed(place, 2)
        assert service.reader is not None
        assert service.parking is not None
        assert service.reader.skipped == {"JarSealed": 1}
        assert await service.parking.count() == 0


async def test_people_records_are_parked_apart(place: Place, ears: Ears) -> None:
    person = Record.of("p", 1, None, type_name="Owner", topic="people")
    person.value = b"not json but a name"
    async with running(place.service(ears)):
        await place.say(person)

        async def said() -> list[Any]:
            return await read_topic(place.servers, place.topics.dead_people)

        (letter,) = await eventually(said, "the dead letter is said")
    assert letter.value == b"not json but a name"
    assert await read_topic(place.servers, place.topics.dead) == []


async def test_everything_twice_and_two_replicas_come_to_the_same_documents(
    place: Place, ears: Ears
) -> None:
    coins = [coin(jar, n) for n in range(1, 6) for jar in ("a", "b", "c")]
    replicas = [place.service(ears), place.service(ears)]
    for service in replicas:
        projection = service.projection("heaps", BY_JAR)
        assert service._hearing is not None
        service._hearing.hears.append(projection.hear)
    async with running(replicas[0]), running(replicas[1], ready=False):
        await place.say(*coins)
        await place.say(*coins)
        await has_committed(place, 2 * len(coins))
        heaps: Projection[Heaps] = replicas[0].projection("heaps", BY_JAR)
        found = await heaps.find({})
    assert [heap.coins for heap in found] == [
        tuple(f"{jar}{n}" for n in range(1, 6)) for jar in ("a", "b", "c")
    ]
