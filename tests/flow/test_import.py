"""A fair that was played here, exported, and imported elsewhere: the same, and it goes on."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from admin.rehearsal.cast import FairSize
from admin.rehearsal.commands import Fair
from admin.rehearsal.mailbox import Mailbox
from admin.rehearsal.rest import lag
from admin.stack.stack import Stack
from schemas.topics import SERVICES
from services.kit.settings import consumer_group
from tests.admin.terminal import Terminal
from tests.parts import caller_environment, require_durable_broker
from tests.rooms import Rooms, eventually, new_rooms

SMALL = FairSize(projects=12, shortlist=4, jury=5, judges_per_project=3, registrants=10)
FOLLOWS = ("state", "heard", "sequence", "people", "slot")
"""What of a document follows from the streams; the rest is the service's own housekeeping."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(
        tmp_path_factory.mktemp("import"), free_ports=True, environment=caller_environment()
    )
    stack.up()
    yield stack
    stack.down()


@pytest.fixture(scope="module")
async def fair(stack: Stack) -> Fair:
    """A whole small fair, played under the usual names."""
    require_durable_broker(stack)
    fair = Fair(stack, "import", SMALL, datetime.now(UTC).date())
    await fair.play(lambda phase, done, total: None)
    return fair


@pytest.fixture(scope="module")
async def file(stack: Stack, fair: Fair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its season, with its people."""
    path = tmp_path_factory.mktemp("exported") / "season.ndjson"
    told = await terminal(stack).run("export", fair.cast.season.id, str(path), "--with-people")
    assert told.exit_code == 0, told.output
    return path


def terminal(stack: Stack, prefix: str = "zharmenke") -> Terminal:
    environment = stack.environment()
    places = {name: environment[name] for name in ("MONGO_URL", "SMTP_URL")}
    return Terminal(environment["KAFKA_BOOTSTRAP_SERVERS"], prefix, places)


@asynccontextmanager
async def elsewhere(stack: Stack) -> AsyncIterator[Rooms]:
    """Topics and databases with nothing in them, under names of their own."""
    async with new_rooms(stack) as rooms:
        yield rooms


async def bring(rooms: Rooms, file: Path, *more: str) -> Any:
    words = ("import", str(file), "--database-prefix", f"{rooms.prefix}_", *more)
    return await terminal(rooms.stack, rooms.prefix).document(*words)


async def caught_up(rooms: Rooms) -> bool:
    """Whether every service there has heard all that there is."""
    groups = {name: consumer_group(name, rooms.prefix) for name in SERVICES}
    behind = await lag(rooms.environment["KAFKA_BOOTSTRAP_SERVERS"], groups, rooms.prefix)
    return not any(behind.values())


async def documents(stack: Stack, names: Mapping[str, str]) -> dict[str, Any]:
    """What follows from the streams, of each service's database."""
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(stack.environment()["MONGO_URL"])
    try:
        found = {}
        for service, database in names.items():
            for collection in await client[database].list_collection_names():
                async for document in client[database][collection].find({"state": {"$exists": 1}}):
                    key = f"{service} {collection} {document['_id']}"
                    found[key] = {name: document.get(name) for name in FOLLOWS}
        return found
    finally:
        client.close()


async def rankings(stack: Stack, prefix: str = "zharmenke") -> list[dict[str, Any]]:
    """Every ranking with its hashes, as `verify` finds them; all must hold."""
    told = await terminal(stack, prefix).document("verify")
    assert told["holds"]
    return list(told["rankings"])


async def streams(rooms: Rooms) -> dict[str, int]:
    return {service: len(await rooms.records(service)) for service in SERVICES}


def types_of(file: Path) -> dict[str, int]:
    """How many events of each type there are, as the manifest says."""
    return dict(json.loads(file.read_text().partition("\n")[0])["types"])


def mails(stack: Stack) -> int:
    return len(Mailbox(stack.maildir).mails())


async def test_imported_fair_is_the_same_mails_nobody_and_goes_on(
    stack: Stack, fair: Fair, file: Path
) -> None:
    mailed, before = mails(stack), await documents(stack, {name: name for name in SERVICES})
    async with elsewhere(stack) as rooms:
        told = await bring(rooms, file)
        imported = await streams(rooms)
        clients = {name: await rooms.open(name) for name in SERVICES}
        await eventually(lambda: caught_up(rooms), "everything is heard", within=60)

        after = await documents(stack, {name: rooms.database(name) for name in SERVICES})
        assert told["purpose"] == "history"
        assert sorted(after) == sorted(before)
        assert {key: (before[key], after[key]) for key in before if before[key] != after[key]} == {}
        assert await rankings(stack, rooms.prefix) == await rankings(stack)
        assert (await streams(rooms), mails(stack)) == (imported, mailed)

        await go_on(rooms, fair, clients)

        await eventually(lambda: is_mailed(stack, mailed + 1), "what comes now is mailed")
        assert await rankings(stack, rooms.prefix) == await rankings(stack)


async def go_on(rooms: Rooms, fair: Fair, clients: Mapping[str, httpx.AsyncClient]) -> None:
    """A project leaves, with the next number of its events; somebody registers, once."""
    (body, *_) = [body for _, body in await rooms.said("scoring", "ProjectNotShortlisted")]
    plan = next(plan for plan in fair.cast.projects() if plan.id in body.decode())
    before = [id for id, _ in await rooms.said("submission") if plan.id in id]
    token = rooms.token("applicant", plan.applicant)
    left = await clients["submission"].post(f"/projects/{plan.id}/withdrawal", headers=token)
    assert left.json()["event_id"] == f"submission/project/{plan.id}:{len(before) + 1}"

    webinar = f"{fair.cast.season.id}-{fair.cast.season.webinars[0].id}"
    known = fair.cast.registrants(webinar)[0].body
    again = await clients["webinar"].put(f"/webinars/{webinar}/registrations/{uuid4()}", json=known)
    assert (again.status_code, again.json()["type"][-18:]) == (409, "already-registered")
    late = known | {"email": "late@example.org"}
    new = await clients["webinar"].put(f"/webinars/{webinar}/registrations/{uuid4()}", json=late)
    assert new.is_success, new.text


async def is_mailed(stack: Stack, count: int) -> bool:
    return mails(stack) == count


async def test_rehearsal_mails_everybody_to_the_sink_of_this_machine(
    stack: Stack, file: Path
) -> None:
    async with elsewhere(stack) as rooms:
        for name in SERVICES:
            await rooms.open(name)
        mailed = mails(stack)
        told = await bring(rooms, file, "--speed", "100000")

        accepted = types_of(file)["MessageAccepted"]

        async def everybody() -> bool:
            said = await rooms.said("notify", "MessageAccepted")
            return len(said) == accepted == mails(stack) - mailed

        await eventually(everybody, "every mail has arrived again", within=90)
        assert told["purpose"] == "rehearsal"
        assert await rankings(stack, rooms.prefix) == await rankings(stack)


async def test_import_goes_on_after_the_broker_was_killed(stack: Stack, file: Path) -> None:
    """The last test here: the services of this stack lose their broker, too."""
    async with elsewhere(stack) as rooms:
        user = terminal(stack, rooms.prefix)
        words = ("import", str(file), "--database-prefix", f"{rooms.prefix}_")
        slowly = asyncio.create_task(user.run(*words, "--speed", "3"))
        await eventually(lambda: rooms.records("submission"), "the play has begun")
        await asyncio.to_thread(stack.kill, "kafka")
        broken = await slowly
        assert broken.exit_code == 2, broken.output
        assert "Run the import again" in broken.stderr
        await asyncio.to_thread(stack.up, ["kafka"])

        told = await bring(rooms, file, "--speed", "100000")

        assert 0 < told["records_before"] < told["records"]
        for service in ("submission", "scoring", "webinar"):
            ids = [id for id, _ in await rooms.said(service)]
            assert len(ids) == len(set(ids))
