"""The scoring service's Mongo: what it owns, what it has heard, and who has signed in."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from pymongo.errors import DuplicateKeyError

from schemas.people import Person
from schemas.season import RoundDefinition
from services.kit.aggregate import Aggregate, PersonRecord
from services.kit.projection import Projection
from services.kit.service import Service
from services.kit.store import Store
from services.scoring.domain import (
    appeal,
    awards,
    commission,
    decision,
    evaluation,
    evolution,
    round,
    sitting,
)
from services.scoring.domain.base import evaluation_id
from services.scoring.domain.heard import PROJECTS, SEASONS, HeardProject, HeardSeason
from services.scoring.domain.ranking import Candidate

COMMISSION = Aggregate(
    service="scoring",
    kind="commission",
    state=commission.Commission,
    evolve=commission.evolve,
    season_of=lambda state: state.season_id,
)
ROUND = Aggregate(
    service="scoring",
    kind="round",
    state=round.Round,
    evolve=round.evolve,
    season_of=lambda state: state.season_id,
)
EVALUATION = Aggregate(
    service="scoring",
    kind="evaluation",
    state=evaluation.Evaluation,
    evolve=evolution.evolve,
    season_of=lambda state: state.season_id,
    evolve_all=evolution.evolve_all,
)
DECISION = Aggregate(
    service="scoring",
    kind="decision",
    state=decision.Decision,
    evolve=decision.evolve,
    season_of=lambda state: state.season_id,
)
AWARDS = Aggregate(
    service="scoring",
    kind="awards",
    state=awards.Awards,
    evolve=awards.evolve,
    season_of=lambda state: state.season_id,
)

SITTING = Aggregate(
    service="scoring",
    kind="sitting",
    state=sitting.Sitting,
    evolve=sitting.evolve,
    season_of=lambda state: state.season_id,
)

APPEAL = Aggregate(
    service="scoring",
    kind="appeal",
    state=appeal.Appeal,
    evolve=appeal.evolve,
    season_of=lambda state: state.season_id,
)

SAME_SIGN_IN = timedelta(minutes=10)
"""How long the use of a link can be repeated by whoever made it."""


class Judging:
    """What the service keeps."""

    def __init__(self, service: Service) -> None:
        self.commissions: Store[commission.Commission] = service.store("commissions", COMMISSION)
        self.rounds: Store[round.Round] = service.store("rounds", ROUND)
        self.evaluations: Store[evaluation.Evaluation] = service.store("evaluations", EVALUATION)
        self.decisions: Store[decision.Decision] = service.store("decisions", DECISION)
        self.awards: Store[awards.Awards] = service.store("awards", AWARDS)
        self.sittings: Store[sitting.Sitting] = service.store("sittings", SITTING)
        self.appeals: Store[appeal.Appeal] = service.store("appeals", APPEAL)
        self.seasons: Projection[HeardSeason] = service.projection("heard_seasons", SEASONS)
        self.projects: Projection[HeardProject] = service.projection("heard_projects", PROJECTS)
        self.rubrics: dict[str, RoundDefinition] = {}
        self._sign_ins = service.database["sign_ins"]
        service.prepare(self._prepare)

    async def _prepare(self) -> None:
        await self.evaluations.collection.create_index(
            [("state.round_id", 1), ("_id", 1)], name="by_round"
        )
        await self.evaluations.collection.create_index(
            [("state.judges", 1), ("state.round_id", 1)], name="by_judge"
        )
        await self.projects.collection.create_index(
            [("state.season_id", 1), ("_id", 1)], name="by_season"
        )

    async def evaluations_of(
        self, round_id: str, judge_id: str | None = None
    ) -> list[evaluation.Evaluation]:
        """A round's evaluations in the order of their projects; of one judge when named."""
        query = {"state.round_id": round_id}
        if judge_id is not None:
            query["state.judges"] = judge_id
        found = [one for _, one in await self.evaluations.find(query)]
        if judge_id is not None:
            return [one for one in found if judge_id in one.active and not one.barred(judge_id)]
        return [one for one in found if one.judges]

    async def conflicts_of(self, round_id: str) -> list[evaluation.Evaluation]:
        """The evaluations of a round with a conflict, also those that nobody scores yet."""
        found = await self.evaluations.find({"state.round_id": round_id})
        return [one for _, one in found if one.conflicts]

    async def evaluation_of(self, round_id: str, project_id: str) -> evaluation.Evaluation | None:
        """One project's evaluation in a round."""
        return await self.evaluations.get(evaluation_id(round_id, project_id))

    async def appeals_of(self, round_id: str) -> list[appeal.Appeal]:
        """All appeals against a round's results, in the order of their projects."""
        return [one for _, one in await self.appeals.find({"state.round_id": round_id})]

    async def appeal_of(self, round_id: str, project_id: str) -> appeal.Appeal | None:
        """A project's appeal against a round's results."""
        return await self.appeals.get(evaluation_id(round_id, project_id))

    async def projects_of(self, season_id: str) -> dict[str, HeardProject]:
        """All projects heard of in a season, by id."""
        found = await self.projects.find({"state.season_id": season_id})
        return {project.project_id: project for project in found}

    async def candidates(
        self, evaluations: Sequence[evaluation.Evaluation], season_id: str
    ) -> list[Candidate]:
        """The evaluations with their projects; those withdrawn take no part in a ranking."""
        projects = await self.projects_of(season_id)
        return [
            Candidate(evaluation=found, project=projects[found.project_id])
            for found in evaluations
            if projects[found.project_id].status == "eligible"
        ]

    async def sign_in(self, message_id: str, key: str | None, now: datetime) -> bool:
        """True for the first use of a link, and for repeats of that use by whoever has its key.

        A repeat is one with the same key within `SAME_SIGN_IN`: its answer was lost on the way.
        """
        marked = hashlib.sha256(key.encode()).hexdigest() if key else None
        try:
            await self._sign_ins.insert_one({"_id": message_id, "at": now, "key": marked})
        except DuplicateKeyError:
            used = await self._sign_ins.find_one({"_id": message_id})
            if used is None or marked is None:
                return False
            return bool(used.get("key") == marked and now - used["at"] <= SAME_SIGN_IN)
        return True


def person_record(person: Person) -> PersonRecord:
    """A person as the store keeps and says it."""
    return PersonRecord(person.person_id, Person.TYPE, Person.MAJOR, person.model_dump_json())
