"""Ranking: exact arithmetic on the effective sheets, the same bytes for any order of arrival."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from statistics import median

from schemas.base import Moment, Slug, Uuid
from schemas.canonical import canonical_hash, contract_hash, inputs_hash
from schemas.scoring import AssignmentsDrawn, RankedProject, RankingComputed
from schemas.season import RoundDefinition
from services.scoring.domain.base import State
from services.scoring.domain.evaluation import Evaluation, Sheet
from services.scoring.domain.heard import HeardProject

SHOWN = Decimal("0.000001")
DRAW_SEQUENCE = 1
"""A round begins with its draw."""


class Candidate(State):
    """A project with its evaluation, as a round's closing left it."""

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


def compute_ranking(
    drawn: AssignmentsDrawn, stage: RoundDefinition, candidates: Sequence[Candidate]
) -> RankingComputed:
    """Rank the candidates by the ruleset; a pure function of their events and the round's draw."""
    inputs = inputs_hash(
        event for candidate in candidates for event in candidate.evaluation.score_events()
    )
    table = ranked(drawn.seed, stage, [candidate.entrant for candidate in candidates])
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
    )


def ranked(
    seed: str, stage: RoundDefinition, entrants: Sequence[Entrant]
) -> tuple[RankedProject, ...]:
    """The table: the same for any order of the entrants. `seed` is that of the round's draw."""
    keyed = sorted(
        ((_sort_key(entrant, stage, seed), entrant) for entrant in entrants),
        key=lambda item: (item[0], item[1].project_id),
    )
    return tuple(
        RankedProject(
            rank=index + 1,
            project_id=entrant.project_id,
            nomination=entrant.nomination,
            total=shown(_total(entrant.sheets, stage)),
            sheets=len(entrant.sheets),
            tied_with_next=index + 1 < len(keyed) and keyed[index + 1][0] == key,
        )
        for index, (key, entrant) in enumerate(keyed)
    )


def table_hash(table: Sequence[RankedProject]) -> str:
    """The hash of a ranking's table."""
    return canonical_hash([row.model_dump(mode="json") for row in table])


def sheet_total(sheet: Sheet, stage: RoundDefinition) -> Fraction:
    """The weighted mean of the points on one sheet; a criterion left out counts nowhere."""
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


def _total(sheets: Sequence[Sheet], stage: RoundDefinition) -> Fraction:
    totals = [sheet_total(sheet, stage) for sheet in sheets]
    return sum(totals, Fraction(0)) / len(totals) if totals else Fraction(0)


def _sort_key(
    entrant: Entrant, stage: RoundDefinition, seed: str
) -> tuple[Fraction | datetime | str, ...]:
    """Smaller is better: the total, then each step of the declared tie-break chain."""
    sheets = entrant.sheets
    key: list[Fraction | datetime | str] = [-_total(sheets, stage)]
    for step in stage.tie_break:
        if step.startswith("criterion:"):
            key.append(-_criterion_mean(sheets, step.removeprefix("criterion:")))
        elif step == "median":
            totals = [sheet_total(sheet, stage) for sheet in sheets]
            key.append(-Fraction(median(totals)) if totals else Fraction(0))
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
