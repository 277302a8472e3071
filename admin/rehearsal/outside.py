"""The topics as any subscriber reads them: a plain aiokafka consumer, no code of the services."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import BaseModel

from schemas.base import Event
from schemas.registry import EVENTS
from schemas.topics import SERVICES, dead, dead_people, stream


@dataclass(frozen=True, slots=True)
class Seen:
    """One event as it is on the wire."""

    id: str
    type: str
    subject: str
    sequence: int
    body: bytes
    event: Event


@dataclass(slots=True)
class Log:
    """Everything on the streams, each event once; what comes twice must be the same."""

    events: dict[str, Seen] = field(default_factory=dict)
    repeats: int = 0
    faults: list[str] = field(default_factory=list)
    parked: int = 0

    def of(self, *types: str) -> list[Seen]:
        """The events of these types, in the order of their ids."""
        return [seen for _, seen in sorted(self.events.items()) if seen.type in types]

    def counts(self) -> dict[str, int]:
        """How many events of each type."""
        found: dict[str, int] = {}
        for seen in self.events.values():
            found[seen.type] = found.get(seen.type, 0) + 1
        return dict(sorted(found.items()))


async def read_log(bootstrap: str) -> Log:
    """Read all streams and dead letters from their beginning to their end."""
    log = Log()
    for service in SERVICES:
        for record in await read_topic(bootstrap, stream(service)):
            _add(log, record)
        for topic in (dead(service), dead_people(service)):
            log.parked += len(await read_topic(bootstrap, topic))
    log.faults += _gaps(log)
    return log


async def read_topic(bootstrap: str, topic: str) -> list[Any]:
    """Every record of a topic up to its present end."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        await consumer._client._wait_on_metadata(topic)
        partitions = [
            TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()
        ]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        records: list[Any] = []
        async with asyncio.timeout(60):
            while not await _at_the_end(consumer, ends):
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    records += batch
        return records
    finally:
        await consumer.stop()


async def _at_the_end(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    """Whether all is read: up to the ends asked for, and to what the fetches said since."""
    for partition, end in ends.items():
        if await consumer.position(partition) < max(end, consumer.highwater(partition) or 0):
            return False
    return True


def _add(log: Log, record: Any) -> None:
    headers = {name: value.decode() for name, value in record.headers}
    where = f"{record.topic}/{record.partition}/{record.offset}"
    id, type_name = headers["ce_id"], headers["ce_type"]
    if record.key.decode() != headers["ce_subject"]:
        log.faults.append(f"{where}: the key is not the subject")
    if id in log.events:
        log.repeats += 1
        if log.events[id].body != record.value:
            log.faults.append(f"{where}: {id} has two contents")
        return
    model: type[BaseModel] = EVENTS[type_name]
    event = model.model_validate_json(record.value)
    assert isinstance(event, Event)
    log.events[id] = Seen(
        id, type_name, headers["ce_subject"], int(headers["ce_sequence"]), record.value, event
    )


def _gaps(log: Log) -> list[str]:
    sequences: dict[str, set[int]] = {}
    for seen in log.events.values():
        sequences.setdefault(seen.id.rpartition(":")[0], set()).add(seen.sequence)
    return [
        f"{origin}: sequences {sorted(found)} have a gap"
        for origin, found in sequences.items()
        if found != set(range(1, len(found) + 1))
    ]
