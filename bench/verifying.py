"""Events a second of `zharmenke verify`, from all four streams to its verdict.

The events are those of bench/judged.py: submissions, assignments, mails, one ranking, and for the
rest score sheets, each of which replaces one before it. Both sides run in processes of their own,
whose memory is measured too, and read the same topics from their beginning to their end.

Ours: `verify_topics` as the command runs it: every header, order, repeats, every body against its
model, every rule, and the ranking's hashes and table computed anew from all of its score events. It
must find that everything holds.

The limit: one aiokafka `getmany` loop that reads the `ce_type` header and validates the body with
the same model. It looks at nothing else and keeps nothing.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import DefaultPartitioner

from admin.topics import create_topics
from admin.verify.sources import verify_topics
from bench.growth import Growth, Spent
from bench.judged import JudgedSeason, Told
from bench.ratio import Comparison
from bench.stall import Stalled
from schemas.registry import EVENTS
from schemas.topics import SERVICES, stream
from services.kit.sending import send_in_order

EVENTS_A_PROJECT = 100
"""In the smaller record; the larger one has the same projects, and more sheets of each."""
AT_ONCE = 20_000


class Verifying:
    """The comparison, on brokers that run. `events` and `fewer` are on topics of their own."""

    def __init__(self, servers: str, prefix: str, events: int, fewer: int) -> None:
        self._servers = servers
        self._projects = fewer // EVENTS_A_PROJECT
        self._sizes = {f"{prefix}-{count}": count for count in (fewer, events)}
        self._fewer, self._prefix = self._sizes

    def comparison(self) -> Comparison:
        """The two sides."""
        return Comparison(
            "Kafka → verify", "events", self._sizes[self._prefix], self.ours, self.limit
        )

    async def produce(self) -> None:
        """Put all events on the topics, as the relay would."""
        for prefix, count in self._sizes.items():
            await create_topics(self._servers, prefix=prefix)
            await produce(self._servers, prefix, JudgedSeason(self._projects, count))

    async def ours(self, _number: int) -> float:
        """One run of `verify`."""
        return (await self._spend("ours", self._prefix)).seconds

    async def limit(self, _number: int) -> float:
        """One run of the hand-written loop."""
        return (await self._spend("limit", self._prefix)).seconds

    async def growth(self) -> Growth:
        """What `verify` takes for fewer events, and for all."""
        return Growth(
            "verify",
            await self._spend("ours", self._fewer),
            await self._spend("ours", self._prefix),
        )

    async def _spend(self, side: str, prefix: str) -> Spent:
        """Run one side in a process of its own. Raises Stalled when it did not do its work."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.verifying", side, self._servers, prefix),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        found = json.loads(said or b"{}")
        if process.returncode or found["events"] != self._sizes[prefix]:
            raise Stalled(f"{side}: {found or f'exit code {process.returncode}'}")
        return Spent(found["events"], found["seconds"], found["peak_mb"])


async def produce(servers: str, prefix: str, season: Iterable[Told]) -> None:
    """Put events on the topics under a prefix, each subject's in order."""
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, acks="all", max_batch_size=1 << 19, max_request_size=8 << 20
    )
    place = DefaultPartitioner()
    async with producer:
        numbers = {
            service: sorted(await producer.partitions_for(stream(service, prefix)))
            for service in SERVICES
        }
        lanes: dict[tuple[str, int], list[_Sent]] = {}
        waiting = 0
        for told in season:
            service = told.envelope.service
            record = _Sent(told)
            at = place(record.key, numbers[service], numbers[service])
            lanes.setdefault((stream(service, prefix), at), []).append(record)
            waiting += 1
            if waiting == AT_ONCE:
                await _send(producer, lanes)
                lanes, waiting = {}, 0
        await _send(producer, lanes)


class _Sent:
    """A record as the sending takes it."""

    __slots__ = ("body", "headers", "key", "timestamp")

    def __init__(self, told: Told) -> None:
        self.key: bytes | None = told.envelope.subject.encode()
        self.headers: list[tuple[str, bytes | None]] = [
            (name, value.encode()) for name, value in told.envelope.headers()
        ]
        self.body: bytes | None = told.body
        self.timestamp: int | None = None


async def _send(producer: AIOKafkaProducer, lanes: dict[tuple[str, int], list[_Sent]]) -> None:
    for (topic, partition), lane in lanes.items():
        _, error = await send_in_order(producer, lane, topic, partition)
        if error:
            raise error


async def _ours(servers: str, prefix: str) -> int:
    found = await verify_topics(servers, prefix)
    if not found.hold or not found.rankings:
        raise Stalled(f"the record does not hold: {found.faults[:3]}")
    return found.records


async def _limit(servers: str, prefix: str) -> int:
    models: dict[bytes, Any] = {name.encode(): model for name, model in EVENTS.items()}
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    topics = [stream(service, prefix) for service in SERVICES]
    async with consumer:
        for topic in topics:
            await consumer._client._wait_on_metadata(topic)
        parts = [
            TopicPartition(topic, number)
            for topic in topics
            for number in consumer.partitions_for_topic(topic) or ()
        ]
        consumer.assign(parts)
        total = sum((await consumer.end_offsets(parts)).values())
        for part in parts:
            consumer.seek(part, 0)
        read = 0
        while read < total:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    models[dict(record.headers)["ce_type"]].model_validate_json(record.value)
                read += len(records)
    return read


def main(side: str, servers: str, prefix: str) -> None:
    """One run of one side; prints what it took."""
    run = {"ours": _ours, "limit": _limit}[side]
    began = time.perf_counter()
    events = asyncio.run(run(servers, prefix))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"events": events, "seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
