"""The limits in Mongo: all replicas share the windows of the recipients, and the pace.

A document is `{_id, version, until, sent}` for a recipient, whose id is a hash of the address, and
`{_id: "pace", version, until, taken_until}`. Mongo removes it when `until` is past: then it says
nothing any more.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from services.kit.clock import DatabaseClock
from services.notify.limits import HOUR, Pace, Sent, Window

Document = dict[str, Any]
DUPLICATE_KEY = 11000
PACE = "pace"
REMEMBERED = 5_000
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Admission:
    """What may go of a batch, and when."""

    starts_in: timedelta = timedelta(0)
    """How long the pace wants the batch to wait, in hand."""
    waits: dict[str, timedelta] = field(default_factory=dict)
    """Messages whose recipient has had enough for this hour, and how long they are to wait."""


class Allowance:
    """Lets mails go as far as the limits allow; 0 for a limit is none.

    Decides on what it remembers and writes that conditionally, all of a batch in one bulk write;
    only what another replica changed meanwhile is read and decided again.
    """

    def __init__(
        self,
        database: "AsyncIOMotorDatabase[Document]",
        clock: DatabaseClock,
        *,
        per_recipient_hour: int,
        per_second: float,
    ) -> None:
        self._collection = database["recipients"]
        self._clock = clock
        self._per_hour = per_recipient_hour
        self._per_second = per_second
        self._known: dict[str, Document] = {}

    async def prepare(self) -> None:
        """Create the index by which Mongo removes what is past; idempotent."""
        await self._collection.create_index("until", name="until", expireAfterSeconds=0)

    async def admit(self, addresses: Mapping[str, str]) -> Admission:
        """Let these messages (id: address) go, or say how long they wait; repeats cost nothing."""
        admission = Admission()
        if not addresses or (not self._per_hour and not self._per_second):
            return admission
        now = _whole_milliseconds(await self._clock.now())
        undecided: dict[str, list[str]] = {}
        for message_id, address in addresses.items():
            undecided.setdefault(recipient_key(address), []).append(message_id)
        paced = self._per_second > 0
        while undecided or paced:
            fresh = self._windows(undecided, now, admission) if self._per_hour else {}
            if paced and (mails := len(addresses) - len(admission.waits)):
                fresh[PACE] = self._pace(mails, now, admission)
            lost = await self._write(fresh)
            undecided = {key: undecided[key] for key in lost if key != PACE}
            paced = PACE in lost
        return admission

    def _windows(
        self, asked: Mapping[str, list[str]], now: datetime, admission: Admission
    ) -> dict[str, Document]:
        """The windows as they are after these messages; says in `admission` which must wait."""
        changed: dict[str, Document] = {}
        for key, message_ids in asked.items():
            doc = self._known.get(key, {"version": 0, "sent": []})
            before = window = Window(tuple(Sent(one["id"], one["at"]) for one in doc["sent"]))
            for message_id in message_ids:
                if (next_window := window.admit(message_id, now, self._per_hour)) is None:
                    admission.waits[message_id] = window.wait(message_id, now, self._per_hour)
                else:
                    admission.waits.pop(message_id, None)
                    window = next_window
            if window != before:
                changed[key] = {
                    "version": doc["version"] + 1,
                    "until": max(one.at for one in window.sent) + HOUR,
                    "sent": [{"id": one.message_id, "at": one.at} for one in window.sent],
                }
        return changed

    def _pace(self, mails: int, now: datetime, admission: Admission) -> Document:
        doc = self._known.get(PACE, {"version": 0, "taken_until": _NEVER})
        begin, pace = Pace(doc["taken_until"]).take(mails, now, self._per_second)
        admission.starts_in = begin - now
        return {
            "version": doc["version"] + 1,
            "until": pace.taken_until + HOUR,
            "taken_until": pace.taken_until,
        }

    async def _write(self, fresh: Mapping[str, Document]) -> list[str]:
        """Write what was decided; the ids of those that another replica had changed meanwhile.

        An insert is much cheaper than an upsert, and both lose a race by the same error.
        """
        if not fresh:
            return []
        ids, lost = list(fresh), list[str]()
        writes = [_conditional(id, doc) for id, doc in fresh.items()]
        try:
            await self._collection.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            failures = error.details["writeErrors"]
            if any(failure["code"] != DUPLICATE_KEY for failure in failures):
                raise
            lost = [ids[failure["index"]] for failure in failures]
        for id in ids:
            self._remember(id, None if id in lost else fresh[id])
        if lost:
            async for doc in self._collection.find({"_id": {"$in": lost}}):
                self._remember(doc["_id"], doc)
        return lost

    def _remember(self, id: str, doc: Document | None) -> None:
        self._known.pop(id, None)
        if doc is not None:
            self._known[id] = doc
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]


def recipient_key(address: str) -> str:
    """What stands for an address in Mongo; the same however its letters are cased."""
    return hashlib.sha256(address.strip().casefold().encode()).hexdigest()[:32]


def _conditional(id: str, doc: Document) -> InsertOne[Document] | UpdateOne:
    """The write of a document that nobody else may have changed meanwhile."""
    if doc["version"] == 1:
        return InsertOne({"_id": id} | doc)
    return UpdateOne({"_id": id, "version": doc["version"] - 1}, {"$set": doc}, upsert=True)


def _whole_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
