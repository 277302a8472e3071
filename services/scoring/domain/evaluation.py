"""An evaluation: one project in one round, who scores it, and every score sheet it ever had."""

from collections.abc import Sequence
from decimal import Decimal

from schemas.base import Slug, Uuid
from schemas.scoring import (
    CriterionPoints,
    JudgeAssigned,
    ScoreRecorded,
    ScoresSealed,
    ScoreVoided,
    ScoringEvent,
)
from schemas.season import Criterion, RoundDefinition
from services.kit.refusal import Fault, Refused
from services.scoring.domain.base import State, evaluation_id, invalid
from services.scoring.domain.heard import HeardProject


class Sheet(State):
    """A score sheet as it was handed in; `sequence` is that of its ScoreRecorded."""

    sequence: int
    judge_id: Uuid
    project_version: int
    points: tuple[CriterionPoints, ...]


class Void(State):
    """A sheet taken out of account; `sequence` is that of its ScoreVoided."""

    sequence: int
    judge_id: Uuid
    score_sequence: int
    reason: str


class Evaluation(State):
    """The sheets keep their order; nothing is ever taken away."""

    round_id: Slug
    project_id: Uuid
    season_id: Slug
    judges: tuple[Uuid, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    voids: tuple[Void, ...] = ()
    sealed: bool = False
    said: int = 0

    @property
    def origin(self) -> str:
        """How cuts name this evaluation's events."""
        return f"scoring/evaluation/{evaluation_id(self.round_id, self.project_id)}"

    def effective(self) -> tuple[Sheet, ...]:
        """Each judge's last sheet, unless it was voided, in the order of the judges' ids.

        A sheet that a later one replaced never counts again.
        """
        voided = {void.score_sequence for void in self.voids}
        last = {sheet.judge_id: sheet for sheet in self.sheets}
        return tuple(last[judge] for judge in sorted(last) if last[judge].sequence not in voided)

    def score_events(self) -> list[tuple[str, int, str, ScoringEvent]]:
        """Every ScoreRecorded and ScoreVoided, as `schemas.canonical.inputs_hash` takes them."""
        subject = f"evaluation/{evaluation_id(self.round_id, self.project_id)}"
        recorded: list[tuple[str, int, str, ScoringEvent]] = [
            (
                subject,
                sheet.sequence,
                "ScoreRecorded",
                ScoreRecorded(
                    round_id=self.round_id,
                    project_id=self.project_id,
                    judge_id=sheet.judge_id,
                    project_version=sheet.project_version,
                    points=sheet.points,
                ),
            )
            for sheet in self.sheets
        ]
        voided: list[tuple[str, int, str, ScoringEvent]] = [
            (subject, void.sequence, "ScoreVoided", self._void_event(void)) for void in self.voids
        ]
        return recorded + voided

    def _void_event(self, void: Void) -> ScoreVoided:
        return ScoreVoided(
            round_id=self.round_id,
            project_id=self.project_id,
            judge_id=void.judge_id,
            score_event_id=f"{self.origin}:{void.score_sequence}",
            reason=void.reason,
        )


def assign(
    evaluation: Evaluation | None,
    *,
    season_id: str,
    round_id: str,
    project_id: str,
    judges: Sequence[str],
) -> list[ScoringEvent]:
    """Give the project to these judges; who has it already is not told again."""
    present = evaluation.judges if evaluation else ()
    missing = [judge for judge in judges if judge not in present]
    if missing and evaluation is not None and evaluation.sealed:
        raise _sealed(round_id)
    return [
        JudgeAssigned(season_id=season_id, round_id=round_id, project_id=project_id, judge_id=judge)
        for judge in missing
    ]


def record_score(
    evaluation: Evaluation | None,
    *,
    stage: RoundDefinition,
    project: HeardProject,
    judge_id: str,
    project_version: int,
    points: Sequence[CriterionPoints],
) -> list[ScoringEvent]:
    """Hand in a sheet. The same sheet again says nothing; another one replaces it."""
    if evaluation is None or judge_id not in evaluation.judges:
        raise Refused("forbidden", "not-assigned", "This project is not assigned to you.")
    if evaluation.sealed:
        raise _sealed(evaluation.round_id)
    if project.status != "eligible":
        raise Refused("conflict", "project-not-eligible", f"The project is {project.status}.")
    if project_version != project.version:
        raise Refused(
            "conflict",
            "version-outdated",
            f"The sheet is about version {project_version}; version {project.version} counts.",
        )
    ordered = _checked(points, stage.criteria)
    last = next((s for s in evaluation.effective() if s.judge_id == judge_id), None)
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
    sheets = evaluation.effective() if evaluation else ()
    sheet = next((found for found in sheets if found.judge_id == judge_id), None)
    if evaluation is None or sheet is None:
        raise Refused("missing", "no-sheet", "This judge has no effective sheet here.")
    if evaluation.sealed:
        raise _sealed(evaluation.round_id)
    return [
        ScoreVoided(
            round_id=evaluation.round_id,
            project_id=evaluation.project_id,
            judge_id=judge_id,
            score_event_id=f"{evaluation.origin}:{sheet.sequence}",
            reason=reason,
        )
    ]


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


def evolve(evaluation: Evaluation | None, event: ScoringEvent) -> Evaluation:
    """The evaluation after an event of its own."""
    if isinstance(event, JudgeAssigned) and evaluation is None:
        evaluation = Evaluation(
            round_id=event.round_id, project_id=event.project_id, season_id=event.season_id
        )
    if evaluation is None:
        raise ValueError("an evaluation begins with JudgeAssigned")
    said = evaluation.said + 1
    match event:
        case JudgeAssigned():
            change: dict[str, object] = {"judges": (*evaluation.judges, event.judge_id)}
        case ScoreRecorded():
            sheet = Sheet(
                sequence=said,
                judge_id=event.judge_id,
                project_version=event.project_version,
                points=event.points,
            )
            change = {"sheets": (*evaluation.sheets, sheet)}
        case ScoreVoided():
            void = Void(
                sequence=said,
                judge_id=event.judge_id,
                reason=event.reason,
                score_sequence=int(event.score_event_id.rpartition(":")[2]),
            )
            change = {"voids": (*evaluation.voids, void)}
        case ScoresSealed():
            change = {"sealed": True}
        case _:
            raise ValueError(f"an evaluation does not say {type(event).__name__}")
    return evaluation.model_copy(update={**change, "said": said})


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


def _sealed(round_id: str) -> Refused:
    return Refused("conflict", "round-closed", f"Round {round_id} takes no more scores.")
