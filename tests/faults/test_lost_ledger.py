"""notify loses its database: nobody is mailed twice, and what was still due is not forgotten."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from admin.rehearsal.mailbox import Mailbox
from schemas.people import Person
from services.notify.app import create_app
from tests.notify.stage import Stage, open_stage, sample, somebody
from tests.rooms import Rooms, eventually


class Notify:
    """The service while it runs, and what it has come to."""

    def __init__(self, rooms: Rooms, client: httpx.AsyncClient) -> None:
        self._rooms = rooms
        self._client = client

    async def has(self, **counts: int) -> None:
        """Wait until its ledger counts this."""

        async def counted() -> bool:
            answer = await self._client.get("/messages/counts", headers=self._rooms.token("admin"))
            return answer.is_success and answer.json() == counts

        await eventually(counted, f"the ledger counts {counts}")


@asynccontextmanager
async def notify(rooms: Rooms) -> AsyncIterator[Notify]:
    app = create_app(rooms.settings("notify", smtp_timeout_seconds=2.0))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notify") as client,
    ):
        yield Notify(rooms, client)


async def all_is_on_kafka(rooms: Rooms) -> None:
    """Wait for the relay: a plan that is not on Kafka would simply be made again."""
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(rooms.environment["MONGO_URL"])
    messages = client[rooms.database("notify")]["messages"]

    async def sent() -> bool:
        return await messages.count_documents({"pending": True}) == 0

    await eventually(sent, "every outbox is empty")
    client.close()


async def lose_the_ledger(rooms: Rooms) -> None:
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(rooms.environment["MONGO_URL"])
    await client.drop_database(rooms.database("notify"))
    client.close()


async def lose_half_of_the_ledger(rooms: Rooms) -> None:
    """As a process leaves it that is ended while it rebuilds: some messages, and no mark."""
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(rooms.environment["MONGO_URL"])
    database = client[rooms.database("notify")]
    ids = [doc["_id"] async for doc in database["messages"].find({}, {"_id": 1})]
    for id in ids[::2]:
        await database["messages"].delete_one({"_id": id})
    await database["rebuilt"].delete_many({})
    client.close()


def mails(rooms: Rooms, person: Person) -> list[str]:
    found = Mailbox(rooms.stack.maildir).mails()
    return [mail.message_id for mail in found if mail.recipient == person.email]


async def register(stage: Stage, person: Person) -> None:
    registration_id = str(uuid4())
    event = sample("WebinarRegistered", registration_id=registration_id, person_id=person.person_id)
    await stage.say(event, registration_id)


async def submit(stage: Stage, person: Person) -> None:
    project_id = str(uuid4())
    event = sample("ProjectSubmitted", project_id=project_id, contact_person_id=person.person_id)
    await stage.say(event, project_id)


@pytest.fixture
async def stage(rooms: Rooms) -> AsyncIterator[Stage]:
    async with open_stage(rooms) as stage:
        yield stage


async def test_lost_ledger_is_rebuilt_from_the_streams(rooms: Rooms, stage: Stage) -> None:
    known, late = somebody(), somebody()
    async with notify(rooms) as running:
        await stage.meet("webinar", known)
        for person in (known, late):
            await register(stage, person)
            await submit(stage, person)
        await running.has(accepted=2, planned=2)
        await all_is_on_kafka(rooms)
    before = mails(rooms, known)

    await lose_the_ledger(rooms)
    async with notify(rooms) as running:
        # The link is sent again when it can be; the receipt waits for a person to decide.
        await running.has(accepted=2, planned=1, unknown=1)
        await stage.meet("webinar", late)
        await running.has(accepted=3, unknown=1)
        await register(stage, known)
        await running.has(accepted=4, unknown=1)

        assert len(before) == 2
        assert Counter(mails(rooms, known)[:2]) == Counter(before)
        assert len(set(mails(rooms, known))) == len(mails(rooms, known)) == 3
        assert len(mails(rooms, late)) == 1

    await lose_the_ledger(rooms)
    async with notify(rooms) as running:
        await running.has(accepted=4, unknown=1)
    said = await rooms.said("notify")
    contents: dict[str, set[bytes]] = {}
    for event_id, body in said:
        contents.setdefault(event_id, set()).add(body)
    assert [id for id, found in contents.items() if len(found) > 1] == []
    assert len(mails(rooms, known)) == 3
    assert len(mails(rooms, late)) == 1


async def test_rebuilding_that_was_cut_off_begins_again(rooms: Rooms, stage: Stage) -> None:
    person = somebody()
    async with notify(rooms) as running:
        await running.has(accepted=4, unknown=1)
        await stage.meet("webinar", person)
        for _ in range(3):
            await submit(stage, person)
        await running.has(accepted=7, unknown=1)

    await lose_half_of_the_ledger(rooms)
    async with notify(rooms) as running:
        await running.has(accepted=7, unknown=1)
        await submit(stage, person)
        await running.has(accepted=8, unknown=1)

    assert len(mails(rooms, person)) == len(set(mails(rooms, person))) == 4
