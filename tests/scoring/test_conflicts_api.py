"""Conflicts over HTTP: a conflicted judge learns nothing of the project in any view."""

import httpx

from schemas.scoring import AssignmentsDrawn
from services.scoring.domain.draw import assignments
from tests.rooms import eventually

from .fair import Body, Fair, fine, refused, rule_of

REASON = "Үлгі себеп"


async def test_conflict_declared_before_the_draw_keeps_the_judge_from_the_project(
    fair: Fair,
) -> None:
    await fair.open()
    judge, project = fair.voting("jury")[0], sorted(fair.plans)[0]
    path = f"/rounds/{fair.first}/projects/{project}/conflicts/{judge}"

    async def declared() -> Body | None:
        """Declared, once scoring has heard of the project."""
        answer = await put(fair, path, {"ground": "organisation"}, fair.judge(judge))
        unheard = answer.status_code == httpx.codes.NOT_FOUND
        return None if unheard and rule_of(answer) == "unknown-project" else fine(answer)

    said = await eventually(declared, "the conflict is declared")
    assert (said["barred"], said["source"]) == (True, "declared")

    await fair.draw(fair.first)

    ((_, _, drawn),) = await fair.said("AssignmentsDrawn")
    event = AssignmentsDrawn.model_validate(drawn)
    assert {one.project_id: one.barred for one in event.about or ()}[project] == (judge,)
    assert judge not in assignments(event)[project]
    assert project not in {row["project_id"] for row in await fair.assignments(fair.first, judge)}
    await learns_nothing(fair, judge, project)
    add = {"project_id": project, "judge_id": judge}
    refused(await fair.post(f"/rounds/{fair.first}/assignments", add), 409, "judge-conflicted")


async def test_late_conflict_voids_the_sheet_and_a_ruling_lifts_it(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    chair = fair.cast.panel("jury")[0]["person_id"]
    judge = next(one for one in fair.voting("jury") if one != chair)
    project = (await fair.assignments(fair.first, judge))[0]["project_id"]
    await fair.score_all(fair.first, "jury")
    path = f"/rounds/{fair.first}/projects/{project}/conflicts/{judge}"

    refused(
        await put(fair, path, {"ground": "family"}, fair.judge(chair)), 403, "not-your-conflict"
    )
    fine(await put(fair, path, {"ground": "family"}, fair.judge(judge)))
    await learns_nothing(fair, judge, project)
    ruling = {"ruling": "no-conflict", "reason": REASON}
    refused(await put(fair, f"{path}/ruling", ruling, fair.judge(judge)), 403, "own-conflict")
    lifted = fine(await put(fair, f"{path}/ruling", ruling, fair.judge(chair)))

    assert (lifted["barred"], lifted["ruling"]) == (False, "no-conflict")
    rows = (await fair.get(f"/rounds/{fair.first}/conflicts", fair.secretary)).json()
    assert [(row["project_id"], row["judge_id"]) for row in rows] == [(project, judge)]
    types = [type for type, _, body in await fair.said() if body.get("judge_id") == judge]
    late = [type for type in types if type not in ("JudgeAssigned", "ScoreRecorded")]
    assert late == [
        "ConflictDeclared",
        "JudgeRecused",
        "ScoreVoided",
        "ConflictRuled",
        "JudgeReinstated",
    ]
    for headers in fair.outsiders:
        answer = await fair.get(f"/rounds/{fair.first}/conflicts", headers)
        assert answer.status_code in (401, 403)


async def test_conflict_found_after_the_closing_has_the_round_ranked_and_decided_anew(
    fair: Fair,
) -> None:
    await fair.open()
    await fair.draw(fair.first)
    await fair.score_all(fair.first, "jury")
    ranking = await fair.close_and_rank(fair.first)
    await fair.decide(fair.first, "jury")
    project = ranking["table"][0]["project_id"]
    judge = await scorer(fair, project)
    path = f"/rounds/{fair.first}/projects/{project}/conflicts/{judge}"
    decision = f"/rounds/{fair.first}/decision"
    attended = {"attended": fair.voting("jury")}

    fine(await put(fair, path, {"ground": "other"}, fair.judge(judge)))
    refused(await fair.post(f"/rounds/{fair.first}/publication"), 409, "ranking-outdated")
    refused(await fair.post(decision, attended), 409, "ranking-outdated")
    refused(await fair.post(f"/rounds/{fair.first}/ranking"), 409, "too-few-sheets")
    few = {"few_sheets_reason": REASON}
    again = fine(await fair.post(f"/rounds/{fair.first}/ranking", few))
    assert {row["project_id"]: row["sheets"] for row in again["table"]}[project] == 1
    assert again["few_sheets"] == {"projects": [project], "reason": REASON}
    assert fine(await fair.post(f"/rounds/{fair.first}/ranking")) == again
    await tells_the_staff_who_moves(fair, ranking, again)
    refused(await fair.post(f"/rounds/{fair.first}/publication"), 409, "decision-outdated")
    fine(await fair.post(decision, attended))
    published = fine(await fair.post(f"/rounds/{fair.first}/publication"))

    public = fine(await fair.get(f"/rounds/{fair.first}/ranking"))
    assert (public["moved"], public["event_id"]) == (None, again["event_id"])
    assert fine(await fair.post(f"/rounds/{fair.first}/publication")) == published | {
        "event_id": None
    }
    other = await scorer(fair, project)
    late = await put(fair, path.replace(judge, other), {"ground": "other"}, fair.judge(other))
    refused(late, 409, "already-published")


async def tells_the_staff_who_moves(fair: Fair, before: Body, now: Body) -> None:
    """From the ranking before to this one, and to nobody else."""
    ranks = [{row["project_id"]: row["rank"] for row in one["table"]} for one in (before, now)]
    shown = fine(await fair.get(f"/rounds/{fair.first}/ranking", fair.secretary))
    assert shown == now
    assert shown["moved"]["against"] == before["event_id"]
    limit = fair.definition.rounds[0].limit
    assert [tuple(row.values()) for row in shown["moved"]["projects"]] == [
        (id, rank, ranks[1][id], crossing(rank <= limit, ranks[1][id] <= limit))
        for id, rank in ranks[0].items()
        if ranks[1][id] != rank
    ]


def crossing(above: bool, later: bool) -> str | None:
    return None if above == later else "in" if later else "out"


async def scorer(fair: Fair, project: str) -> str:
    """A member of the jury who scores the project."""
    for judge in fair.voting("jury"):
        rows = await fair.assignments(fair.first, judge)
        if project in {row["project_id"] for row in rows}:
            return judge
    raise AssertionError("nobody scores it")


async def test_judge_declines_and_another_takes_over(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    judge = fair.voting("jury")[0]
    project = (await fair.assignments(fair.first, judge))[0]["project_id"]
    own = f"/rounds/{fair.first}/projects/{project}/judges/{judge}"
    other = await free_judge(fair, project)

    body = {"reason": REASON}
    answer = await fair.court.scoring.post(f"{own}/decline", json=body, headers=fair.judge(other))
    refused(answer, 403, "not-your-assignment")
    answer = await fair.court.scoring.post(f"{own}/decline", json=body, headers=fair.judge(judge))
    assert len(fine(answer)["event_ids"]) == 1
    swap = {"by_judge_id": other, "reason": REASON}
    assert len(fine(await fair.post(f"{own}/replace", swap))["event_ids"]) == 2

    assert project in {row["project_id"] for row in await fair.assignments(fair.first, other)}
    assert project not in {row["project_id"] for row in await fair.assignments(fair.first, judge)}


async def free_judge(fair: Fair, project: str) -> str:
    """A member of the jury who does not score the project."""
    for judge in fair.voting("jury"):
        rows = await fair.assignments(fair.first, judge)
        if project not in {row["project_id"] for row in rows}:
            return judge
    raise AssertionError("every judge scores it")


async def learns_nothing(fair: Fair, judge: str, project: str) -> None:
    """As for a project that was never assigned: the same refusal, not a row, not a count."""
    path = f"/rounds/{fair.first}/projects/{project}"
    refused(await fair.get(path, fair.judge(judge)), 403, "not-assigned")
    sheet = {"project_version": 1, "points": [{"criterion": "impact", "points": "5.00"}]}
    refused(await put(fair, f"{path}/sheet", sheet, fair.judge(judge)), 403, "not-assigned")
    rows = await fair.assignments(fair.first, judge)
    assert project not in {row["project_id"] for row in rows}


async def put(fair: Fair, path: str, body: Body, headers: dict[str, str]) -> httpx.Response:
    return await fair.court.scoring.put(path, json=body, headers=headers)
