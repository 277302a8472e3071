"""Commands applied to a document in memory: the state, events and people they come to. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic

from services.kit.aggregate import (
    Aggregate,
    CommandKey,
    Decide,
    Decision,
    Document,
    Result,
    S,
    entry,
    slot_of,
)
from services.kit.envelope import Context, Envelope, utc_text
from services.kit.refusal import Refused

LARGEST_OUTBOX = 2_000
LARGEST_EVENT = 900_000
"""Bytes of a body; one that the broker does not take would hold up its partition for ever."""
KEYS_KEPT = 100
KEY_LIFETIME = timedelta(hours=24)


@dataclass(slots=True)
class Command(Generic[S]):
    """One command on one document, with what it came with."""

    decide: Decide[S]
    context: Context
    now: datetime
    key: CommandKey | None = None
    heard: tuple[str, int] | None = None


@dataclass(slots=True)
class Draft(Generic[S]):
    """A document being changed in memory, and what each command of the group came to."""

    doc: Document
    state: S | None
    outbox: list[Document] = field(default_factory=list)
    changed: bool = False
    results: list[Result[S] | Exception] = field(default_factory=list)


class Deciding(Generic[S]):
    """Applies groups of commands to documents of one kind of aggregate."""

    def __init__(self, aggregate: Aggregate[S]) -> None:
        self.aggregate = aggregate

    def decide_all(
        self, id: str, doc: Document | None, group: Sequence[Command[S]], sequence: int = 0
    ) -> Draft[S]:
        """Apply the commands one after the other; one that is refused leaves no trace.

        Without a document it is a new one, whose events are counted on from `sequence`.
        """
        fresh = doc is None
        doc = doc or {
            "_id": id,
            "version": 0,
            "sequence": sequence,
            "people": {},
            "heard": {},
            "commands": {},
            "slot": slot_of(id),
            "outbox": [],
        }
        state = None if fresh else self.aggregate.state.model_validate(doc["state"])
        draft: Draft[S] = Draft(doc, state)
        for command in group:
            before, said = dict(draft.doc), len(draft.outbox)
            try:
                draft.results.append(self._decide_one(draft, command))
            except Exception as error:  # noqa: BLE001 - it is this command's own answer
                draft.doc = before
                del draft.outbox[said:]
                draft.results.append(error)
        return draft

    def _decide_one(self, draft: Draft[S], command: Command[S]) -> Result[S]:
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
        at = utc_text(command.now)
        state = self.aggregate.after(state, [(event, at) for event in decision.events])
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
        self, draft: Draft[S], decision: Decision[S], state: S, command: Command[S]
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
        self, draft: Draft[S], decision: Decision[S], state: S, command: Command[S]
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
        command: Command[S],
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


def fields_of(draft: Draft[Any]) -> Document:
    """What is set in the document when the draft is written."""
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


def new_document(draft: Draft[Any], token: str) -> Document:
    """The whole document, when it is new."""
    begin = {"_id": draft.doc["_id"], "pending": False}
    return begin | fields_of(draft) | {"tokens": [token], "outbox": draft.outbox}


def _stored_key(doc: Document, command: Command[Any]) -> Document | None:
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
    commands: Document, command: Command[Any], event_ids: tuple[str, ...]
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
