"""Records that can't be handled: kept with all they came with, and said on the dead-letter topic.

Later records of the same key wait behind a parked one, so that a redrive keeps their order. The
rest of the stream goes on. What a person discards is kept on record, and never handled again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo import UpdateOne

from services.kit.aggregate import slot_of
from services.kit.envelope import Record

Document = dict[str, Any]
LARGEST_LETTER = 1_000_000
Lane = tuple[str, bytes | None]
"""A topic and a key: what keeps its order."""


def lane(record: Record) -> Lane:
    """The lane a record travels in."""
    return record.topic, record.key


def coordinates(record: Record) -> str:
    """A parked record's id: `<topic>/<partition>/<offset>`."""
    return f"{record.topic}/{record.partition}/{record.offset}"


@dataclass(slots=True)
class ParkedRecord:
    """A record as it was consumed, byte for byte, made again from its parked document."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @classmethod
    def of(cls, doc: Mapping[str, Any]) -> "ParkedRecord":
        """The record of a parked document."""
        return cls(
            topic=doc["topic"],
            partition=doc["partition"],
            offset=doc["offset"],
            timestamp=doc["timestamp"],
            key=doc["key"],
            value=doc["value"],
            headers=tuple((name, value) for name, value in doc["headers"]),
        )


class Parking:
    """The parked records of one consumer group. Parking the same record again changes nothing."""

    def __init__(
        self,
        collection: "AsyncIOMotorCollection[Document]",
        group: str,
        people_topics: Iterable[str],
    ) -> None:
        self.collection = collection
        self._group = group
        self._people_topics = frozenset(people_topics)

    @property
    def discarded(self) -> "AsyncIOMotorCollection[Document]":
        """What people decided not to have handled, with who, when and why. Nothing leaves it."""
        return self.collection.database["discarded"]

    async def prepare(self) -> None:
        """Create the indexes; idempotent."""
        for collection in (self.collection, self.discarded):
            await collection.create_index(
                [("pending", 1), ("slot", 1)],
                name="pending",
                partialFilterExpression={"pending": True},
            )
        await self.collection.create_index([("topic", 1), ("key", 1), ("offset", 1)], name="queue")
        await self.discarded.create_index([("offset", 1)], name="offset")

    def is_people(self, topic: str) -> bool:
        """Whether a topic holds personal data."""
        return topic in self._people_topics

    async def blocked(self, records: Sequence[Record]) -> dict[Lane, int]:
        """Which lanes of these records have something parked, and the first offset of it."""
        if await self.collection.find_one({}, {"_id": 1}) is None:
            return {}
        found: dict[Lane, int] = {}
        for topic, key in {lane(record) for record in records if record.key is not None}:
            query = {"topic": topic, "key": key}
            async for doc in self.collection.find(query, {"offset": 1}).sort("offset", 1).limit(1):
                found[topic, key] = doc["offset"]
        return found

    async def decided(self, records: Sequence[Record]) -> frozenset[str]:
        """The ids of those of these records that were discarded: they are not to be handled."""
        lowest = min((record.offset for record in records), default=0)
        found = self.discarded.find({"offset": {"$gte": lowest}}, {"_id": 1})
        return frozenset([doc["_id"] async for doc in found])

    async def head(self, query: Mapping[str, Any]) -> Document | None:
        """The earliest parked record that matches, with all it came with."""
        return next(iter(await self.heads(query, 1)), None)

    async def heads(self, query: Mapping[str, Any], count: int) -> list[Document]:
        """The earliest records of a queue, in order; a key's are all on one partition."""
        found = self.collection.find(query).sort("offset", 1).limit(count)
        docs: list[Document] = await found.to_list(count)
        return docs

    async def park(self, records: Sequence[tuple[Record, str]]) -> None:
        """Keep these records, each with its reason; durable when this returns."""
        if records:
            await self.collection.bulk_write(
                [
                    UpdateOne(
                        {"_id": coordinates(record)},
                        {"$setOnInsert": self._document(record, reason)},
                        upsert=True,
                    )
                    for record, reason in records
                ],
                ordered=True,
            )

    async def count(self) -> int:
        """How many records are parked now."""
        return int(await self.collection.count_documents({}))

    async def still_fails(self, id: str, reason: str, by: str, at: datetime) -> int:
        """Note that a redrive failed, and why; says how many have failed by now."""
        await self.collection.update_one(
            {"_id": id},
            {
                "$set": {"reason": reason[:2000], "tried_at": at, "tried_by": by},
                "$inc": {"attempts": 1},
            },
        )
        doc = await self.collection.find_one({"_id": id}, {"attempts": 1})
        return int(doc["attempts"]) if doc else 0

    async def remove(self, id: str) -> None:
        """Forget a record that was handled; idempotent."""
        await self.collection.delete_one({"_id": id})

    async def discard(self, doc: Document, reason: str, by: str, at: datetime) -> None:
        """Move a record to what was discarded; idempotent, and the first decision stays.

        Of a people record only coordinates are kept: its data are not ours to keep for ever.
        """
        kept = {name: value for name, value in doc.items() if name != "_id"}
        if self.is_people(doc["topic"]):
            kept |= {"key": None, "value": None, "headers": [], "reason": ""}
        decision = {"reason": reason, "by": by, "at": at}
        await self.discarded.update_one(
            {"_id": doc["_id"]}, {"$setOnInsert": kept | {"discard": decision}}, upsert=True
        )
        await self.remove(doc["_id"])

    def _document(self, record: Record, reason: str) -> Document:
        id = coordinates(record)
        headers = [[name, value] for name, value in record.headers]
        stream = "dead-people" if record.topic in self._people_topics else "dead"
        return {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": record.timestamp,
            "key": record.key,
            "headers": headers,
            "value": record.value,
            "reason": reason[:2000],
            "parked_at": datetime.now(UTC),
            "attempts": 0,
            "slot": slot_of(id),
            "pending": True,
            "outbox": [self._letter(record, reason) | {"id": id, "stream": stream}],
        }

    def _letter(self, record: Record, reason: str) -> Document:
        """The record as it goes on the dead-letter topic, with notes on where it came from.

        The notes make it larger than it was. What the broker might not take then is left out there,
        and said so; the database has it.
        """
        notes: list[tuple[str, str | bytes | None]] = [
            ("dead-topic", record.topic),
            ("dead-partition", str(record.partition)),
            ("dead-offset", str(record.offset)),
            ("dead-group", self._group),
            ("dead-reason", reason[:500]),
        ]
        size = sum(len(name) + len(value or b"") for name, value in record.headers)
        size += len(record.key or b"") + len(record.value or b"")
        whole = size <= LARGEST_LETTER
        if not whole:
            notes.append(("dead-cut", f"{size} bytes are in the database only"))
        headers = [*record.headers, *notes] if whole else notes
        return {
            "key": record.key if whole else (record.key or b"")[:1000],
            "at": datetime.now(UTC).isoformat(),
            "headers": [[name, value] for name, value in headers],
            "body": record.value if whole else None,
        }
