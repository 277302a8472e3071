"""Parked records: kept whole, kept once, and said on the right dead-letter topic."""

from typing import Any

import pytest

from services.kit.aggregate import SLOTS
from services.kit.parking import Parking
from tests.kit.jars import CoinAdded, Record

PEOPLE = "jars.people"


@pytest.fixture
async def parking(collection: Any) -> Parking:
    made = Parking(collection, "kit", [PEOPLE])
    await made.prepare()
    return made


def record(**changes: Any) -> Record:
    made = Record.of("p", 1, CoinAdded(coin="x"), partition=3, offset=42, timestamp=1_700)
    made.value = b"\xff\x00 not json"
    made.headers = (*made.headers, ("x-null", None), ("x-bytes", b"\xfe"))
    for name, value in changes.items():
        setattr(made, name, value)
    return made


async def test_park_keeps_bytes_key_headers_coordinates_and_reason(parking: Parking) -> None:
    original = record()
    await parking.park([(original, "not valid")])
    (doc,) = await parking.collection.find().to_list(None)
    assert (doc["topic"], doc["partition"], doc["offset"]) == ("jars", 3, 42)
    assert (doc["key"], doc["value"], doc["timestamp"]) == (original.key, original.value, 1_700)
    assert [tuple(header) for header in doc["headers"]] == list(original.headers)
    assert (doc["reason"], doc["pending"]) == ("not valid", True)
    assert doc["slot"] in range(SLOTS)
    (entry,) = doc["outbox"]
    assert (entry["stream"], entry["key"], entry["body"]) == ("dead", original.key, original.value)
    assert [tuple(header) for header in entry["headers"]] == [
        *original.headers,
        ("dead-topic", "jars"),
        ("dead-partition", "3"),
        ("dead-offset", "42"),
        ("dead-group", "kit"),
        ("dead-reason", "not valid"),
    ]


async def test_record_parked_twice_is_one_and_is_said_once(parking: Parking) -> None:
    await parking.park([(record(), "first")])
    await parking.collection.update_one({}, {"$set": {"outbox": [], "pending": False}})
    await parking.park([(record(), "second"), (record(), "third")])
    (doc,) = await parking.collection.find().to_list(None)
    assert (doc["reason"], doc["outbox"], doc["pending"]) == ("first", [], False)
    assert await parking.count() == 1


async def test_people_record_goes_to_the_people_dead_letters(parking: Parking) -> None:
    await parking.park([(record(topic=PEOPLE), "not valid")])
    (doc,) = await parking.collection.find().to_list(None)
    assert doc["outbox"][0]["stream"] == "dead-people"


async def test_lane_is_blocked_from_its_first_parked_offset_on(parking: Parking) -> None:
    await parking.park([(record(offset=9), "later"), (record(offset=7), "first")])
    other = record(key=b"jar/other")
    keyless = record(key=None)
    assert await parking.blocked([record(offset=1), other, keyless]) == {("jars", b"jar/p"): 7}


async def test_nothing_parked_blocks_nothing(parking: Parking) -> None:
    assert await parking.blocked([record()]) == {}


async def test_reason_of_any_length_is_kept_within_bounds(parking: Parking) -> None:
    await parking.park([(record(), "ә" * 10_000)])
    (doc,) = await parking.collection.find().to_list(None)
    assert len(doc["reason"]) == 2_000
