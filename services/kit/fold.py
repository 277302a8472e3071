"""What hearing means to a domain: an event that was heard, and how it changes documents. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from services.kit.envelope import Envelope, Record

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
