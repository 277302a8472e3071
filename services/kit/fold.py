"""What hearing means to a domain: an event that was heard, and how it changes documents. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from services.kit.envelope import Envelope, Record, Unreadable

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Heard:
    """One readable event of a type in use. `event` is None for a tombstone on a people topic."""

    envelope: Envelope
    event: Any
    record: Record


@dataclass(frozen=True, slots=True)
class Fold(Generic[S]):
    """How events become documents. Both functions are pure.

    `targets` names the documents that an event changes; `fold` gives a document's next state.
    """

    state: type[S]
    types: frozenset[str]
    targets: Callable[[Heard], Iterable[str]]
    fold: Callable[[S | None, Heard, str], S]

    def by_document(self, batch: Iterable[Heard]) -> dict[str, list[Heard]]:
        """The events that change documents, by document, each in order."""
        found: dict[str, list[Heard]] = {}
        for heard in batch:
            if heard.envelope.type in self.types:
                for id in self.targets(heard):
                    found.setdefault(id, []).append(heard)
        return found

    def advance(
        self, id: str, state: S | None, heard: dict[str, int], events: Sequence[Heard]
    ) -> S | None:
        """The document's state after these events; None when they change nothing.

        `heard` has the last sequence of each subject, and is brought up to date. What is not above
        it was heard before.
        """
        changed = False
        for event in events:
            envelope = event.envelope
            if envelope.sequence <= heard.get(envelope.origin, 0):
                continue
            state = self.fold(state, event, id)
            heard[envelope.origin] = envelope.sequence
            changed = True
        return state if changed else None


def read_event(envelope: Envelope, record: Record, model: Any, *, people: bool) -> Heard:
    """The event that a record says, whose type this model is for.

    `people` says whether its topic may hold tombstones. Raises Unreadable or ValidationError.
    """
    if envelope.major != model.MAJOR:
        raise Unreadable(f"{envelope.type} v{envelope.major} is not known, v{model.MAJOR} is")
    if record.value is None:
        if not people:
            raise Unreadable("a tombstone, on a topic that has none")
        return Heard(envelope, None, record)
    return Heard(envelope, model.model_validate_json(record.value), record)
