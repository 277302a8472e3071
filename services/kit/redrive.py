"""Redriving: parked records handled again in their order, or discarded by a person's decision."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

import structlog
from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo.errors import DuplicateKeyError, PyMongoError

from services.kit.envelope import Record
from services.kit.parking import Document, Lane, ParkedRecord, Parking
from services.kit.refusal import Refused

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
AT_ONCE = 50
"""Records read at once; while the claim is held nobody else takes any of them away."""


class Clock(Protocol):
    """The clock that all replicas share."""

    async def now(self) -> datetime:
        """The present time, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Queue:
    """Parked records that are handled one after the other: those of one topic and key.

    A record without a key has no order to keep, and is a queue by itself: `id` names it.
    """

    topic: str
    key: bytes | None
    id: str

    @classmethod
    def of(cls, doc: Document) -> "Queue":
        """The queue that a parked document is in."""
        return cls(doc["topic"], doc["key"], "" if doc["key"] is not None else doc["_id"])

    @property
    def query(self) -> dict[str, Any]:
        """Finds the queue's documents."""
        return {"_id": self.id} if self.key is None else {"topic": self.topic, "key": self.key}

    @property
    def name(self) -> str:
        """The queue's name among the claims; a key may be of any bytes and any length."""
        if self.key is None:
            return self.id
        return f"{self.topic}/{hashlib.sha256(self.key).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a redrive of one queue came to.

    `done`: nothing is left. `stopped`: the record `stopped_at` failed again, and it and what is
    behind it stay. `busy`: another redrive has the queue now.
    """

    queue: Queue
    state: Literal["done", "stopped", "busy"]
    handled: int
    left: int
    stopped_at: str = ""
    reason: str = ""
    attempts: int = 0


class Claims:
    """Who redrives which queue: leases in Mongo, timed by the database's clock."""

    def __init__(self, collection: "AsyncIOMotorCollection[Document]", clock: Clock) -> None:
        self._claims = collection
        self.clock = clock

    async def take(self, name: str, token: str) -> bool:
        """Claim a queue that nobody holds, or whose holder's lease has ended."""
        now = await self.clock.now()
        held = {"owner": token, "until": now + LEASE}
        try:
            await self._claims.update_one(
                {"_id": name, "until": {"$lte": now}}, {"$set": held}, upsert=True
            )
        except DuplicateKeyError:
            return False
        return True

    async def renew(self, name: str, token: str) -> bool:
        """Hold on for another lease; False when the claim is another's by now."""
        until = await self.clock.now() + LEASE
        renewed = await self._claims.update_one(
            {"_id": name, "owner": token}, {"$set": {"until": until}}
        )
        return bool(renewed.matched_count)

    async def release(self, name: str, token: str) -> None:
        """Let another have it at once."""
        await self._claims.delete_one({"_id": name, "owner": token})

    @asynccontextmanager
    async def held(self, name: str) -> AsyncIterator[asyncio.Event | None]:
        """Hold a claim for a block: None when another has it, else an event that says it is lost.

        Kept up by itself while the block runs. A claim that is lost is noticed between records;
        one record may then be handled by two, which the handlers' guards make one effect.
        """
        token = secrets.token_hex(8)
        if not await self.take(name, token):
            yield None
            return
        lost = asyncio.Event()
        keeping = asyncio.create_task(self._keep(name, token, lost))
        try:
            yield lost
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await self.release(name, token)

    async def _keep(self, name: str, token: str, lost: asyncio.Event) -> None:
        try:
            while not lost.is_set():
                await asyncio.sleep(LEASE.total_seconds() / 3)
                if not await self.renew(name, token):
                    break
        except PyMongoError as error:
            log.warning("claim_not_renewed", queue=name, error=str(error)[:300])
        lost.set()


class Redrive:
    """Redrives the parked records of one consumer group, through the reader's own handlers.

    A record leaves `parked` after it was handled, and the next follows; new records of its key wait
    behind meanwhile. A process killed in between leaves the record parked: handled again, it is a
    no-op by the handlers' guards. A record that fails again ends the redrive of its queue.
    """

    def __init__(
        self,
        parking: Parking,
        claims: Claims,
        attempt: Callable[[Record], Awaitable[str]],
    ) -> None:
        self.parking = parking
        self._claims = claims
        self._attempt = attempt

    async def queue_of(self, id: str) -> Queue:
        """The queue a parked record is in; refused as missing when it is not parked."""
        doc = await self.parking.collection.find_one({"_id": id}, {"topic": 1, "key": 1})
        if doc is None:
            raise Refused("missing", "not-parked", f"No record {id} is parked.")
        return Queue.of(doc)

    async def queues(self) -> list[Queue]:
        """Every queue there is, by topic and then by its first record."""
        order = [("topic", 1), ("partition", 1), ("offset", 1)]
        found = self.parking.collection.find({}, {"topic": 1, "key": 1}).sort(order)
        return list(dict.fromkeys([Queue.of(doc) async for doc in found]))

    async def resume(self, place: Lane) -> None:
        """Go on with a queue that nothing holds up any more.

        Refused as busy while another has its claim, who may be dead: whoever put a record behind
        has to come again until somebody has handled it.
        """
        outcome = await self.run(Queue(place[0], place[1], ""), by="the reader")
        if outcome.state == "busy":
            raise Refused("busy", "queue-busy", "The record's queue is being redriven just now.")

    async def run(self, queue: Queue, by: str) -> Outcome:
        """Handle a queue's records in order until none is left or one fails; see Outcome.

        Raises when the database is away; what was handled until then stays handled.
        """
        handled = 0
        while True:
            async with self._claims.held(queue.name) as lost:
                if lost is None:
                    return Outcome(queue, "busy", handled, await self._left(queue))
                count, stopped = await self._drain(queue, by, lost)
            handled += count
            if stopped is not None:
                id, reason, attempts = stopped
                left = await self._left(queue)
                return Outcome(queue, "stopped", handled, left, id, reason, attempts)
            # Looked at after the claim is given back: who parks a record first and is then refused
            # the claim can rely on its being seen here.
            if not await self._left(queue):
                return Outcome(queue, "done", handled, 0)

    async def _drain(
        self, queue: Queue, by: str, lost: asyncio.Event
    ) -> tuple[int, tuple[str, str, int] | None]:
        handled = 0
        while not lost.is_set() and (docs := await self.parking.heads(queue.query, AT_ONCE)):
            decided = await self.parking.decided([ParkedRecord.of(doc) for doc in docs])
            for doc in docs:
                if lost.is_set():
                    break
                id = doc["_id"]
                if id in decided:
                    await self.parking.remove(id)  # a discard was interrupted half way
                    continue
                if reason := await self._attempt(ParkedRecord.of(doc)):
                    return handled, await self._still_fails(id, reason, by)
                await self.parking.remove(id)
                handled += 1
                log.info("redriven", id=id, by=by)
        return handled, None

    async def _still_fails(self, id: str, reason: str, by: str) -> tuple[str, str, int]:
        at = await self._claims.clock.now()
        attempts = await self.parking.still_fails(id, reason, by, at)
        log.error("redrive_stopped", id=id, by=by, attempts=attempts, reason=reason[:300])
        return id, reason, attempts

    async def discard(self, id: str, reason: str, by: str) -> Document:
        """Take a record out for good; the document of the decision, also when it was made before.

        Refused as missing when it is not parked, as a conflict while its queue is redriven.
        """
        doc = await self.parking.collection.find_one({"_id": id})
        if doc is not None:
            async with self._claims.held(Queue.of(doc).name) as lost:
                if lost is None:
                    raise Refused(
                        "conflict", "queue-busy", "The record's queue is being redriven just now."
                    )
                doc = await self.parking.collection.find_one({"_id": id})
                if doc is not None:
                    at = await self._claims.clock.now()
                    await self.parking.discard(doc, reason, by, at)
                    log.warning("discarded", id=id, by=by, reason=reason)
        kept = await self.parking.discarded.find_one({"_id": id})
        if kept is None:
            raise Refused("missing", "not-parked", f"No record {id} is parked.")
        return kept

    async def _left(self, queue: Queue) -> int:
        return int(await self.parking.collection.count_documents(queue.query))
