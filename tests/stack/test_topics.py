"""The topics: their names in the contract, their settings on the broker."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka.admin import NewTopic

from admin.stack.layout import REPOSITORY
from admin.stack.stack import Stack
from admin.topics import broker_admin, create_topics, topic_settings
from schemas.topics import PARTITIONS, all_topics, dead, dead_people, people, stream


def test_the_names_follow_service_and_prefix() -> None:
    assert stream("submission") == "zharmenke.submission"
    assert people("webinar", "t1") == "t1.webinar.people"
    assert dead("notify") == "zharmenke.dead.notify"
    assert dead_people("scoring") == "zharmenke.dead.scoring.people"
    with pytest.raises(ValueError, match="notify keeps no people"):
        people("notify")


def test_all_topics_are_those_of_the_four_services() -> None:
    names = [topic.name for topic in all_topics()]
    assert len(names) == len(set(names)) == 4 + 3 + 4 + 4
    assert {topic.partitions for topic in all_topics()} == {PARTITIONS}


async def test_every_topic_has_its_settings_on_the_broker(infra: Stack) -> None:
    servers = infra.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    wanted = all_topics()
    async with broker_admin(servers, 10) as admin:
        found = {topic["topic"]: topic for topic in await admin.describe_topics()}
        settings = await topic_settings(admin, [topic.name for topic in wanted])
    for topic in wanted:
        assert len(found[topic.name]["partitions"]) == PARTITIONS
        assert topic.settings.items() <= settings[topic.name].items()
    assert settings[people("submission")]["cleanup.policy"] == "compact"
    assert settings[stream("submission")]["retention.ms"] == "-1"
    assert settings[dead_people("notify")]["retention.ms"] == "1209600000"


async def test_create_topics_again_creates_nothing(infra: Stack) -> None:
    servers = infra.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    report = await create_topics(servers)
    assert report.created == ()
    assert len(report.present) == len(all_topics())
    assert report.differences == ()


async def test_the_command_says_in_words_what_differs(infra: Stack) -> None:
    servers = infra.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    async with broker_admin(servers, 10) as admin:
        await admin.create_topics([NewTopic("other.scoring", 3, 1)])
    told = await asyncio.to_thread(_create_command, servers, "other")
    assert told.returncode == 1
    assert "14 topics created, 1 were there." in told.stdout
    assert "other.scoring has 3 partitions instead of 12" in told.stderr
    assert "other.scoring has retention.ms=604800000 instead of -1." in told.stderr


async def test_the_command_gives_up_on_a_broker_that_is_away() -> None:
    told = await asyncio.to_thread(_create_command, "127.0.0.1:1", "any", "--wait", "0.1")
    assert told.returncode == 1
    assert "No Kafka broker answers at 127.0.0.1:1" in told.stderr
    assert "Traceback" not in told.stderr


def _create_command(servers: str, prefix: str, *options: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("zharmenke")
    return subprocess.run(  # noqa: S603 - our own command
        [program, "topics", "create", *options],
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": servers, "TOPIC_PREFIX": prefix},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
