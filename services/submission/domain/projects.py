"""The rules of a project: from the draft to a version that is screened or withdrawn."""

from datetime import datetime
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from schemas.base import Moment, Slug, Uuid
from schemas.people import Person
from schemas.submission import (
    ProjectContent,
    ProjectRevised,
    ProjectScreened,
    ProjectSubmitted,
    ProjectWithdrawn,
    ScreeningReason,
    SubmissionEvent,
)
from services.kit.refusal import Fault, Refused
from services.submission.domain.base import State
from services.submission.domain.content import Contact, Draft, complete, invalid, misfits
from services.submission.domain.seasons import Season

Status = Literal["draft", "submitted", "eligible", "ineligible", "withdrawn"]


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
    contact: Contact | None = None
    """Kept here until the project is handed in; only then anybody else learns of the person."""
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
    faults = list(misfits(draft, season.definition))
    if faults:
        raise invalid(faults)
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
    content = complete(project.draft, season.definition, contact_given=project.contact_given)
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
        raise invalid([Fault("reason_code", "is due with 'ineligible', and only then")])
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
