"""NGOs that hand projects in over HTTP, to a season that is open today."""

from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from admin.rehearsal.cast import Cast, FairSize, ProjectPlan, season_text
from admin.stack.layout import REPOSITORY
from services.submission.season_file import parse_season
from tests.rooms import Rooms


@dataclass
class Applicants:
    """Everybody who takes part, the same for the same seed."""

    cast: Cast
    season_yaml: str
    rooms: Rooms

    async def open_season(self, submission: httpx.AsyncClient) -> None:
        """Open the season, as an admin; a repeat changes nothing."""
        answer = await submission.put(
            f"/seasons/{self.cast.season.id}",
            content=self.season_yaml.encode(),
            headers=self.rooms.token("admin") | {"Content-Type": "application/yaml"},
        )
        answer.raise_for_status()

    async def hand_in(self, submission: httpx.AsyncClient, plan: ProjectPlan) -> httpx.Response:
        """Save a draft and submit it; the answer to the latter."""
        token = self.rooms.token("applicant", plan.applicant)
        draft = await submission.put(f"/projects/{plan.id}", json=plan.draft, headers=token)
        draft.raise_for_status()
        answer = await submission.post(f"/projects/{plan.id}/submit", headers=token)
        answer.raise_for_status()
        return answer


def applicants(rooms: Rooms, seed: str, projects: int = 1) -> Applicants:
    """Applicants with so many projects."""
    size = FairSize(projects=projects)
    text = season_text(REPOSITORY / "seasons" / "2020.yaml", datetime.now(UTC).date(), size)
    return Applicants(Cast(seed, size, parse_season(text)), text, rooms)
