"""Score sheets: drafting, handing in, changing, voiding, sealing.

A sheet that comes twice is one sheet, however late the second copy is: a sheet of the same content
as the one that counts says nothing, and one that knows an older sheet than the last is refused. So
a copy that a weak link held back can't undo what the judge changed since.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import chain

from schemas.scoring import (
    CriterionComment,
    CriterionPoints,
    ScoreRecorded,
    ScoresSealed,
    ScoringEvent,
)
from schemas.season import Criterion, RoundDefinition
from services.kit.refusal import Refused
from services.scoring.domain import rubric
from services.scoring.domain.assignment import require_active
from services.scoring.domain.base import invalid
from services.scoring.domain.evaluation import Evaluation, SheetDraft, sealed, voiding
from services.scoring.domain.final import require_begun
from services.scoring.domain.heard import HeardProject

Comments = tuple[CriterionComment, ...] | None


def record_score(
    evaluation: Evaluation | None,
    *,
    stage: RoundDefinition,
    project: HeardProject,
    judge_id: str,
    project_version: int,
    points: Sequence[CriterionPoints],
    comments: Sequence[CriterionComment] = (),
    reason: str | None = None,
    replaces: str | None = None,
) -> list[ScoringEvent]:
    """Hand in a sheet. The same sheet again says nothing; another one replaces it.

    Whoever changes a sheet names it by the id of its event in `replaces`, and says why; after a
    void the new sheet names the voided one, and needs no reason.
    Where pitch slots are drawn, a sheet is taken from the beginning of the project's pitch on.
    """
    evaluation = require_active(evaluation, judge_id)
    _require_eligible(project)
    criteria = stage.within(project.content.nomination).criteria
    ordered, said = _in_order(points, criteria), _comments(comments, criteria)
    current = evaluation.sheet_of(judge_id)
    handed = (project_version, ordered, said)
    if current and (current.project_version, current.points, current.comments) == handed:
        return []
    if evaluation.sealed:
        raise sealed(evaluation.round_id)
    require_begun(evaluation.pitch)
    _require_version(project, project_version)
    if faults := rubric.faults(points, comments, criteria):
        raise invalid("sheet-invalid", faults)
    last = evaluation.last_sheet_of(judge_id)
    known = evaluation.event_id(last.sequence) if last else None
    if replaces not in (None, known):
        raise _outdated(known)
    if current and not reason:
        raise Refused(
            "invalid",
            "reason-missing",
            f"This changes your sheet {known}; say why in `reason`, and name it in `replaces`.",
        )
    if replaces != known:
        raise _outdated(known)
    return [
        ScoreRecorded(
            round_id=evaluation.round_id,
            project_id=evaluation.project_id,
            judge_id=judge_id,
            project_version=project_version,
            points=ordered,
            comments=said,
            reason=reason if current else None,
            replaces=known,
        )
    ]


def save_draft(
    evaluation: Evaluation | None,
    *,
    stage: RoundDefinition,
    project: HeardProject,
    judge_id: str,
    draft: SheetDraft,
    replaces: str | None = None,
) -> Evaluation:
    """Keep what a judge has so far. Anything may be missing; what is there must fit the rubric.

    `replaces` is the judge's last sheet as for handing in: a draft that comes after its own sheet
    is refused, and does not come back.
    """
    evaluation = require_active(evaluation, judge_id)
    if evaluation.sealed:
        raise sealed(evaluation.round_id)
    _require_eligible(project)
    _require_version(project, draft.project_version)
    criteria = stage.within(project.content.nomination).criteria
    comments = draft.comments or ()
    if faults := rubric.draft_faults(draft.points, comments, criteria):
        raise invalid("sheet-invalid", faults)
    last = evaluation.last_sheet_of(judge_id)
    known = evaluation.event_id(last.sequence) if last else None
    if replaces != known:
        raise _outdated(known)
    kept = draft.model_copy(
        update={
            "points": _in_order(draft.points, criteria),
            "comments": _comments(comments, criteria),
        }
    )
    return evaluation.model_copy(update={"drafts": {**evaluation.drafts, judge_id: kept}})


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


def _require_eligible(project: HeardProject) -> None:
    if project.status != "eligible":
        raise Refused("conflict", "project-not-eligible", f"The project is {project.status}.")


def _require_version(project: HeardProject, seen: int) -> None:
    """Refuse a sheet on anything but the version that is evaluated."""
    if seen > project.version:
        raise Refused(
            "conflict",
            "version-unknown",
            f"Nobody can have seen version {seen}; the last is version {project.version}.",
        )
    if seen < project.version:
        raise Refused(
            "conflict",
            "version-outdated",
            f"The sheet is about version {seen}; version {project.version} counts. Read it anew.",
        )


def _outdated(known: str | None) -> Refused:
    what = f"Your last sheet is {known}" if known else "You have handed in no sheet yet"
    return Refused(
        "conflict", "sheet-outdated", f"{what}; read it, and name it in `replaces` to change it."
    )


def _in_order(
    points: Sequence[CriterionPoints], criteria: Sequence[Criterion]
) -> tuple[CriterionPoints, ...]:
    """The points in the rubric's order, each in its one spelling; unknown ones come last."""
    place = {criterion.id: number for number, criterion in enumerate(criteria)}
    return tuple(
        CriterionPoints(criterion=item.criterion, points=_plain(item.points))
        for item in sorted(points, key=lambda item: place.get(item.criterion, len(place)))
    )


def _comments(comments: Sequence[CriterionComment], criteria: Sequence[Criterion]) -> Comments:
    """The comments in the rubric's order; None when there are none."""
    own = ([item for item in comments if item.criterion == one.id] for one in criteria)
    return tuple(chain.from_iterable(own)) or None


def _plain(points: Decimal) -> Decimal:
    """One spelling per value, so that 7.5 and 7.50 are the same sheet: two decimals or more."""
    return points.quantize(Decimal("0.01")) if points == round(points, 2) else points.normalize()
