"""Appeals against published results: lodged, resolved, and what they correct."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Line, Ordinal, Paragraphs, Sha256, Slug, Uuid, Visibility
from schemas.scoring.base import EventId, ScoringEvent

AppealGround = Literal["procedure", "conflict-of-interest", "arithmetic", "eligibility", "other"]
AppealOutcome = Literal["upheld", "dismissed"]
AppealOffice = Literal["chair", "secretary"]


class AppealEvent(ScoringEvent):
    """Said of one project's appeal against its outcome in one round."""

    season_id: Slug
    round_id: Slug
    project_id: Uuid


class AppealLodged(AppealEvent):
    """An applicant appeals against what was published of the project; once a round."""

    KIND: ClassVar[str] = "appeal"
    SAID_WHEN: ClassVar[str] = "the applicant appeals, in time after the results are published"
    against: EventId
    """`ce_id` of the outcome that it is against."""
    ground: AppealGround
    """procedure, conflict-of-interest, arithmetic, eligibility, or other."""
    text: Paragraphs
    """What is wrong, in the applicant's words."""


class AppealResolved(AppealEvent):
    """An appeal was decided. Upheld, it is the one cause of what is corrected after the results."""

    KIND: ClassVar[str] = "appeal"
    SAID_WHEN: ClassVar[str] = "the chair or the secretary resolves an appeal, with a reason"
    outcome: AppealOutcome
    """upheld, or dismissed."""
    office: AppealOffice
    """By which office it was resolved."""
    reason: Line
    voids: Annotated[tuple[EventId, ...], Field(max_length=60)] = ()
    """`ce_id` of each ScoreRecorded of the project that no longer counts."""
    sitting_id: Uuid | None = None
    """The sitting that decided; null when it was resolved without one."""
    motion_id: Uuid | None = None
    """The motion that was carried, or lost; null when there was none."""


class DecisionCorrected(AppealEvent):
    """A project that was not chosen is chosen on appeal. Nobody loses a place by it."""

    KIND: ClassVar[str] = "decision"
    VISIBILITY: ClassVar[Visibility] = "public"
    SAID_WHEN: ClassVar[str] = "an upheld appeal gives a project a place on the shortlist"
    corrects: EventId
    """`ce_id` of the DecisionRecorded, which otherwise stands."""
    cause: EventId
    """`ce_id` of the AppealResolved that upheld the appeal."""
    ranking_event_id: EventId
    table_hash: Sha256
    rank: Ordinal
