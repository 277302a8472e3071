"""NGOs that hand projects in over HTTP, so that there is something to subscribe to."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from admin.rehearsal.cast import Cast, FairSize, season_text
from admin.rehearsal.commands import SEASON_FILE
from services.submission.season_file import parse_season
from tests.rooms import Rooms

SIZE = FairSize(projects=1)
TODAY = season_text(SEASON_FILE, datetime.now(UTC).date(), SIZE)
DRAFT = Cast("examples", SIZE, parse_season(TODAY)).projects()[0].draft


class Applicants:
    """All of them, at one submission service whose season is open."""

    def __init__(self, client: httpx.AsyncClient, rooms: Rooms) -> None:
        self._client = client
        self._rooms = rooms

    @classmethod
    async def at_open_season(cls, rooms: Rooms) -> "Applicants":
        """With a service of their own under the rooms' prefix."""
        client = await rooms.open("submission")
        answer = await client.put("/seasons/2020", content=TODAY, headers=rooms.token("admin"))
        assert answer.status_code == 200, answer.text
        return cls(client, rooms)

    async def hand_in(self, region: str, project: str = "") -> str:
        """A new project in a region, or a changed one; its id."""
        project = project or str(uuid4())
        draft = DRAFT | {"region": region}
        await self._done("PUT", f"/projects/{project}", project, json=draft)
        await self._done("POST", f"/projects/{project}/submit", project)
        return project

    async def withdraw(self, project: str) -> None:
        """Take it back."""
        await self._done("POST", f"/projects/{project}/withdrawal", project)

    async def _done(self, method: str, path: str, project: str, **content: Any) -> None:
        headers = self._rooms.token("applicant", f"ngo-{project}")
        answer = await self._client.request(method, path, headers=headers, **content)
        assert answer.status_code == 200, answer.text
