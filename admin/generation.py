"""A new generation of the topics: the same records under another prefix, on more partitions.

Partitions can't be added to a topic that is in use: keys would move, and lose their order. So the
records are copied, each key's in order, while nobody writes; then the services go on over there.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from admin.lag.groups import look_at_groups
from admin.log.reading import Advance, Log
from admin.terminal import Trouble
from schemas.topics import SERVICES, all_topics
from services.kit.settings import consumer_group

LARGEST_REQUEST = 8 * 1024 * 1024

Digests = dict[bytes, "hashlib._Hash"]
"""What each key said, in its order."""


@dataclass(frozen=True, slots=True)
class Filled:
    """One topic that was copied, and how many of its keys are not the same over there."""

    old: str
    new: str
    records: int
    keys: int
    different: int


async def fill(
    log: Log, old: str, new: str, *, idempotent: bool, advance: Advance = lambda done: None
) -> list[Filled]:
    """Copy every record of the topics under one prefix to those under another, and compare.

    Keys, bodies, headers and times stay what they are. Raises Trouble, before anything is written,
    when a service still runs or the new topics are not there or not empty.
    """
    pairs = _pairs(log, old, new)
    await check_at_rest(log, old)
    await _check_empty(log, [there for _, there in pairs])
    producer = AIOKafkaProducer(
        bootstrap_servers=log.servers,
        acks="all",
        enable_idempotence=idempotent,
        max_request_size=LARGEST_REQUEST,
        linger_ms=5,
    )
    try:
        async with producer:
            copied = {
                here: await _copy(log, producer, here, there, advance) for here, there in pairs
            }
    except (KafkaError, OSError) as error:
        raise Trouble(
            f"The copy broke off: {type(error).__name__} {error}. Remove the topics under {new!r}, "
            "create them again and begin anew; the old ones are as they were."
        ) from error
    found = []
    for here, there in pairs:
        counted, digests = copied[here]
        _, over_there = await _read(log, there, advance)
        different = sum(
            _hex(digests, key) != _hex(over_there, key) for key in digests.keys() | over_there
        )
        found.append(Filled(here, there, counted, len(digests), different))
    return found


async def size(log: Log, prefix: str) -> int:
    """How many records the topics under a prefix have, at most."""
    names = [topic.name for topic in all_topics(prefix) if topic.name in log.topics]
    ranges = await log.ranges([one for name in names for one in log.partitions(name)])
    return sum(one.size for one in ranges.values())


def _pairs(log: Log, old: str, new: str) -> list[tuple[str, str]]:
    pairs = [
        (here.name, there.name)
        for here, there in zip(all_topics(old), all_topics(new), strict=True)
        if here.name in log.topics
    ]
    if old == new:
        raise Trouble("A new generation needs another prefix than the one there is.")
    if not pairs:
        raise Trouble(f"There are no topics under {old!r}.")
    if missing := [there for _, there in pairs if there not in log.topics]:
        raise Trouble(
            f"{missing[0]} is not there yet; first: "
            f"TOPIC_PREFIX={new} zharmenke topics create --partitions …"
        )
    return pairs


async def check_at_rest(log: Log, prefix: str) -> None:
    """Raise Trouble when a service reads the topics under this prefix."""
    groups = await look_at_groups(log, [consumer_group(name, prefix) for name in SERVICES])
    if running := [group.name for group in groups if group.members]:
        raise Trouble(f"Stop the services first: {', '.join(running)} still read(s).")


async def _check_empty(log: Log, topics: Sequence[str]) -> None:
    ranges = await log.ranges([one for topic in topics for one in log.partitions(topic)])
    for partition, range_ in ranges.items():
        if range_.end:
            raise Trouble(f"{partition.topic} is not empty; fill a generation only once.")


async def _copy(
    log: Log, producer: AIOKafkaProducer, old: str, new: str, advance: Advance
) -> tuple[int, Digests]:
    """Copy one topic; how many records there were, and what each key said."""
    digests: Digests = {}
    counted = 0
    async for records in log.batches(await log.ranges(log.partitions(old)), advance):
        sent = []
        for record in records:
            _add(digests, record)
            sent.append(
                await producer.send(
                    new,
                    record.value,
                    key=record.key,
                    headers=list(record.headers),
                    timestamp_ms=record.timestamp,
                )
            )
        await asyncio.gather(*sent)
        counted += len(records)
    return counted, digests


async def _read(log: Log, topic: str, advance: Advance) -> tuple[int, Digests]:
    digests: Digests = {}
    counted = 0
    async for records in log.batches(await log.ranges(log.partitions(topic)), advance):
        for record in records:
            _add(digests, record)
        counted += len(records)
    return counted, digests


def _add(digests: Digests, record: Any) -> None:
    """Note what a key said next. Without a key there is no order: each record by itself."""
    parts = (record.value, *[part for header in record.headers for part in header])
    one = hashlib.sha256(str(record.timestamp).encode())
    for part in parts:
        known = part.encode() if isinstance(part, str) else part
        one.update(b"-" if known is None else b"+%d:" % len(known) + known)
    key = record.key if record.key is not None else b"\x00" + one.digest()
    digests.setdefault(key, hashlib.sha256()).update(one.digest())


def _hex(digests: Digests, key: bytes) -> str:
    found = digests.get(key)
    return found.hexdigest() if found else ""
