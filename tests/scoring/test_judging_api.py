"""Judging over HTTP: who may score what, what each sees, and steps that stopped half way."""

import asyncio
import json
from uuid import uuid4

import httpx
import pytest

from services.kit.aggregate import Decision
from services.kit.envelope import Context
from services.kit.http import server_now
from services.kit.refusal import Refused
from services.scoring import drawing, procedure
from services.scoring.domain import sheets
from services.scoring.domain.draw import assignments
from services.scoring.store import Judging
from tests.rooms import eventually

from .fair import Court, Fair, fine, refused, rule_of

CONTEXT = Context("secretary/office", "api", "test")


@pytest.fixture(scope="module")
async def shared(court: Court) -> Fair:
    """A drawn fair for tests that leave it open; each has a project of its own."""
    fair = Fair(court, "fair-shared")
    await fair.open()
    await fair.draw(fair.first)
    return fair


async def drawn(fair: Fair) -> tuple[str, list[str], str]:
    """A fair of the test's own, drawn: a project, its two judges, and the jury's third member."""
    await fair.open()
    await fair.draw(fair.first)
    return await part(fair, 0)


async def part(fair: Fair, number: int) -> tuple[str, list[str], str]:
    """A project of a drawn fair, its two judges, and the jury's third member."""
    project = list(fair.plans)[number]
    judges = await judges_of(fair, project)
    (other,) = set(fair.voting("jury")) - set(judges)
    return project, judges, other


async def judges_of(fair: Fair, project: str) -> list[str]:
    found = []
    for judge in fair.voting("jury"):
        if project in [given["project_id"] for given in await fair.assignments(fair.first, judge)]:
            found.append(judge)
    return found


def sheet(fair: Fair, project: str, judge: str) -> dict[str, object]:
    return {"project_version": 1, "points": fair.cast.points(fair.first, project, judge)}


async def test_a_judge_sees_the_own_assignments_and_the_own_sheet(shared: Fair) -> None:
    project, (one, two), other = await part(shared, 0)
    path = f"/rounds/{shared.first}/projects/{project}"
    fine(await shared.score(shared.first, project, one))

    first = fine(await shared.get(path, shared.judge(one)))
    second = fine(await shared.get(path, shared.judge(two)))
    assert first["own_points"] == shared.cast.points(shared.first, project, one)
    assert second["own_points"] is None
    for shown in (first, second):
        assert not {one, two, other} & set(json.dumps(shown).split('"'))
        assert shown["content"]["title"] == shared.plans[project].draft["title"]
    refused(await shared.get(path, shared.judge(other)), 403, "not-assigned")
    assert {
        judge: [
            found["scored"]
            for found in await shared.assignments(shared.first, judge)
            if found["project_id"] == project
        ]
        for judge in (one, two, other)
    } == {one: [True], two: [False], other: []}
    assert await shared.assignments(shared.first, str(uuid4())) == []


async def test_only_judges_score(shared: Fair) -> None:
    project, (one, _), other = await part(shared, 1)
    path = f"/rounds/{shared.first}/projects/{project}"
    body, room = sheet(shared, project, one), shared.court.scoring

    for headers in (shared.secretary, shared.admin, shared.applicant(project)):
        refused(
            await room.put(f"{path}/sheet", json=body, headers=headers), 403, "role-not-allowed"
        )
        refused(await room.get(path, headers=headers), 403, "role-not-allowed")
        refused(
            await shared.get(f"/rounds/{shared.first}/assignments", headers),
            403,
            "role-not-allowed",
        )
    refused(await room.put(f"{path}/sheet", json=body), 401, "token-missing")
    refused(await shared.score(shared.first, project, other), 403, "not-assigned")
    refused(await shared.score(shared.first, project, str(uuid4())), 403, "not-assigned")
    for verb in ("draw", "close", "ranking", "decision", "publication"):
        answer = await room.post(
            f"/rounds/{shared.first}/{verb}", json={}, headers=shared.judge(one)
        )
        refused(answer, 403, "role-not-allowed")
    refused(
        await room.put(
            f"/seasons/{shared.season}/awards/{project}",
            json={"amount_tiyn": 1},
            headers=shared.judge(one),
        ),
        403,
        "role-not-allowed",
    )


async def test_what_is_wrong_with_a_sheet_is_said_and_nothing_is_kept(
    shared: Fair, judging: Judging
) -> None:
    project, (one, _), _ = await part(shared, 2)
    path, judge = f"/rounds/{shared.first}/projects/{project}/sheet", shared.judge(one)
    points = shared.cast.points(shared.first, project, one)
    bad = [
        (points[1:], "sheet-invalid", f"points.{points[0]['criterion']}"),
        ([*points, points[0]], "sheet-invalid", f"points.{points[0]['criterion']}"),
        ([*points, {"criterion": "charm", "points": "1"}], "sheet-invalid", "points.charm"),
        ([points[0] | {"points": "10.5"}, *points[1:]], "sheet-invalid", "points."),
        ([points[0] | {"points": "7.25"}, *points[1:]], "sheet-invalid", "points."),
        ([points[0] | {"points": 7.5}, *points[1:]], "invalid-request", "points.0.points"),
        ([points[0] | {"points": "-1"}, *points[1:]], "invalid-request", "points.0.points"),
        ([points[0] | {"points": "1e1"}, *points[1:]], "invalid-request", "points.0.points"),
        ([points[0] | {"points": "NaN"}, *points[1:]], "invalid-request", "points.0.points"),
        ([], "invalid-request", "points"),
    ]
    for given, rule, where in bad:
        body = {"project_version": 1, "points": given}
        answer = await shared.court.scoring.put(path, json=body, headers=judge)
        refused(answer, 422, rule)
        assert where in answer.json()["errors"][0]["where"]
    unseen = {"project_version": 2, "points": points}
    refused(await shared.court.scoring.put(path, json=unseen, headers=judge), 409,
            "version-unknown")  # fmt: skip
    found = await judging.evaluation_of(shared.first, project)
    assert found is not None
    assert found.sheets == ()


async def test_what_scoring_has_not_heard_of_is_missing(shared: Fair) -> None:
    _, (one, _), _ = await part(shared, 0)
    points = [{"criterion": "impact", "points": "5"}]

    refused(await shared.score(shared.first, str(uuid4()), one, points), 404, "unknown-project")
    refused(await shared.score("1999-first", str(uuid4()), one, points), 404, "unknown-round")
    for path in ("/rounds/1999-first", "/rounds/1999-first/ranking", "/rounds/1999-first/decision"):
        refused(await shared.get(path, shared.secretary), 404, "unknown-round")
    refused(await shared.post("/rounds/1999-first/draw", {"seed": "s"}), 404, "unknown-round")
    refused(await shared.get("/seasons/1999/awards", shared.secretary), 404, "unknown-season")
    refused(await shared.get("/seasons/1999/panels/jury"), 404, "unknown-panel")
    refused(await shared.award(str(uuid4()), 1), 404, "unknown-project")
    refused(
        await shared.get(f"/rounds/{shared.first}/ranking", shared.secretary), 404, "not-ranked"
    )
    refused(
        await shared.get(f"/rounds/{shared.first}/decision", shared.secretary), 404, "not-decided"
    )


async def test_the_last_sheet_counts_and_the_same_again_says_nothing(shared: Fair) -> None:
    project, (one, _), _ = await part(shared, 3)
    first = fine(await shared.score(shared.first, project, one))
    again = fine(await shared.score(shared.first, project, one))
    assert first["event_id"]
    assert again == first

    change = {"reason": "Қайта оқыдым", "replaces": first["event_id"]}
    at_once = await asyncio.gather(
        *(shared.score(shared.first, project, one, _all("4.5"), **change) for _ in range(6))
    )
    assert len({fine(answer)["event_id"] for answer in at_once} - {first["event_id"]}) == 1
    own = fine(await shared.get(f"/rounds/{shared.first}/projects/{project}", shared.judge(one)))
    assert {item["points"] for item in own["own_points"]} == {"4.50"}


def _all(value: str) -> list[dict[str, object]]:
    criteria = ("relevance", "impact", "feasibility", "budget", "sustainability")
    return [{"criterion": id, "points": value} for id in criteria]


async def test_a_voided_sheet_is_asked_for_again(shared: Fair) -> None:
    project, (one, two), _ = await part(shared, 4)
    first = fine(await shared.score(shared.first, project, one))["event_id"]
    path = f"/rounds/{shared.first}/projects/{project}/sheets"
    reason = {"reason": "Мүдделер қақтығысы"}

    refused(await shared.post(f"{path}/{two}/void", reason), 404, "no-sheet")
    keyed = {"Idempotency-Key": "void-1"}
    voided = fine(await shared.post(f"{path}/{one}/void", reason, **keyed))
    assert fine(await shared.post(f"{path}/{one}/void", reason, **keyed)) == voided
    refused(await shared.post(f"{path}/{one}/void", reason), 404, "no-sheet")
    refused(await shared.post(f"/rounds/{shared.first}/close"), 409, "too-few-sheets")
    again = fine(await shared.score(shared.first, project, one, replaces=first))
    assert again["event_id"] != first


async def test_after_the_close_no_score_is_taken(fair: Fair) -> None:
    project, (one, _), other = await drawn(fair)
    await fair.score_all(fair.first, "jury")
    closed = fine(await fair.post(f"/rounds/{fair.first}/close"))
    assert (closed["status"], closed["event_id"]) == ("closed", f"scoring/round/{fair.first}:2")

    refused(await fair.score(fair.first, project, one, _all("1")), 409, "round-closed")
    path = f"/rounds/{fair.first}/projects/{project}/sheets/{one}/void"
    refused(await fair.post(path, {"reason": "late"}), 409, "round-closed")
    added = {"project_id": project, "judge_id": other}
    refused(await fair.post(f"/rounds/{fair.first}/assignments", added), 409, "round-closed")
    assert fine(await fair.post(f"/rounds/{fair.first}/close")) == closed | {"event_id": None}
    assert (await fair.draw(fair.first))["event_id"] is None


async def test_scores_and_the_close_at_once_leave_no_score_outside_the_cut(
    fair: Fair, judging: Judging
) -> None:
    project, (one, two), _ = await drawn(fair)
    await fair.score_all(fair.first, "jury")
    values = [f"{n / 2:.1f}" for n in range(12)]
    path = f"/rounds/{fair.first}/projects/{project}"

    async def change(judge: str, value: str) -> httpx.Response:
        before = fine(await fair.get(path, fair.judge(judge)))["own_sheet"]["event_id"]
        points = _all(value)
        return await fair.score(
            fair.first, project, judge, points, reason="Қайта оқыдым", replaces=before
        )

    answers = await asyncio.gather(
        *(change(one, value) for value in values[:6]),
        fair.post(f"/rounds/{fair.first}/close"),
        *(change(two, value) for value in values[6:]),
    )
    fine(answers[6])
    for answer in (*answers[:6], *answers[7:]):
        if answer.status_code != 200:
            assert answer.status_code == 409
            assert rule_of(answer) in ("round-closed", "sheet-outdated")
    round_ = await judging.rounds.get(fair.first)
    found = await judging.evaluation_of(fair.first, project)
    assert round_ is not None
    assert found is not None
    assert round_.cut is not None
    assert round_.cut[found.origin] == found.said
    assert all(sheet.sequence < found.said for sheet in found.sheets)


async def test_one_more_judge_can_be_given_a_project(shared: Fair) -> None:
    project, _, other = await part(shared, 5)
    body = {"project_id": project, "judge_id": other}
    path = f"/rounds/{shared.first}/assignments"

    assert fine(await shared.post(path, body))["event_id"]
    assert fine(await shared.post(path, body))["event_id"] is None
    fine(await shared.score(shared.first, project, other))
    stranger = body | {"judge_id": str(uuid4())}
    refused(await shared.post(path, stranger), 422, "not-on-the-panel")
    refused(await shared.post(path, body | {"project_id": str(uuid4())}), 404, "not-in-round")


async def test_judges_are_not_drawn_before_all_is_heard_closed_and_screened(fair: Fair) -> None:
    room = fair.court.submission
    fine(await room.put(f"/seasons/{fair.season}", content=fair.yaml, headers=fair.admin))
    await fair.appoint("jury")
    draw = f"/rounds/{fair.first}/draw"
    refused(await fair.post(draw, {"seed": "s"}), 409, "season-open")

    project = next(iter(fair.plans))
    applicant = fair.applicant(project)
    draft = fair.plans[project].draft
    fine(await room.put(f"/projects/{project}", json=draft, headers=applicant))
    fine(await room.post(f"/projects/{project}/submit", headers=applicant))
    fine(await room.post(f"/seasons/{fair.season}/close", headers=fair.admin))

    async def unscreened() -> bool:
        answer = await fair.post(draw, {"seed": "s"})
        assert answer.status_code == 409
        return rule_of(answer) == "not-screened"

    await eventually(unscreened, "the draw waits for the screening")
    refused(await fair.post(f"/rounds/{fair.first}/close"), 404, "unknown-round")


async def test_a_draw_waits_for_projects_that_scoring_has_not_heard_of(
    fair: Fair, judging: Judging
) -> None:
    await fair.open()
    heard, of_the_season = judging.projects.collection, {"state.season_id": fair.season}

    async def all_heard() -> bool:
        return await heard.count_documents(of_the_season | {"state.status": "eligible"}) == 6

    await eventually(all_heard, "scoring has heard of all projects")
    lost = await heard.find_one(of_the_season)
    assert lost is not None
    await heard.delete_one({"_id": lost["_id"]})

    async def waits() -> bool:
        answer = await fair.post(f"/rounds/{fair.first}/draw", {"seed": "сид"})
        assert answer.status_code == 409
        return rule_of(answer) == "not-heard-yet"

    await eventually(waits, "the draw waits for the project that is missing")
    await heard.insert_one(lost)

    assert (await fair.draw(fair.first))["projects"] == 6


# ── Steps that stopped half way are finished by asking again ─────────────────────────────────────


async def test_an_interrupted_draw_is_finished_by_repeating_it(
    fair: Fair, judging: Judging
) -> None:
    await fair.open()
    assigned: list[str] = []
    original = judging.evaluations.execute

    async def stops(id: str, *args: object, **kwargs: object) -> object:
        if len(assigned) == 2:
            raise ConnectionError("the process dies here")
        assigned.append(id)
        return await original(id, *args, **kwargs)  # type: ignore[arg-type]

    judging.evaluations.execute = stops  # type: ignore[assignment, method-assign]
    try:
        with pytest.raises(ConnectionError):
            await eventually(lambda: _draw(judging, fair.first), "the draw begins")
    finally:
        judging.evaluations.execute = original  # type: ignore[method-assign]

    async def two_are_written() -> bool:
        return len(await judging.evaluations_of(fair.first)) == 2

    await eventually(two_are_written, "two projects have their judges")
    refused(await fair.post(f"/rounds/{fair.first}/close"), 409, "draw-unfinished")

    await fair.draw(fair.first)
    round_ = await judging.rounds.get(fair.first)
    assert round_ is not None
    assert {
        found.project_id: tuple(sorted(found.judges))
        for found in await judging.evaluations_of(fair.first)
    } == assignments(round_.drawn)
    refused(await fair.post(f"/rounds/{fair.first}/draw", {"seed": "other"}), 409, "already-drawn")


async def _draw(judging: Judging, round_id: str) -> bool:
    stage = await procedure.find_stage(judging, round_id)
    try:
        await drawing.draw_judges(judging, stage, "сид", (), CONTEXT, None)
    except Refused:
        return False
    return True


async def test_an_interrupted_close_is_finished_by_repeating_it(
    fair: Fair, judging: Judging
) -> None:
    project, (one, _), _ = await drawn(fair)
    await fair.score_all(fair.first, "jury")
    await judging.evaluations.execute(
        f"{fair.first}~{project}",
        lambda found: Decision(sheets.seal(found)),
        CONTEXT,
        now=server_now(),
    )
    refused(await fair.score(fair.first, project, one, _all("1")), 409, "round-closed")
    assert fine(await fair.get(f"/rounds/{fair.first}"))["status"] == "scoring"
    other = next(id for id in fair.plans if id != project)
    judge = (await judges_of(fair, other))[0]
    own = fine(await fair.get(f"/rounds/{fair.first}/projects/{other}", fair.judge(judge)))
    before = own["own_sheet"]["event_id"]
    fine(await fair.score(fair.first, other, judge, _all("2"), reason="Қате", replaces=before))

    closed = fine(await fair.post(f"/rounds/{fair.first}/close"))
    assert closed["status"] == "closed"
    round_ = await judging.rounds.get(fair.first)
    assert round_ is not None
    assert round_.cut == {
        found.origin: found.said for found in await judging.evaluations_of(fair.first)
    }
    assert len(round_.cut) == len(fair.plans)
    fine(await fair.post(f"/rounds/{fair.first}/ranking"))


async def test_no_address_is_ever_in_the_stream(fair: Fair) -> None:
    await drawn(fair)

    for record in await fair.court.rooms.records("scoring"):
        assert b"@" not in record.value
