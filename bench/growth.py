"""How time and memory grow with the number of events."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Spent:
    """What one run took."""

    events: int
    seconds: float
    peak_mb: float
    """The most memory that its process has held."""


@dataclass(frozen=True, slots=True)
class Growth:
    """The same work on fewer events, and on more."""

    name: str
    fewer: Spent
    more: Spent

    @property
    def seconds(self) -> float:
        """Seconds an event, the larger run's by the smaller's; 1 is linear."""
        return (self.more.seconds / self.more.events) / (self.fewer.seconds / self.fewer.events)

    @property
    def memory(self) -> float:
        """Peak memory, the larger run's by the smaller's; 1 is flat."""
        return self.more.peak_mb / self.fewer.peak_mb

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "seconds_an_event": round(self.seconds, 3),
            "peak_memory": round(self.memory, 3),
            "runs": [
                {
                    "events": spent.events,
                    "seconds": round(spent.seconds, 2),
                    "peak_mb": round(spent.peak_mb, 1),
                }
                for spent in (self.fewer, self.more)
            ],
        }

    def __str__(self) -> str:
        runs = ", ".join(
            f"{one.events} events in {one.seconds:.1f} s with {one.peak_mb:.0f} MB"
            for one in (self.fewer, self.more)
        )
        return (
            f"{self.name}: {runs}; seconds an event ×{self.seconds:.2f}, memory ×{self.memory:.2f}"
        )
