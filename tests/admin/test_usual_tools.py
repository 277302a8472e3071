"""Kafka's own tools beside ours: topics, groups, keys and headers are as their users expect."""

import asyncio
import json
import os
import subprocess

import pytest

from admin.stack.broker import java_with_kafka
from schemas.topics import people, stream
from tests.applicants import applicants
from tests.parts import require_durable_broker
from tests.rooms import Rooms, eventually

TOPICS = "org.apache.kafka.tools.TopicCommand"
GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
CONSOLE = "org.apache.kafka.tools.consumer.ConsoleConsumer"
SHOWN = ("print.key=true", "print.headers=true", "print.partition=true")


@pytest.fixture(scope="module")
async def project(rooms: Rooms) -> str:
    """A project that was handed in, and heard by scoring."""
    require_durable_broker(rooms.stack)
    everybody = applicants(rooms, "usual-tools")
    (plan,) = everybody.cast.projects()
    submission = await rooms.open("submission")
    scoring = await rooms.open("scoring")
    await everybody.open_season(submission)
    await everybody.hand_in(submission, plan)

    async def heard() -> bool:
        return 'handled_total{service="scoring"} 2.0' in (await scoring.get("/metrics")).text

    await eventually(heard, "scoring has heard the season and the project")
    return plan.id


async def tool(rooms: Rooms, name: str, *words: str) -> list[str]:
    """What one of Kafka's tools prints."""
    servers = rooms.environment["KAFKA_BOOTSTRAP_SERVERS"]
    command = [*java_with_kafka(os.environ), "-Xmx96m", name, "--bootstrap-server", servers, *words]
    told = await asyncio.to_thread(
        lambda: subprocess.run(  # noqa: S603 - a tool of Kafka's
            command, capture_output=True, text=True, timeout=120, check=False
        )
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()


async def test_the_console_consumer_shows_key_headers_and_json(rooms: Rooms, project: str) -> None:
    words = [word for one in SHOWN for word in ("--formatter-property", one)]
    topic = stream("submission", rooms.prefix)
    lines = await tool(
        rooms, CONSOLE, "--topic", topic, "--from-beginning", "--max-messages", "2", *words
    )
    (line,) = [line for line in lines if "ce_type:ProjectSubmitted" in line]
    partition, headers, key, body = line.split("\t")
    assert partition.startswith("Partition:")
    assert key == f"project/{project}"
    told = dict(header.split(":", 1) for header in headers.split(","))
    assert told["ce_id"] == f"submission/project/{project}:1"
    assert told["ce_subject"] == key
    assert told["content-type"] == "application/json"
    assert json.loads(body)["project_id"] == project


async def test_the_group_tool_shows_a_group_named_after_its_service_without_lag(
    rooms: Rooms, project: str
) -> None:
    group = f"{rooms.prefix}.scoring"
    assert group in await tool(rooms, GROUPS, "--list")

    async def no_lag() -> bool:
        header, *rows = [
            line.split()
            for line in await tool(rooms, GROUPS, "--describe", "--group", group)
            if line
        ]
        lag, client = header.index("LAG"), header.index("CLIENT-ID")
        assert len(rows) == 12
        assert all(row[client].startswith("scoring-") for row in rows)
        return {row[lag] for row in rows} <= {"0", "-"}

    await eventually(no_lag, "the group has no lag", within=90)


async def test_the_topic_tool_shows_partitions_and_settings(rooms: Rooms, project: str) -> None:
    topic = people("submission", rooms.prefix)
    head, *rows = await tool(rooms, TOPICS, "--describe", "--topic", topic)
    assert "PartitionCount: 12" in head
    assert "cleanup.policy=compact" in head
    assert len(rows) == 12
