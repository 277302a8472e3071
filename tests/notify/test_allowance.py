"""The limits on a real database: shared by replicas, and cheap while nothing is limited."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from services.kit.clock import DatabaseClock
from services.notify.allowance import Admission, Allowance, recipient_key
from tests.rooms import Rooms

BATCH = 40


class RoundTrips(CommandListener):
    """Counts the commands that the limits cost; the clock's are its own."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in ("insert", "update", "find", "getMore", "bulkWrite"):
            self.names.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to count."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to count."""

    def taken(self) -> list[str]:
        names, self.names = self.names, []
        return names


@pytest.fixture
def trips() -> RoundTrips:
    return RoundTrips()


@pytest.fixture
async def database(
    rooms: Rooms, trips: RoundTrips
) -> AsyncIterator["AsyncIOMotorDatabase[dict[str, Any]]"]:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        rooms.environment["MONGO_URL"], tz_aware=True, event_listeners=[trips]
    )
    name = f"{rooms.database('notify')}_{uuid4().hex[:8]}"
    yield client[name]
    await client.drop_database(name)
    client.close()


Database = AsyncIOMotorDatabase[dict[str, Any]]


def replica(database: Database, per_hour: int = 20, per_second: float = 0.0) -> Allowance:
    clock = DatabaseClock(database)
    return Allowance(database, clock, per_recipient_hour=per_hour, per_second=per_second)


def batch(to: str = "", count: int = BATCH) -> dict[str, str]:
    """New messages, all to one address or each to one of its own."""
    ids = [str(uuid4()) for _ in range(count)]
    return {id: to or f"{id}@example.org" for id in ids}


async def test_batch_that_is_not_limited_costs_one_round_trip(
    database: Database, trips: RoundTrips
) -> None:
    allowance, mails = replica(database), batch()

    assert await allowance.admit(mails) == Admission()
    assert trips.taken() == ["insert"]
    assert await allowance.admit(batch() | mails) == Admission()
    assert trips.taken() == ["insert", "update"], "a bulk write is one command for each kind"


async def test_batch_that_another_replica_wrote_before_costs_no_more_for_each_mail(
    database: Database, trips: RoundTrips
) -> None:
    addresses = [f"{number}.{uuid4()}@example.org" for number in range(BATCH)]
    await replica(database).admit({str(uuid4()): address for address in addresses})
    trips.taken()

    await replica(database).admit({str(uuid4()): address for address in addresses})

    assert trips.taken() == ["insert", "find", "update"]


async def test_limits_that_are_off_cost_nothing(database: Database, trips: RoundTrips) -> None:
    assert await replica(database, per_hour=0).admit(batch()) == Admission()
    assert trips.taken() == []


async def test_replicas_together_let_no_more_go_to_one_recipient_than_the_limit(
    database: Database,
) -> None:
    replicas = [replica(database, per_hour=7) for _ in range(3)]
    batches = [batch("ngo@example.org", 4) for _ in range(9)]

    admissions = await asyncio.gather(
        *(replicas[number % 3].admit(mails) for number, mails in enumerate(batches))
    )

    waits = [wait for admission in admissions for wait in admission.waits.values()]
    assert len(waits) == 36 - 7
    assert all(timedelta(minutes=59) < wait < timedelta(minutes=61) for wait in waits)
    doc = await database["recipients"].find_one({"_id": recipient_key("NGO@example.org")})
    assert doc is not None
    assert len(doc["sent"]) == 7


async def test_one_recipient_that_has_had_enough_holds_up_nobody_else(database: Database) -> None:
    allowance, many, others = replica(database, per_hour=2), batch("ngo@example.org", 5), batch()

    admission = await allowance.admit(many | others)

    assert set(admission.waits) < set(many)
    assert len(admission.waits) == 3


async def test_message_whose_sender_was_lost_is_let_go_again_by_another_replica(
    database: Database,
) -> None:
    mails = batch("ngo@example.org", 2)
    await replica(database, per_hour=2).admit(mails)

    assert await replica(database, per_hour=2).admit(mails) == Admission()


async def test_replicas_together_begin_no_more_in_a_second_than_the_rate(
    database: Database,
) -> None:
    replicas = [replica(database, per_hour=0, per_second=20) for _ in range(3)]

    admissions = await asyncio.gather(
        *(replicas[number % 3].admit(batch(count=20)) for number in range(6))
    )

    starts = sorted(admission.starts_in.total_seconds() for admission in admissions)
    for earlier, later in pairwise(starts):
        # The batches asked at different moments, and each knows only its own.
        assert later - earlier > 0.5
    assert starts[-1] > 3


async def test_address_itself_is_not_kept_and_its_window_ends(database: Database) -> None:
    allowance = replica(database, per_second=10)
    await allowance.prepare()
    await allowance.admit(batch("ngo@example.org", 1))

    docs = [doc async for doc in database["recipients"].find({})]

    assert "ngo" not in str(docs)
    assert all("until" in doc for doc in docs)
    indexes = await database["recipients"].index_information()
    assert indexes["until"]["expireAfterSeconds"] == 0
