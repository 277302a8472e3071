"""Outcomes: decisions, what is published of them, awards."""

from datetime import date
from typing import ClassVar

from schemas.base import (
    Contract,
    Count,
    Line,
    Moment,
    Ordinal,
    Sha256,
    Slug,
    Tiyn,
    Uuid,
    Visibility,
)
from schemas.scoring.base import Cut, EventId, ScoringEvent


class DecidedProject(Contract):
    """What the panel decided of one project."""

    project_id: Uuid
    rank: Ordinal
    chosen: bool


class DecisionRecorded(ScoringEvent):
    """A sitting decided on the outcome of a round. Pending until the results are published."""

    KIND: ClassVar[str] = "decision"
    VISIBILITY: ClassVar[Visibility] = "after-results"
    SAID_WHEN: ClassVar[str] = "the secretary records a sitting's decision on a round"
    round_id: Slug
    season_id: Slug
    ranking_event_id: EventId
    table_hash: Sha256
    attended: tuple[Uuid, ...]
    quorum: Ordinal
    heard: Cut
    """How far scoring had heard each project when the decision was taken."""
    projects: tuple[DecidedProject, ...]
    chair_reason: Line | None = None
    """Why the chair put tied projects in the order they have; null when no tie was left."""
    sitting_id: Uuid | None = None
    """The sitting that decided; null when only its attendance was recorded."""
    reserve: tuple[Uuid, ...] | None = None
    """In the final: the projects next after the line, in the order in which they move up."""


class ResultsPublished(ScoringEvent):
    """Lifts the embargo on a round's results.

    Said by `decision/<round>` for a shortlist and by `awards/<season>` for the final, so that in
    both cases it comes before the outcomes it lets out.
    """

    KIND: ClassVar[str] = "decision"
    ALSO_KINDS: ClassVar[tuple[str, ...]] = ("awards",)
    VISIBILITY: ClassVar[Visibility] = "public"
    SAID_WHEN: ClassVar[str] = "a round's results are published, before the outcomes themselves"
    season_id: Slug
    round_id: Slug
    chosen: Count
    not_chosen: Count
    published_at: Moment | None = None
    """When they were published, for the letters about them; null where it was not noted."""
    appeals_until: Moment | None = None
    """The last moment at which an applicant can appeal; null when there are no appeals."""


class ProjectOutcome(ScoringEvent):
    """What an outcome event carries for readers that know only this event."""

    season_id: Slug
    round_id: Slug
    project_id: Uuid
    title: Line
    nomination: Slug
    contact_person_id: Uuid


class ProjectShortlisted(ProjectOutcome):
    """The project goes on to the final."""

    KIND: ClassVar[str] = "decision"
    VISIBILITY: ClassVar[Visibility] = "public"
    SAID_WHEN: ClassVar[str] = "the shortlist is published, once per finalist"
    rank: Ordinal
    final_days: tuple[date, ...]
    """The days of the final, for those who are invited to it."""
    corrects: EventId | None = None
    """On appeal: `ce_id` of the ProjectNotShortlisted that no longer holds."""


class ProjectNotShortlisted(ProjectOutcome):
    """The project does not go on to the final."""

    KIND: ClassVar[str] = "decision"
    SAID_WHEN: ClassVar[str] = "the shortlist is published, once per project not on it"


class AwardConfirmed(ScoringEvent):
    """An award was decided within the funds. Pending until the results are published."""

    KIND: ClassVar[str] = "awards"
    VISIBILITY: ClassVar[Visibility] = "after-results"
    SAID_WHEN: ClassVar[str] = "the secretary confirms a finalist's award"
    season_id: Slug
    project_id: Uuid
    nomination: Slug
    amount_tiyn: Tiyn


class AwardDeclined(ScoringEvent):
    """An award fell away; its amount is free again."""

    KIND: ClassVar[str] = "awards"
    VISIBILITY: ClassVar[Visibility] = "after-results"
    SAID_WHEN: ClassVar[str] = "the winner withdraws or declines, or the secretary takes it back"
    season_id: Slug
    project_id: Uuid
    nomination: Slug
    amount_tiyn: Tiyn
    reason: Line


class AwardAdded(ScoringEvent):
    """A project was awarded after the results: from the reserve, or on appeal. Then announced."""

    KIND: ClassVar[str] = "awards"
    VISIBILITY: ClassVar[Visibility] = "public"
    SAID_WHEN: ClassVar[str] = (
        "the secretary promotes the next of the reserve, or awards on an upheld appeal"
    )
    season_id: Slug
    project_id: Uuid
    nomination: Slug
    amount_tiyn: Tiyn
    cause: EventId
    """`ce_id` of the AwardDeclined whose place it takes, or of the AppealResolved that gave it."""
    heard: Cut | None = None
    """How far scoring had heard each project of the reserve: who withdrew is passed over."""
    ranking_event_id: EventId | None = None
    """On appeal: `ce_id` of the RankingComputed that it rests on."""


class WinnerAnnounced(ProjectOutcome):
    """A project gets a grant."""

    KIND: ClassVar[str] = "awards"
    VISIBILITY: ClassVar[Visibility] = "public"
    SAID_WHEN: ClassVar[str] = "the winners are announced, or one moves up: once per winner"
    organisation: Line
    region: Slug
    amount_tiyn: Tiyn
    cause: EventId | None = None
    """`ce_id` of what led to it after the results; null for those announced with them."""
    corrects: EventId | None = None
    """On appeal: `ce_id` of the ProjectNotAwarded that no longer holds."""


class ProjectNotAwarded(ProjectOutcome):
    """A finalist that gets no grant."""

    KIND: ClassVar[str] = "awards"
    SAID_WHEN: ClassVar[str] = "the winners are announced, once per finalist without an award"
    reserve: Ordinal | None = None
    """The project's place in the reserve, from 1; null when it is not in it."""
