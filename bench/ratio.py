"""What a comparison comes to: interleaved rounds of ours and of the limit, and their medians."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Round = Callable[[int], Awaitable[float]]
"""Runs the round of this number once; returns the seconds that it took."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two ways of doing the same work. `units` are done in every round, by each of the two."""

    name: str
    unit: str
    units: int
    ours: Round
    limit: Round


@dataclass(slots=True)
class Ratio:
    """What was measured, round by round, in units a second."""

    name: str
    unit: str
    units: int
    ours: list[float] = field(default_factory=list)
    limit: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Ours by the limit of the same round, which had the same neighbours on the machine."""
        return [ours / limit for ours, limit in zip(self.ours, self.limit, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return median(self.ratios)

    def as_json(self) -> dict[str, Any]:
        """For line.json: medians, and every round."""
        return {
            "unit": f"{self.unit}/s",
            "units_a_round": self.units,
            "ratio": round(self.ratio, 3),
            "ours": round(median(self.ours), 1),
            "limit": round(median(self.limit), 1),
            "rounds": {
                "ratio": [round(value, 3) for value in self.ratios],
                "ours": [round(value, 1) for value in self.ours],
                "limit": [round(value, 1) for value in self.limit],
            },
        }


async def compare(comparison: Comparison, rounds: int, done: Callable[[str, float], None]) -> Ratio:
    """Run ours, the limit, ours, the limit, …; a neighbour's noise hits both alike."""
    ratio = Ratio(comparison.name, comparison.unit, comparison.units)
    for number in range(1, rounds + 1):
        ratio.ours.append(comparison.units / await comparison.ours(number))
        done("ours", ratio.ours[-1])
        ratio.limit.append(comparison.units / await comparison.limit(number))
        done("limit", ratio.limit[-1])
    return ratio
