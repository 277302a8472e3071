"""Sheets over HTTP: drafts, changes with a reason, copies that come twice or late, history."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.scoring.store import Judging

from .fair import Body, Court, Fair, fine, refused

REASON = "Смета қосылды"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
async def shared(court: Court) -> Fair:
    """A drawn fair; each test has a project of its own."""
    fair = Fair(court, "fair-sheets")
    await fair.open()
    await fair.draw(fair.first)
    return fair


async def part(fair: Fair, number: int) -> tuple[str, str, str, str]:
    """The path of a project, its two judges, and the jury's third member."""
    project = list(fair.plans)[number]
    rows = {judge: await fair.assignments(fair.first, judge) for judge in fair.voting("jury")}
    one, two = (j for j, own in rows.items() if project in {row["project_id"] for row in own})
    (other,) = set(rows) - {one, two}
    return f"/rounds/{fair.first}/projects/{project}", one, two, other


def points(value: str) -> list[Body]:
    ids = ("relevance", "impact", "feasibility", "budget", "sustainability")
    return [{"criterion": id, "points": value} for id in ids]


async def put(fair: Fair, path: str, judge: str, value: str, **fields: Any) -> httpx.Response:
    body = {"project_version": 1, "points": points(value)} | fields
    return await fair.court.scoring.put(path, json=body, headers=fair.judge(judge))


async def said(fair: Fair, path: str) -> list[str]:
    """The ids of all sheets on a project."""
    project = path.rpartition("/")[2]
    return [id for _, id, body in await fair.said("ScoreRecorded") if body["project_id"] == project]


async def test_a_change_needs_a_reason_and_the_sheet_it_changes(shared: Fair) -> None:
    path, judge, _, _ = await part(shared, 0)
    first = fine(await put(shared, f"{path}/sheet", judge, "5.00"))

    refused(await put(shared, f"{path}/sheet", judge, "6.00"), 422, "reason-missing")
    unnamed = await put(shared, f"{path}/sheet", judge, "6.00", reason=REASON)
    refused(unnamed, 409, "sheet-outdated")
    assert first["event_id"] in unnamed.json()["detail"]
    change = {"reason": REASON, "replaces": first["event_id"]}
    second = fine(await put(shared, f"{path}/sheet", judge, "6.00", **change))

    own = fine(await shared.get(path, shared.judge(judge)))
    assert datetime.now(UTC) - datetime.fromisoformat(own["own_sheet"].pop("at")) < HOUR
    assert own["own_sheet"] == {
        "event_id": second["event_id"],
        "project_version": 1,
        "points": points("6.00"),
        "comments": [],
        "reason": REASON,
        "replaces": first["event_id"],
        "voided": None,
    }
    (_, _, event) = (await shared.said("ScoreRecorded"))[-1]
    assert (event["reason"], event["replaces"]) == (REASON, first["event_id"])


async def test_a_sheet_sent_twice_or_late_is_one_sheet(shared: Fair) -> None:
    path, judge, _, _ = await part(shared, 1)
    sheet = f"{path}/sheet"
    answers = await asyncio.gather(*(put(shared, sheet, judge, "5.00") for _ in range(6)))
    (first,) = {fine(answer)["event_id"] for answer in answers}
    change = {"reason": REASON, "replaces": first}
    answers = await asyncio.gather(*(put(shared, sheet, judge, "7.00", **change) for _ in range(6)))
    (second,) = {fine(answer)["event_id"] for answer in answers}

    refused(await put(shared, sheet, judge, "5.00"), 422, "reason-missing")
    back = {"reason": REASON, "replaces": second}
    third = fine(await put(shared, sheet, judge, "6.00", **back))["event_id"]
    refused(await put(shared, sheet, judge, "7.00", **change), 409, "sheet-outdated")
    assert fine(await put(shared, sheet, judge, "6.00", **back))["event_id"] == third
    assert await said(shared, path) == [first, second, third]


async def test_two_changes_of_one_sheet_at_once_are_one(shared: Fair) -> None:
    path, judge, _, _ = await part(shared, 2)
    first = fine(await put(shared, f"{path}/sheet", judge, "5.00"))["event_id"]
    change = {"reason": REASON, "replaces": first}

    answers = await asyncio.gather(
        *(put(shared, f"{path}/sheet", judge, f"{n}.00", **change) for n in range(1, 5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(await said(shared, path)) == 2


async def test_a_draft_is_the_judges_own_and_no_event(shared: Fair, judging: Judging) -> None:
    path, judge, other, stranger = await part(shared, 3)
    secret = "Құпия жоба пікірі"
    body = {
        "project_version": 1,
        "points": points("4.00")[:2],
        "comments": [{"criterion": "impact", "comment": secret}],
    }
    room, draft = shared.court.scoring, f"{path}/sheet/draft"
    before = len(await shared.said())
    kept = fine(await room.put(draft, json=body, headers=shared.judge(judge)))

    assert kept["points"] == points("4.00")[:2]
    assert fine(await shared.get(path, shared.judge(judge)))["draft"] == kept
    assert fine(await shared.get(path, shared.judge(other)))["draft"] is None
    assert len(await shared.said()) == before
    history = f"{path}/sheets/{judge}/history"
    for headers in (shared.secretary, shared.admin, shared.judge(other), *shared.outsiders[:2]):
        for view in (path, history, f"/rounds/{shared.first}", f"/rounds/{shared.first}/conflicts"):
            assert secret not in (await shared.get(view, headers)).text
    refused(await room.put(draft, json=body, headers=shared.judge(stranger)), 403, "not-assigned")
    refused(await room.put(draft, json=body, headers=shared.secretary), 403, "role-not-allowed")
    wrong = body | {"points": [{"criterion": "charm", "points": "1"}]}
    refused(await room.put(draft, json=wrong, headers=shared.judge(judge)), 422, "sheet-invalid")

    fine(await put(shared, f"{path}/sheet", judge, "4.00"))
    assert fine(await shared.get(path, shared.judge(judge)))["draft"] is None
    refused(await room.put(draft, json=body, headers=shared.judge(judge)), 409, "sheet-outdated")
    found = await judging.evaluation_of(shared.first, path.rpartition("/")[2])
    assert found is not None
    assert not found.drafts


async def test_a_sheet_is_about_the_version_that_is_evaluated(shared: Fair) -> None:
    path, judge, _, _ = await part(shared, 4)

    for where in (f"{path}/sheet", f"{path}/sheet/draft"):
        unseen = await put(shared, where, judge, "5.00", project_version=2)
        refused(unseen, 409, "version-unknown")
    refused(
        await put(shared, f"{path}/sheet", judge, "5.00", project_version=0), 422, "invalid-request"
    )


async def test_the_history_is_for_the_judge_and_the_staff(shared: Fair) -> None:
    path, judge, other, stranger = await part(shared, 5)
    first = fine(await put(shared, f"{path}/sheet", judge, "5.00"))["event_id"]
    void = f"{path}/sheets/{judge}/void"
    fine(await shared.post(void, {"reason": "Қате толтырылған"}))
    comments = [{"criterion": "budget", "comment": "Анық"}]
    again = fine(
        await put(shared, f"{path}/sheet", judge, "5.00", replaces=first, comments=comments)
    )["event_id"]

    history = f"{path}/sheets/{judge}/history"
    for headers in (shared.judge(judge), shared.secretary, shared.admin):
        told = fine(await shared.get(history, headers))["sheets"]
        assert [(one["event_id"], one["voided"], one["replaces"]) for one in told] == [
            (first, "Қате толтырылған", None),
            (again, None, first),
        ]
        assert told[1]["comments"] == comments
    refused(await shared.get(history, shared.judge(other)), 403, "not-your-sheet")
    refused(await shared.get(history, shared.judge(stranger)), 403, "not-your-sheet")
    refused(await shared.get(history), 401, "token-missing")
    nobody = f"{path}/sheets/{stranger}/history"
    refused(await shared.get(nobody, shared.secretary), 404, "not-assigned")
    refused(await shared.get(nobody, shared.judge(stranger)), 403, "not-assigned")


async def test_after_the_close_a_late_copy_has_its_answer_and_nothing_is_said(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    await fair.score_all(fair.first, "jury")
    path, judge, _, _ = await part(fair, 0)
    own = fine(await fair.get(path, fair.judge(judge)))["own_sheet"]
    fine(await fair.post(f"/rounds/{fair.first}/close"))
    sheets = await said(fair, path)

    late = await put(fair, f"{path}/sheet", judge, "0.00", points=own["points"])
    assert fine(late)["event_id"] == own["event_id"]
    change = {"reason": REASON, "replaces": own["event_id"]}
    refused(await put(fair, f"{path}/sheet", judge, "0.00", **change), 409, "round-closed")
    refused(await put(fair, f"{path}/sheet/draft", judge, "0.00"), 409, "round-closed")
    assert await said(fair, path) == sheets
    assert json.dumps(sheets).count(own["event_id"]) == 1
