"""An evaluation: one project in one round, who scores it, and every score sheet it ever had."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Self, TypeVar

from schemas.base import Moment, Slug, Uuid
from schemas.scoring import (
    AssignmentDeclined,
    ConflictDeclared,
    ConflictGround,
    ConflictRuled,
    ConflictSource,
    CriterionComment,
    CriterionPoints,
    JudgeAbstained,
    JudgeAssigned,
    JudgeRecused,
    JudgeReinstated,
    JudgeReplaced,
    RulingOutcome,
    ScoreRecorded,
    ScoresSealed,
    ScoreVoided,
    ScoringEvent,
)
from services.kit.refusal import Refused
from services.scoring.domain.base import State, evaluation_id
from services.scoring.domain.final import Pitch, Question, pitch_after, questions_after


class Sheet(State):
    """A score sheet as it was handed in; `sequence` is that of its ScoreRecorded."""

    sequence: int
    judge_id: Uuid
    project_version: int
    points: tuple[CriterionPoints, ...]
    at: Moment | None = None
    """When it was handed in: the time of its event."""
    comments: tuple[CriterionComment, ...] | None = None
    reason: str | None = None
    replaces: str | None = None

    @classmethod
    def said(cls, event: ScoreRecorded, sequence: int) -> Self:
        """The sheet that an event says."""
        return cls(
            sequence=sequence,
            judge_id=event.judge_id,
            project_version=event.project_version,
            points=event.points,
            comments=event.comments,
            reason=event.reason,
            replaces=event.replaces,
        )


class SheetDraft(State):
    """A sheet that a judge has begun. No event says it, and nobody else sees it."""

    project_version: int
    points: tuple[CriterionPoints, ...] = ()
    comments: tuple[CriterionComment, ...] | None = None
    reason: str | None = None


class Void(State):
    """A sheet taken out of account; `sequence` is that of its ScoreVoided."""

    sequence: int
    judge_id: Uuid
    score_sequence: int
    reason: str
    cause: str | None = None
    """The appeal that voids it, by the id of its AppealResolved."""


class Conflict(State):
    """A judge's conflict with the project, and how it was ruled last."""

    ground: ConflictGround | None = None
    source: ConflictSource | None = None
    ruling: RulingOutcome | None = None

    @property
    def bars(self) -> bool:
        """A conflict bars until it is ruled to be none."""
        return self.ruling != "no-conflict"


T = TypeVar("T")
Departure = Literal["recused", "declined", "abstained", "replaced"]


class Evaluation(State):
    """The sheets keep their order; nothing is ever taken away."""

    round_id: Slug
    project_id: Uuid
    season_id: Slug
    judges: tuple[Uuid, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    voids: tuple[Void, ...] = ()
    conflicts: Mapping[Uuid, Conflict] = {}
    left: Mapping[Uuid, Departure] = {}
    """Assigned judges who don't score it any more, and why."""
    pitch: Pitch | None = None
    """Its slot; None where no slots are drawn."""
    questions: tuple[Question, ...] = ()
    sealed: bool = False
    drafts: Mapping[Uuid, SheetDraft] = {}
    """By judge; gone when the sheet is handed in, or the judge leaves."""
    said: int = 0

    @property
    def origin(self) -> str:
        """How cuts name this evaluation's events."""
        return f"scoring/evaluation/{evaluation_id(self.round_id, self.project_id)}"

    @property
    def active(self) -> tuple[str, ...]:
        """The judges who are to score it, in the order they were assigned."""
        return tuple(judge for judge in self.judges if judge not in self.left)

    @property
    def no_show(self) -> bool:
        """Whether its pitch was missed, and not put off."""
        return self.pitch is not None and self.pitch.status == "missed"

    def barred(self, judge_id: str) -> bool:
        """Whether a conflict keeps this judge from the project."""
        conflict = self.conflicts.get(judge_id)
        return conflict is not None and conflict.bars

    def sheet_of(self, judge_id: str) -> Sheet | None:
        """A judge's effective sheet."""
        return next((found for found in self.effective() if found.judge_id == judge_id), None)

    def last_sheet_of(self, judge_id: str) -> Sheet | None:
        """The last sheet a judge handed in, also when it was voided."""
        own = (sheet for sheet in reversed(self.sheets) if sheet.judge_id == judge_id)
        return next(own, None)

    def event_id(self, sequence: int) -> str:
        """The id of an event of this evaluation."""
        return f"{self.origin}:{sequence}"

    @property
    def scored_at(self) -> int:
        """The sequence of the last event that a ranking depends on; 0 before any."""
        sequences = [sheet.sequence for sheet in self.sheets]
        return max(sequences + [void.sequence for void in self.voids], default=0)

    def until(self, sequence: int) -> "Evaluation":
        """The sheets as they were at this event of its own; everything else as it is."""
        return self.model_copy(
            update={
                "sheets": tuple(one for one in self.sheets if one.sequence <= sequence),
                "voids": tuple(one for one in self.voids if one.sequence <= sequence),
            }
        )

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
                    comments=sheet.comments,
                    reason=sheet.reason,
                    replaces=sheet.replaces,
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
            score_event_id=self.event_id(void.score_sequence),
            reason=void.reason,
            cause=void.cause,
        )


def evolve(evaluation: Evaluation | None, event: ScoringEvent) -> Evaluation:
    """The evaluation after an event of its own."""
    if isinstance(event, JudgeAssigned | ConflictDeclared | ConflictRuled) and evaluation is None:
        evaluation = Evaluation(
            round_id=event.round_id, project_id=event.project_id, season_id=event.season_id
        )
    if evaluation is None:
        raise ValueError("an evaluation begins with JudgeAssigned, or with a conflict")
    said = evaluation.said + 1
    change = _final_change(evaluation, event) or _change(evaluation, event, said)
    return evaluation.model_copy(update={**change, "said": said})


def mark(evaluation: Evaluation, event: ScoringEvent, at: datetime) -> Evaluation:
    """Keep when the sheet of this event was handed in; no ranking depends on it."""
    if not isinstance(event, ScoreRecorded):
        return evaluation
    *before, last = evaluation.sheets
    marked = last.model_copy(update={"at": at})
    return evaluation.model_copy(update={"sheets": (*before, marked)})


def _final_change(evaluation: Evaluation, event: ScoringEvent) -> dict[str, object] | None:
    """What an event of the final changes; None when it is none."""
    pitch = pitch_after(evaluation.pitch, event)
    if pitch is not None:
        return {"pitch": pitch}
    questions = questions_after(evaluation.questions, event)
    return None if questions is None else {"questions": questions}


def _change(evaluation: Evaluation, event: ScoringEvent, said: int) -> dict[str, object]:
    return _judge_change(evaluation, event) or _sheet_change(evaluation, event, said)


_LEAVING: Mapping[type[ScoringEvent], Departure] = {
    JudgeRecused: "recused",
    AssignmentDeclined: "declined",
    JudgeAbstained: "abstained",
    JudgeReplaced: "replaced",
}


def _judge_change(evaluation: Evaluation, event: ScoringEvent) -> dict[str, object] | None:
    """What an event about a judge changes; None when it is about a sheet."""
    match event:
        case JudgeAssigned():
            judges = (*(id for id in evaluation.judges if id != event.judge_id), event.judge_id)
            return {"judges": judges, "left": _without(evaluation.left, event.judge_id)}
        case ConflictDeclared():
            found = evaluation.conflicts.get(event.judge_id, Conflict())
            known = found.model_copy(update={"ground": event.ground, "source": event.source})
            return {"conflicts": {**evaluation.conflicts, event.judge_id: known}}
        case ConflictRuled():
            found = evaluation.conflicts.get(event.judge_id, Conflict())
            ruled = found.model_copy(update={"ruling": event.ruling})
            return {"conflicts": {**evaluation.conflicts, event.judge_id: ruled}}
        case JudgeReinstated():
            return {"left": _without(evaluation.left, event.judge_id)}
        case JudgeRecused() | AssignmentDeclined() | JudgeAbstained() | JudgeReplaced():
            return {
                "left": {**evaluation.left, event.judge_id: _LEAVING[type(event)]},
                "drafts": _without(evaluation.drafts, event.judge_id),
            }
    return None


def _sheet_change(evaluation: Evaluation, event: ScoringEvent, said: int) -> dict[str, object]:
    match event:
        case ScoreRecorded():
            return {
                "sheets": (*evaluation.sheets, Sheet.said(event, said)),
                "drafts": _without(evaluation.drafts, event.judge_id),
            }
        case ScoreVoided():
            void = Void(
                sequence=said,
                judge_id=event.judge_id,
                reason=event.reason,
                cause=event.cause,
                score_sequence=int(event.score_event_id.rpartition(":")[2]),
            )
            return {"voids": (*evaluation.voids, void)}
        case ScoresSealed():
            return {"sealed": True}
    raise ValueError(f"an evaluation does not say {type(event).__name__}")


def _without(by_judge: Mapping[str, T], judge_id: str) -> dict[str, T]:
    return {id: value for id, value in by_judge.items() if id != judge_id}


def sealed(round_id: str) -> Refused:
    """The refusal after a round's closing has reached the evaluation."""
    return Refused("conflict", "round-closed", f"Round {round_id} takes no more scores.")


def voiding(
    evaluation: Evaluation, judge_id: str, reason: str, cause: str | None = None
) -> list[ScoringEvent]:
    """What takes a judge's effective sheet out of account; nothing where there is none."""
    sheet = evaluation.sheet_of(judge_id)
    if sheet is None:
        return []
    return [
        ScoreVoided(
            round_id=evaluation.round_id,
            project_id=evaluation.project_id,
            judge_id=judge_id,
            score_event_id=evaluation.event_id(sheet.sequence),
            reason=reason,
            cause=cause,
        )
    ]
