"""`zharmenke topics fill`: the services go on in new topics, and mail nobody again."""

import contextlib
import importlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from admin.rehearsal.outside import read_topic
from admin.stack.stack import Stack
from schemas.topics import all_topics, people, stream
from tests.admin.terminal import Terminal, event, put
from tests.applicants import applicants
from tests.parts import require_durable_broker
from tests.rooms import Rooms, eventually

MORE = 20
SERVICES = ("submission", "scoring", "notify")


@pytest.fixture
def terminal(rooms: Rooms) -> Terminal:
    require_durable_broker(rooms.stack)
    return Terminal(rooms.environment["KAFKA_BOOTSTRAP_SERVERS"], rooms.prefix)


@pytest.fixture
async def generation(terminal: Terminal, parts: Stack) -> AsyncIterator[str]:
    """The prefix of a new generation, whose topics are there; gone at the end."""
    prefix = f"t{secrets.token_hex(4)}"
    there = Terminal(terminal.servers, prefix)
    told = await there.run("topics", "create", "--partitions", str(MORE))
    assert told.exit_code == 0, told.output
    yield prefix
    admin = AIOKafkaAdminClient(bootstrap_servers=terminal.servers)
    await admin.start()
    await admin.delete_topics([topic.name for topic in all_topics(prefix)])
    await admin.close()


@asynccontextmanager
async def running(rooms: Rooms, prefix: str) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """The services on the topics of a generation, with the documents that they have."""
    async with contextlib.AsyncExitStack() as exits:
        clients = {}
        for name in SERVICES:
            create_app = importlib.import_module(f"services.{name}.app").create_app
            app = create_app(rooms.settings(name, topic_prefix=prefix))
            await exits.enter_async_context(app.router.lifespan_context(app))
            clients[name] = await exits.enter_async_context(
                httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{name}")
            )

        async def ready() -> bool:
            answers = [await client.get("/health/ready") for client in clients.values()]
            return all(answer.is_success for answer in answers)

        await eventually(ready, "the services are ready")
        yield clients


async def ids(rooms: Rooms, topic: str) -> list[str]:
    servers = rooms.environment["KAFKA_BOOTSTRAP_SERVERS"]
    records = await read_topic(servers, topic)
    return sorted(dict(record.headers)["ce_id"].decode() for record in records)


async def test_services_go_on_in_a_new_generation_and_mail_nobody_again(
    terminal: Terminal, rooms: Rooms, generation: str
) -> None:
    everybody = applicants(rooms, "generation", projects=4)
    *before, after = everybody.cast.projects()
    async with running(rooms, rooms.prefix) as clients:
        await everybody.open_season(clients["submission"])
        for plan in before:
            await everybody.hand_in(clients["submission"], plan)

        async def mailed() -> bool:
            return len(await rooms.said("notify", "MessageAccepted")) == len(before)

        await eventually(mailed, "the receipts are mailed")

    told = await terminal.document("topics", "fill", generation)
    filled = {one["old"]: one for one in told}
    assert sum(one["different"] for one in filled.values()) == 0
    assert filled[stream("submission", rooms.prefix)]["records"] >= 4
    assert filled[people("submission", rooms.prefix)]["records"] == len(before)

    async with running(rooms, generation) as clients:
        await everybody.hand_in(clients["submission"], after)

        async def receipts() -> list[str] | None:
            found = await ids(rooms, stream("notify", generation))
            return found if len(found) == 2 * (len(before) + 1) else None

        said = await eventually(receipts, "the receipt of the last project is mailed")

        async def caught_up() -> bool:
            metrics = [(await client.get("/metrics")).text for client in clients.values()]
            lags = [
                line for text in metrics for line in text.splitlines() if "lag_records{" in line
            ]
            return bool(lags) and all(line.endswith(" 0.0") for line in lags)

        await eventually(caught_up, "everything was heard again")
    assert said == await ids(rooms, stream("notify", generation))
    old = await ids(rooms, stream("notify", rooms.prefix))
    assert len(set(said)) == len(said)
    assert set(old) < set(said)
    submitted = await ids(rooms, stream("submission", generation))
    assert [id for id in submitted if after.id in id] == [f"submission/project/{after.id}:1"]


async def test_a_key_s_records_keep_their_order_bytes_headers_and_times(
    terminal: Terminal, generation: str
) -> None:
    old = f"t{secrets.token_hex(4)}"
    here = Terminal(terminal.servers, old)
    assert (await here.run("topics", "create")).exit_code == 0
    topic, persons = stream("scoring", old), people("scoring", old)
    async with AIOKafkaProducer(bootstrap_servers=terminal.servers) as producer:
        for number in range(1, 40):
            body = f'{{"number": {number}, "text": "Үлгі"}}'.encode()
            about = event(f"round/{number % 7}", number, service="scoring")
            await put(producer, topic, about, body, at=1_600_000_000_000 + number)
        person = event("person/p", type_name="PersonRecorded")
        await put(producer, persons, person, b'{"name": "x"}')
        await put(producer, persons, person, None)
        await producer.send_and_wait(topic, b"\xff no key, no headers")

    told = await here.run("topics", "fill", generation)

    assert told.exit_code == 0, told.output
    assert "40 records of 8 keys, the same" in told.stdout
    for name in (topic, persons):
        new = name.replace(old, generation)
        assert await by_key(terminal, name) == await by_key(terminal, new)
    admin = AIOKafkaAdminClient(bootstrap_servers=terminal.servers)
    await admin.start()
    await admin.delete_topics([one.name for one in all_topics(old)])
    await admin.close()


async def by_key(terminal: Terminal, topic: str) -> dict[bytes | None, list[Any]]:
    found: dict[bytes | None, list[Any]] = {}
    for record in await read_topic(terminal.servers, topic):
        told = (record.value, record.headers, record.timestamp)
        found.setdefault(record.key, []).append(told)
    return found


async def test_fill_is_refused_while_a_service_runs(
    terminal: Terminal, rooms: Rooms, generation: str
) -> None:
    async with running(rooms, rooms.prefix):
        line = await terminal.refused("topics", "fill", generation)
    assert "Stop the services first" in line
    assert f"{rooms.prefix}.scoring" in line


async def test_fill_is_refused_where_it_can_not_end_well(
    terminal: Terminal, generation: str
) -> None:
    assert "needs another prefix" in await terminal.refused("topics", "fill", terminal.prefix)
    missing = await terminal.refused("topics", "fill", "nothing-there")
    assert "nothing-there.submission is not there yet" in missing
    assert "topics create --partitions" in missing
    nobody = Terminal(terminal.servers, "nobody-uses-this")
    assert "There are no topics under" in await nobody.refused("topics", "fill", generation)
    async with AIOKafkaProducer(bootstrap_servers=terminal.servers) as producer:
        await put(producer, stream("webinar", generation), event("webinar/1", service="webinar"))
    line = await terminal.refused("topics", "fill", generation)
    assert f"{stream('webinar', generation)} is not empty" in line
    assert "No Kafka broker" in await terminal.refused(
        "topics", "fill", generation, "--bootstrap", "127.0.0.1:1"
    )
