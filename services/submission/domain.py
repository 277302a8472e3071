"""The rules of seasons and projects. Pure: time, ids and the season come in as arguments."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict, Field

from schemas.base import Language, Line, Moment, Paragraphs, Slug, Uuid
from schemas.people import Email, Person
from schemas.season import Goal, SeasonDefinition, SettlementKind
from schemas.submission import (
    Budget,
    BudgetLine,
    Organisation,
    ProjectContent,
    ProjectRevised,
    ProjectScreened,
    ProjectSubmitted,
    ProjectWithdrawn,
    ScreeningReason,
    SeasonClosed,
    SeasonOpened,
    SubmissionEvent,
)
from services.kit.refusal import Fault, Refused

Status = Literal["draft", "submitted", "eligible", "ineligible", "withdrawn"]

LARGEST_BUDGET_TIYN = 10**15
"""The largest sum of money the contract can say."""


class State(BaseModel):
    """Base of the states: immutable, and compared by value."""

    model_config = ConfigDict(frozen=True)


class Season(State):
    """A season as this service runs it."""

    definition: SeasonDefinition
    closed_at: Moment | None = None


class Contact(State):
    """The person to write to about a project, as the applicant gives it."""

    name: Line
    email: Email
    language: Language


class Draft(State):
    """What an applicant has filled in so far. Every field may still be missing."""

    title: Line | None = None
    summary: Paragraphs | None = None
    organisation: Organisation | None = None
    nomination: Slug | None = None
    goals: Annotated[tuple[Goal, ...], Field(max_length=17)] | None = None
    region: Slug | None = None
    settlement_kind: SettlementKind | None = None
    language: Language | None = None
    budget_lines: Annotated[tuple[BudgetLine, ...], Field(max_length=100)] | None = None


class Version(State):
    """A version as it was handed in, never changed. `sequence` is its event's."""

    number: int
    content: ProjectContent
    submitted_at: Moment
    sequence: int


class Screening(State):
    """The formal check of one version."""

    version: int
    outcome: Literal["eligible", "ineligible"]
    reason_code: ScreeningReason | None


class Project(State):
    """One project of one applicant in one season."""

    project_id: Uuid
    season_id: Slug
    applicant: str
    status: Status = "draft"
    draft: Draft = Draft()
    contact_given: bool = False
    versions: tuple[Version, ...] = ()
    nomination: Slug | None = None
    region: Slug | None = None
    """Nomination and region of the version that counts."""
    screening: Screening | None = None
    said: int = 0
    """How many events this project has said: the sequence of the last one."""

    @property
    def current(self) -> Version | None:
        """The version that counts: the last one handed in."""
        return self.versions[-1] if self.versions else None


def contact_person_id(project_id: str) -> str:
    """The id of a project's contact person: fixed by the project, so a repeat can't double it."""
    return str(uuid5(NAMESPACE_URL, f"urn:zharmenke:submission:{project_id}:contact"))


def contact_person(project_id: str, contact: Contact) -> Person:
    """The record that goes to the people topic."""
    return Person(
        person_id=contact_person_id(project_id),
        name=contact.name,
        email=contact.email,
        language=contact.language,
        consents=("project-correspondence",),
    )


# ── Seasons ──────────────────────────────────────────────────────────────────────────────────────


def open_season(season: Season | None, definition: SeasonDefinition) -> list[SubmissionEvent]:
    """Open a season; the same definition again says nothing, another one is refused."""
    if season is None:
        return [SeasonOpened(season=definition)]
    if season.definition != definition:
        raise Refused(
            "conflict",
            "season-already-open",
            f"Season {definition.id} is open with another definition; a season does not change.",
        )
    return []


def close_season(
    season: Season | None, season_id: str, now: datetime, projects: int
) -> list[SubmissionEvent]:
    """Close the call with so many projects submitted; closing again says nothing."""
    if season is None:
        raise unknown_season(season_id)
    if season.closed_at is not None:
        return []
    return [SeasonClosed(season_id=season_id, closed_at=now, projects=projects)]


def evolve_season(season: Season | None, event: SubmissionEvent) -> Season:
    """The season after an event of its own."""
    match event:
        case SeasonOpened():
            return Season(definition=event.season)
        case SeasonClosed() if season is not None:
            return season.model_copy(update={"closed_at": event.closed_at})
    raise ValueError(f"a season does not say {type(event).__name__}")


def unknown_season(season_id: str) -> Refused:
    """The refusal for a season nobody opened."""
    return Refused("missing", "unknown-season", f"There is no season {season_id!r}.")


# ── Projects ─────────────────────────────────────────────────────────────────────────────────────


def save_draft(
    project: Project | None,
    *,
    project_id: str,
    season: Season,
    applicant: str,
    draft: Draft,
    has_contact: bool,
    now: datetime,
) -> Project:
    """The project with this draft. What is filled in must fit the season; all may be missing."""
    _require_open(season, now)
    if project is not None:
        _require_owner(project, applicant)
        if project.season_id != season.definition.id:
            raise Refused(
                "conflict", "season-fixed", f"The project belongs to season {project.season_id}."
            )
        if project.status == "withdrawn":
            raise Refused("conflict", "project-withdrawn", "A withdrawn project can't be edited.")
    faults = list(_misfits(draft, season.definition))
    if faults:
        raise _invalid(faults)
    base = project or Project(
        project_id=project_id, season_id=season.definition.id, applicant=applicant
    )
    return base.model_copy(
        update={"draft": draft, "contact_given": base.contact_given or has_contact}
    )


def submit_project(
    project: Project | None, *, project_id: str, season: Season, applicant: str, now: datetime
) -> list[SubmissionEvent]:
    """Hand the draft in. Unchanged content says nothing; changed content is a new version."""
    project = _owned(project, project_id, applicant)
    if project.status == "withdrawn":
        raise Refused("conflict", "project-withdrawn", "A withdrawn project can't be handed in.")
    content = complete(project, season.definition)
    current = project.current
    if current is not None and current.content == content:
        return []
    _require_open(season, now)
    event = ProjectSubmitted if current is None else ProjectRevised
    return [
        event(
            project_id=project.project_id,
            season_id=project.season_id,
            version=len(project.versions) + 1,
            submitted_at=now,
            content=content,
            contact_person_id=contact_person_id(project.project_id),
        )
    ]


def screen_project(
    project: Project | None,
    *,
    project_id: str,
    version: int,
    outcome: Literal["eligible", "ineligible"],
    reason_code: ScreeningReason | None,
) -> list[SubmissionEvent]:
    """Record the secretary's formal check of the version she saw."""
    if project is None or project.current is None:
        raise unknown_project(project_id)
    if project.status == "withdrawn":
        raise Refused("conflict", "project-withdrawn", "The project was withdrawn.")
    if version != project.current.number:
        raise Refused(
            "conflict",
            "version-outdated",
            f"Version {version} was checked, but version {project.current.number} counts now.",
        )
    if (outcome == "ineligible") != (reason_code is not None):
        raise _invalid([Fault("reason_code", "is due with 'ineligible', and only then")])
    screening = Screening(version=version, outcome=outcome, reason_code=reason_code)
    if project.screening == screening:
        return []
    if project.screening is not None and project.screening.version == version:
        raise Refused(
            "conflict",
            "already-screened",
            f"Version {version} was already found {project.screening.outcome}.",
        )
    return [
        ProjectScreened(
            project_id=project.project_id,
            season_id=project.season_id,
            version=version,
            outcome=outcome,
            reason_code=reason_code,
            title=project.current.content.title,
            contact_person_id=contact_person_id(project.project_id),
        )
    ]


def withdraw_project(
    project: Project | None, *, project_id: str, applicant: str
) -> list[SubmissionEvent]:
    """Take a submitted project back; again says nothing."""
    project = _owned(project, project_id, applicant)
    if project.status == "withdrawn":
        return []
    if project.current is None:
        raise Refused("conflict", "not-submitted", "Only a submitted project can be withdrawn.")
    return [
        ProjectWithdrawn(
            project_id=project.project_id,
            season_id=project.season_id,
            title=project.current.content.title,
            contact_person_id=contact_person_id(project.project_id),
        )
    ]


def evolve_project(project: Project | None, event: SubmissionEvent) -> Project:
    """The project after an event of its own."""
    if project is None:
        raise ValueError("a project says nothing before its draft is saved")
    said = project.said + 1
    match event:
        case ProjectSubmitted():  # and ProjectRevised, which is one
            version = Version(
                number=event.version,
                content=event.content,
                submitted_at=event.submitted_at,
                sequence=said,
            )
            return project.model_copy(
                update={
                    "status": "submitted",
                    "said": said,
                    "versions": (*project.versions, version),
                    "nomination": event.content.nomination,
                    "region": event.content.region,
                }
            )
        case ProjectScreened():
            screening = Screening(
                version=event.version, outcome=event.outcome, reason_code=event.reason_code
            )
            return project.model_copy(
                update={"status": event.outcome, "said": said, "screening": screening}
            )
        case ProjectWithdrawn():
            return project.model_copy(update={"status": "withdrawn", "said": said})
    raise ValueError(f"a project does not say {type(event).__name__}")


def complete(project: Project, season: SeasonDefinition) -> ProjectContent:
    """The draft as content to be judged; refused with every field that is missing or wrong."""
    draft = project.draft
    faults = [
        Fault(name, "is required")
        for name in Draft.model_fields
        if getattr(draft, name) in (None, ())
    ]
    if not project.contact_given:
        faults.append(Fault("contact", "is required"))
    faults += _misfits(draft, season)
    if faults:
        raise _invalid(faults)
    lines = draft.budget_lines or ()
    return ProjectContent.model_validate(
        {
            **draft.model_dump(exclude={"budget_lines"}),
            "goals": tuple(sorted(set(draft.goals or ()))),
            "budget": Budget(
                lines=lines,
                total_tiyn=sum(line.quantity * line.unit_price_tiyn for line in lines),
                requested_tiyn=sum(line.requested_tiyn for line in lines),
            ),
        }
    )


def _misfits(draft: Draft, season: SeasonDefinition) -> Iterator[Fault]:
    """What is filled in but does not fit the season."""
    known: tuple[tuple[str, str | None, Sequence[str]], ...] = (
        ("nomination", draft.nomination, [nomination.id for nomination in season.nominations]),
        ("region", draft.region, [region.id for region in season.regions]),
        ("settlement_kind", draft.settlement_kind, season.settlement_kinds),
    )
    for name, value, allowed in known:
        if value is not None and value not in allowed:
            yield Fault(name, f"{value!r} is not one of: {', '.join(allowed)}")
    for goal in draft.goals or ():
        if goal not in season.goals:
            yield Fault("goals", f"goal {goal} is not one of the season's")
    requested = total = 0
    for index, line in enumerate(draft.budget_lines or ()):
        requested += line.requested_tiyn
        amount = line.quantity * line.unit_price_tiyn
        total += amount
        if amount != line.requested_tiyn + line.own_tiyn:
            yield Fault(
                f"budget_lines.{index}",
                f"quantity x unit_price_tiyn is {amount}, but requested_tiyn + own_tiyn is "
                f"{line.requested_tiyn + line.own_tiyn}",
            )
    if requested > season.requested_cap_tiyn:
        yield Fault(
            "budget_lines",
            f"{requested} tiyn requested, the cap is {season.requested_cap_tiyn}",
        )
    if total > LARGEST_BUDGET_TIYN:
        yield Fault("budget_lines", f"the total of {total} tiyn is above {LARGEST_BUDGET_TIYN}")


def _require_open(season: Season, now: datetime) -> None:
    definition = season.definition
    if now < definition.opens_at:
        raise Refused(
            "conflict",
            "season-not-open-yet",
            f"Season {definition.id} opens at {definition.opens_at.isoformat()}.",
        )
    if season.closed_at is not None or now > definition.closes_at:
        raise Refused(
            "conflict",
            "deadline-passed",
            f"Season {definition.id} took projects until {definition.deadline.isoformat()}.",
        )


def _owned(project: Project | None, project_id: str, applicant: str) -> Project:
    if project is None:
        raise unknown_project(project_id)
    _require_owner(project, applicant)
    return project


def _require_owner(project: Project, applicant: str) -> None:
    if project.applicant != applicant:
        raise Refused("forbidden", "not-your-project", "This project belongs to somebody else.")


def unknown_project(project_id: str) -> Refused:
    """The refusal for a project that does not exist, or not for this caller."""
    return Refused("missing", "unknown-project", f"There is no project {project_id}.")


def _invalid(faults: Sequence[Fault]) -> Refused:
    detail = "; ".join(f"{fault.where}: {fault.what}" for fault in faults)
    return Refused("invalid", "project-invalid", detail, faults)
