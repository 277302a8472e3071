"""Records that can't be handled: kept with all they came with, and said on the dead-letter topic.

Later records of the same key wait behind a parked one, so that a redrive keeps their order. The
rest of the stream goes on.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo import UpdateOne

from services.kit.aggregate import SLOTS
from services.kit.envelope import Record

Document = dict[str, Any]
LARGEST_LETTER = 1_000_000
Lane = tuple[str, bytes | None]
"""A topic and a key: what keeps its order."""


def lane(record: Record) -> Lane:
    """The lane a record travels in."""
    return record.topic, record.key


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

    async def prepare(self) -> None:
        """Create the indexes; idempotent."""
        await self.collection.create_index(
            [("pending", 1), ("slot", 1)],
            name="pending",
            partialFilterExpression={"pending": True},
        )
        await self.collection.create_index([("topic", 1), ("key", 1)], name="key")

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

    async def park(self, records: Sequence[tuple[Record, str]]) -> None:
        """Keep these records, each with its reason; durable when this returns."""
        if records:
            await self.collection.bulk_write(
                [
                    UpdateOne(
                        {"_id": f"{record.topic}/{record.partition}/{record.offset}"},
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

    def _document(self, record: Record, reason: str) -> Document:
        coordinates = f"{record.topic}/{record.partition}/{record.offset}"
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
            "slot": crc32(coordinates.encode()) % SLOTS,
            "pending": True,
            "outbox": [self._letter(record, reason) | {"id": coordinates, "stream": stream}],
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
