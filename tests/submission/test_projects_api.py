"""Projects over HTTP on the real parts: the way from a draft to a receipt, said exactly once."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from admin.rehearsal.cast import Cast, FairSize, season_text
from admin.rehearsal.commands import SEASON_FILE
from services.submission.season_file import parse_season
from tests.rooms import Rooms, eventually

SIZE = FairSize(projects=3)
TODAY = season_text(SEASON_FILE, datetime.now(UTC).date(), SIZE)
DRAFT = Cast("test", SIZE, parse_season(TODAY)).projects()[0].draft


@pytest.fixture(scope="module")
async def submission(rooms: Rooms) -> httpx.AsyncClient:
    client = await rooms.open("submission")
    answer = await client.put("/seasons/2020", content=TODAY, headers=rooms.token("admin"))
    assert answer.status_code == 200, answer.text
    return client


class Applicant:
    """Somebody with a project of their own."""

    def __init__(self, client: httpx.AsyncClient, rooms: Rooms) -> None:
        self.id = str(uuid4())
        self.headers = rooms.token("applicant", f"ngo-{self.id}")
        self._client = client

    async def save(self, **changes: Any) -> dict[str, Any]:
        answer = await self._client.put(
            f"/projects/{self.id}", json=DRAFT | changes, headers=self.headers
        )
        assert answer.status_code == 200, answer.text
        details: dict[str, Any] = answer.json()
        return details

    async def post(self, verb: str, key: str = "") -> httpx.Response:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return await self._client.post(f"/projects/{self.id}/{verb}", headers=headers)

    def event(self, sequence: int) -> str:
        return f"submission/project/{self.id}:{sequence}"


@pytest.fixture
async def applicant(rooms: Rooms, submission: httpx.AsyncClient) -> Applicant:
    somebody = Applicant(submission, rooms)
    await somebody.save()
    return somebody


async def heard(rooms: Rooms, project_id: str, last: str) -> list[tuple[str, str]]:
    """(type, id) of everything said about a project once `last` was said."""

    async def said() -> list[tuple[str, str]]:
        found = []
        for record in await rooms.records("submission"):
            headers = {name: value.decode() for name, value in record.headers}
            if headers["ce_subject"] == f"project/{project_id}":
                found.append((headers["ce_type"], headers["ce_id"]))
        return found if last in [id for _, id in found] else []

    result: list[tuple[str, str]] = await eventually(said, f"{last} is on the topic")
    return result


async def test_submit_project_says_project_submitted_once_and_answers_with_its_id(
    rooms: Rooms, applicant: Applicant
) -> None:
    first = await applicant.post("submit")
    again = await applicant.post("submit")

    assert first.json() == {
        "project_id": applicant.id,
        "status": "submitted",
        "version": 1,
        "event_id": applicant.event(1),
    }
    assert again.json() == first.json()
    assert await heard(rooms, applicant.id, applicant.event(1)) == [
        ("ProjectSubmitted", applicant.event(1))
    ]


async def test_submitting_many_times_at_once_says_it_once(
    rooms: Rooms, applicant: Applicant
) -> None:
    answers = await asyncio.gather(*(applicant.post("submit") for _ in range(8)))

    assert {answer.text for answer in answers} == {answers[0].text}
    await applicant.save(title="Жаңа атау")
    await applicant.post("submit")
    assert await heard(rooms, applicant.id, applicant.event(2)) == [
        ("ProjectSubmitted", applicant.event(1)),
        ("ProjectRevised", applicant.event(2)),
    ]


async def test_an_idempotency_key_gives_the_first_answer_even_after_a_revision(
    applicant: Applicant,
) -> None:
    first = await applicant.post("submit", "first")
    await applicant.save(title="Жаңа атау")
    second = await applicant.post("submit", "second")

    assert second.json()["event_id"] == applicant.event(2)
    assert (await applicant.post("submit", "first")).json() == first.json()
    assert (await applicant.post("submit", "second")).json() == second.json()


async def test_a_key_used_for_another_request_is_refused(applicant: Applicant) -> None:
    await applicant.post("submit", "one-key")
    other = await applicant.post("withdrawal", "one-key")

    assert other.status_code == 422
    assert other.json()["type"].endswith(":idempotency-key-reused")


async def test_what_was_said_is_in_the_event_and_nowhere_an_address(
    rooms: Rooms, applicant: Applicant
) -> None:
    await applicant.post("submit")
    await heard(rooms, applicant.id, applicant.event(1))

    (body,) = [body for id, body in await rooms.said("submission") if id == applicant.event(1)]
    event = json.loads(body)
    assert event["content"]["title"] == DRAFT["title"]
    assert event["content"]["budget"]["requested_tiyn"] == sum(
        line["requested_tiyn"] for line in DRAFT["budget_lines"]
    )
    assert b"@" not in body
    assert DRAFT["contact"]["name"].encode() not in body


async def test_a_project_is_checked_and_taken_back(
    rooms: Rooms, submission: httpx.AsyncClient, applicant: Applicant
) -> None:
    await applicant.post("submit")
    for _ in range(2):
        checked = await submission.post(
            f"/projects/{applicant.id}/screening",
            json={"version": 1, "outcome": "eligible"},
            headers=rooms.token("secretary"),
        )
        assert checked.json()["status"] == "eligible"
    withdrawn = await applicant.post("withdrawal")
    again = await applicant.post("withdrawal")

    assert withdrawn.json()["event_id"] == applicant.event(3)
    assert again.json() == withdrawn.json() | {"event_id": None}
    assert await heard(rooms, applicant.id, applicant.event(3)) == [
        ("ProjectSubmitted", applicant.event(1)),
        ("ProjectScreened", applicant.event(2)),
        ("ProjectWithdrawn", applicant.event(3)),
    ]


async def test_every_event_says_who_and_by_what_way(rooms: Rooms, applicant: Applicant) -> None:
    await applicant.post("submit")
    await heard(rooms, applicant.id, applicant.event(1))

    for record in await rooms.records("submission"):
        headers = {name: value.decode() for name, value in record.headers}
        role = headers["ce_actor"].partition("/")[0]
        assert headers["ce_via"] == ("admin" if role == "admin" else "api")
        assert headers["ce_season"] == "2020"
        assert record.key.decode() == headers["ce_subject"]
        assert headers["ce_correlationid"]


async def test_contact_of_a_draft_is_told_to_nobody_before_it_is_handed_in(
    rooms: Rooms, submission: httpx.AsyncClient
) -> None:
    project_id, applicant = str(uuid4()), rooms.token("applicant", "ngo-contact")
    contact = {"name": "Бірінші Үлгі", "email": "first@example.org", "language": "kk"}
    path = f"/projects/{project_id}"
    await submission.put(path, json=DRAFT | {"contact": contact}, headers=applicant)
    await submission.post(f"{path}/submit", headers=applicant)

    other = contact | {"email": "second@example.org"}
    await submission.put(path, json=DRAFT | {"contact": other}, headers=applicant)
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(rooms.environment["MONGO_URL"])

    async def addresses() -> list[str]:
        projects = client[rooms.database("submission")]["projects"]
        doc = await projects.find_one({"_id": project_id}) or {}
        return [json.loads(person["body"])["email"] for person in doc["people"].values()]

    assert await addresses() == ["first@example.org"]
    await submission.post(f"{path}/submit", headers=applicant)
    assert await addresses() == ["second@example.org"]
    client.close()
