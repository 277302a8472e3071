"""Hearing events: raw batches from Kafka, handled, written, and only then committed.

Built on a FastStream batch subscriber whose records reach the handler untouched, so that one bad
record can't spoil a batch.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import structlog
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from pydantic import BaseModel, ValidationError

from services.kit.envelope import Envelope, Record, Unreadable
from services.kit.failure import away, reason_of
from services.kit.fold import Heard, read_event
from services.kit.parking import Lane, Parking, coordinates, lane
from services.kit.pulse import Reading, Rebalance, behind_of, reading_of
from services.kit.tracing import OFF, Tracing
from services.kit.untouched import undecoded, untouched

log = structlog.get_logger(__name__)

MAX_RECORDS = 2000
BATCH_WAIT_MS = 50
ATTEMPTS = 5
FIRST_PAUSE = 0.1
AWAY_PAUSE = 1.0
BEHIND = "waits behind an earlier record of the same key"


class Model(Protocol):
    """An event model as the reader needs it."""

    MAJOR: int

    @classmethod
    def model_validate_json(cls, json_data: bytes) -> BaseModel:
        """Parse a body."""
        ...


Hear = Callable[[Sequence[Heard]], Awaitable[None]]
"""Handles a batch, in order. Must be idempotent: after an error all of it comes again."""


class Reader:
    """One consumer group's way through the topics it hears.

    * An unreadable record, or an unknown major of a type in use, is parked; a type not in use is
      skipped and counted.
    * A handler that fails is tried again record by record; a record that fails `ATTEMPTS` times is
      parked and its key waits behind it.
    * A record that a person discarded is passed over.
    * A database that is away, and a command refused as busy, are waited for, never parked.
    * Offsets are committed after all of that is written.
    """

    def __init__(
        self,
        models: Mapping[str, Any],
        hears: Sequence[Hear],
        parking: Parking,
        took: Callable[[float], None] = lambda seconds: None,
        tracing: Tracing = OFF,
    ) -> None:
        """`took` is told how long each batch took."""
        self._models = models
        self._hears = hears
        self._parking = parking
        self._took = took
        self._tracing = tracing
        self._in_hand: Counter[str] = Counter()
        self._committing = False
        self._stopping = asyncio.Event()
        self.skipped: Counter[str] = Counter()
        self.handled = 0
        self._subscriber: Any = None
        self._rebalance = Rebalance()
        self.resume: Callable[[Lane], Awaitable[Any]] | None = None
        """Handles a queue whose last obstacle went away just while a record was put behind it."""

    def subscribe(self, broker: KafkaBroker, topics: Sequence[str], group: str) -> None:
        """Register the batch subscriber: explicit policy, earliest offset, no auto-commit."""
        self._subscriber = broker.subscriber(
            *topics,
            group_id=group,
            batch=True,
            max_records=MAX_RECORDS,
            batch_timeout_ms=BATCH_WAIT_MS,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            max_poll_interval_ms=600_000,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            parser=untouched,
            decoder=undecoded,
            listener=self._rebalance,
        )

        async def hear(message: KafkaMessage) -> None:
            await self.handle(cast("Sequence[Record]", message.raw_message))
            await self._commit(message)

        self._subscriber(hear)

    async def _commit(self, message: KafkaMessage) -> None:
        """Commit what was handled; what a rebalance took away is handled again by its new owner."""
        self._committing = True
        try:
            await message.ack()
        except KafkaError as error:
            log.warning("commit_failed", error=reason_of(error)[:300])
        finally:
            self._committing = False

    def stop(self) -> None:
        """Stop waiting for a database that is away; the batch in hand is not committed then."""
        self._stopping.set()

    def assigned(self) -> int:
        """How many partitions this replica reads now."""
        consumer = getattr(self._subscriber, "consumer", None)
        return len(consumer.assignment()) if consumer is not None else 0

    async def behind(self) -> dict[str, int]:
        """By topic, how many records of this replica's partitions are not handled yet.

        As the broker says, or said with its last records when it does not answer now.
        """
        consumer = getattr(self._subscriber, "consumer", None)
        found = Counter(self._in_hand)
        if consumer is not None:
            found.update(await behind_of(consumer))  # a sum would leave zeros out
        return dict(found)

    async def look(self) -> Reading | None:
        """Where the consumer stands; None while a batch is in hand."""
        consumer = getattr(self._subscriber, "consumer", None)
        if consumer is None or self._in_hand:
            return None
        return await reading_of(consumer, waits=self._committing or self._rebalance.under_way)

    async def handle(self, records: Sequence[Record]) -> None:
        """Handle a batch completely; when this returns, its offsets may be committed."""
        began = time.monotonic()
        self._in_hand = Counter(record.topic for record in records)
        try:
            with self._tracing.batch("process batch", len(records)):
                await self._until_handled(records)
        finally:
            self._in_hand.clear()
        self._took(time.monotonic() - began)

    async def _until_handled(self, records: Sequence[Record]) -> None:
        while True:
            try:
                return await self._handle(records)
            except Exception as error:
                if away(error):
                    log.warning("waits", error=reason_of(error)[:300])
                else:
                    log.exception("batch_not_handled", error=reason_of(error)[:300])
                try:
                    await asyncio.wait_for(self._stopping.wait(), AWAY_PAUSE)
                except TimeoutError:
                    continue
                raise

    async def _handle(self, records: Sequence[Record]) -> None:
        decided = await self._parking.decided(records)
        blocked = await self._parking.blocked(records)
        batch: list[Heard] = []
        parked: list[tuple[Record, str]] = []
        for record in records:
            if decided and coordinates(record) in decided:
                continue
            try:
                heard = self._read(record)
            except (Unreadable, ValidationError) as error:
                parked.append((record, reason_of(error)))
                if record.key is not None:
                    blocked.setdefault(lane(record), record.offset)
                continue
            if heard is None:
                continue
            if blocked.get(lane(record), record.offset + 1) <= record.offset:
                parked.append((record, BEHIND))
            else:
                batch.append(heard)
        await self._dispatch(batch, parked)
        await self._parking.park(parked)
        self.handled += len(batch)
        for record, reason in parked:
            log.error(
                "parked",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                reason=reason[:300],
                **_named(record),
            )
        await self._resume(parked)

    async def _resume(self, parked: Sequence[tuple[Record, str]]) -> None:
        """Let go on what was put behind a record that was redriven in the meantime."""
        waiting: dict[Lane, int] = {}
        for record, reason in parked:
            if reason == BEHIND:
                waiting.setdefault(lane(record), record.offset)
        for place, offset in waiting.items():
            head = await self._parking.head({"topic": place[0], "key": place[1]})
            free = head is not None and (head["offset"], head["reason"]) == (offset, BEHIND)
            if free and self.resume:
                await self.resume(place)

    async def attempt(self, record: Record) -> str:
        """Handle one record by itself, with retries: the reason when it still fails, else empty.

        Raises, with nothing decided, while the database is away.
        """
        try:
            heard = self._read(record)
        except (Unreadable, ValidationError) as error:
            return reason_of(error)
        reason = await self._try(heard) if heard else ""
        self.handled += not reason
        return reason

    def _read(self, record: Record) -> Heard | None:
        envelope = Envelope.from_headers(record.headers)
        model = self._models.get(envelope.type)
        if model is None:
            self.skipped[envelope.type] += 1
            return None
        people = self._parking.is_people(record.topic)
        return read_event(envelope, record, model, people=people)

    async def _dispatch(self, batch: Sequence[Heard], parked: list[tuple[Record, str]]) -> None:
        if not batch:
            return
        try:
            await self._hear(batch)
            return
        except Exception as error:
            if away(error):
                raise
            log.warning("batch_failed", error=reason_of(error), records=len(batch))
        blocked: set[Lane] = set()
        for heard in batch:
            if lane(heard.record) in blocked:
                parked.append((heard.record, BEHIND))
            elif reason := await self._try(heard):
                parked.append((heard.record, reason))
                if heard.record.key is not None:
                    blocked.add(lane(heard.record))

    async def _try(self, heard: Heard) -> str:
        """Handle one record with retries; the reason when it still fails, else empty."""
        pause, reason = FIRST_PAUSE, ""
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(pause)
                pause *= 2
            try:
                await self._hear([heard])
            except Exception as error:
                if away(error):
                    raise
                reason = reason_of(error)
                log.warning(
                    "handler_failed", event_id=heard.envelope.id, error=reason, exc_info=True
                )
            else:
                return ""
        return reason

    async def _hear(self, batch: Sequence[Heard]) -> None:
        for hear in self._hears:
            await hear(batch)


def _named(record: Record) -> dict[str, str]:
    """The ids that a record claims to have, for the log, as far as they can be read."""
    names = {"ce_id": "event_id", "ce_correlationid": "correlation_id"}
    return {
        names[name]: value.decode(errors="replace")[:200]
        for name, value in record.headers
        if name in names and value is not None
    }
