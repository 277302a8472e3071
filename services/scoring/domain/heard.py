"""What scoring has heard of seasons and projects: pure folds of submission's events."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from schemas.base import Moment, Slug, Uuid
from schemas.season import RoundDefinition, SeasonDefinition
from schemas.submission import (
    ProjectContent,
    ProjectRevised,
    ProjectScreened,
    ProjectSubmitted,
    ProjectWithdrawn,
    SeasonClosed,
    SeasonOpened,
)
from services.kit.fold import Fold, Heard
from services.scoring.domain.base import State

HEARD = (
    SeasonOpened,
    SeasonClosed,
    ProjectSubmitted,
    ProjectRevised,
    ProjectScreened,
    ProjectWithdrawn,
)


class HeardSeason(State):
    """A season as its events tell it. Fixed once it is open, so that the rubric can't change."""

    definition: SeasonDefinition
    closed_at: Moment | None = None
    submitted: int = 0
    """How many projects there are to hear of; known when the season is closed."""

    def stage_of(self, round_id: str) -> RoundDefinition | None:
        """The stage that a round of this season runs, or None."""
        for stage in self.definition.rounds:
            if round_id == self.round_id(stage.id):
                return stage
        return None

    def round_id(self, stage_id: str) -> str:
        """The id of the round of a stage."""
        return f"{self.definition.id}-{stage_id}"


class HeardProject(State):
    """A project as its events tell it."""

    project_id: Uuid
    season_id: Slug
    status: Literal["submitted", "eligible", "ineligible", "withdrawn"]
    version: int
    first_submitted_at: Moment
    content: ProjectContent
    contact_person_id: Uuid
    applicant: str | None = None
    """Who handed it in, as tokens name them; None where somebody else did so for them."""
    sequence: int
    """The last sequence of the project that is taken into account here."""

    @property
    def origin(self) -> str:
        """How cuts name the project's events."""
        return f"submission/project/{self.project_id}"


def _fold_season(season: HeardSeason | None, heard: Heard, _id: str) -> HeardSeason:
    event = heard.event
    if isinstance(event, SeasonOpened):
        return HeardSeason(definition=event.season)
    if season is None:
        raise ValueError(f"{heard.envelope.id} comes before the season was opened")
    return season.model_copy(
        update={"closed_at": event.closed_at, "submitted": event.projects or 0}
    )


def _fold_project(project: HeardProject | None, heard: Heard, _id: str) -> HeardProject:
    event, sequence = heard.event, heard.envelope.sequence
    if isinstance(event, ProjectSubmitted):  # or ProjectRevised, which is one
        first: datetime = project.first_submitted_at if project else event.submitted_at
        return HeardProject(
            project_id=event.project_id,
            season_id=event.season_id,
            status="submitted",
            version=event.version,
            first_submitted_at=first,
            content=event.content,
            contact_person_id=event.contact_person_id,
            applicant=project.applicant if project else _applicant(heard.envelope.actor),
            sequence=sequence,
        )
    if project is None:
        raise ValueError(f"{heard.envelope.id} comes before the project was submitted")
    status = event.outcome if isinstance(event, ProjectScreened) else "withdrawn"
    return project.model_copy(update={"status": status, "sequence": sequence})


def _applicant(actor: str) -> str | None:
    role, _, subject = actor.partition("/")
    return subject if role == "applicant" else None


def _season_of(heard: Heard) -> Iterable[str]:
    event = heard.event
    return (event.season.id if isinstance(event, SeasonOpened) else event.season_id,)


SEASONS = Fold(
    state=HeardSeason,
    types=frozenset({"SeasonOpened", "SeasonClosed"}),
    targets=_season_of,
    fold=_fold_season,
)
PROJECTS = Fold(
    state=HeardProject,
    types=frozenset({"ProjectSubmitted", "ProjectRevised", "ProjectScreened", "ProjectWithdrawn"}),
    targets=lambda heard: (heard.event.project_id,),
    fold=_fold_project,
)
