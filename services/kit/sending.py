"""Putting records on one partition in order: a batch at a time, and none after one that failed."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError


class Sendable(Protocol):
    """What a record is made of."""

    @property
    def key(self) -> bytes | None:
        """What the partition follows from."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """The headers, in order."""
        ...

    @property
    def body(self) -> bytes | None:
        """The value; nothing is a tombstone."""
        ...

    @property
    def timestamp(self) -> int | None:
        """The record's own time in milliseconds; now, when there is none."""
        ...


R = TypeVar("R", bound=Sendable)


async def send_in_order(
    producer: AIOKafkaProducer, lane: Sequence[R], topic: str, partition: int
) -> tuple[list[R], Exception | None]:
    """Send one partition's records: those acknowledged, and why the others were not."""
    acknowledged: list[R] = []
    waiting = list(lane)
    while waiting:
        batch, size = producer.create_batch(), 0
        for item in waiting:
            added = batch.append(
                key=item.key,
                value=item.body,
                timestamp=item.timestamp,
                headers=list(item.headers),
            )
            if added is None:
                break
            size += 1
        try:
            await (await producer.send_batch(batch, topic, partition=partition))
        except (KafkaError, OSError) as error:
            return acknowledged, error
        acknowledged += waiting[:size]
        waiting = waiting[size:]
    return acknowledged, None
