"""`zharmenke topics`: what is on the broker, told to people and to scripts."""

import json

import pytest
from aiokafka import AIOKafkaProducer

from schemas.topics import PARTITIONS, all_topics, dead_people, people, stream
from tests.admin.terminal import Terminal, event, put
from tests.parts import require_durable_broker
from tests.rooms import Rooms


@pytest.fixture(scope="module")
async def terminal(rooms: Rooms) -> Terminal:
    """A terminal, and seven events on one stream."""
    require_durable_broker(rooms.stack)
    servers = rooms.environment["KAFKA_BOOTSTRAP_SERVERS"]
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for number in range(1, 8):
            await put(producer, stream("scoring", rooms.prefix), event("round/1", number))
    return Terminal(servers, rooms.prefix)


async def test_topics_are_listed_with_partitions_records_retention_and_size(
    terminal: Terminal,
) -> None:
    told = await terminal.run("topics", "--json")
    assert told.exit_code == 0, told.output
    found = {one["name"]: one for one in json.loads(told.stdout)}
    assert set(found) == {topic.name for topic in all_topics(terminal.prefix)}
    scoring = found[stream("scoring", terminal.prefix)]
    size = scoring.pop("bytes")
    assert scoring == {
        "name": stream("scoring", terminal.prefix),
        "partitions": PARTITIONS,
        "copies": 1,
        "records": 7,
        "cleanup": "delete",
        "kept_ms": -1,
    }
    assert 7 * 100 < size < 100_000
    assert found[people("scoring", terminal.prefix)]["cleanup"] == "compact"
    assert found[dead_people("scoring", terminal.prefix)]["kept_ms"] == 14 * 86_400_000


async def test_topics_are_a_table_for_a_person(terminal: Terminal) -> None:
    told = await terminal.run("topics")
    rows = {line.split()[0]: line for line in told.stdout.splitlines() if terminal.prefix in line}
    scoring = rows[stream("scoring", terminal.prefix)]
    assert "12 × 1" in scoring
    assert "for ever" in scoring
    assert " 7 " in scoring
    assert "compacted" in rows[people("scoring", terminal.prefix)]
    assert "14 d" in rows[dead_people("scoring", terminal.prefix)]


async def test_topics_of_a_prefix_that_nobody_uses_are_none(terminal: Terminal) -> None:
    told = await Terminal(terminal.servers, "nobody-uses-this").run("topics", "--json")
    assert (told.exit_code, json.loads(told.stdout)) == (0, [])
    assert "`zharmenke topics create` makes ours" in told.stderr


async def test_topics_with_the_broker_away_is_trouble(terminal: Terminal) -> None:
    line = await terminal.refused("topics", "--bootstrap", "127.0.0.1:1")
    assert line == "error: No Kafka broker answers at 127.0.0.1:1."
