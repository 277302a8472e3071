"""Heard state: documents folded from other services' events, in collections of their own."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic

import structlog
from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from services.kit.fold import Fold, Heard, S
from services.kit.generations import Pointer, generation_name
from services.kit.tracing import OFF, Tracing

Document = dict[str, Any]
CHUNK = 50
DUPLICATE_KEY = 11000


class Projection(Generic[S]):
    """A collection of heard state. A document keeps, in the same update, how far it has heard.

    A repeated or older event is a no-op, so a batch may be handled any number of times. One event
    that changes several documents is exact after a redo; readers can see it half done. With a
    pointer it is the live generation of that collection, also while the pointer moves.
    """

    def __init__(
        self,
        collection: "AsyncIOMotorCollection[Document]",
        fold: Fold[S],
        pointer: Pointer | None = None,
    ) -> None:
        self._first = collection
        self._fold = fold
        self._pointer = pointer

    @property
    def collection(self) -> "AsyncIOMotorCollection[Document]":
        """The live generation; to be asked for anew each time."""
        return self._generation(self._pointer.number if self._pointer else 0)

    def _generation(self, number: int) -> "AsyncIOMotorCollection[Document]":
        if not number:
            return self._first
        return self._first.database[generation_name(self._first.name, number)]

    async def get(self, id: str) -> S | None:
        """One heard document's state, or None."""
        doc = await self.collection.find_one({"_id": id}, {"state": 1})
        return self._fold.state.model_validate(doc["state"]) if doc else None

    async def find(self, query: Mapping[str, Any]) -> list[S]:
        """The states that match, ordered by id."""
        cursor = self.collection.find(query, {"state": 1}).sort("_id", 1)
        return [self._fold.state.model_validate(doc["state"]) async for doc in cursor]

    async def heard(self, ids: Sequence[str]) -> dict[str, int]:
        """How far these documents have heard each subject: `{origin: sequence}`, merged."""
        merged: dict[str, int] = {}
        for chunk in _chunks(sorted(ids)):
            async for doc in self.collection.find({"_id": {"$in": chunk}}, {"heard": 1}):
                merged.update(doc["heard"])
        return merged

    async def hear(self, batch: Sequence[Heard]) -> None:
        """Fold a batch: read in chunks, fold in memory, one bulk write of conditional updates."""
        if not (found := self._fold.by_document(batch)):
            return
        while True:
            number = self._pointer.number if self._pointer else 0
            await self._hear(found, self._generation(number))
            if self._pointer is None or await self._pointer.settled(number):
                return

    async def _hear(
        self,
        waiting: Mapping[str, Sequence[Heard]],
        into: "AsyncIOMotorCollection[Document]",
    ) -> None:
        while waiting:
            lost = await self._write(waiting, into)
            waiting = {id: waiting[id] for id in lost}
            if waiting:
                await asyncio.sleep(0.01)

    async def _write(
        self,
        waiting: Mapping[str, Sequence[Heard]],
        into: "AsyncIOMotorCollection[Document]",
    ) -> list[str]:
        docs: dict[str, Document] = {}
        for chunk in _chunks(sorted(waiting)):
            async for doc in into.find({"_id": {"$in": chunk}}):
                docs[doc["_id"]] = doc
        updates, ids = [], []
        for id, events in waiting.items():
            update = self._update(id, docs.get(id), events)
            if update is not None:
                updates.append(update)
                ids.append(id)
        if not updates:
            return []
        try:
            await into.bulk_write(updates, ordered=False)
        except BulkWriteError as error:
            failures = error.details["writeErrors"]
            if any(failure["code"] != DUPLICATE_KEY for failure in failures):
                raise
            return [ids[failure["index"]] for failure in failures]
        return []

    def _update(
        self, id: str, doc: Document | None, events: Sequence[Heard]
    ) -> InsertOne[Document] | UpdateOne | None:
        heard: dict[str, int] = dict(doc["heard"]) if doc else {}
        state = self._fold.state.model_validate(doc["state"]) if doc else None
        state = self._fold.advance(id, state, heard, events)
        if state is None:
            return None
        version = doc["version"] if doc else 0
        fields = {"version": version + 1, "heard": heard, "state": state.model_dump(mode="json")}
        if doc is None:  # inserts are much cheaper than upserts, and lose a race by the same error
            return InsertOne({"_id": id} | fields)
        return UpdateOne({"_id": id, "version": version}, {"$set": fields}, upsert=True)


class Reactions:
    """Handlers that do something of their own because of an event, one at a time, in order."""

    def __init__(
        self, handlers: Mapping[str, Callable[[Heard], Any]], tracing: Tracing = OFF
    ) -> None:
        self._handlers = handlers
        self._tracing = tracing

    async def hear(self, batch: Sequence[Heard]) -> None:
        """Call the handler of each event's type, in order.

        What is played for a rehearsal brings what was done because of it along: nothing is done.
        """
        for heard in batch:
            if heard.envelope.imported == "rehearsal":
                continue
            if handler := self._handlers.get(heard.envelope.type):
                envelope = heard.envelope
                with (
                    structlog.contextvars.bound_contextvars(
                        event_id=envelope.id, correlation_id=envelope.correlation_id
                    ),
                    self._tracing.processing(heard) as continued,
                ):
                    await handler(continued)


def _chunks(ids: Sequence[str]) -> Iterable[list[str]]:
    for start in range(0, len(ids), CHUNK):
        yield list(ids[start : start + CHUNK])
