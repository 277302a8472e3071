"""The stack: up, again, after crashes, down; two at once; without Kafka."""

import asyncio
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import WriteConcern

from admin.stack.errors import PartFailed, StackError
from admin.stack.parts import INFRA
from admin.stack.ports import is_free
from admin.stack.stack import Stack, select_parts
from admin.stack.startup import Progress
from schemas.topics import stream

MakeStack = Callable[..., Stack]


def pids(stack: Stack) -> dict[str, int | None]:
    return {part: stack.pid(part) for part in INFRA}


async def write(stack: Stack) -> None:
    known = stack.environment()
    client: AsyncIOMotorClient[dict[str, str]] = AsyncIOMotorClient(known["MONGO_URL"])
    things = client.kept.get_collection("things", write_concern=WriteConcern("majority", j=True))
    await things.insert_one({"_id": "thing"})
    client.close()
    producer = AIOKafkaProducer(
        bootstrap_servers=known["KAFKA_BOOTSTRAP_SERVERS"], acks="all", enable_idempotence=True
    )
    async with producer:
        await producer.send_and_wait(stream("scoring"), b"event", key=b"key")


async def read(stack: Stack) -> tuple[int, bytes | None]:
    known = stack.environment()
    client: AsyncIOMotorClient[dict[str, str]] = AsyncIOMotorClient(known["MONGO_URL"])
    documents = await client.kept.things.count_documents({})
    client.close()
    consumer = AIOKafkaConsumer(
        stream("scoring"),
        bootstrap_servers=known["KAFKA_BOOTSTRAP_SERVERS"],
        auto_offset_reset="earliest",
    )
    async with consumer, asyncio.timeout(20):
        record = await consumer.getone()
    value: bytes | None = record.value
    return documents, value


def test_up_again_starts_nothing(infra: Stack) -> None:
    before = pids(infra)
    assert all(before.values())
    infra.up(["infra"])
    assert pids(infra) == before
    assert [status.state for status in infra.status(["infra"])] == ["running"] * 3
    assert all(infra.rss_bytes(part) > 10_000_000 for part in INFRA)


async def test_up_takes_a_crashed_stack_up_again_with_its_data(make_stack: MakeStack) -> None:
    stack = make_stack()
    await asyncio.to_thread(stack.up, ["infra"])
    await write(stack)
    before, addresses = pids(stack), stack.environment()
    stack.kill("kafka")
    stack.kill("mongo", signal.SIGKILL)
    states = {status.part: status.state for status in stack.status(["infra"])}
    assert states == {"kafka": "stopped", "mongo": "stopped", "smtp": "running"}
    await asyncio.to_thread(stack.up, ["infra"])
    after = pids(stack)
    assert after["kafka"] not in (None, before["kafka"])
    assert after["mongo"] not in (None, before["mongo"])
    assert after["smtp"] == before["smtp"]
    assert stack.environment() == addresses
    assert await read(stack) == (1, b"event")
    ports = [status.port for status in stack.status(["infra"])]
    assert await asyncio.to_thread(stack.down) == []
    assert all(port and is_free(port) for port in ports)
    assert {status.state for status in stack.status()} == {"stopped"}


def test_two_stacks_and_two_ups_of_one_do_not_fight(make_stack: MakeStack) -> None:
    one, two = make_stack("one"), make_stack("two")
    parts = ["mongo", "smtp"]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda stack: stack.up(parts), [one, two, one, two]))
    ours = {stack.pid(part) for stack in (one, two) for part in parts}
    ports = {status.port for stack in (one, two) for status in stack.status(parts)}
    assert len(ours - {None}) == len(ports) == 4
    one.down()
    assert all(two.pid(part) for part in parts)


def test_a_changed_port_starts_the_part_again(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.up(["smtp"])
    before = stack.pid("smtp")
    port = next(port for port in range(32_000, 32_700) if is_free(port))
    moved = make_stack(ZHARMENKE_SMTP_PORT=str(port))
    moved.up(["smtp"])
    assert moved.pid("smtp") not in (None, before)
    assert stack.environment()["SMTP_URL"] == f"smtp://127.0.0.1:{port}"


def test_a_part_elsewhere_is_checked_and_not_started(infra: Stack, make_stack: MakeStack) -> None:
    elsewhere = infra.environment()["SMTP_URL"]
    stack = make_stack(SMTP_URL=elsewhere)
    stack.up(["smtp"])
    (status,) = stack.status(["smtp"])
    assert (status.state, status.address, status.pid) == ("elsewhere", elsewhere, None)
    assert stack.pid("smtp") is None


def test_a_part_that_does_not_come_up_shows_its_last_words(make_stack: MakeStack) -> None:
    stack = make_stack(KAFKA_HEAP_OPTS="-Xmx1k")
    with pytest.raises(PartFailed, match="kafka: it ended while starting") as failure:
        stack.up(["kafka"])
    assert any("Too small maximum heap" in line for line in failure.value.log_lines)


def test_a_part_that_cannot_be_started_fails_in_words(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.directory.mkdir()
    (stack.directory / "mongo").write_text("a file where the data should be")
    with pytest.raises(PartFailed, match=r"mongo: it can't be started: .*File exists"):
        stack.up(["mongo"])


def test_reset_removes_data_and_keeps_keys_and_ports(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.up(["smtp"])
    address = stack.environment()["SMTP_URL"]
    stack.reset()
    assert stack.pid("smtp") is None
    left = {path.name for path in stack.directory.iterdir()}
    assert left == {"keys", "lock", "stack.json"}
    assert stack.environment()["SMTP_URL"] == address


def test_without_java_the_fallback_broker_runs_and_says_so_once(
    tmp_path: Path, make_stack: MakeStack
) -> None:
    seen: list[Progress] = []
    stack = make_stack(watch=seen.append, PATH=str(tmp_path), JAVA_HOME="")
    stack.up(["kafka"])
    stack.up(["kafka"])
    loud = [progress.text for progress in seen if progress.stage == "notice"]
    assert len(loud) == 1
    assert loud[0].startswith("FALLBACK BROKER: no Apache Kafka, because there is no java on PATH")
    assert stack.broker == "tansu"
    assert stack.environment()["KAFKA_IDEMPOTENCE"] == "false"


def test_kafka_can_be_insisted_on(tmp_path: Path, make_stack: MakeStack) -> None:
    stack = make_stack(PATH=str(tmp_path), JAVA_HOME="", ZHARMENKE_BROKER="kafka")
    with pytest.raises(PartFailed, match="there is no java on PATH"):
        stack.up(["kafka"])


def test_a_service_needs_the_infrastructure() -> None:
    assert select_parts(["notify"]) == (*INFRA, "notify")
    assert select_parts(["mongo", "kafka"]) == ("kafka", "mongo")
    assert select_parts(["infra"]) == INFRA
    with pytest.raises(StackError, match="kafak is no part of the stack"):
        select_parts(["kafak"])
