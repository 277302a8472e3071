"""Who sees which projects: lists, pages, an applicant's own, and nothing of drafts in public."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from admin.rehearsal.cast import Cast, FairSize, ProjectPlan, season_text
from services.submission.season_file import parse_season
from tests.rooms import Rooms

from .given import SEASON_FILE

SIZE = FairSize(projects=7)
TODAY = season_text(SEASON_FILE, datetime.now(UTC).date(), SIZE)
PLANS = Cast("reading", SIZE, parse_season(TODAY)).projects()
SUBMITTED, DRAFTS = PLANS[:5], PLANS[5:]
NGO = "ngo-of-all"
INSIDE = {"draft", "versions", "screening"}


@pytest.fixture(scope="module")
async def submission(rooms: Rooms) -> httpx.AsyncClient:
    """Five projects handed in and two drafts of one applicant; one of them found ineligible."""
    client = await rooms.open("submission")
    await client.put("/seasons/2020", content=TODAY, headers=rooms.token("admin"))
    applicant = rooms.token("applicant", NGO)
    for plan in PLANS:
        put = await client.put(f"/projects/{plan.id}", json=plan.draft, headers=applicant)
        assert put.status_code == 200, put.text
    for plan in SUBMITTED:
        await client.post(f"/projects/{plan.id}/submit", headers=applicant)
    screened = await client.post(
        f"/projects/{SUBMITTED[0].id}/screening",
        json={"version": 1, "outcome": "ineligible", "reason_code": "duplicate"},
        headers=rooms.token("secretary"),
    )
    assert screened.status_code == 200, screened.text
    return client


def ids(plans: list[ProjectPlan]) -> list[str]:
    return sorted(plan.id for plan in plans)


async def listed(client: httpx.AsyncClient, query: str, **headers: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/projects{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_the_public_list_has_no_drafts(submission: httpx.AsyncClient) -> None:
    found = await listed(submission, "")

    assert [item["project_id"] for item in found] == ids(SUBMITTED)
    assert {item["status"] for item in found} == {"submitted"}
    assert not INSIDE & found[0].keys()


async def test_the_staff_sees_the_formal_check_but_no_drafts(
    rooms: Rooms, submission: httpx.AsyncClient
) -> None:
    for role in ("secretary", "admin"):
        found = await listed(submission, "", **rooms.token(role))
        status = {item["project_id"]: item["status"] for item in found}
        assert sorted(status) == ids(SUBMITTED)
        assert status[SUBMITTED[0].id] == "ineligible"


async def test_an_applicant_lists_the_own_projects_with_drafts(
    rooms: Rooms, submission: httpx.AsyncClient
) -> None:
    own = await listed(submission, "?mine=true", **rooms.token("applicant", NGO))
    other = await listed(submission, "?mine=true", **rooms.token("applicant", "somebody"))

    assert [item["project_id"] for item in own] == ids(PLANS)
    assert {item["status"] for item in own} == {"draft", "submitted", "ineligible"}
    assert other == []


async def test_pages_follow_each_other_without_gap_or_repeat(
    submission: httpx.AsyncClient,
) -> None:
    seen: list[str] = []
    after: str | None = ""
    pages = 0
    while after is not None:
        answer = (await submission.get("/projects", params={"limit": 2, "after": after})).json()
        seen += [item["project_id"] for item in answer["items"]]
        after, pages = answer["next"], pages + 1

    assert seen == ids(SUBMITTED)
    assert pages == 3


@pytest.mark.parametrize("filtered", ["nomination", "region", "season_id"])
async def test_lists_are_filtered(submission: httpx.AsyncClient, filtered: str) -> None:
    value = SUBMITTED[0].draft[filtered]
    found = await listed(submission, f"?{filtered}={value}")

    assert [item["project_id"] for item in found] == ids(
        [plan for plan in SUBMITTED if plan.draft[filtered] == value]
    )
    assert await listed(submission, f"?{filtered}=none-of-these") == []


async def test_a_project_shows_more_to_its_applicant_and_the_staff(
    rooms: Rooms, submission: httpx.AsyncClient
) -> None:
    path = f"/projects/{SUBMITTED[0].id}"
    inside = [rooms.token("applicant", NGO), rooms.token("secretary"), rooms.token("admin")]
    outside: list[dict[str, str]] = [
        {},
        rooms.token("applicant", "somebody"),
        rooms.token("judge", NGO),
    ]

    for headers in inside:
        shown = (await submission.get(path, headers=headers)).json()
        assert shown.keys() >= INSIDE
        assert shown["status"] == "ineligible"
        assert shown["versions"][0]["event_id"] == f"submission/project/{SUBMITTED[0].id}:1"
    for headers in outside:
        shown = (await submission.get(path, headers=headers)).json()
        assert not INSIDE & shown.keys()
        assert shown["status"] == "submitted"
        assert "applicant" not in str(shown)


async def test_a_draft_is_seen_by_its_applicant_alone(
    rooms: Rooms, submission: httpx.AsyncClient
) -> None:
    path = f"/projects/{DRAFTS[0].id}"
    own = await submission.get(path, headers=rooms.token("applicant", NGO))

    assert own.json()["draft"]["title"] == DRAFTS[0].draft["title"]
    for headers in ({}, rooms.token("applicant", "somebody"), rooms.token("secretary")):
        assert (await submission.get(path, headers=headers)).status_code == 404


async def test_an_edit_after_handing_in_is_not_shown_before_it_is_handed_in(
    rooms: Rooms, submission: httpx.AsyncClient
) -> None:
    plan, applicant = SUBMITTED[1], rooms.token("applicant", NGO)
    edited = plan.draft | {"title": "Енді басқаша"}
    await submission.put(f"/projects/{plan.id}", json=edited, headers=applicant)

    assert (await submission.get(f"/projects/{plan.id}")).json()["title"] == plan.draft["title"]
    await submission.post(f"/projects/{plan.id}/submit", headers=applicant)
    assert (await submission.get(f"/projects/{plan.id}")).json()["title"] == "Енді басқаша"


async def test_no_address_is_shown_to_anybody(rooms: Rooms, submission: httpx.AsyncClient) -> None:
    for headers in ({}, rooms.token("applicant", NGO), rooms.token("secretary")):
        for plan in SUBMITTED:
            answer = await submission.get(f"/projects/{plan.id}", headers=headers)
            assert "@" not in answer.text
        assert "@" not in (await submission.get("/projects", headers=headers)).text
