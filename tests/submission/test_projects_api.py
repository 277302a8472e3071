"""Projects over HTTP on the real parts: the way from a draft to a receipt, and every bad input."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from admin.rehearsal.cast import Cast, FairSize, season_text
from admin.rehearsal.commands import SEASON_FILE
from services.submission.season_file import parse_season
from tests.rooms import Rooms, eventually

SIZE = FairSize(projects=3)


@pytest.fixture(scope="module")
async def submission(rooms: Rooms) -> httpx.AsyncClient:
    client = await rooms.open("submission")
    text = season_text(SEASON_FILE, datetime.now(UTC).date(), SIZE)
    answer = await client.put("/seasons/2020", content=text, headers=rooms.token("admin"))
    assert answer.status_code == 200, answer.text
    return client


def draft(**changes: Any) -> dict[str, Any]:
    text = season_text(SEASON_FILE, datetime.now(UTC).date(), SIZE)
    return Cast("test", SIZE, parse_season(text)).projects()[0].draft | changes


async def test_submit_project_says_project_submitted_once_and_answers_with_its_id(
    rooms: Rooms, submission: httpx.AsyncClient
) -> None:
    project_id, applicant = str(uuid4()), rooms.token("applicant", "ngo-1")
    saved = await submission.put(f"/projects/{project_id}", json=draft(), headers=applicant)
    assert saved.status_code == 200, saved.text

    first = await submission.post(f"/projects/{project_id}/submit", headers=applicant)
    again = await submission.post(f"/projects/{project_id}/submit", headers=applicant)

    assert first.json()["event_id"] == f"submission/project/{project_id}:1"
    assert again.json() == first.json()

    async def said() -> list[Any]:
        return [
            json.loads(body)["project_id"]
            for _, body in await rooms.said("submission", "ProjectSubmitted")
            if json.loads(body)["project_id"] == project_id
        ]

    assert await eventually(said, "ProjectSubmitted is on the topic") == [project_id]
