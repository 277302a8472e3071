"""What an aggregate is: its pure functions, what a command comes to, and its outbox entries."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from zlib import crc32

from pydantic import BaseModel

from services.kit.envelope import Envelope, Payload

S = TypeVar("S", bound=BaseModel)
Document = dict[str, Any]

EvolveAll = Callable[[S | None, Sequence[tuple[Any, datetime]]], S]

SLOTS = 16
"""Documents are spread over this many slots, which relays share."""


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[S]):
    """What the store must know of a kind of aggregate. `evolve` and `evolve_all` are pure."""

    service: str
    kind: str
    state: type[S]
    evolve: Callable[[S | None, Any], S]
    season_of: Callable[[S], str]
    evolve_all: EvolveAll[S] | None = None
    """The state after several events, each with the moment at which it was said. It comes to what
    `evolve` comes to, one by one; only it may keep something of the moments. For a state that
    does, or that has so many events that copying it for each takes long."""

    def after(self, state: S | None, events: Iterable[tuple[Any, str]]) -> S | None:
        """The state after these events, each with its `ce_time`."""
        said = [(event, datetime.fromisoformat(time)) for event, time in events]
        if self.evolve_all is not None and said:
            return self.evolve_all(state, said)
        for event, _ in said:
            state = self.evolve(state, event)
        return state


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person met by an aggregate: goes to the `people` topic and into the document's `people`."""

    person_id: str
    type_name: str
    major: int
    body: str | None
    """JSON of the record; None is a tombstone."""


@dataclass(frozen=True, slots=True)
class Decision(Generic[S]):
    """What a command comes to: events, or a draft that says nothing, or neither."""

    events: Sequence[Payload] = ()
    draft: S | None = None
    people: Sequence[PersonRecord] = ()


Decide = Callable[[S | None], Decision[S]]


@dataclass(frozen=True, slots=True)
class CommandKey:
    """A client's Idempotency-Key and the fingerprint of the request it came with."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Result(Generic[S]):
    """What was written. `repeated` is true when the command had been carried out before."""

    id: str
    state: S
    version: int
    event_ids: tuple[str, ...]
    repeated: bool = False


def entry(envelope: Envelope, stream: str, body: str | bytes | None) -> Document:
    """One outbox entry: everything the relay needs to put the record on the wire."""
    return {
        "id": envelope.id,
        "stream": stream,
        "key": envelope.subject,
        "at": envelope.time,
        "headers": [list(header) for header in envelope.headers()],
        "body": body,
    }


def slot_of(id: str) -> int:
    """The slot that a document is in."""
    return crc32(id.encode()) % SLOTS


def fingerprint(*parts: str) -> str:
    """What tells a request from another one sent under the same Idempotency-Key."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
