"""Fairness telemetry as figures for Prometheus: of open rounds, coarse, and nobody's own.

Anybody on the operator's network may read /metrics, so a figure must not tell a sheet: differences
are rounded to half points, looked at once a minute at most, and given only where they rest on
enough sheets and projects. No figure names a judge or a project.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial

from services.kit.metrics import Figure
from services.kit.refusal import Refused
from services.kit.service import Service
from services.scoring import procedure
from services.scoring.domain.fairness import Fairness, Group
from services.scoring.fairness_api import looked_at
from services.scoring.store import Judging

FRESH_SECONDS = 60.0
Value = Callable[[Fairness], Decimal | int | None]


class Telemetry:
    """Looks at every round that is being judged."""

    def __init__(self, judging: Judging, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._judging = judging
        self._fresh_seconds = fresh_seconds
        self._looked_at = -fresh_seconds
        self._found: Sequence[Fairness] = ()

    def told_by(self, service: Service) -> None:
        """Have the service tell these figures."""
        for name in FIGURES:
            service.figure(partial(self.figure, name))

    async def figure(self, name: str) -> Figure:
        """One of `FIGURES`, by round."""
        text, value = FIGURES[name]
        values = {one.round_id: value(one) for one in await self._open_rounds()}
        known = {id: float(found) for id, found in values.items() if found is not None}
        return Figure(f"judging_{name}", text, known, label="round")

    async def _open_rounds(self) -> Sequence[Fairness]:
        if time.monotonic() - self._looked_at >= self._fresh_seconds:
            self._found = [found async for found in self._look()]
            self._looked_at = time.monotonic()
        return self._found

    async def _look(self) -> AsyncIterator[Fairness]:
        for id, _ in await self._judging.rounds.find({"state.cut": None}):
            try:
                stage = await procedure.find_stage(self._judging, id)
                yield await looked_at(self._judging, stage)
            except (Refused, KeyError):
                continue  # what was heard of its season or projects is being folded anew


def coarse(value: Decimal | None) -> Decimal | None:
    """To half points."""
    if value is None:
        return None
    return (value * 2).quantize(Decimal(1), ROUND_HALF_EVEN) / 2


def widest(groups: Sequence[Group]) -> Decimal | None:
    """The largest difference of a group against the rest, whichever way."""
    found = [abs(one.against_rest) for one in groups if one.against_rest is not None]
    return coarse(max(found, default=None))


FIGURES: Mapping[str, tuple[str, Value]] = {
    "share_done": (
        "Share of the due score sheets that are handed in, of a round that is open",
        lambda found: found.share_done,
    ),
    "drifting_judges": (
        "Judges whose severity has changed by more than two standard errors",
        lambda found: sum(1 for one in found.judges if one.stands_out),
    ),
    "order_effect_points": (
        "Points that a judge's last project gets more than the first, to half points",
        lambda found: coarse(found.order_effect),
    ),
    "city_village_points": (
        "Mean of projects in cities less that of projects in villages, to half points",
        lambda found: coarse(found.city_less_village),
    ),
    "language_points": (
        "The widest difference of a language's projects against the rest, to half points",
        lambda found: widest(found.languages),
    ),
}
