"""An appeal over HTTP: who lodges, who sees it, who resolves it, and what it corrects."""

import asyncio
from typing import Any
from uuid import uuid4
from zlib import crc32

import httpx
import pytest

from tests.rooms import eventually

from .fair import Body, Court, Fair, fine, refused, rule_of
from .test_fair_api import submission_shows
from .test_sittings_api import id_of, put

LODGED: Body = {"ground": "procedure", "text": "Жобамыз бағалау кезінде талқыланбады."}


@pytest.fixture
def fair(court: Court, request: pytest.FixtureRequest) -> Fair:
    """A fair whose final chooses one of three; another one is in reserve."""
    name = f"fair-{crc32(request.node.nodeid.encode()):08x}"
    return Fair(court, name, first={"minimum_sheets": 1}, limit=1, reserve=1)


def path_of(fair: Fair, round_id: str, project: str, part: str = "") -> str:
    return f"/rounds/{round_id}/projects/{project}/appeal{part}"


async def lodge(
    fair: Fair, project: str, round_id: str = "", headers: Any = None, **changes: Any
) -> httpx.Response:
    path = path_of(fair, round_id or fair.first, project)
    who = headers if headers is not None else fair.applicant(project)
    return await fair.court.scoring.put(path, json=LODGED | changes, headers=who)


async def resolve(
    fair: Fair, project: str, body: Body, headers: Any = None, round_id: str = ""
) -> httpx.Response:
    path = path_of(fair, round_id or fair.first, project, "/resolution")
    body = {"reason": "Тексерілді"} | body
    return await fair.court.scoring.post(
        path, json=body, headers=headers if headers is not None else fair.secretary
    )


async def correct(fair: Fair, project: str, round_id: str = "", **body: Any) -> httpx.Response:
    return await fair.post(path_of(fair, round_id or fair.first, project, "/correction"), body)


async def carried(fair: Fair, round_id: str, panel: str, project: str) -> Body:
    """A sitting that upholds the appeal, by everybody's vote."""
    held, members = f"/sittings/{uuid4()}", fair.voting(panel)
    motion = f"{held}/motions/{uuid4()}"
    fine(await put(fair, held, {"round_id": round_id}))
    roll = {"attendance": dict.fromkeys(members, "remote")}
    fine(await put(fair, f"{held}/attendance", roll))
    text = {"text": "Шағым қанағаттандырылсын", "project_id": project, "about_appeal": True}
    fine(await put(fair, motion, text))
    for member in members:
        fine(await put(fair, f"{motion}/votes/{member}", {"vote": "for"}))
    fine(await fair.post(f"{motion}/decision"))
    return {"sitting_id": id_of(held), "motion_id": id_of(motion)}


async def others(fair: Fair, chosen: list[str]) -> list[str]:
    """The projects that are not on the shortlist."""
    return [id for id in fair.plans if id not in chosen]


async def test_an_appeal_is_its_applicants_and_the_staffs_alone(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    await fair.score_all(fair.first, "jury")
    await fair.close_and_rank(fair.first)
    chosen = await fair.decide(fair.first, "jury")
    for project in fair.plans:  # the same answer to all: nobody learns who is chosen
        refused(await lodge(fair, project), 403, "under-embargo")
    fine(await fair.post(f"/rounds/{fair.first}/publication"))

    project, other = (await others(fair, chosen))[:2]
    refused(await lodge(fair, chosen[0]), 409, "nothing-to-appeal")
    refused(await lodge(fair, project, headers=fair.applicant(other)), 403, "not-your-project")
    for headers in ({}, fair.secretary, fair.judge(fair.voting("jury")[0])):
        answer = await lodge(fair, project, headers=headers)
        assert answer.status_code in (401, 403)
    refused(await lodge(fair, project, ground="gossip"), 422, "invalid-request")

    answers = await asyncio.gather(*(lodge(fair, project) for _ in range(3)))
    first = fine(answers[0])
    assert [fine(answer) for answer in answers] == [first] * 3
    assert len(await fair.said("AppealLodged")) == 1
    refused(await lodge(fair, project, text="Басқа"), 409, "appeal-exists")
    for headers in (fair.applicant(project), fair.secretary, fair.admin):
        assert fine(await fair.get(path_of(fair, fair.first, project), headers)) == first
    refused(await fair.get(path_of(fair, fair.first, other), fair.secretary), 404, "no-appeal")
    for headers in [*fair.outsiders, fair.applicant(other)]:
        for path in (path_of(fair, fair.first, project), f"/rounds/{fair.first}/appeals"):
            assert (await fair.get(path, headers)).status_code in (401, 403)
    assert len((await fair.get(f"/rounds/{fair.first}/appeals", fair.secretary)).json()) == 1


async def test_a_place_on_appeal_is_resolved_at_a_sitting_and_comes_to_the_drawn_final(
    fair: Fair,
) -> None:
    chosen = await fair.to_shortlist()
    await fair.draw(fair.final)
    project, other = (await others(fair, chosen))[:2]
    refused(await resolve(fair, project, {"outcome": "upheld"}), 404, "no-appeal")
    fine(await lodge(fair, project))
    fine(await lodge(fair, other))
    refused(await resolve(fair, project, {"outcome": "upheld"}), 409, "motion-needed")
    refused(await correct(fair, project), 409, "not-upheld")
    await nobody_else_resolves(fair, project)
    chair = fair.judge(fair.cast.panel("jury")[0]["person_id"])
    fine(await resolve(fair, other, {"outcome": "dismissed"}, chair))
    refused(await correct(fair, other), 409, "not-upheld")

    motion = await carried(fair, fair.first, "jury", project)
    wrong = {"outcome": "dismissed", **motion}
    refused(await resolve(fair, project, wrong), 409, "motion-otherwise")
    upheld = {"outcome": "upheld", **motion}
    answers = await asyncio.gather(*(resolve(fair, project, upheld) for _ in range(3)))
    assert sorted(len(fine(answer)["event_ids"]) for answer in answers) == [0, 0, 1]
    refused(await resolve(fair, project, {"outcome": "dismissed"}), 409, "already-resolved")
    answers = await asyncio.gather(*(correct(fair, project) for _ in range(3)))
    assert sorted(len(fine(answer)["event_ids"]) for answer in answers) == [0, 0, 2]
    shown = dict.fromkeys([*chosen, project], "shortlisted")
    await submission_shows(fair, shown, "not_shortlisted")

    judges = fair.voting("commission")
    for judge in judges:
        body = {"project_id": project, "judge_id": judge}
        fine(await fair.post(f"/rounds/{fair.final}/assignments", body))
    body = {"project_id": other, "judge_id": judges[0]}
    refused(await fair.post(f"/rounds/{fair.final}/assignments", body), 404, "not-in-round")
    await fair.score_all(fair.final, "commission")
    ranking = await fair.close_and_rank(fair.final)
    assert {row["project_id"] for row in ranking["table"]} == {*chosen, project}
    assert len(await fair.decide(fair.final, "commission")) == 1


async def nobody_else_resolves(fair: Fair, project: str) -> None:
    members = fair.cast.panel("jury")
    for headers in ({}, fair.applicant(project), fair.admin):
        answer = await resolve(fair, project, {"outcome": "dismissed"}, headers)
        assert answer.status_code in (401, 403)
    member = fair.judge(members[1]["person_id"])
    refused(await resolve(fair, project, {"outcome": "dismissed"}, member), 403, "not-entitled")


async def test_a_sheet_voided_on_appeal_is_ranked_anew_and_the_original_stays(fair: Fair) -> None:
    chosen = await fair.to_shortlist()
    before = fine(await fair.get(f"/rounds/{fair.first}/ranking"))
    project = (await others(fair, chosen))[0]
    fine(await lodge(fair, project, ground="conflict-of-interest"))
    judges = await judges_of(fair, project)
    both = {"outcome": "upheld", "void_judges": judges}
    refused(await resolve(fair, project, both), 409, "too-few-sheets")
    assert (await fair.said("AppealResolved", "ScoreVoided")) == []

    one = {"outcome": "upheld", "void_judges": judges[:1]}
    answers = await asyncio.gather(*(resolve(fair, project, one) for _ in range(3)))
    said = [id for answer in answers for id in fine(answer)["event_ids"]]
    types = {id: type_ for type_, id, _ in await fair.said()}
    assert sorted(types[id] for id in said) == ["AppealResolved", "RankingComputed", "ScoreVoided"]
    shown = fine(await fair.get(f"/rounds/{fair.first}/ranking", fair.secretary))
    assert shown["corrects"] == shown["moved"]["against"] == before["event_id"]
    assert shown["few_sheets"] is None
    assert shown["inputs_hash"] != before["inputs_hash"]
    original = fine(await fair.get(f"/rounds/{fair.first}/ranking/published"))
    assert original == before
    assert fine(await fair.post(f"/rounds/{fair.first}/ranking")) == shown

    line = [row["project_id"] for row in shown["table"]][: len(chosen)]
    answer = await correct(fair, project)
    if project in line:
        assert len(fine(answer)["event_ids"]) == 2
    else:
        refused(answer, 409, "below-the-line")


async def test_an_award_on_appeal_is_within_the_funds_and_announced_once(fair: Fair) -> None:
    (winner,) = await fair.to_decided_final()
    fine(await fair.award(winner, 5))
    fine(await fair.post(f"/seasons/{fair.season}/awards/publication"))
    outcomes = await fair.said("ProjectNotAwarded")
    project = outcomes[0][2]["project_id"]
    fine(await lodge(fair, project, fair.final))
    motion = await carried(fair, fair.final, "commission", project)
    upheld = {"outcome": "upheld", **motion}
    fine(await resolve(fair, project, upheld, round_id=fair.final))
    refused(await correct(fair, project, fair.final), 422, "amount-invalid")
    refused(
        await correct(fair, project, fair.final, amount_tiyn=1001), 409, "over-nomination-funds"
    )

    answers = await asyncio.gather(
        *(correct(fair, project, fair.final, amount_tiyn=amount) for amount in (300, 300, 301))
    )
    done = [answer for answer in answers if answer.status_code == httpx.codes.OK]
    assert [len(answer.json()["event_ids"]) for answer in done].count(2) == 1
    assert {rule_of(a) for a in answers if a not in done} <= {"already-awarded"}

    async def told() -> list[Body]:
        said = [body for _, _, body in await fair.said("WinnerAnnounced")]
        return said if len(said) == 2 else []

    last = (await eventually(told, "the award on appeal is announced"))[-1]
    assert (last["project_id"], last["corrects"]) == (project, outcomes[0][1])
    assert last["cause"] == f"scoring/appeal/{fair.final}~{project}:2"


async def judges_of(fair: Fair, project: str) -> list[str]:
    """The judges who scored the project in the first round."""
    return [
        body["judge_id"]
        for _, _, body in await fair.said("ScoreRecorded")
        if (body["round_id"], body["project_id"]) == (fair.first, project)
    ]
