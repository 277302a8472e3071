"""What a service's history comes to: its own stream as the documents it owns. Pure.

A room says in its `replay.py`, as one `History`, how each of its collections follows from a stream;
comparing, restoring and importing all go by that.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

from pydantic import BaseModel, ConfigDict

from services.kit.aggregate import Aggregate, Document, S, slot_of
from services.kit.envelope import Envelope, Record
from services.kit.fold import Fold, Heard, read_event


class Past(BaseModel, Generic[S]):
    """An aggregate as its own events tell it.

    `heard` has the sequences of others' events that it reacted to, as far as it said something.
    """

    model_config = ConfigDict(frozen=True)
    state: S
    sequence: int = 0
    heard: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class Told:
    """The last record of a person on the service's people topic; an empty one is a tombstone."""

    sequence: int
    body: str | None


People = Mapping[str, Told]


def _nothing(_heard: Heard) -> None:
    return None


def _nobody(_state: Any) -> Iterable[str]:
    return ()


def _as_told(state: S, _people: People) -> S:
    return state


def _inert(_state: Any) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Owned(Generic[S]):
    """A collection of aggregates, and how each document follows from the stream.

    `begin` is the state before the first event, where a draft comes before it. `unsaid` names the
    fields that no event says, dotted: drafts, and what is kept out of the stream on purpose.
    `people` are the persons whose records the document keeps; `complete` fills in what follows
    from those.
    """

    collection: str
    aggregate: Aggregate[S]
    begin: Callable[[Heard], S | None] = _nothing
    unsaid: frozenset[str] = frozenset()
    people: Callable[[S], Iterable[str]] = _nobody
    complete: Callable[[S, People], S] = _as_told
    reacts: bool = False
    """Whether some of its events are reactions to others', which it guards by `heard`."""
    acts: Callable[[S], bool] = _inert
    """Whether the service would do something outside because of a document in this state."""
    refills: str = ""
    """Where the service notes that nothing is missing; without the note it puts that back itself,
    at its start, with what no event says."""

    def fold(self, types: Iterable[str]) -> Fold[Past[S]]:
        """Its own events, of these types, folded into documents."""
        aggregate = self.aggregate
        past_of: type[Past[S]] = Past[aggregate.state]  # type: ignore[name-defined]

        def targets(heard: Heard) -> Iterable[str]:
            kind, _, id = heard.envelope.subject.partition("/")
            return (id,) if kind == aggregate.kind else ()

        def fold_all(past: Past[S] | None, events: Sequence[Heard], _id: str) -> Past[S]:
            before = past.state if past else self.begin(events[0])
            marks = dict(past.heard) if past else {}
            if self.reacts:
                for heard in events:
                    marks |= _cause(heard.envelope)
            state = aggregate.after(before, [(one.event, one.envelope.time) for one in events])
            assert state is not None
            sequence = events[-1].envelope.sequence
            return past_of.model_construct(state=state, sequence=sequence, heard=marks)

        return Fold(
            state=past_of,
            types=frozenset(types),
            targets=targets,
            fold=lambda past, heard, id: fold_all(past, (heard,), id),
            fold_all=fold_all,
        )

    def document(self, id: str, past: Past[S], people: People) -> Document:
        """The document as the store keeps it: the service goes on with the next sequence."""
        state = self.complete(past.state, people)
        return {
            "_id": id,
            "version": past.sequence,
            "sequence": past.sequence,
            "state": state.model_dump(mode="json"),
            "people": {
                person: {"sequence": told.sequence, "body": told.body}
                for person in self.people(past.state)
                if (told := people.get(person)) is not None
            },
            "heard": dict(past.heard),
            "commands": {},
            "tokens": [],
            "slot": slot_of(id),
            "pending": False,
            "outbox": [],
        }


@dataclass(frozen=True, slots=True)
class Counter:
    """A field that no event says, and that must not be below the highest of those it numbered."""

    collection: str
    field: str
    numbered: str
    """The collection of those that got a number."""
    by: str
    """Their field that names the counter's document."""
    number: str


@dataclass(frozen=True, slots=True)
class Projected(Generic[S]):
    """A collection of heard state, and how each document follows from others' streams."""

    collection: str
    fold: Fold[S]
    personal: bool = False
    """Whether its documents hold personal data, which is not shown."""


def _no_topics(_prefix: str) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class History:
    """What a service's state is made of. `said` are the models of its own events by type.

    `heard` follows from the `topics` under a prefix, by the `models` of the events in use there.
    """

    service: str
    said: Mapping[str, Any]
    owned: tuple[Owned[Any], ...]
    counters: tuple[Counter, ...] = ()
    heard: tuple[Projected[Any], ...] = ()
    models: Mapping[str, Any] = field(default_factory=dict)
    topics: Callable[[str], Sequence[str]] = _no_topics

    @property
    def parts(self) -> "tuple[Owned[Any] | Projected[Any], ...]":
        """All collections of documents that history tells."""
        return (*self.owned, *self.heard)

    def read(self, records: Iterable[Record]) -> Iterator[Heard]:
        """The events of these records of the service's own stream.

        Raises Unreadable or ValidationError: what the service said itself, it must understand.
        """
        for record in records:
            envelope = Envelope.from_headers(record.headers)
            if (model := self.said.get(envelope.type)) is not None:
                yield read_event(envelope, record, model, people=False)

    def documents(self, stream: Iterable[Heard], people: People) -> dict[str, dict[str, Document]]:
        """The owned documents that the whole own stream comes to, by collection and id.

        Repeats in the stream change nothing. Holds all documents in memory.
        """
        retelling = Retelling(self)
        retelling.hear(list(stream))
        return retelling.documents(people)


Folded = dict[str, tuple[S, dict[str, int]]]
"""Documents in memory: the state, and the last sequence heard of each subject."""


def fold_all(fold: Fold[S], batch: Iterable[Heard], into: Folded[S] | None = None) -> Folded[S]:
    """The documents after these events; `into`, when given, is changed."""
    documents = {} if into is None else into
    for id, events in fold.by_document(batch).items():
        state, heard = documents.get(id, (None, {}))
        after = fold.advance(id, state, heard, events)
        if after is not None:
            documents[id] = (after, heard)
    return documents


class Retelling:
    """A service's own stream, told again in batches: what it has come to so far."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._folded: list[tuple[Owned[Any], Fold[Past[Any]], Folded[Past[Any]]]] = [
            (owned, owned.fold(history.said), {}) for owned in history.owned
        ]

    def hear(self, batch: Sequence[Heard]) -> None:
        """Go on with these events, in the order of their subjects."""
        for _, fold, pasts in self._folded:
            fold_all(fold, batch, pasts)

    def documents(self, people: People) -> dict[str, dict[str, Document]]:
        """The owned documents, by collection and id."""
        found = {
            owned.collection: {
                id: owned.document(id, past, people) for id, (past, _) in pasts.items()
            }
            for owned, _, pasts in self._folded
        }
        for counter in self._history.counters:
            _count(counter, found)
        return found


def tell_people(records: Iterable[Record], into: dict[str, Told]) -> None:
    """Add these records of a people topic; a person's last one stands."""
    for record in records:
        envelope = Envelope.from_headers(record.headers)
        before = into.get(envelope.aggregate_id)
        if before is None or envelope.sequence > before.sequence:
            body = record.value.decode() if record.value is not None else None
            into[envelope.aggregate_id] = Told(envelope.sequence, body)


def _cause(envelope: Envelope) -> dict[str, int]:
    """What was heard, when the event is a reaction to another service's."""
    origin, _, sequence = envelope.causation_id.rpartition(":")
    if not sequence.isdigit() or origin.startswith(f"{envelope.service}/"):
        return {}
    return {origin: int(sequence)}


def _count(counter: Counter, found: Mapping[str, Mapping[str, Document]]) -> None:
    for document in found[counter.numbered].values():
        state = document["state"]
        counted = found[counter.collection].get(state[counter.by])
        if counted is not None and state[counter.number]:
            fields = counted["state"]
            fields[counter.field] = max(fields[counter.field], state[counter.number])


def unsaid_apart(state: Mapping[str, Any], unsaid: Iterable[str]) -> Document:
    """The state without the fields that no event says; what is compared."""
    kept = dict(state)
    for path in unsaid:
        head, _, rest = path.partition(".")
        if not rest:
            kept.pop(head, None)
        elif isinstance(kept.get(head), Mapping):
            kept[head] = unsaid_apart(kept[head], (rest,))
    return kept


def with_unsaid(
    state: Mapping[str, Any], before: Mapping[str, Any], unsaid: Iterable[str]
) -> Document:
    """The state with the fields that no event says as they were before, where they were."""
    kept = dict(state)
    for path in unsaid:
        head, _, rest = path.partition(".")
        if head not in before:
            continue
        if not rest:
            kept[head] = before[head]
        elif isinstance(kept.get(head), Mapping) and isinstance(before[head], Mapping):
            kept[head] = with_unsaid(kept[head], before[head], (rest,))
    return kept
