"""Rubrics over HTTP: comments, criteria by nomination, blind rounds, others' sheets."""

from typing import Any
from zlib import crc32

import httpx
import pytest

from .fair import Body, Court, Fair, fine, refused

NAME = {"kk": "Атау", "ru": "Название", "en": "Name"}
CRITERIA = [
    {"id": "impact", "name": NAME, "weight": "0.6"},
    {
        "id": "budget",
        "name": NAME,
        "weight": "0.4",
        "anchors": [{"at": "3", "text": NAME}],
        "comment": {"rule": "required", "below": "3"},
    },
]
OWN = [
    {"id": "impact", "name": NAME, "weight": "0.5"},
    {"id": "roots", "name": NAME, "weight": "0.5", "comment": {"rule": "none"}},
]
NOMINATION = "environment"


async def drawn(court: Court, request: pytest.FixtureRequest, **first: Any) -> Fair:
    """A drawn fair of the test's own, whose first round has these rules."""
    fair = Fair(court, f"fair-{crc32(request.node.nodeid.encode()):08x}", first=first)
    for number, plan in enumerate(fair.plans.values()):
        named = plan.draft["organisation"]["name"]
        plan.draft["summary"] = f"Біз — {named}, жоба {number}."
    await fair.open()
    await fair.draw(fair.first)
    return fair


async def judges_of(fair: Fair, project: str) -> list[str]:
    found = []
    for judge in fair.voting("jury"):
        rows = await fair.assignments(fair.first, judge)
        found += [judge] if project in {row["project_id"] for row in rows} else []
    return found


async def score(fair: Fair, project: str, judge: str, *said: str, **given: str) -> httpx.Response:
    points = [{"criterion": id, "points": value} for id, value in given.items()]
    comments = [{"criterion": id, "comment": "Анық жазылған"} for id in said]
    return await fair.score(fair.first, project, judge, points, comments=comments)


async def view(fair: Fair, project: str, judge: str) -> Body:
    return fine(await fair.get(f"/rounds/{fair.first}/projects/{project}", fair.judge(judge)))


async def test_comments_and_criteria_are_those_of_the_projects_nomination(
    court: Court, request: pytest.FixtureRequest
) -> None:
    own = {"nomination": NOMINATION, "criteria": OWN}
    fair = await drawn(court, request, criteria=CRITERIA, nominations=[own])
    by_nomination = {plan.draft["nomination"]: id for id, plan in fair.plans.items()}
    special = by_nomination.pop(NOMINATION)
    common = next(iter(by_nomination.values()))
    (judge, _), (other, _) = await judges_of(fair, common), await judges_of(fair, special)

    shown = (await view(fair, common, judge))["stage"]["criteria"]
    assert [(one["id"], one["anchors"]) for one in shown] == [
        ("impact", None),
        ("budget", [{"at": "3", "text": NAME}]),
    ]
    silent = await score(fair, common, judge, impact="5", budget="2.5")
    refused(silent, 422, "sheet-invalid")
    assert [fault["where"] for fault in silent.json()["errors"]] == ["comments.budget"]
    fine(await score(fair, common, judge, "budget", impact="5", budget="2.5"))

    shown = (await view(fair, special, other))["stage"]["criteria"]
    assert [(one["id"], one["weight"]) for one in shown] == [("impact", "0.5"), ("roots", "0.5")]
    refused(await score(fair, special, other, impact="5", budget="5"), 422, "sheet-invalid")
    told = await score(fair, special, other, "roots", impact="5", roots="5")
    refused(told, 422, "sheet-invalid")
    assert [fault["what"] for fault in told.json()["errors"]] == ["takes no comment"]
    fine(await score(fair, special, other, impact="0", roots="10"))

    await score_the_rest(fair)
    table = (await fair.close_and_rank(fair.first))["table"]
    totals = {row["project_id"]: row["total"] for row in table}
    assert (totals.pop(special), totals.pop(common)) == ("5.000000", "7.000000")
    specials = {id for id, plan in fair.plans.items() if plan.draft["nomination"] == NOMINATION}
    wanted = {id: "5.000000" if id in specials else "10.000000" for id in totals}
    assert totals == wanted


async def score_the_rest(fair: Fair) -> None:
    """Every sheet that is not in yet: the best common ones, and the halves of the special ones."""
    for judge in fair.voting("jury"):
        for row in await fair.assignments(fair.first, judge):
            if row["scored"]:
                continue
            special = row["nomination"] == NOMINATION
            points = {"impact": "0", "roots": "10"} if special else {"impact": "10", "budget": "10"}
            fine(await score(fair, row["project_id"], judge, **points))


async def test_in_a_blind_round_no_view_tells_a_judge_whose_a_project_is(
    court: Court, request: pytest.FixtureRequest
) -> None:
    fair = await drawn(court, request, blind=True)
    project = next(iter(fair.plans))
    organisation = fair.plans[project].draft["organisation"]
    judge, other = await judges_of(fair, project)
    fine(await fair.score(fair.first, project, other))
    path = f"/rounds/{fair.first}"

    shown = await view(fair, project, judge)
    assert shown["content"]["organisation"] is None
    assert shown["content"]["summary"] == "Біз — […], жоба 0."
    assert shown["content"]["title"] == fair.plans[project].draft["title"]
    views = [path, f"{path}/assignments", f"{path}/projects/{project}", "/metrics"]
    views += [f"{path}/projects/{project}/sheets", f"{path}/conflicts", f"{path}/ranking"]
    views += [f"{path}/projects/{project}/sheets/{judge}/history", f"{path}/decision"]
    for where in views:
        text = (await fair.get(where, fair.judge(judge))).text
        assert organisation["name"] not in text, where
        assert organisation["bin"] not in text, where
        assert fair.plans[project].draft["contact"]["email"] not in text, where


async def test_a_round_that_is_not_blind_shows_whose_a_project_is(
    court: Court, request: pytest.FixtureRequest
) -> None:
    fair = await drawn(court, request)
    project = next(iter(fair.plans))
    judge = (await judges_of(fair, project))[0]

    content = (await view(fair, project, judge))["content"]
    assert content["organisation"] == fair.plans[project].draft["organisation"]
    assert content["organisation"]["name"] in content["summary"]


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [("never", 403, 403), ("after-own", 403, 200), ("always", 200, 200)],
)
async def test_others_sheets_are_shown_by_the_rounds_rule(
    court: Court, request: pytest.FixtureRequest, rule: str, before: int, after: int
) -> None:
    fair = await drawn(court, request, visibility=rule)
    project = next(iter(fair.plans))
    judge, other = await judges_of(fair, project)
    (stranger,) = set(fair.voting("jury")) - {judge, other}
    path = f"/rounds/{fair.first}/projects/{project}"
    said = fine(await fair.score(fair.first, project, other))["event_id"]

    async def look(headers: dict[str, str], status: int) -> list[tuple[str, str]]:
        answer = await fair.get(f"{path}/sheets", headers)
        if status != httpx.codes.OK:
            refused(answer, status, "sheets-hidden")
            assert said not in answer.text
            return []
        return [(one["judge_id"], one["sheet"]["event_id"]) for one in fine(answer)["sheets"]]

    assert await look(fair.judge(judge), before) == [(other, said)] * (before == 200)
    own = fine(await fair.score(fair.first, project, judge))["event_id"]
    both = sorted([(judge, own), (other, said)])
    assert await look(fair.judge(judge), after) == both * (after == 200)
    assert await look(fair.secretary, 200) == both
    refused(await fair.get(f"{path}/sheets", fair.judge(stranger)), 403, "not-assigned")
    refused(await fair.get(f"{path}/sheets", fair.applicant(project)), 403, "role-not-allowed")
    refused(await fair.get(f"{path}/sheets"), 401, "token-missing")
    conflict = f"{path}/conflicts/{judge}"
    room = fair.court.scoring
    fine(await room.put(conflict, json={"ground": "family"}, headers=fair.judge(judge)))
    refused(await fair.get(f"{path}/sheets", fair.judge(judge)), 403, "not-assigned")
