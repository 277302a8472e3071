"""How firm a ranking is at its line: without each judge, and with sheets drawn again. Pure."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from schemas.base import Points, Uuid
from schemas.season import RoundDefinition
from services.scoring.domain.base import State
from services.scoring.domain.ranking import Candidate, Tally, ranked_ids, tally
from services.scoring.domain.tally import Column, Columns, scaled, totals

SAMPLES = 200
LOW, HIGH = 5, 95
"""Percentiles of the ranks that a project had in the samples."""
SWAPPED = Fraction(5, 100)
"""Neighbours that swap in more than this share of the samples are not told apart."""


class LeftOut(State):
    """What the line would be without one judge's sheets."""

    judge_id: Uuid
    comes_in: tuple[Uuid, ...]
    falls_out: tuple[Uuid, ...]
    moved: int
    """How many projects would have another rank."""


class Spread(State):
    """Where one project came in the samples."""

    project_id: Uuid
    rank: int
    low: int
    high: int
    above_line: Points
    """The share of the samples in which it was above the line, from 0 to 1."""
    told_apart_from_next: bool


class Fragility(State):
    """The report on one ranking; the same for the same cut, ruleset and seed."""

    limit: int
    samples: int
    seed: str
    judges: tuple[LeftOut, ...]
    projects: tuple[Spread, ...]


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A ranking whose candidates are counted from the best."""

    tallied: Tally
    order: tuple[int, ...]
    limit: int


def fragility(seed: str, stage: RoundDefinition, candidates: Sequence[Candidate]) -> Fragility:
    """Look at the ranking that these candidates give under this ruleset."""
    tallied = tally(stage, [one.entrant for one in candidates])
    index = {one.project_id: number for number, one in enumerate(tallied.entrants)}
    order = tuple(index[id] for id in ranked_ids(tallied, stage, seed))
    ranked = _Ranked(tallied, order, stage.limit)
    return Fragility(
        limit=stage.limit,
        samples=SAMPLES,
        seed=f"{seed}/bootstrap",
        judges=tuple(_without(ranked, judge, stage, seed) for judge in tallied.judges),
        projects=tuple(_spreads(ranked, stage, f"{seed}/bootstrap")),
    )


def _without(ranked: _Ranked, judge: str, stage: RoundDefinition, seed: str) -> LeftOut:
    others = [one.without(judge) for one in ranked.tallied.entrants]
    before = [ranked.tallied.entrants[number].project_id for number in ranked.order]
    after = ranked_ids(tally(stage, others), stage, seed)
    inside, then = set(before[: stage.limit]), set(after[: stage.limit])
    return LeftOut(
        judge_id=judge,
        comes_in=tuple(id for id in after if id in then - inside),
        falls_out=tuple(id for id in before if id in inside - then),
        moved=sum(1 for one, other in zip(before, after, strict=True) if one != other),
    )


def _spreads(ranked: _Ranked, stage: RoundDefinition, seed: str) -> Iterator[Spread]:
    places = _samples(ranked, stage, seed)
    last = len(ranked.order) - 1
    for rank, number in enumerate(ranked.order):
        mine = places[:, number]
        swaps = 0
        if rank < last:
            swaps = int((places[:, ranked.order[rank + 1]] < mine).sum())
        above = Fraction(int((mine < ranked.limit).sum()), SAMPLES)
        yield Spread(
            project_id=ranked.tallied.entrants[number].project_id,
            rank=rank + 1,
            low=_percentile(mine, LOW),
            high=_percentile(mine, HIGH),
            above_line=Decimal(above.numerator) / above.denominator,
            told_apart_from_next=Fraction(swaps, SAMPLES) <= SWAPPED,
        )


def _samples(ranked: _Ranked, stage: RoundDefinition, seed: str) -> Column:
    """The place (from 0) of each project in each sample; equal totals keep the ranking's order."""
    sheets = scaled(ranked.tallied.sheets, ranked.tallied.scales)
    own = [np.flatnonzero(sheets.projects == n) for n in range(sheets.project_count)]
    places = np.zeros((SAMPLES, len(ranked.order)), dtype=np.int64)
    best_first = np.array(ranked.order, dtype=np.int64)
    standing = np.empty_like(best_first)
    standing[best_first] = np.arange(len(best_first))
    for sample in range(SAMPLES):
        chosen = np.concatenate([_drawn(found, f"{seed}/{sample}/{n}") for n, found in _some(own)])
        drawn = Columns(
            standing[sheets.projects[chosen]],
            sheets.judges[chosen],
            sheets.values[chosen],
            sheets.unit,
            sheets.project_count,
            sheets.judge_count,
        )
        order = totals(drawn, stage.aggregation or "mean").order()
        places[sample, best_first[order]] = np.arange(len(order))
    return places


def _some(own: Sequence[Column]) -> Iterator[tuple[int, Column]]:
    yield from ((number, found) for number, found in enumerate(own) if len(found))


def _drawn(sheets: Column, seed: str) -> Column:
    """As many of these sheets as there are, with replacement: 4 bytes of SHA-256 for each."""
    taken: list[int] = []
    block = 0
    while len(taken) < len(sheets):
        digest = hashlib.sha256(f"{seed}/{block}".encode()).digest()
        taken += [int.from_bytes(digest[at : at + 4]) % len(sheets) for at in range(0, 32, 4)]
        block += 1
    drawn: Column = sheets[np.array(taken[: len(sheets)])]
    return drawn


def _percentile(places: Column, percent: int) -> int:
    """The nearest-rank percentile of the places, as a rank from 1."""
    ordered = np.sort(places)
    return int(ordered[max(0, -(-percent * len(ordered) // 100) - 1)]) + 1
