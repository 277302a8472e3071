"""Aggregates in Mongo: state and the events it says are written in one conditional update.

The only module of the kit that writes aggregates. A document is
`{_id, version, sequence, state, people, heard, commands, tokens, slot, pending, outbox}`.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic

from bson.errors import InvalidDocument
from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DocumentTooLarge,
    DuplicateKeyError,
    PyMongoError,
)

from services.kit.aggregate import Aggregate, CommandKey, Decide, Document, Result, S
from services.kit.crash import crash_point
from services.kit.deciding import Command, Deciding, Draft, fields_of, new_document
from services.kit.envelope import Context
from services.kit.refusal import Refused
from services.kit.tracing import CLIENT, OFF, Step, Tracing

LARGEST_GROUP = 200
STATES_REMEMBERED = 200
DUPLICATE_KEY = 11000
TOKENS_KEPT = 32
PATIENCE_SECONDS = 20.0


class OutcomeUnknown(PyMongoError):
    """A write may have gone through: ask again with the same id, key or event to be sure."""


class UniqueTaken(Exception):
    """Another document already has this value of a unique index."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__(f"unique: {dict(fields)}")
        self.fields = dict(fields)


NOT_WRITTEN = (UniqueTaken, DocumentTooLarge, InvalidDocument, OverflowError)
"""Errors of a write that are certain to have left nothing behind."""


@dataclass(slots=True)
class _Write:
    """One group's write, as far as it is known: its token is in the document once it is there."""

    token: str
    give_up: float
    version: int | None = None
    """What it was conditional on when it was sent last; None when it can't arrive any more."""

    def landed(self, doc: Document | None) -> bool:
        """Whether it is in the document. Raises OutcomeUnknown, or Refused when time is up."""
        if doc is None or self.version is None:
            return False
        if self.token in doc["tokens"]:
            return True
        if doc["version"] - self.version > TOKENS_KEPT:
            raise OutcomeUnknown("the reply to a write was lost, and too much was written since")
        if doc["version"] > self.version:
            self.version = None
            if time.monotonic() > self.give_up:
                raise Refused("busy", "too-busy", "Too many changes at once; please try again.")
        return False


_Waiting = tuple[Command[S], "asyncio.Future[Result[S]]"]


class Store(Generic[S]):
    """Aggregates of one kind. Commands on the same document are committed as a group.

    The conditional update on `_id` + `version` guards against other replicas: a lost race is
    decided again on the fresh state. A command either has its whole effect or none.
    """

    def __init__(
        self,
        collection: "AsyncIOMotorCollection[Document]",
        aggregate: Aggregate[S],
        written: Callable[[], None] = lambda: None,
        tracing: Tracing = OFF,
    ) -> None:
        self.collection = collection
        self.aggregate = aggregate
        self._written = written
        self._tracing = tracing
        self._seen: dict[str, tuple[Any, S]] = {}
        self._deciding = Deciding(aggregate)
        self._waiting: dict[str, list[_Waiting[S]]] = {}
        self._draining: dict[str, asyncio.Task[None]] = {}

    async def prepare(self) -> None:
        """Create the index that the relay's sweep uses; idempotent."""
        await self.collection.create_index(
            [("pending", 1), ("slot", 1)],
            name="pending",
            partialFilterExpression={"pending": True},
        )

    async def get(self, id: str) -> S | None:
        """The state of one aggregate, or None."""
        doc = await self.collection.find_one({"_id": id}, {"state": 1})
        return self._state(doc) if doc else None

    def _state(self, doc: Document) -> S:
        """Validate a state; one that was seen just like that before is taken as it was then."""
        known = self._seen.get(doc["_id"])
        if known is not None and known[0] == doc["state"]:
            return known[1]
        state = self.aggregate.state.model_validate(doc["state"])
        if len(self._seen) >= STATES_REMEMBERED:
            del self._seen[next(iter(self._seen))]
        self._seen[doc["_id"]] = (doc["state"], state)
        return state

    async def find(
        self, query: Mapping[str, Any], *, limit: int = 0, sort: str = "_id"
    ) -> list[tuple[str, S]]:
        """States that match, with their ids, in the order of `sort`."""
        cursor = self.collection.find(query, {"state": 1}).sort(sort, 1).limit(limit)
        return [
            (doc["_id"], self.aggregate.state.model_validate(doc["state"])) async for doc in cursor
        ]

    async def execute(
        self,
        id: str,
        decide: Decide[S],
        context: Context,
        *,
        now: datetime,
        key: CommandKey | None = None,
        heard: tuple[str, int] | None = None,
    ) -> Result[S]:
        """Carry out one command; raises Refused, and then nothing was changed.

        With `heard` (origin, sequence) a sequence not above the one recorded is a no-op. With `key`
        a repeat gives the first answer; the same key with another fingerprint is refused.
        """
        done: asyncio.Future[Result[S]] = asyncio.get_running_loop().create_future()
        command = Command(decide, context, now, key, heard)
        self._waiting.setdefault(id, []).append((command, done))
        if id not in self._draining:
            self._draining[id] = asyncio.create_task(self._drain(id))
        if not self._tracing.on:
            return await asyncio.shield(done)
        with self._step(context) as step:
            result = await asyncio.shield(done)
            step.note(zharmenke__events=list(result.event_ids))
            return result

    def _step(self, context: Context) -> AbstractContextManager[Step]:
        """One command's way into the database; others of its group have steps of their own."""
        name = self.collection.name
        return self._tracing.step(
            f"write {name}",
            context.traceparent,
            CLIENT,
            db__system__name="mongodb",
            db__collection__name=name,
        )

    async def insert_new(
        self,
        items: Sequence[tuple[str, Decide[S], Context]],
        *,
        now: datetime,
        extra: Mapping[str, Any],
        after: Mapping[str, int] | None = None,
    ) -> int:
        """Carry out each command on a document that does not exist yet; skip those that do.

        One bulk insert; says how many documents are new. `extra` are fields beside the kit's own.
        `after` has the last sequence of subjects that the stream knows and the database lost.
        """
        if not items:
            return 0
        docs: dict[str, Document] = {}
        for id, decide, context in items:
            command = Command(decide, context, now)
            draft = self._deciding.decide_all(id, None, [command], (after or {}).get(id, 0))
            if isinstance(error := draft.results[0], Exception):
                raise error
            docs[id] = new_document(draft, secrets.token_hex(8)) | dict(extra)
        try:
            with ExitStack() as steps:
                for _, _, context in items if self._tracing.on else ():
                    steps.enter_context(self._step(context))
                await self.collection.insert_many(list(docs.values()), ordered=False)
            known = 0
        except BulkWriteError as error:
            failures = (error.details or {}).get("writeErrors", [])
            if any(failure["code"] != DUPLICATE_KEY for failure in failures):
                raise
            known = len(failures)
        if known < len(docs):
            self._written()
        return len(docs) - known

    async def _drain(self, id: str) -> None:
        try:
            while waiting := self._waiting.get(id):
                group, self._waiting[id] = waiting[:LARGEST_GROUP], waiting[LARGEST_GROUP:]
                await self._settle_group(id, group)
        finally:
            self._waiting.pop(id, None)
            self._draining.pop(id, None)

    async def _settle_group(self, id: str, group: list[_Waiting[S]]) -> None:
        try:
            outcomes = await self._commit(id, [command for command, _ in group])
        except NOT_WRITTEN as error:
            if len(group) > 1:  # one command spoils the write of all: each for itself
                for waiting in group:
                    await self._settle_group(id, [waiting])
                return
            outcomes = [error] * len(group)
        except Exception as error:  # noqa: BLE001 - handed to every caller of the group
            outcomes = [error] * len(group)
        for (_, done), outcome in zip(group, outcomes, strict=True):
            _settle(done, outcome)

    async def _commit(self, id: str, group: list[Command[S]]) -> list[Result[S] | Exception]:
        """Decide and write until it is written, refused, or not to be known.

        A write whose reply was lost is recognised by its token, which every later write of the
        document keeps for `TOKENS_KEPT` versions. It may still arrive while it is repeated: both
        are conditional on the same version, so one of them is the only one.
        """
        write = _Write(secrets.token_hex(8), time.monotonic() + PATIENCE_SECONDS)
        draft: Draft[S] | None = None
        while True:
            try:
                doc = await self.collection.find_one({"_id": id})
                if draft is None or not write.landed(doc):
                    draft = self._deciding.decide_all(id, doc, group)
                    if draft.changed and not await self._write(draft, write, new=doc is None):
                        continue
            except AutoReconnect:
                if time.monotonic() > write.give_up:
                    raise
                await asyncio.sleep(0.2)
                continue
            if draft.outbox:
                crash_point("after-write")
                self._written()
            return draft.results

    async def _write(self, draft: Draft[S], write: "_Write", *, new: bool) -> bool:
        """True when written, False when another writer was faster."""
        doc = draft.doc
        write.version = doc["version"]
        fields = fields_of(draft)
        try:
            if new:
                await self.collection.insert_one(new_document(draft, write.token))
                return True
            written = await self.collection.update_one(
                {"_id": doc["_id"], "version": doc["version"]},
                {
                    "$set": fields,
                    "$push": {
                        "tokens": {"$each": [write.token], "$slice": -TOKENS_KEPT},
                        "outbox": {"$each": draft.outbox},
                    },
                },
            )
        except DuplicateKeyError as error:
            pattern = (error.details or {}).get("keyPattern") or {"_id": 1}
            if list(pattern) == ["_id"]:
                return False
            raise UniqueTaken((error.details or {}).get("keyValue") or pattern) from error
        return bool(written.matched_count == 1)


def _settle(done: "asyncio.Future[Result[S]]", outcome: Result[S] | Exception) -> None:
    if done.done():
        return
    if isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(replace(outcome))
