"""An evaluation: one project in one round, who scores it, and every score sheet it ever had."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Self, TypeVar

from schemas.base import Moment, Slug, Uuid
from schemas.scoring import (
    ConflictGround,
    ConflictSource,
    CriterionComment,
    CriterionPoints,
    RulingOutcome,
    ScoreRecorded,
    ScoreVoided,
    ScoringEvent,
)
from services.kit.refusal import Refused
from services.scoring.domain.base import State, evaluation_id
from services.scoring.domain.final import Pitch, Question


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
    def said(cls, event: ScoreRecorded, sequence: int, at: datetime | None = None) -> Self:
        """The sheet that an event says."""
        return cls(
            sequence=sequence,
            at=at,
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
