"""What is kept of a subject while a record is read: how far it goes, and a print of each event.

Eight bytes an event are enough to tell a repeat from a second content.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

LARGEST_GAP = 10_000
_CONTENT = (
    *("ce_type", "ce_time", "ce_dataschema", "ce_season", "ce_actor", "ce_via"),
    *("ce_causationid", "ce_correlationid", "traceparent"),
)

Values = Mapping[str, bytes]
Appearance = Literal["next", "gap", "late", "repeat", "other"]
"""How an event follows those of its subject: as the next, after a gap, out of its order, as a
repeat, or as another content of an id that is taken."""


@dataclass(slots=True)
class Subject:
    """What is kept of one aggregate: how far its events go, and what its rules remember."""

    service: str
    name: str
    partition: int
    last: int = 0
    first_kept: int = 1
    prints: "array[int]" = field(default_factory=lambda: array("q"))
    season: bytes | None = None
    trace: Any = None

    @property
    def origin(self) -> str:
        """`<service>/<kind>/<id>`, as cuts name it."""
        return f"{self.service}/{self.name}"

    @property
    def id(self) -> str:
        """The aggregate's id, without its kind."""
        return self.name.partition("/")[2]

    def take(self, sequence: int, print_: int) -> Appearance:
        """Note an event, and say how it appears after those before it."""
        if sequence == self.last + 1:
            self.last = sequence
            self.prints.append(print_)
            return "next"
        if sequence > self.last:
            missing = sequence - self.last - 1
            if missing > LARGEST_GAP:
                self.first_kept, self.prints = sequence, array("q")
            else:
                self.prints.extend([0] * missing)
            self.last = sequence
            self.prints.append(print_)
            return "gap"
        index = sequence - self.first_kept
        before = self.prints[index] if index >= 0 else 0
        if before == 0:
            return "late"
        return "repeat" if before == print_ else "other"


def print_of(values: Values, body: bytes | None) -> int:
    """Tells two contents of one event apart. It means nothing in another process.

    Python's hash is keyed anew in each process: nobody can prepare two contents with one print.
    """
    return hash((body, *map(values.get, _CONTENT))) or 1
