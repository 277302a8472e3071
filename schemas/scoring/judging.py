"""Judging: who scores which project, and the score sheets."""

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import (
    Contract,
    Count,
    Line,
    Ordinal,
    Paragraphs,
    Points,
    Slug,
    Uuid,
    Visibility,
)
from schemas.scoring.base import EventId, ScoringEvent


class JudgeAssigned(ScoringEvent):
    """One judge was given one project to score."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "a draw, or the secretary, gives a project to a judge"
    season_id: Slug
    round_id: Slug
    project_id: Uuid
    judge_id: Uuid


class CriterionPoints(Contract):
    """The points given on one criterion."""

    criterion: Slug
    points: Points


class CriterionComment(Contract):
    """What the judge says to the points on one criterion."""

    criterion: Slug
    comment: Paragraphs
    """The judge's own words."""


class ScoreRecorded(ScoringEvent):
    """A judge handed in a score sheet; a later one of the same judge replaces it."""

    KIND: ClassVar[str] = "evaluation"
    VISIBILITY: ClassVar[Visibility] = "after-results"
    SAID_WHEN: ClassVar[str] = "an assigned judge hands in a score sheet"
    round_id: Slug
    project_id: Uuid
    judge_id: Uuid
    project_version: Ordinal
    points: Annotated[tuple[CriterionPoints, ...], Field(min_length=1, max_length=20)]
    comments: Annotated[tuple[CriterionComment, ...], Field(max_length=20)] | None = None
    """What was said to the points, in the rubric's order; null when nothing was."""
    reason: Line | None = None
    """Why the sheet was changed; null unless it takes the place of one that counted."""
    replaces: EventId | None = None
    """`ce_id` of the judge's sheet before this one, also of a voided one; null in the first."""


class ScoreVoided(ScoringEvent):
    """A score sheet no longer counts. It stays in the log."""

    KIND: ClassVar[str] = "evaluation"
    VISIBILITY: ClassVar[Visibility] = "after-results"
    SAID_WHEN: ClassVar[str] = "a score sheet is voided, with a reason"
    round_id: Slug
    project_id: Uuid
    judge_id: Uuid
    score_event_id: EventId
    reason: Line
    cause: EventId | None = None
    """`ce_id` of the AppealResolved that voids it after the results; else null."""


class ScoresSealed(ScoringEvent):
    """From here on no score is accepted for this project in this round."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "closing a round reaches this evaluation"
    round_id: Slug
    project_id: Uuid
    sheets: Count
