"""`zharmenke lag` with real groups on real topics, and services that tell of their outboxes."""

import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.topics import SERVICES, stream
from services.kit.metrics import Figure, Metrics
from tests.admin.terminal import Terminal, event, put
from tests.rooms import Rooms, eventually

EMPTY = {"outbox_depth": 0.0, "outbox_oldest_seconds": 0.0, "parked": 0.0}


class Services:
    """What the services answer at /metrics; each test says what that is."""

    def __init__(self) -> None:
        self.figures: dict[str, dict[str, float]] = {}
        self.silent: set[str] = set()

    def answer(self, path: str) -> bytes | None:
        """The metrics that are asked for at `/<service>/metrics`."""
        name = path.split("/")[1]
        if name in self.silent:
            return None
        told = EMPTY | self.figures.get(name, {})
        return Metrics(name).text([Figure(key, key, {"": value}) for key, value in told.items()])


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Services, str]]:
    services = Services()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = services.answer(self.path)
            self.send_response(503 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield services, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def services(served: tuple[Services, str]) -> Services:
    served[0].figures, served[0].silent = {}, set()
    return served[0]


@pytest.fixture
def terminal(rooms: Rooms, served: tuple[Services, str]) -> Terminal:
    urls = {f"{name.upper()}_URL": f"{served[1]}/{name}" for name in SERVICES}
    return Terminal(rooms.environment["KAFKA_BOOTSTRAP_SERVERS"], rooms.prefix, urls)


@pytest.fixture(scope="module")
async def submitted(rooms: Rooms) -> TopicPartition:
    """A partition with five events of one project, written two minutes ago."""
    servers, topic = (
        rooms.environment["KAFKA_BOOTSTRAP_SERVERS"],
        stream("submission", rooms.prefix),
    )
    two_minutes_ago = int((time.time() - 120) * 1000)
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for number in range(1, 6):
            found = await put(producer, topic, event("project/a", number), at=two_minutes_ago)
    return TopicPartition(topic, found.partition)


@asynccontextmanager
async def member(terminal: Terminal, group: str, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A member of a group that has all partitions of a topic, and has handled nothing yet."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=terminal.servers,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    async with consumer:

        async def assigned() -> bool:
            return bool(consumer.assignment())

        await eventually(assigned, "the member has its partitions")
        yield consumer


async def test_lag_counts_records_and_how_long_the_first_has_waited(
    terminal: Terminal, services: Services, submitted: TopicPartition
) -> None:
    group = f"{terminal.prefix}.slow"
    async with member(terminal, group, submitted.topic) as consumer:
        await consumer.commit({submitted: 2})
        told = await terminal.run("lag", "--group", group, "--json")
        plain = await terminal.run("lag", "--group", group)
        patient = await terminal.run("lag", "--group", group, "--patience", "600")
    assert (told.exit_code, plain.exit_code, patient.exit_code) == (1, 1, 0)
    (found,) = json.loads(told.stdout)["groups"]
    (behind,) = [one for one in found["partitions"] if one["records"]]
    assert (found["members"], found["records"], len(found["partitions"])) == (1, 3, 12)
    assert (behind["topic"], behind["partition"]) == submitted
    assert (behind["committed"], behind["end"], behind["records"]) == (2, 5, 3)
    assert 120 <= behind["seconds"] < 240
    assert f"{group} is 3 records behind; the first has been waiting for 2 min." in plain.stdout


async def test_lag_of_a_group_that_has_committed_nothing_is_everything(
    terminal: Terminal, services: Services, submitted: TopicPartition
) -> None:
    group = f"{terminal.prefix}.new"
    async with member(terminal, group, submitted.topic):
        told = await terminal.run("lag", "--group", group, "--json")
    (found,) = json.loads(told.stdout)["groups"]
    assert found["records"] == 5
    assert {one["committed"] for one in found["partitions"]} == {None}


async def test_lag_of_a_group_that_caught_up_is_none_and_exits_0(
    terminal: Terminal, services: Services, submitted: TopicPartition
) -> None:
    group = f"{terminal.prefix}.quick"
    async with member(terminal, group, submitted.topic) as consumer:
        await consumer.commit({submitted: 5})
        told = await terminal.run("lag", "--group", group, "--json")
    assert told.exit_code == 0, told.output
    report = json.loads(told.stdout)
    assert (report["groups"][0]["records"], report["findings"]) == (0, [])
    assert [one["service"] for one in report["outboxes"]] == list(SERVICES)
    assert {one["depth"] for one in report["outboxes"]} == {0}


async def test_groups_that_nobody_reads_for_are_findings(
    terminal: Terminal, services: Services
) -> None:
    told = await terminal.run("lag")
    assert told.exit_code == 1
    for name in SERVICES:
        assert f"Nobody reads for the group {terminal.prefix}.{name} now." in told.stdout


async def test_an_outbox_that_is_stuck_is_a_finding_with_its_age(
    terminal: Terminal, services: Services, submitted: TopicPartition
) -> None:
    services.figures["scoring"] = {"outbox_depth": 3, "outbox_oldest_seconds": 7200, "parked": 1}
    group = f"{terminal.prefix}.other"
    async with member(terminal, group, submitted.topic) as consumer:
        await consumer.commit({submitted: 5})
        told = await terminal.run("lag", "--group", group, "--json")
    assert told.exit_code == 1
    report = json.loads(told.stdout)
    assert report["findings"] == ["scoring has had unsent events for 2 h."]
    scoring = next(one for one in report["outboxes"] if one["service"] == "scoring")
    assert (scoring["depth"], scoring["oldest_seconds"], scoring["parked"]) == (3, 7200, 1)


async def test_a_service_that_does_not_tell_is_said_and_the_others_are_shown(
    terminal: Terminal, services: Services, submitted: TopicPartition
) -> None:
    services.silent.add("webinar")
    away = Terminal(
        terminal.servers,
        terminal.prefix,
        terminal.environment | {"NOTIFY_URL": "http://127.0.0.1:1"},
    )
    told = await away.run("lag", "--json")
    assert told.exit_code == 1
    report = json.loads(told.stdout)
    troubles = {one["service"]: one["trouble"] for one in report["outboxes"]}
    assert troubles == {
        "submission": "",
        "scoring": "",
        "webinar": "answers 503",
        "notify": "does not answer (ConnectError)",
    }
    assert "notify at http://127.0.0.1:1: does not answer (ConnectError)." in report["findings"]


async def test_lag_with_the_broker_away_is_trouble(terminal: Terminal, services: Services) -> None:
    line = await terminal.refused("lag", "--bootstrap", "127.0.0.1:1")
    assert line == "error: No Kafka broker answers at 127.0.0.1:1."
