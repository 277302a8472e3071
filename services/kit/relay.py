"""The relay: takes events out of the outboxes and puts them on Kafka, in order, at least once.

The only place that publishes. An entry leaves its outbox after the broker has acknowledged it, so a
crash in between means a repeat with the same `ce_id`, never a loss.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.partitioner import DefaultPartitioner
from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from services.kit.crash import crash_point
from services.kit.lease import SlotLeases
from services.kit.sending import send_in_order
from services.kit.tracing import OFF, Tracing

log = structlog.get_logger(__name__)

Document = dict[str, Any]
SWEEP_SECONDS = 1.0
RENEW_SECONDS = 3.0
GREET_SECONDS = 5.0
DOCUMENTS_A_ROUND = 500
BATCH_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One outbox entry on its way: which document it came from and what goes on the wire."""

    document_id: str
    id: str
    topic: str
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    body: bytes | None
    timestamp: int | None = None

    @property
    def traceparent(self) -> str:
        """The trace that it belongs to, if it says so."""
        found = next((value for name, value in self.headers if name == "traceparent"), None)
        return found.decode(errors="replace") if found else ""


class Relay:
    """Publishes the outboxes of some collections. Start it once per process; it never gives up.

    Events of one aggregate reach their partition in the order they were said: a partition gets one
    batch at a time, and a batch that fails stops the ones behind it.
    """

    def __init__(
        self,
        collections: Sequence["AsyncIOMotorCollection[Document]"],
        leases: SlotLeases,
        topics: Mapping[str, str],
        bootstrap_servers: str,
        *,
        idempotent: bool = True,
        tracing: Tracing = OFF,
    ) -> None:
        self._collections = collections
        self._leases = leases
        self._topics = topics
        self._bootstrap = bootstrap_servers
        self._idempotent = idempotent
        self._tracing = tracing
        self._producer: AIOKafkaProducer | None = None
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._slots: list[int] = []
        self._greeted = 0.0
        self._renewed = 0.0
        self.moved_at = 0.0
        self.published = 0
        self.failing = ""
        """Why the last round failed; empty when it did not."""

    def wake(self) -> None:
        """Something was written: look at once instead of at the next sweep."""
        self._wake.set()

    async def run(self) -> None:
        """Relay until `stop`; a broker or database that is away is waited for."""
        try:
            await self._run()
        finally:
            with contextlib.suppress(PyMongoError):
                await self._leases.release()
            await self._drop_producer()

    async def _run(self) -> None:
        pause = 0.2
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                busy = await self.round()
                self.moved_at, self.failing, pause = time.monotonic(), "", 0.2
            except (KafkaError, PyMongoError, OSError) as error:
                self.failing = f"{type(error).__name__}: {error}"[:300]
                log.warning("relay_waits", error=self.failing)
                await self._drop_producer()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause)
                pause = min(pause * 2, 5.0)
                continue
            if not busy and not self._stopping.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), SWEEP_SECONDS)
        if not self.failing:  # what was written while the last round was under way
            with contextlib.suppress(KafkaError, PyMongoError, OSError):
                await self.round()

    def stop(self) -> None:
        """Let `run` end: after a last round it gives the slots back."""
        self._stopping.set()
        self.wake()

    async def round(self) -> bool:
        """One look at every collection; True when there may be more at once.

        Trouble with one collection is raised after the others have had their turn.
        """
        if time.monotonic() - self._renewed > RENEW_SECONDS:
            self._slots = await self._leases.renew()
            self._renewed = time.monotonic()
        busy = False
        trouble: Exception | None = None
        for collection in self._collections:
            try:
                busy |= await self._look(collection)
            except (KafkaError, PyMongoError, OSError) as error:
                trouble = trouble or error
        if trouble:
            raise trouble
        if time.monotonic() - self._greeted > GREET_SECONDS:
            await self._greet()
        return busy

    async def _greet(self) -> None:
        """Ask the broker for its metadata, so that a broker that is gone is noticed while idle."""
        producer = await self._connected()
        if not await producer.client.force_metadata_update():
            raise KafkaConnectionError("no broker answers")
        self._greeted = time.monotonic()

    async def _look(self, collection: "AsyncIOMotorCollection[Document]") -> bool:
        query = {"pending": True, "slot": {"$in": self._slots}}
        docs = await collection.find(query, {"outbox": 1}).limit(DOCUMENTS_A_ROUND).to_list(None)
        if docs:
            await self._relay(collection, docs)
        return len(docs) == DOCUMENTS_A_ROUND

    async def _relay(
        self, collection: "AsyncIOMotorCollection[Document]", docs: Sequence[Document]
    ) -> None:
        entries = [self._entry(doc["_id"], raw) for doc in docs for raw in doc["outbox"]]
        try:
            with self._tracing.sending(entries):
                sent = await self._publish(entries)
        except _Interrupted as interrupted:
            await _pull(collection, [doc["_id"] for doc in docs], interrupted.sent)
            raise interrupted.cause from interrupted
        crash_point("after-publish")
        await _pull(collection, [doc["_id"] for doc in docs], sent)

    def _entry(self, document_id: str, raw: Document) -> Entry:
        return Entry(
            document_id,
            raw["id"],
            self._topics[raw["stream"]],
            _bytes(raw["key"]),
            tuple((name, _bytes(value)) for name, value in raw["headers"]),
            _bytes(raw["body"]),
        )

    async def _publish(self, entries: Sequence[Entry]) -> list[Entry]:
        producer = await self._connected()
        lanes: dict[tuple[str, int], list[Entry]] = defaultdict(list)
        partitioner = DefaultPartitioner()
        for item in entries:
            partitions = sorted(await producer.partitions_for(item.topic))
            lanes[item.topic, partitioner(item.key, partitions, partitions)].append(item)
        outcomes = await asyncio.gather(
            *(
                send_in_order(producer, lane, topic, partition)
                for (topic, partition), lane in lanes.items()
            )
        )
        sent = [item for done, _ in outcomes for item in done]
        self.published += len(sent)
        if cause := next((error for _, error in outcomes if error), None):
            raise _Interrupted(sent, cause)
        return sent

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                acks="all",
                enable_idempotence=self._idempotent,
                max_batch_size=BATCH_BYTES,
                max_request_size=8 * 1024 * 1024,
                request_timeout_ms=15_000,
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(KafkaError, OSError):
                await producer.stop()


class _Interrupted(Exception):
    """Publishing stopped half way: what was acknowledged, and why it stopped."""

    def __init__(self, sent: list[Entry], cause: Exception) -> None:
        super().__init__(str(cause))
        self.sent = sent
        self.cause = cause


async def _pull(
    collection: "AsyncIOMotorCollection[Document]", ids: Sequence[str], sent: Sequence[Entry]
) -> None:
    """Take what was acknowledged out of the outboxes. Leaves `version` alone on purpose."""
    by_document: dict[str, list[str]] = {id: [] for id in ids}
    for item in sent:
        by_document[item.document_id].append(item.id)
    updates = [
        UpdateOne(
            {"_id": id},
            [
                {
                    "$set": {
                        "outbox": {
                            "$filter": {
                                "input": "$outbox",
                                "cond": {"$not": [{"$in": ["$$this.id", gone]}]},
                            }
                        }
                    }
                },
                {"$set": {"pending": {"$gt": [{"$size": "$outbox"}, 0]}}},
            ],
        )
        for id, gone in by_document.items()
    ]
    await collection.bulk_write(updates, ordered=False)


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
