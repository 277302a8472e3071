"""Score sheets: handing in, changing, voiding, sealing."""

from collections.abc import Sequence
from decimal import Decimal

from schemas.scoring import (
    CriterionPoints,
    ScoreRecorded,
    ScoresSealed,
    ScoringEvent,
)
from schemas.season import Criterion, RoundDefinition
from services.kit.refusal import Fault, Refused
from services.scoring.domain.assignment import require_active
from services.scoring.domain.base import invalid
from services.scoring.domain.evaluation import Evaluation, sealed, voiding
from services.scoring.domain.final import require_begun
from services.scoring.domain.heard import HeardProject


def record_score(
    evaluation: Evaluation | None,
    *,
    stage: RoundDefinition,
    project: HeardProject,
    judge_id: str,
    project_version: int,
    points: Sequence[CriterionPoints],
) -> list[ScoringEvent]:
    """Hand in a sheet. The same sheet again says nothing; another one replaces it.

    Where pitch slots are drawn, it is taken from the beginning of the project's pitch on.
    """
    evaluation = require_active(evaluation, judge_id)
    if evaluation.sealed:
        raise sealed(evaluation.round_id)
    require_begun(evaluation.pitch)
    if project.status != "eligible":
        raise Refused("conflict", "project-not-eligible", f"The project is {project.status}.")
    if project_version != project.version:
        raise Refused(
            "conflict",
            "version-outdated",
            f"The sheet is about version {project_version}; version {project.version} counts.",
        )
    ordered = _checked(points, stage.criteria)
    last = evaluation.sheet_of(judge_id)
    if last and (last.project_version, last.points) == (project_version, ordered):
        return []
    return [
        ScoreRecorded(
            round_id=evaluation.round_id,
            project_id=evaluation.project_id,
            judge_id=judge_id,
            project_version=project_version,
            points=ordered,
        )
    ]


def void_score(evaluation: Evaluation | None, *, judge_id: str, reason: str) -> list[ScoringEvent]:
    """Take a judge's effective sheet out of account; it stays in the log."""
    if evaluation is None or evaluation.sheet_of(judge_id) is None:
        raise Refused("missing", "no-sheet", "This judge has no effective sheet here.")
    if evaluation.sealed:
        raise sealed(evaluation.round_id)
    return voiding(evaluation, judge_id, reason)


def void_on_appeal(
    evaluation: Evaluation | None, *, score_event_id: str, cause: str, reason: str
) -> list[ScoringEvent]:
    """Take a sheet that an upheld appeal names out of account; again says nothing."""
    for sheet in evaluation.effective() if evaluation else ():
        assert evaluation is not None
        if f"{evaluation.origin}:{sheet.sequence}" == score_event_id:
            return voiding(evaluation, sheet.judge_id, reason, cause)
    return []


def seal(evaluation: Evaluation | None) -> list[ScoringEvent]:
    """No score is accepted after this; sealing again says nothing."""
    if evaluation is None or evaluation.sealed:
        return []
    return [
        ScoresSealed(
            round_id=evaluation.round_id,
            project_id=evaluation.project_id,
            sheets=len(evaluation.effective()),
        )
    ]


def _checked(
    points: Sequence[CriterionPoints], criteria: Sequence[Criterion]
) -> tuple[CriterionPoints, ...]:
    """The points in the rubric's order; refused with every fault there is."""
    by_id = {criterion.id: criterion for criterion in criteria}
    given: dict[str, Decimal] = {}
    faults = []
    for item in points:
        where = f"points.{item.criterion}"
        criterion = by_id.get(item.criterion)
        if criterion is None:
            faults.append(Fault(where, f"is not one of: {', '.join(by_id)}"))
        elif item.criterion in given:
            faults.append(Fault(where, "appears twice"))
        elif not criterion.minimum <= item.points <= criterion.maximum:
            faults.append(Fault(where, f"must be {criterion.minimum} to {criterion.maximum}"))
        elif (item.points - criterion.minimum) % criterion.step:
            faults.append(Fault(where, f"must be in steps of {criterion.step}"))
        given[item.criterion] = item.points
    faults += [
        Fault(f"points.{criterion.id}", "is required")
        for criterion in criteria
        if criterion.required and criterion.id not in given
    ]
    if faults:
        raise invalid("sheet-invalid", faults)
    return tuple(
        CriterionPoints(criterion=criterion.id, points=_plain(given[criterion.id]))
        for criterion in criteria
        if criterion.id in given
    )


def _plain(points: Decimal) -> Decimal:
    """One spelling per value, so that 7.5 and 7.50 are the same sheet: two decimals or more."""
    return points.quantize(Decimal("0.01")) if points == round(points, 2) else points.normalize()
