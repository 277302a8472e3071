"""`zharmenke import` into empty topics and databases: all of it, once, or a clear line."""

import asyncio
import hashlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from pymongo import AsyncMongoClient

from admin.archive.manifest import Manifest
from admin.archive.parcels import Parcels
from admin.archive.publishing import Pace, play, sending
from admin.archive.target import documents_of
from admin.log.reading import open_log
from admin.rehearsal.outside import read_topic
from admin.stack.stack import Stack
from schemas.topics import SERVICES, SERVICES_WITH_PEOPLE, people, stream
from services.kit.aggregate import Document
from tests.admin.season_file import gathered, replace_in, run, season
from tests.admin.tampering import find
from tests.admin.terminal import Terminal, event, put
from tests.admin.test_archive import person
from tests.parts import require_durable_broker
from tests.ports import free_port
from tests.rooms import Rooms, eventually, new_rooms
from tests.signals import as_at_a_terminal

PERSON = "b0000000-0000-4000-8000-000000000001"
BODY = b'{"person_id":"%s","name":"Sample","email":"a@example.org","language":"kk"}'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An exported season, with two people: one of them erased."""
    path = tmp_path / "season.ndjson"
    stays = person(PERSON, 3, BODY % PERSON.encode())
    gone = person(PERSON[:-1] + "2", 2, None)
    gathered(path, season().records, (stays, gone))
    return path


class Target:
    """A stack to import into, at a terminal."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self.servers = rooms.environment["KAFKA_BOOTSTRAP_SERVERS"]
        places = {name: rooms.environment[name] for name in ("MONGO_URL", "SMTP_URL")}
        self.terminal = Terminal(self.servers, rooms.prefix, places)

    def words(self, file: Path, *more: str) -> tuple[str, ...]:
        """The command's own words."""
        return ("import", str(file), "--database-prefix", f"{self.rooms.prefix}_", *more)

    async def bring(self, file: Path, *more: str) -> Any:
        """Import; what it says in JSON."""
        return await self.terminal.document(*self.words(file, *more))

    async def refused(self, file: Path, *more: str) -> str:
        """The line that says why not."""
        return await self.terminal.refused(*self.words(file, *more))

    async def records(self) -> list[Any]:
        """Everything on the streams and people topics."""
        names = [stream(name, self.rooms.prefix) for name in SERVICES]
        names += [people(name, self.rooms.prefix) for name in SERVICES_WITH_PEOPLE]
        return [one for name in names for one in await read_topic(self.servers, name)]

    async def documents(self) -> dict[str, dict[str, dict[str, Document]]]:
        """Everything in the databases."""
        found: dict[str, dict[str, dict[str, Document]]] = {}
        async with AsyncMongoClient[Document](self.rooms.environment["MONGO_URL"]) as client:
            for service in SERVICES:
                database = client[self.rooms.database(service)]
                for name in await database.list_collection_names():
                    documents = {one["_id"]: one async for one in database[name].find()}
                    if documents:
                        found.setdefault(service, {})[name] = documents
        return found

    async def change(self, service: str, collection: str, do: Callable[[Any], Any]) -> None:
        """Meddle with a collection."""
        async with AsyncMongoClient[Document](self.rooms.environment["MONGO_URL"]) as client:
            await do(client[self.rooms.database(service)][collection])


@pytest.fixture
async def target(parts: Stack) -> AsyncIterator[Target]:
    """Topics and databases with nothing in them."""
    require_durable_broker(parts)
    async with new_rooms(parts) as rooms:
        yield Target(rooms)


def wanted(file: Path) -> Any:
    """The documents that a file comes to, where there are any."""
    topics = dict.fromkeys([stream(name) for name in SERVICES], (0,))
    topics |= dict.fromkeys([people(name) for name in SERVICES_WITH_PEOPLE], (0,))
    lines = Parcels(file, "zharmenke", topics, "history").lines()
    return {
        service: {name: by_id for name, by_id in found.items() if by_id}
        for service, found in documents_of(lines, "zharmenke").items()
    }


def events_of(file: Path) -> bytes:
    """All but the manifest, which says when it was made."""
    return file.read_bytes().partition(b"\n")[2]


def ids(records: list[Any]) -> list[str]:
    return sorted(dict(one.headers)["ce_id"].decode() for one in records)


async def leave_off(target: Target, file: Path, records: int) -> None:
    """As an import that was killed leaves it."""
    async with open_log(target.servers) as log:
        parcels = Parcels(file, target.rooms.prefix, log.topics, "history")
        async with sending(target.servers, lambda done: None, idempotent=True) as send:
            await play(islice(parcels, records), Pace(), send)


# ── All of it, once ──────────────────────────────────────────────────────────────────────────────


async def test_import_brings_the_same_record_and_the_documents_that_it_comes_to(
    target: Target, file: Path, tmp_path: Path
) -> None:
    told = await target.bring(file)

    count = len(season().records) + 2
    assert (told["season"], told["purpose"]) == ("2020", "history")
    assert (told["records"], told["records_before"], told["documents_before"]) == (count, 0, 0)
    again = tmp_path / "again"
    exported = await target.terminal.run("export", "2020", str(again), "--with-people")
    assert exported.exit_code == 0, exported.output
    assert events_of(again) == events_of(file)
    for record in await target.records():
        assert ("x-imported", b"history") in record.headers
    assert (await target.terminal.run("verify")).exit_code == 0
    documents = await target.documents()
    assert documents == wanted(file)
    assert told["documents"] == sum(len(ids) for by in documents.values() for ids in by.values())


async def test_import_run_again_does_nothing_twice(target: Target, file: Path) -> None:
    first = await target.bring(file)
    before = (ids(await target.records()), await target.documents())

    again = await target.bring(file)

    assert (again["records_before"], again["documents_before"]) == (
        first["records"],
        first["documents"],
    )
    assert (ids(await target.records()), await target.documents()) == before


@pytest.mark.parametrize("done", [1, 499])
async def test_import_that_broke_off_goes_on_where_it_stopped(
    target: Target, file: Path, done: int
) -> None:
    done = min(done, len(season().records) // 2)
    await leave_off(target, file, done)

    told = await target.bring(file)

    assert told["records_before"] == done
    found = ids(await target.records())
    assert len(found) == len(set(found)) == told["records"]
    assert await target.documents() == wanted(file)


async def test_import_that_broke_off_among_the_documents_writes_the_rest(
    target: Target, file: Path
) -> None:
    first = await target.bring(file)
    await target.change("scoring", "evaluations", lambda found: found.delete_many({}))

    told = await target.bring(file)

    assert told["documents_before"] == first["documents"] - len(
        wanted(file)["scoring"]["evaluations"]
    )
    assert await target.documents() == wanted(file)


# ── In an empty stack only ───────────────────────────────────────────────────────────────────────


async def test_import_is_refused_where_a_stream_has_other_records(
    target: Target, file: Path
) -> None:
    topic = stream("webinar", target.rooms.prefix)
    async with AIOKafkaProducer(bootstrap_servers=target.servers) as producer:
        await put(producer, topic, event("webinar/1", service="webinar"))

    line = await target.refused(file)

    assert f"{topic} has records that are not the beginning of this file" in line
    assert (len(await target.records()), await target.documents()) == (1, {})


async def test_import_is_refused_where_another_purpose_began(target: Target, file: Path) -> None:
    await leave_off(target, file, 10)

    line = await target.refused(file, "--speed", "100")

    assert "has records that are not the beginning of this file" in line
    assert len(await target.records()) == 10


async def test_import_is_refused_where_a_database_has_documents(target: Target, file: Path) -> None:
    draft = {"_id": "p", "state": {"season_id": "2020"}}
    await target.change("submission", "projects", lambda found: found.insert_one(draft))

    line = await target.refused(file)

    assert f"{target.rooms.database('submission')} has documents already, such as projects p" in (
        line
    )
    assert await target.records() == []


async def test_import_is_refused_where_a_document_went_on(target: Target, file: Path) -> None:
    await target.bring(file)
    change = {"$inc": {"version": 1}}
    await target.change("scoring", "rounds", lambda found: found.update_many({}, change))

    line = await target.refused(file)

    assert "rounds 2020-" in line
    assert "is not what the file comes to" in line


async def test_import_is_refused_while_a_service_runs(target: Target, file: Path) -> None:
    await target.rooms.open("notify")

    line = await target.refused(file)

    assert f"Stop the services first: {target.rooms.prefix}.notify still read(s)" in line
    assert await target.records() == []


async def test_import_needs_the_topics_and_the_parts(target: Target, file: Path) -> None:
    nobody = Terminal(target.servers, "nobody-uses-this", target.terminal.environment)
    nowhere = f"127.0.0.1:{free_port()}"

    assert "zharmenke topics create" in await nobody.refused("import", str(file))
    assert f"No Kafka broker answers at {nowhere}" in await target.refused(
        file, "--bootstrap", nowhere
    )
    assert "The database can't be used" in await target.refused(
        file, "--mongo", f"mongodb://{nowhere}"
    )
    assert await target.records() == []


# ── Whole files only ─────────────────────────────────────────────────────────────────────────────


def with_another_hash(file: Path) -> None:
    """A manifest made to fit."""
    head, _, rest = file.read_bytes().partition(b"\n")
    manifest = Manifest.of_line(head).model_copy(
        update={"sha256": hashlib.sha256(rest).hexdigest()}
    )
    file.write_bytes(manifest.line() + rest)


def tampered(file: Path) -> None:
    """A score is another, and the manifest agrees."""
    line = find(season(), "ScoreRecorded", 10).header("ce_id")
    lines = file.read_text().splitlines()
    number = next(n for n, text in enumerate(lines) if f'"id":"{line}"' in text)
    points = json.loads(lines[number])["data"]["points"][0]["points"]
    other = "5.00" if points != "5.00" else "6.00"
    replace_in(file, f'"points":"{points}"', f'"points":"{other}"', number)
    with_another_hash(file)


def cut(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: content.rindex(b"\n", 0, len(content) // 2) - 1])


def miscounted(file: Path) -> None:
    replace_in(file, '"events":', '"events":1', 0)


def shortened(file: Path) -> None:
    """Without its last event, and a hash that fits."""
    file.write_bytes(file.read_bytes().rstrip(b"\n").rpartition(b"\n")[0] + b"\n")
    with_another_hash(file)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (cut, "it ends in the middle of a line"),
        (miscounted, "line 1: says 1"),
        (shortened, "line 1: says "),
        (tampered, "inputs_hash is"),
        (lambda file: file.write_text("{}\n"), "it has no manifest"),
    ],
)
def test_file_that_is_not_whole_or_does_not_hold_is_refused_before_anything_is_asked(
    file: Path, spoil: Callable[[Path], object], why: str
) -> None:
    spoil(file)

    told = run("import", file, "--bootstrap", "127.0.0.1:1")

    assert (told.exit_code, told.stdout) == (1, "")
    (line,) = told.stderr.splitlines()
    assert why in line
    assert line.endswith("Nothing was written.")


def test_misuse_says_why(file: Path) -> None:
    assert "can't be read" in run("import", "nowhere.ndjson").stderr
    assert run("import", file, "--speed", "0").exit_code == 2
    assert "Example: zharmenke import season.ndjson --speed 100" in run("import", "--help").output


# ── Rehearsals ───────────────────────────────────────────────────────────────────────────────────


async def test_rehearsal_is_refused_where_mails_leave_the_machine(
    target: Target, file: Path
) -> None:
    target.terminal.environment["SMTP_URL"] = "smtp://mail.example.org"

    line = await target.refused(file, "--speed", "100")

    assert "the mail server is not on this machine" in line
    assert await target.records() == []


async def test_rehearsal_that_was_interrupted_is_played_to_its_end_once(
    target: Target, file: Path
) -> None:
    own = stream("submission", target.rooms.prefix)
    places = {"KAFKA_BOOTSTRAP_SERVERS": target.servers, "TOPIC_PREFIX": target.rooms.prefix}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "admin", *target.words(file, "--speed", "2")),
        env=os.environ | places | target.terminal.environment,
        preexec_fn=as_at_a_terminal,
    )
    try:
        await eventually(lambda: read_topic(target.servers, own), "the play has begun")
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 30) == 130
    finally:
        if process.returncode is None:
            process.kill()
    assert await target.documents() == {}

    told = await target.bring(file, "--speed", "1e6")

    assert 0 < told["records_before"] < told["records"]
    records = await target.records()
    assert len(ids(records)) == len(set(ids(records))) == told["records"]
    assert all(("x-imported", b"rehearsal") in one.headers for one in records)
    assert not [one for one in ids(records) if one.startswith("notify/")]
    assert await target.documents() == wanted(file)
