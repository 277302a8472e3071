"""The bodies of requests and answers of the submission API, with examples for OpenAPI."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue

from schemas.base import Line, Moment, Slug, Tiyn, Uuid
from schemas.season import Goal
from schemas.submission import Organisation, ProjectContent, ScreeningReason
from services.kit.http import Command
from services.submission.domain import Contact, Draft, Project, Screening, State
from services.submission.outcomes import Outcome, status_shown

EXAMPLE_PROJECT = "7f0c0e4e-6f3e-5d0a-9a53-0a3c1f2b4d5e"
EXAMPLE_DRAFT: dict[str, JsonValue] = {
    "season_id": "2020",
    "title": "Ауыл кітапханасы — Village library",
    "summary": "A library and a club for children of a remote village.",
    "organisation": {"name": "Үлгі ҚҚ (sample NGO)", "bin": "000000000001"},
    "nomination": "equal-opportunities",
    "goals": [4, 10],
    "region": "almaty",
    "settlement_kind": "village",
    "language": "kk",
    "budget_lines": [
        {
            "title": "Shelves",
            "quantity": 4,
            "unit_price_tiyn": 2_500_000,
            "requested_tiyn": 8_000_000,
            "own_tiyn": 2_000_000,
        }
    ],
    "contact": {"name": "Айгүл Үлгі", "email": "aigul@example.org", "language": "kk"},
}


class SaveDraft(Command, Draft):
    """The whole draft; what is left out is not filled in yet."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"example": EXAMPLE_DRAFT}
    )
    season_id: Slug
    contact: Contact | None = None


class ScreenProject(Command):
    """The outcome of the formal check of the version that was looked at."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {"version": 1, "outcome": "ineligible", "reason_code": "incomplete"}
        },
    )
    version: Annotated[int, Field(ge=1)]
    outcome: Literal["eligible", "ineligible"]
    reason_code: ScreeningReason | None = None


class Receipt(State):
    """What a command on a project came to. `event_id` is the proof; keep it."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "project_id": EXAMPLE_PROJECT,
                "status": "submitted",
                "version": 1,
                "event_id": f"submission/project/{EXAMPLE_PROJECT}:1",
            }
        },
    )
    project_id: Uuid
    status: str
    version: int | None = None
    event_id: str | None = None
    """The event that says it; null when nothing had to be said."""


_PUBLIC: dict[str, JsonValue] = {
    "project_id": EXAMPLE_PROJECT,
    "season_id": "2020",
    "status": "submitted",
    "title": EXAMPLE_DRAFT["title"],
    "organisation": EXAMPLE_DRAFT["organisation"],
    "nomination": "equal-opportunities",
    "region": "almaty",
    "goals": [4, 10],
    "amount_tiyn": None,
}
_DRAFT: dict[str, JsonValue] = {
    name: value for name, value in EXAMPLE_DRAFT.items() if name not in ("season_id", "contact")
}
_CONTENT: dict[str, JsonValue] = {
    **{name: value for name, value in _DRAFT.items() if name != "budget_lines"},
    "budget": {
        "lines": EXAMPLE_DRAFT["budget_lines"],
        "total_tiyn": 10_000_000,
        "requested_tiyn": 8_000_000,
    },
}
_VERSION: dict[str, JsonValue] = {
    "version": 1,
    "submitted_at": "2020-04-10T09:00:00.000Z",
    "event_id": f"submission/project/{EXAMPLE_PROJECT}:1",
    "content": _CONTENT,
}


_SCREENING: dict[str, JsonValue] = {
    "version": 1,
    "outcome": "ineligible",
    "reason_code": "incomplete",
}


def _shown(value: dict[str, JsonValue]) -> ConfigDict:
    return ConfigDict(frozen=True, json_schema_extra={"example": value})


class PublicProject(State):
    """What everybody may see of a submitted project."""

    model_config = _shown(_PUBLIC)

    project_id: Uuid
    season_id: Slug
    status: str
    title: Line | None
    organisation: Organisation | None
    nomination: Slug | None
    region: Slug | None
    goals: tuple[Goal, ...]
    amount_tiyn: Tiyn | None = None


class ProjectVersion(State):
    """One version as it was handed in."""

    version: int
    submitted_at: Moment
    event_id: str
    content: ProjectContent


class ProjectDetails(PublicProject):
    """What the applicant and the staff see: the draft, all versions, and the formal check."""

    model_config = _shown(
        {**_PUBLIC, "draft": _DRAFT, "versions": [_VERSION], "screening": _SCREENING}
    )

    draft: Draft
    versions: tuple[ProjectVersion, ...]
    screening: Screening | None


class ProjectPage(State):
    """A page of projects in the order of their ids; ask again with `after` = `next`."""

    model_config = _shown({"items": [_PUBLIC], "next": EXAMPLE_PROJECT})

    items: tuple[PublicProject, ...]
    next: str | None


def event_id(project: Project, sequence: int) -> str:
    """The id of one of a project's own events."""
    return f"submission/project/{project.project_id}:{sequence}"


def submission_receipt(project: Project, event_ids: Sequence[str]) -> Receipt:
    """The receipt for what was handed in, which a repeated request may ask for much later.

    `event_ids` is what the request said; nothing when the version that counts had said it before.
    """
    said = {event_id(project, version.sequence): version for version in project.versions}
    version = next((said[id] for id in event_ids if id in said), project.current)
    return Receipt(
        project_id=project.project_id,
        status=project.status,
        version=version.number if version else None,
        event_id=event_id(project, version.sequence) if version else None,
    )


def public_project(
    project: Project, outcome: Outcome | None, *, to_staff_or_owner: bool = False
) -> PublicProject:
    """The part of a project that everybody may see."""
    return PublicProject.model_validate(
        _public_fields(project, outcome, to_staff_or_owner=to_staff_or_owner)
    )


def project_details(project: Project, outcome: Outcome | None) -> ProjectDetails:
    """Everything, for the applicant and the staff."""
    return ProjectDetails.model_validate(
        _public_fields(project, outcome, to_staff_or_owner=True)
        | {
            "draft": project.draft,
            "versions": tuple(
                ProjectVersion(
                    version=version.number,
                    submitted_at=version.submitted_at,
                    event_id=event_id(project, version.sequence),
                    content=version.content,
                )
                for version in project.versions
            ),
            "screening": project.screening,
        }
    )


def _public_fields(
    project: Project, outcome: Outcome | None, *, to_staff_or_owner: bool
) -> dict[str, object]:
    content = project.current.content if project.current else None
    return {
        "project_id": project.project_id,
        "season_id": project.season_id,
        "status": status_shown(project, outcome, to_staff_or_owner=to_staff_or_owner),
        "title": content.title if content else project.draft.title,
        "organisation": content.organisation if content else project.draft.organisation,
        "nomination": content.nomination if content else project.draft.nomination,
        "region": content.region if content else project.draft.region,
        "goals": (content.goals if content else project.draft.goals) or (),
        "amount_tiyn": outcome.amount_tiyn if outcome else None,
    }
