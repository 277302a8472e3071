"""Events of `zharmenke.submission`: seasons and the projects handed in to them."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.base import (
    Contract,
    Count,
    Event,
    Language,
    Line,
    Moment,
    Ordinal,
    Paragraphs,
    Slug,
    Tiyn,
    Uuid,
    Visibility,
)
from schemas.season import Goal, SeasonDefinition, SettlementKind

Bin = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
"""The business identification number of an organisation: 12 digits."""

ScreeningReason = Literal[
    "not-an-ngo", "incomplete", "outside-nomination", "budget-over-cap", "duplicate", "other"
]


class SubmissionEvent(Event):
    """Said by the submission service."""

    SERVICE: ClassVar[str] = "submission"


class Organisation(Contract):
    """The NGO that hands the project in."""

    name: Line
    bin: Bin


class BudgetLine(Contract):
    """One cost: `quantity` x `unit_price_tiyn` = `requested_tiyn` + `own_tiyn`."""

    title: Line
    quantity: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    unit_price_tiyn: Tiyn
    requested_tiyn: Tiyn
    own_tiyn: Tiyn


class Budget(Contract):
    """The lines and their sums; the sums are computed, never taken from the applicant."""

    lines: Annotated[tuple[BudgetLine, ...], Field(min_length=1, max_length=100)]
    total_tiyn: Tiyn
    requested_tiyn: Tiyn


class ProjectContent(Contract):
    """What is judged. A submitted version never changes."""

    title: Line
    summary: Paragraphs
    organisation: Organisation
    nomination: Slug
    goals: Annotated[tuple[Goal, ...], Field(min_length=1, max_length=17)]
    region: Slug
    settlement_kind: SettlementKind
    language: Language
    budget: Budget


class SeasonOpened(SubmissionEvent):
    """A season was opened for submissions, with everything it is run by."""

    KIND: ClassVar[str] = "season"
    VISIBILITY: ClassVar[Visibility] = "public"
    SAID_WHEN: ClassVar[str] = "an admin opens a season from its definition"
    season: SeasonDefinition


class SeasonClosed(SubmissionEvent):
    """No more projects are accepted for the season."""

    KIND: ClassVar[str] = "season"
    VISIBILITY: ClassVar[Visibility] = "public"
    SAID_WHEN: ClassVar[str] = "an admin closes the call, at or before its deadline"
    season_id: Slug
    closed_at: Moment
    projects: Count | None = None
    """How many projects had been submitted: who has heard of fewer is not up to date yet."""


class ProjectSubmitted(SubmissionEvent):
    """A project was handed in for the first time."""

    KIND: ClassVar[str] = "project"
    SAID_WHEN: ClassVar[str] = "an applicant hands a project in, exactly once per project"
    project_id: Uuid
    season_id: Slug
    version: Ordinal
    submitted_at: Moment
    content: ProjectContent
    contact_person_id: Uuid


class ProjectRevised(ProjectSubmitted):
    """A project that was handed in before was handed in again, changed, before the deadline."""

    SAID_WHEN: ClassVar[str] = "an applicant hands in a changed version before the deadline"


class ProjectScreened(SubmissionEvent):
    """The secretary's formal check of one version."""

    KIND: ClassVar[str] = "project"
    SAID_WHEN: ClassVar[str] = "the secretary has checked a project formally"
    project_id: Uuid
    season_id: Slug
    version: Ordinal
    outcome: Literal["eligible", "ineligible"]
    reason_code: ScreeningReason | None = None
    title: Line
    contact_person_id: Uuid


class ProjectWithdrawn(SubmissionEvent):
    """The applicant took the project back; it takes no further part."""

    KIND: ClassVar[str] = "project"
    SAID_WHEN: ClassVar[str] = "an applicant withdraws a submitted project"
    project_id: Uuid
    season_id: Slug
    title: Line
    contact_person_id: Uuid
