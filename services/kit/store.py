"""Aggregates in Mongo: state and the events it says are written in one conditional update.

The only module of the kit that writes aggregates. A document is
`{_id, version, sequence, state, people, heard, commands, tokens, slot, pending, outbox}`.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic
from zlib import crc32

from bson.errors import InvalidDocument
from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DocumentTooLarge,
    DuplicateKeyError,
    PyMongoError,
)

from services.kit.aggregate import (
    SLOTS,
    Aggregate,
    CommandKey,
    Decide,
    Decision,
    Document,
    Result,
    S,
    entry,
)
from services.kit.crash import crash_point
from services.kit.envelope import Context, Envelope, utc_text
from services.kit.refusal import Refused

LARGEST_GROUP = 200
LARGEST_OUTBOX = 2_000
LARGEST_EVENT = 900_000
"""Bytes of a body; one that the broker does not take would hold up its partition for ever."""
KEYS_KEPT = 100
STATES_REMEMBERED = 200
DUPLICATE_KEY = 11000
KEY_LIFETIME = timedelta(hours=24)
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
class _Command(Generic[S]):
    decide: Decide[S]
    context: Context
    now: datetime
    done: "asyncio.Future[Result[S]]"
    key: CommandKey | None = None
    heard: tuple[str, int] | None = None


@dataclass(slots=True)
class _Draft(Generic[S]):
    """A document being changed in memory, and what each command of the group came to."""

    doc: Document
    state: S | None
    outbox: list[Document] = field(default_factory=list)
    changed: bool = False
    results: list[Result[S] | Exception] = field(default_factory=list)


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
    ) -> None:
        self.collection = collection
        self.aggregate = aggregate
        self._written = written
        self._seen: dict[str, tuple[Any, S]] = {}
        self._waiting: dict[str, list[_Command[S]]] = {}
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
        self._waiting.setdefault(id, []).append(_Command(decide, context, now, done, key, heard))
        if id not in self._draining:
            self._draining[id] = asyncio.create_task(self._drain(id))
        return await asyncio.shield(done)

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
        loop = asyncio.get_running_loop()
        docs: dict[str, Document] = {}
        for id, decide, context in items:
            command = _Command(decide, context, now, loop.create_future())
            draft = self._decide_all(id, None, [command], (after or {}).get(id, 0))
            if isinstance(error := draft.results[0], Exception):
                raise error
            docs[id] = _new_document(draft, secrets.token_hex(8)) | dict(extra)
        try:
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

    async def _settle_group(self, id: str, group: list[_Command[S]]) -> None:
        try:
            outcomes: list[Result[S] | Exception] = await self._commit(id, group)
        except NOT_WRITTEN as error:
            if len(group) > 1:  # one command spoils the write of all: each for itself
                for command in group:
                    await self._settle_group(id, [command])
                return
            outcomes = [error] * len(group)
        except Exception as error:  # noqa: BLE001 - handed to every caller of the group
            outcomes = [error] * len(group)
        for command, outcome in zip(group, outcomes, strict=True):
            _settle(command.done, outcome)

    async def _commit(self, id: str, group: list[_Command[S]]) -> list[Result[S] | Exception]:
        """Decide and write until it is written, refused, or not to be known.

        A write whose reply was lost is recognised by its token, which every later write of the
        document keeps for `TOKENS_KEPT` versions. It may still arrive while it is repeated: both
        are conditional on the same version, so one of them is the only one.
        """
        write = _Write(secrets.token_hex(8), time.monotonic() + PATIENCE_SECONDS)
        draft: _Draft[S] | None = None
        while True:
            try:
                doc = await self.collection.find_one({"_id": id})
                if draft is None or not write.landed(doc):
                    draft = self._decide_all(id, doc, group)
                    if draft.changed and not await self._write(draft, write, new=doc is None):
                        continue
            except AutoReconnect:
                if time.monotonic() > write.give_up:
                    raise
                await asyncio.sleep(0.2)
                continue
            if draft.changed:
                crash_point("after-write")
            if draft.outbox:
                self._written()
            return draft.results

    def _decide_all(
        self, id: str, doc: Document | None, group: list[_Command[S]], sequence: int = 0
    ) -> _Draft[S]:
        fresh = doc is None
        doc = doc or {
            "_id": id,
            "version": 0,
            "sequence": sequence,
            "people": {},
            "heard": {},
            "commands": {},
            "slot": crc32(id.encode()) % SLOTS,
            "outbox": [],
        }
        state = None if fresh else self.aggregate.state.model_validate(doc["state"])
        draft: _Draft[S] = _Draft(doc, state)
        for command in group:
            before, said = dict(draft.doc), len(draft.outbox)
            try:
                draft.results.append(self._decide_one(draft, command))
            except Exception as error:  # noqa: BLE001 - it is this command's own answer
                draft.doc = before
                del draft.outbox[said:]
                draft.results.append(error)
        return draft

    def _decide_one(self, draft: _Draft[S], command: _Command[S]) -> Result[S]:
        doc = draft.doc
        stored = _stored_key(doc, command)
        if stored is not None:
            assert draft.state is not None
            return Result(doc["_id"], draft.state, doc["version"], tuple(stored["events"]), True)
        if command.heard and doc["heard"].get(command.heard[0], 0) >= command.heard[1]:
            if draft.state is None:
                raise LookupError(doc["_id"])
            return Result(doc["_id"], draft.state, doc["version"], (), True)
        if len(doc["outbox"]) + len(draft.outbox) > LARGEST_OUTBOX:
            raise Refused(
                "busy", "outbox-full", "The event broker is away; please try again later."
            )
        decision = command.decide(draft.state)
        state = decision.draft if decision.draft is not None else draft.state
        for event in decision.events:
            state = self.aggregate.evolve(state, event)
        if state is None:
            raise LookupError(doc["_id"])
        event_ids = self._add_events(draft, decision, state, command)
        self._add_people(draft, decision, state, command)
        if command.heard:
            doc["heard"] = {**doc["heard"], command.heard[0]: command.heard[1]}
        if command.key:
            doc["commands"] = _remember_key(doc["commands"], command, event_ids)
        draft.changed |= bool(
            event_ids or decision.people or command.heard or command.key or state != draft.state
        )
        draft.state = state
        return Result(doc["_id"], state, doc["version"] + 1, event_ids)

    def _add_events(
        self, draft: _Draft[S], decision: Decision[S], state: S, command: _Command[S]
    ) -> tuple[str, ...]:
        ids = []
        for event in decision.events:
            draft.doc["sequence"] += 1
            envelope = self._envelope(
                type(event).type_name(),
                event.MAJOR,
                f"{self.aggregate.kind}/{draft.doc['_id']}",
                draft.doc["sequence"],
                state,
                command,
            )
            body = event.model_dump_json()
            if len(body.encode()) > LARGEST_EVENT:
                raise Refused("invalid", "event-too-large", "This is more than one event can say.")
            draft.outbox.append(entry(envelope, "events", body))
            ids.append(envelope.id)
        return tuple(ids)

    def _add_people(
        self, draft: _Draft[S], decision: Decision[S], state: S, command: _Command[S]
    ) -> None:
        people = dict(draft.doc["people"])
        for person in decision.people:
            before = people.get(person.person_id, {"sequence": 0, "body": ""})
            if before["body"] == person.body:
                continue
            sequence = before["sequence"] + 1
            envelope = self._envelope(
                person.type_name,
                person.major,
                f"person/{person.person_id}",
                sequence,
                state,
                command,
            )
            people[person.person_id] = {"sequence": sequence, "body": person.body}
            draft.outbox.append(entry(envelope, "people", person.body) | {"key": person.person_id})
        draft.doc["people"] = people

    def _envelope(
        self,
        type_name: str,
        major: int,
        subject: str,
        sequence: int,
        state: S,
        command: _Command[S],
    ) -> Envelope:
        context = command.context
        return Envelope(
            service=self.aggregate.service,
            type=type_name,
            major=major,
            subject=subject,
            sequence=sequence,
            time=utc_text(command.now),
            season=self.aggregate.season_of(state),
            actor=context.actor,
            via=context.via,
            causation_id=context.causation_id,
            correlation_id=context.correlation_id,
            traceparent=context.traceparent,
        )

    async def _write(self, draft: _Draft[S], write: "_Write", *, new: bool) -> bool:
        """True when written, False when another writer was faster."""
        doc = draft.doc
        write.version = doc["version"]
        fields = _fields(draft)
        try:
            if new:
                await self.collection.insert_one(_new_document(draft, write.token))
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


def _fields(draft: _Draft[Any]) -> Document:
    doc, state = draft.doc, draft.state
    assert state is not None
    return {
        "version": doc["version"] + 1,
        "sequence": doc["sequence"],
        "state": state.model_dump(mode="json"),
        "people": doc["people"],
        "heard": doc["heard"],
        "commands": doc["commands"],
        "slot": doc["slot"],
    } | ({"pending": True} if draft.outbox else {})


def _new_document(draft: _Draft[Any], token: str) -> Document:
    begin = {"_id": draft.doc["_id"], "pending": False}
    return begin | _fields(draft) | {"tokens": [token], "outbox": draft.outbox}


def _stored_key(doc: Document, command: _Command[Any]) -> Document | None:
    if command.key is None:
        return None
    stored: Document | None = doc["commands"].get(_key_name(command.key))
    if stored is not None and stored["at"] < _oldest_key(command.now):
        return None
    if stored is not None and stored["fingerprint"] != command.key.fingerprint:
        raise Refused(
            "invalid",
            "idempotency-key-reused",
            "This Idempotency-Key was used before with another request; choose a new one.",
        )
    return stored


def _key_name(key: CommandKey) -> str:
    return hashlib.sha256(key.key.encode()).hexdigest()[:32]


def _remember_key(
    commands: Document, command: _Command[Any], event_ids: tuple[str, ...]
) -> Document:
    """Keys live 24 hours, and at most the 100 newest of a document are kept."""
    assert command.key is not None
    oldest = _oldest_key(command.now)
    kept = sorted(
        ((name, kept) for name, kept in commands.items() if kept["at"] >= oldest),
        key=lambda item: item[1]["at"],
    )[-(KEYS_KEPT - 1) :]
    now = command.now.astimezone(UTC).isoformat()
    fresh = {"fingerprint": command.key.fingerprint, "at": now, "events": list(event_ids)}
    return {**dict(kept), _key_name(command.key): fresh}


def _oldest_key(now: datetime) -> str:
    return (now - KEY_LIFETIME).astimezone(UTC).isoformat()


def _settle(done: "asyncio.Future[Result[S]]", outcome: Result[S] | Exception) -> None:
    if done.done():
        return
    if isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(replace(outcome))
