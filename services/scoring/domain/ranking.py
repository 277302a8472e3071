"""Ranking: exact arithmetic on the effective sheets, the same bytes for any order of arrival."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from statistics import median

from schemas.base import Moment, Slug, Uuid
from schemas.canonical import canonical_hash, contract_hash, inputs_hash
from schemas.scoring import AssignmentsDrawn, FewSheets, JudgeScale, RankedProject, RankingComputed
from schemas.season import RoundDefinition
from services.scoring.domain import normalisation
from services.scoring.domain.base import State
from services.scoring.domain.evaluation import Evaluation, Sheet
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.tally import Columns, Scale, Totals, columns, scaled, totals

SHOWN = Decimal("0.000001")
DRAW_SEQUENCE = 1
"""A round begins with its draw."""
SortKey = tuple[Fraction | datetime | str, ...]


class Candidate(State):
    """A project with its evaluation: everything its rank depends on."""

    evaluation: Evaluation
    project: HeardProject

    @property
    def entrant(self) -> "Entrant":
        """What of it counts."""
        return Entrant(
            project_id=self.project.project_id,
            nomination=self.project.content.nomination,
            first_submitted_at=self.project.first_submitted_at,
            sheets=self.evaluation.effective(),
        )


class Entrant(State):
    """Everything that a project's rank depends on. `sheets` are the effective ones."""

    project_id: Uuid
    nomination: Slug
    first_submitted_at: Moment
    sheets: tuple[Sheet, ...]

    def without(self, judge_id: str) -> "Entrant":
        """As it would be had this judge never handed in a sheet."""
        kept = tuple(sheet for sheet in self.sheets if sheet.judge_id != judge_id)
        return self.model_copy(update={"sheets": kept})


@dataclass(frozen=True, slots=True)
class Tally:
    """The sheets of a round's entrants, and what the ruleset makes of them.

    Entrants and judges are in the order of their ids. `raw` and `counting` are the same thing
    where the round does not normalise.
    """

    entrants: tuple[Entrant, ...]
    judges: tuple[str, ...]
    sheets: Columns
    scales: tuple[Scale, ...]
    raw: tuple[Fraction, ...]
    counting: tuple[Fraction, ...]


def tally(stage: RoundDefinition, entrants: Sequence[Entrant]) -> Tally:
    """Add up the sheets; the same for any order of the entrants."""
    ordered = tuple(sorted(entrants, key=lambda one: one.project_id))
    judges = sorted({sheet.judge_id for one in ordered for sheet in one.sheets})
    index = {judge: number for number, judge in enumerate(judges)}
    own = {one.nomination: stage.within(one.nomination) for one in ordered}
    sheets = columns(
        [
            (number, index[sheet.judge_id], sheet_total(sheet, own[one.nomination]))
            for number, one in enumerate(ordered)
            for sheet in one.sheets
        ],
        len(ordered),
        len(judges),
    )
    how = stage.aggregation or "mean"
    scales = tuple(normalisation.scales(sheets, stage.normalisation))
    raw = _exact(totals(sheets, how), len(ordered))
    counting = raw
    if stage.normalisation:
        counting = _exact(totals(scaled(sheets, scales), how), len(ordered))
    return Tally(ordered, tuple(judges), sheets, scales, raw, counting)


def compute_ranking(
    drawn: AssignmentsDrawn,
    stage: RoundDefinition,
    candidates: Sequence[Candidate],
    few_sheets: FewSheets | None = None,
) -> RankingComputed:
    """Rank the candidates by the ruleset; a pure function of their events and the round's draw.

    `few_sheets` goes on record with it, and changes nothing in the table.
    """
    inputs = inputs_hash(
        event for candidate in candidates for event in candidate.evaluation.score_events()
    )
    tallied = tally(stage, [candidate.entrant for candidate in candidates])
    table = _table(tallied, stage, drawn.seed)
    cut = {f"scoring/round/{drawn.round_id}": DRAW_SEQUENCE}
    cut |= {candidate.evaluation.origin: candidate.evaluation.said for candidate in candidates}
    cut |= {candidate.project.origin: candidate.project.sequence for candidate in candidates}
    return RankingComputed(
        round_id=drawn.round_id,
        ruleset_hash=contract_hash(stage),
        cut=dict(sorted(cut.items())),
        inputs_hash=inputs,
        table_hash=table_hash(table),
        table=table,
        judges=judge_scales(tallied) if stage.normalisation else None,
        few_sheets=few_sheets,
    )


def ranked(
    seed: str, stage: RoundDefinition, entrants: Sequence[Entrant]
) -> tuple[RankedProject, ...]:
    """The table: the same for any order of the entrants. `seed` is that of the round's draw."""
    return _table(tally(stage, entrants), stage, seed)


def ranked_ids(tallied: Tally, stage: RoundDefinition, seed: str) -> list[str]:
    """The projects from the best to the least."""
    return [tallied.entrants[number].project_id for _, number in _keyed(tallied, stage, seed)]


def table_hash(table: Sequence[RankedProject]) -> str:
    """The hash of a ranking's table."""
    return canonical_hash([row.model_dump(mode="json") for row in table])


def _keyed(tallied: Tally, stage: RoundDefinition, seed: str) -> list[tuple[SortKey, int]]:
    """The entrants' numbers with what they are sorted by, the best first; last who has no sheet."""
    keyed = [
        (sort_key(entrant, tallied.counting[number], stage, seed), number)
        for number, entrant in enumerate(tallied.entrants)
    ]
    return sorted(keyed, key=lambda found: (not tallied.entrants[found[1]].sheets, *found))


def _table(tallied: Tally, stage: RoundDefinition, seed: str) -> tuple[RankedProject, ...]:
    keyed = _keyed(tallied, stage, seed)

    def tied(key: SortKey, following: tuple[SortKey, int]) -> bool:
        """Nothing is at stake between projects that nobody scored."""
        return following[0] == key and bool(tallied.entrants[following[1]].sheets)

    rows = []
    for place, (key, number) in enumerate(keyed, start=1):
        entrant = tallied.entrants[number]
        rows.append(
            RankedProject(
                rank=place,
                project_id=entrant.project_id,
                nomination=entrant.nomination,
                total=shown(tallied.raw[number]),
                sheets=len(entrant.sheets),
                tied_with_next=place < len(keyed) and tied(key, keyed[place]),
                normalised=shown(tallied.counting[number]) if stage.normalisation else None,
            )
        )
    return tuple(rows)


def judge_scales(tallied: Tally) -> tuple[JudgeScale, ...]:
    """What normalisation made of each judge, in the order of their ids."""
    return tuple(
        JudgeScale(
            judge_id=judge,
            scale=Decimal(one.scale).scaleb(-12),
            offset=Decimal(one.offset).scaleb(-12),
        )
        for judge, one in zip(tallied.judges, tallied.scales, strict=True)
    )


def _exact(found: Totals, count: int) -> tuple[Fraction, ...]:
    return tuple(found.exact(number) for number in range(count))


def sheet_total(sheet: Sheet, stage: RoundDefinition) -> Fraction:
    """The weighted mean of the points on one sheet; a criterion left out counts nowhere.

    `stage` is the round within the project's nomination, whose criteria may be others.
    """
    weights = {criterion.id: Fraction(criterion.weight) for criterion in stage.criteria}
    weight = sum((weights[item.criterion] for item in sheet.points), Fraction(0))
    points = sum(
        (weights[item.criterion] * Fraction(item.points) for item in sheet.points), Fraction(0)
    )
    return points / weight if weight else Fraction(0)


def shown(value: Fraction) -> Decimal:
    """An exact value as the table shows it: six decimals, half even."""
    exact = Decimal(value.numerator * 10**7 // value.denominator)
    # Seven digits decide the sixth, except exactly half way, where the remainder decides.
    remainder = value.numerator * 10**7 % value.denominator
    nudge = Decimal("0.1") if remainder else Decimal(0)
    return ((exact + nudge) / 10**7).quantize(SHOWN, ROUND_HALF_EVEN)


def sort_key(entrant: Entrant, total: Fraction, stage: RoundDefinition, seed: str) -> SortKey:
    """Smaller is better: the total, then each step of the declared tie-break chain.

    What is the better the larger it is, is negative here: every Fraction.
    """
    key: list[Fraction | datetime | str] = [-total]
    for step in stage.tie_break:
        if step.startswith("criterion:"):
            key.append(-_criterion_mean(entrant.sheets, step.removeprefix("criterion:")))
        elif step == "median":
            own = stage.within(entrant.nomination)
            each = [sheet_total(sheet, own) for sheet in entrant.sheets]
            key.append(-Fraction(median(each)) if each else Fraction(0))
        elif step == "earliest-submission":
            key.append(entrant.first_submitted_at)
        else:
            lot = f"{seed}/lot/{entrant.project_id}"
            key.append(hashlib.sha256(lot.encode()).hexdigest())
    return tuple(key)


def _criterion_mean(sheets: Sequence[Sheet], criterion: str) -> Fraction:
    points = [
        Fraction(item.points)
        for sheet in sheets
        for item in sheet.points
        if item.criterion == criterion
    ]
    return sum(points, Fraction(0)) / len(points) if points else Fraction(0)
