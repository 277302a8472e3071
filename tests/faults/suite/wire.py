"""What rows read from topics and put on them themselves."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer

from admin.rehearsal.outside import read_topic
from tests.faults.suite.arena import Arena

Headers = list[tuple[str, bytes]]


async def records_of(arena: Arena, topic: str) -> Sequence[Any]:
    """Every record of a topic up to now."""
    return await read_topic(arena.stack.environment()["KAFKA_BOOTSTRAP_SERVERS"], topic)


async def say(
    arena: Arena, topic: str, records: Sequence[tuple[bytes | None, bytes | None, Headers]]
) -> None:
    """Put these on a topic, in order of each key; each is an injection."""
    servers = arena.stack.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all")
    await producer.start()
    try:
        sent: list[Awaitable[Any]] = []
        for key, value, headers in records:
            sent.append(await producer.send(topic, key=key, value=value, headers=headers))
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
    arena.injections += len(records)
