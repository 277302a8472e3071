"""A Kafka log in memory, its producers and one consumer group, as far as the kit needs them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError

from tests.kit.laws.wire import Carry, carry_at_once

Headers = tuple[tuple[str, bytes | None], ...]
Place = tuple[str, int]
"""A topic and a partition."""
_OVERHEAD = 70
"""About what a record costs in a batch beside its own bytes."""


@dataclass(slots=True)
class Written:
    """A record of the log."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Log:
    """Topics with fixed partitions, and what each consumer group has committed."""

    def __init__(self, topics: Mapping[str, int]) -> None:
        self.topics = dict(topics)
        self.partitions: dict[Place, list[Written]] = {
            (topic, number): [] for topic, count in topics.items() for number in range(count)
        }
        self.appended = asyncio.Event()

    def append(self, place: Place, entries: Sequence["Entry"]) -> None:
        """One batch, at once and in order."""
        records = self.partitions[place]
        for entry in entries:
            records.append(Written(*place, len(records), 0, entry.key, entry.value, entry.headers))
        self.appended.set()

    def all(self, topic: str) -> list[Written]:
        """A topic's records, partition after partition."""
        return [
            record
            for (name, _), records in self.partitions.items()
            if name == topic
            for record in records
        ]


@dataclass(frozen=True, slots=True)
class Entry:
    """A record that has no place yet."""

    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass
class Batch:
    """What a producer sends at once; full when another record would make it too large."""

    limit: int
    entries: list[Entry] = field(default_factory=list)
    size: int = 0

    def append(
        self,
        *,
        key: bytes | None,
        value: bytes | None,
        timestamp: int | None,
        headers: Sequence[tuple[str, bytes | None]],
    ) -> object | None:
        """None when it does not fit. The first always does."""
        size = _OVERHEAD + len(key or b"") + len(value or b"")
        size += sum(len(name) + len(content or b"") for name, content in headers)
        if self.entries and self.size + size > self.limit:
            return None
        self.entries.append(Entry(key, value, tuple(headers)))
        self.size += size
        return self


class FakeProducer:
    """aiokafka's producer, as the relay uses it."""

    def __init__(self, log: Log, carry: Carry = carry_at_once, limit: int = 512 * 1024) -> None:
        self._log, self._carry, self._limit = log, carry, limit
        self.client = self

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(self._log.topics[topic]))

    def create_batch(self) -> Batch:
        return Batch(self._limit)

    async def send_batch(
        self, batch: Batch, topic: str, *, partition: int
    ) -> "asyncio.Future[None]":
        effect: Callable[[], None] = lambda: self._log.append((topic, partition), batch.entries)  # noqa: E731
        return asyncio.ensure_future(self._carry(effect, KafkaTimeoutError))

    async def force_metadata_update(self) -> bool:
        try:
            return await self._carry(lambda: True, KafkaConnectionError)
        except KafkaConnectionError:
            return False

    async def stop(self) -> None:
        """Nothing is kept."""


class Group:
    """A consumer group: its generation, who has which partitions, and how far it has committed."""

    def __init__(self, log: Log, topics: Sequence[str]) -> None:
        self.log = log
        self.places = [place for place in log.partitions if place[0] in topics]
        self.committed: dict[Place, int] = dict.fromkeys(self.places, 0)
        self.generation = 0
        self.owners: dict[Place, Any] = {}

    def rebalance(self, owners: Mapping[Place, Any]) -> None:
        """From now on these have these partitions. It waits for nobody's handler."""
        self.generation += 1
        self.owners = dict(owners)
        self.log.appended.set()


class GroupConsumer:
    """A member of a group: what a FastStream batch subscriber asks of aiokafka's consumer."""

    def __init__(self, group: Group, member: Any, carry: Carry = carry_at_once) -> None:
        self._group, self._member, self._carry = group, member, carry
        self._generation = -1
        self._positions: dict[Place, int] = {}
        self.waits = False
        """Whether it has fetched all that there is for it, and what it fetched was handled."""

    async def fetch(self, limit: int) -> list[Written]:
        """The next records of the partitions it has; waits until there are some."""
        while True:
            self._join()
            found = [record for place in self._positions for record in self._after(place)][:limit]
            if found:
                for record in found:
                    self._positions[record.topic, record.partition] = record.offset + 1
                return found
            self._group.log.appended.clear()
            self.waits = True
            await self._group.log.appended.wait()
            self.waits = False

    async def commit(self) -> bool:
        """Commit the positions; one who has missed a rebalance is refused, and goes on."""
        positions, generation = dict(self._positions), self._generation

        def keep() -> bool:
            if generation != self._group.generation:
                return False
            self._group.committed |= positions
            return True

        try:
            return await self._carry(keep, KafkaTimeoutError)
        except KafkaTimeoutError:
            return False

    def _join(self) -> None:
        """After a rebalance it begins where the group has committed."""
        group = self._group
        if self._generation == group.generation:
            return
        self._generation = group.generation
        self._positions = {
            place: group.committed[place]
            for place, owner in group.owners.items()
            if owner is self._member
        }

    def _after(self, place: Place) -> list[Written]:
        return self._group.log.partitions[place][self._positions[place] :]
