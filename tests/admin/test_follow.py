"""`zharmenke events --follow`: new events as they come, and both of its ends."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from admin.stack.stack import Stack
from schemas.topics import stream
from tests.admin.terminal import event, put
from tests.parts import caller_environment, require_durable_broker
from tests.signals import as_at_a_terminal


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A broker of this module's own: it is killed here."""
    directory = tmp_path_factory.mktemp("broker")
    stack = Stack(directory, free_ports=True, environment=caller_environment())
    stack.up(["kafka"])
    yield stack
    stack.down()


@asynccontextmanager
async def following(servers: str, errors: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command at work; what it says beside its events goes to a file."""
    with errors.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "admin", "events", "--follow", "--json"),
            env=os.environ | {"KAFKA_BOOTSTRAP_SERVERS": servers, "TOPIC_PREFIX": "zharmenke"},
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            preexec_fn=as_at_a_terminal,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def next_subject(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 60)
    return str(json.loads(line)["subject"])


async def test_follow_shows_what_comes_until_it_is_interrupted(
    broker: Stack, tmp_path: Path
) -> None:
    servers = broker.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        await put(producer, stream("submission"), event("project/before"))
        async with following(servers, tmp_path / "errors") as process:
            assert await next_subject(process) == "project/before"
            for number in range(3):
                await put(producer, stream("submission"), event(f"project/{number}"))
                assert await next_subject(process) == f"project/{number}"
            process.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(process.wait(), 20) == 0
    assert (tmp_path / "errors").read_text() == ""


async def test_a_broker_that_goes_away_in_the_middle_is_said_in_one_line(
    broker: Stack, tmp_path: Path
) -> None:
    require_durable_broker(broker)
    servers = broker.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    async with following(servers, tmp_path / "errors") as process:
        assert await next_subject(process) == "project/before"
        await asyncio.to_thread(broker.kill, "kafka")
        assert await asyncio.wait_for(process.wait(), 60) == 2
    (line,) = (tmp_path / "errors").read_text().splitlines()
    assert line.startswith(f"error: The broker at {servers} went away: silent for ")
    assert line.endswith("This is not all.")
