"""The submission service's Mongo: seasons and projects it owns, outcomes it has heard."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.people import Person
from services.kit.aggregate import Aggregate, PersonRecord
from services.kit.projection import Projection
from services.kit.service import Service
from services.kit.store import Store
from services.submission import domain
from services.submission.outcomes import OUTCOMES, Outcome

SEASON = Aggregate(
    service="submission",
    kind="season",
    state=domain.Season,
    evolve=domain.evolve_season,
    season_of=lambda season: season.definition.id,
)
PROJECT = Aggregate(
    service="submission",
    kind="project",
    state=domain.Project,
    evolve=domain.evolve_project,
    season_of=lambda project: project.season_id,
)


@dataclass(frozen=True, slots=True)
class ProjectQuery:
    """Which projects to list, in the order of their ids, after one id."""

    season_id: str | None = None
    nomination: str | None = None
    region: str | None = None
    applicant: str | None = None
    after: str = ""
    limit: int = 50


class Submissions:
    """What the service keeps."""

    def __init__(self, service: Service) -> None:
        self.seasons: Store[domain.Season] = service.store("seasons", SEASON)
        self.projects: Store[domain.Project] = service.store("projects", PROJECT)
        self.outcomes: Projection[Outcome] = service.projection("outcomes", OUTCOMES)
        service.prepare(self._prepare)

    async def _prepare(self) -> None:
        projects = self.projects.collection
        await projects.create_index([("state.season_id", 1), ("_id", 1)], name="by_season")
        await projects.create_index([("state.applicant", 1), ("_id", 1)], name="by_applicant")

    async def count_submitted(self, season_id: str) -> int:
        """How many projects of a season have been submitted, whatever became of them."""
        return await self.projects.collection.count_documents(
            {"state.season_id": season_id, "state.status": {"$ne": "draft"}}
        )

    async def list_projects(
        self, query: ProjectQuery
    ) -> list[tuple[domain.Project, Outcome | None]]:
        """Projects with what was heard of them. Drafts only to their own applicant."""
        found = await self.projects.find(_filter(query), limit=query.limit)
        ids = [id for id, _ in found]
        outcomes = {
            outcome.project_id: outcome
            for outcome in await self.outcomes.find({"_id": {"$in": ids}})
        }
        return [(project, outcomes.get(id)) for id, project in found]


def _filter(query: ProjectQuery) -> Mapping[str, Any]:
    wanted: dict[str, Any] = {"_id": {"$gt": query.after}}
    if query.season_id:
        wanted["state.season_id"] = query.season_id
    if query.applicant:
        wanted["state.applicant"] = query.applicant
    else:
        wanted["state.status"] = {"$ne": "draft"}
    if query.nomination:
        wanted["state.nomination"] = query.nomination
    if query.region:
        wanted["state.region"] = query.region
    return wanted


def person_record(person: Person) -> PersonRecord:
    """A person as the store keeps and says it."""
    return PersonRecord(person.person_id, Person.TYPE, Person.MAJOR, person.model_dump_json())
