"""What hearing means to a domain: an event that was heard, and how it changes documents. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from services.kit.envelope import Envelope, Record, Unreadable

S = TypeVar("S", bound=BaseModel)


class Heard(NamedTuple):
    """One readable event of a type in use. `event` is None for a tombstone on a people topic."""

    envelope: Envelope
    event: Any
    record: Record


@dataclass(frozen=True, slots=True)
class Fold(Generic[S]):
    """How events become documents. All functions are pure.

    `targets` names the documents that an event changes; `fold` gives a document's next state.
    """

    state: type[S]
    types: frozenset[str]
    targets: Callable[[Heard], Iterable[str]]
    fold: Callable[[S | None, Heard, str], S]
    fold_all: Callable[[S | None, Sequence[Heard], str], S] | None = None
    """What `fold` comes to, one event by one, where that can be had in one go."""

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
        it was heard before. Where folding fails, `heard` stays as it was.
        """
        marks = dict(heard)
        fresh = []
        for event in events:
            envelope = event.envelope
            origin = envelope.origin
            if envelope.sequence > marks.get(origin, 0):
                marks[origin] = envelope.sequence
                fresh.append(event)
        if not fresh:
            return None
        after = self._after(id, state, fresh)
        heard |= marks
        return after

    def _after(self, id: str, state: S | None, fresh: Sequence[Heard]) -> S | None:
        if self.fold_all is not None:
            return self.fold_all(state, fresh, id)
        for event in fresh:
            state = self.fold(state, event, id)
        return state


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
