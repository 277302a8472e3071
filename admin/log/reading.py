"""Reading the topics as anyone may: a plain consumer without a group, which leaves no trace."""

import asyncio
import contextlib
import heapq
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from admin.terminal import Trouble

FETCH_WAIT_MS = 50
"""How long a broker keeps a fetch that finds nothing; the ends of empty topics are asked by one."""
PATIENCE_SECONDS = 15.0
"""How long a broker may be silent in the middle of a reading."""
ANSWER_SECONDS = 5.0
STOP_SECONDS = 2.0

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets of one partition: from `first` up to, and without, `end`."""

    first: int
    end: int

    @property
    def size(self) -> int:
        """How many records there are, at most: compaction leaves holes."""
        return max(0, self.end - self.first)


Ranges = Mapping[TopicPartition, Range]


class Log:
    """The topics of one cluster. Every method raises Trouble when the broker goes away."""

    def __init__(
        self, servers: str, consumer: AIOKafkaConsumer, partitions: Mapping[str, Sequence[int]]
    ) -> None:
        self.servers = servers
        self.topics = partitions
        """The numbers of the partitions of every topic there is."""
        self._consumer = consumer

    def partitions(self, topic: str, key: bytes | None = None) -> list[TopicPartition]:
        """The partitions of a topic, or the one that this key's records are in."""
        if topic not in self.topics:
            alike = get_close_matches(topic, self.topics, n=1)
            hint = f"did you mean {alike[0]}?" if alike else "`zharmenke topics` lists them."
            raise Trouble(f"There is no topic {topic!r} on {self.servers}; {hint}")
        numbers = list(self.topics[topic])
        if key is not None:
            numbers = [DefaultPartitioner()(key, numbers, numbers)]
        return [TopicPartition(topic, number) for number in numbers]

    async def ranges(
        self,
        partitions: Collection[TopicPartition],
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> dict[TopicPartition, Range]:
        """What was written to these partitions in a span of time, up to now at the latest."""
        consumer = self._consumer
        async with self._answering():
            firsts = await consumer.beginning_offsets(partitions)
            ends = await self._ends(partitions, firsts)
            if since is not None:
                firsts = await self._at(partitions, since, ends)
            if until is not None:
                ends = await self._at(partitions, until, ends)
        return {one: Range(firsts[one], ends[one]) for one in partitions}

    async def _ends(
        self, partitions: Collection[TopicPartition], firsts: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        """The present ends. Asked for them, the fallback broker tells where its last batch begins;
        what it sends along with records is right.
        """
        consumer = self._consumer
        asked: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        consumer.assign(list(partitions))
        for one in partitions:
            consumer.seek(one, max(firsts[one], asked[one] - 1))
        unknown = set(partitions)
        while unknown:
            await consumer.getmany(timeout_ms=100)  # all: what is left lying stops the others
            unknown = {one for one in unknown if consumer.highwater(one) is None}
        return {one: max(asked[one], consumer.highwater(one)) for one in partitions}

    async def _at(
        self,
        partitions: Collection[TopicPartition],
        moment: datetime,
        ends: Mapping[TopicPartition, int],
    ) -> dict[TopicPartition, int]:
        """The first offset at or after a moment; the end where there is none."""
        milliseconds = int(moment.timestamp() * 1000)
        found = await self._consumer.offsets_for_times(dict.fromkeys(partitions, milliseconds))
        return {one: at.offset if (at := found[one]) else ends[one] for one in partitions}

    async def batches(
        self, ranges: Ranges, advance: Advance = lambda done: None
    ) -> AsyncIterator[list[Any]]:
        """Every record, as it comes: in order within a partition only."""
        pass_ = _Pass(self.servers, self._consumer, ranges)
        while pass_.left:
            for records in (await pass_.take(tuple(pass_.left))).values():
                advance(len(records))
                yield records

    async def in_order(
        self, ranges: Ranges, advance: Advance = lambda done: None
    ) -> AsyncIterator[Any]:
        """Every record by the time at which it was written; within a partition by offset."""
        pass_ = _Pass(self.servers, self._consumer, ranges)
        queues: dict[TopicPartition, deque[Any]] = {one: deque() for one in pass_.left}
        short = set(queues)
        heads: list[tuple[int, TopicPartition]] = []
        while short or heads:
            for one, records in (await pass_.take(tuple(short)) if short else {}).items():
                queues[one].extend(records)
                heapq.heappush(heads, (records[0].timestamp, one))
                short.discard(one)
            short &= pass_.left.keys()
            if short:
                continue
            _, one = heapq.heappop(heads)
            record = queues[one].popleft()
            if queues[one]:
                heapq.heappush(heads, (queues[one][0].timestamp, one))
            elif one in pass_.left:
                short.add(one)
            advance(1)
            yield record

    async def new_ones(self, ranges: Ranges) -> AsyncIterator[Any]:
        """Every record from the ends of these ranges on, as it is written; never returns."""
        following = {one: Range(range_.end, 2**63 - 1) for one, range_ in ranges.items()}
        pass_ = _Pass(self.servers, self._consumer, following)
        while True:
            found = (await pass_.take(tuple(pass_.left))).values()
            for record in sorted(
                (record for records in found for record in records),
                key=lambda record: (record.timestamp, record.offset),
            ):
                yield record

    async def first_of(self, ranges: Ranges) -> dict[TopicPartition, Any]:
        """The first record of each range that has one."""
        pass_ = _Pass(self.servers, self._consumer, ranges)
        found: dict[TopicPartition, Any] = {}
        while waiting := tuple(one for one in pass_.left if one not in found):
            for one, records in (await pass_.take(waiting)).items():
                found[one] = records[0]
        return found

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                yield
        except (TimeoutError, KafkaError) as error:
            why = f"{type(error).__name__} {error}".strip()
            raise Trouble(f"The broker at {self.servers} went away ({why}).") from error


class _Pass:
    """One reading of some ranges. Knows a broker that went away from one that has no more."""

    def __init__(self, servers: str, consumer: AIOKafkaConsumer, ranges: Ranges) -> None:
        self._servers = servers
        self._consumer = consumer
        self.left = {one: range_.end for one, range_ in ranges.items() if range_.size}
        """The partitions that have more to come, each with its end."""
        self._read = 0
        self._moved = time.monotonic()
        if self.left:
            consumer.assign(list(self.left))
        for one in self.left:
            consumer.seek(one, ranges[one].first)

    async def take(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, list[Any]]:
        """What has come of these partitions, which must be in `left`; often nothing."""
        fetched = await self._consumer.getmany(*partitions, timeout_ms=500)
        found: dict[TopicPartition, list[Any]] = {}
        for one in partitions:
            end = self.left[one]
            if records := [record for record in fetched.get(one, ()) if record.offset < end]:
                found[one] = records
            if await self._consumer.position(one) >= end:
                del self.left[one]
        if fetched or not self.left:
            self._moved = time.monotonic()
            self._read += sum(len(records) for records in found.values())
        else:
            await self._check(partitions[0])
        return found

    async def _check(self, one: TopicPartition) -> None:
        """Ask the broker whether it is there, when nothing has come for a while."""
        if time.monotonic() - self._moved < ANSWER_SECONDS:
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._consumer.end_offsets([one])
        except (TimeoutError, KafkaError) as error:
            silent = time.monotonic() - self._moved
            if silent > PATIENCE_SECONDS:
                raise Trouble(
                    f"The broker at {self._servers} went away: silent for {silent:.0f} s after "
                    f"{self._read} records. This is not all."
                ) from error
        else:
            self._moved = time.monotonic()


@asynccontextmanager
async def open_log(servers: str) -> AsyncIterator[Log]:
    """The topics on these brokers. Raises Trouble when none answers."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=10_000,
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )
    try:
        try:
            await consumer.start()
            cluster = await consumer._client.fetch_all_metadata()
            names = sorted(cluster.topics())
            # Else the client learns of each topic by a failure, and waits after each.
            await consumer._client.set_topics(names)
        except (KafkaError, OSError) as error:
            raise Trouble(f"No Kafka broker answers at {servers}.") from error
        numbers = {name: sorted(cluster.partitions_for_topic(name) or ()) for name in names}
        yield Log(servers, consumer, numbers)
    finally:
        # With the broker away, it lets out the cancellation of its own tasks. Right after another
        # assignment it misses being cancelled, and would wait for ever.
        with contextlib.suppress(asyncio.CancelledError, TimeoutError):
            await asyncio.wait_for(consumer.stop(), STOP_SECONDS)
