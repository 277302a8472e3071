"""A small fair over HTTP, from the draw to the awards, and its embargo at every step."""

import json

from schemas.canonical import canonical_hash, inputs_hash
from schemas.registry import EVENTS
from schemas.scoring import AssignmentsDrawn
from services.scoring.domain.draw import assignments
from tests.rooms import eventually

from .fair import VOTES, Body, Fair, fine, refused


async def test_a_fair_from_the_draw_to_the_awards(fair: Fair) -> None:
    await fair.open()
    drawn = await fair.draw(fair.first)
    assert (drawn["projects"], drawn["judges"], drawn["judges_per_project"]) == (6, 3, 2)
    assert (await fair.draw(fair.first)) == drawn | {"event_id": None}
    await the_log_repeats_the_draw(fair)
    await fair.score_all(fair.first, "jury")
    await under_embargo(fair, fair.first)

    ranking = await fair.close_and_rank(fair.first)
    await the_log_repeats_the_ranking(fair, ranking)
    await under_embargo(fair, fair.first)
    refused(await fair.post(f"/rounds/{fair.final}/draw", {"seed": "s"}), 409, "not-published")

    await the_staff_may_look_closer(fair, ranking)
    finalists = await fair.decide(fair.first, "jury")
    assert finalists == [row["project_id"] for row in ranking["table"][:3]]
    await under_embargo(fair, fair.first)

    published = fine(await fair.post(f"/rounds/{fair.first}/publication"))
    assert published["published"]
    again = fine(await fair.post(f"/rounds/{fair.first}/publication"))
    assert again == published | {"event_id": None}
    for headers in fair.outsiders:
        shown = fine(await fair.get(f"/rounds/{fair.first}/ranking", headers))
        assert shown["table_hash"] == ranking["table_hash"]
        assert fine(await fair.get(f"/rounds/{fair.first}/decision", headers))["published"]
    await submission_shows(fair, dict.fromkeys(finalists, "shortlisted"), "not_shortlisted")
    await results_come_first(fair, "decision", "ProjectShortlisted", "ProjectNotShortlisted")

    # ── The final ────────────────────────────────────────────────────────────────────────────────
    drawn = await fair.draw(fair.final)
    assert (drawn["projects"], drawn["judges_per_project"]) == (3, VOTES)
    await fair.score_all(fair.final, "commission")
    await fair.close_and_rank(fair.final)
    refused(await fair.award(finalists[0], 1), 409, "not-chosen")
    best = await fair.decide(fair.final, "commission")
    assert set(best) <= set(finalists)
    fine(await fair.award(best[0], 700))
    await under_embargo(fair, fair.final)
    for headers in fair.outsiders:
        refused(await fair.get(f"/seasons/{fair.season}/awards", headers), 403, "under-embargo")
    await submission_shows(fair, dict.fromkeys(finalists, "shortlisted"), "not_shortlisted")
    refused(await fair.post(f"/rounds/{fair.final}/publication"), 409, "final-has-awards")

    announced = fine(await fair.post(f"/seasons/{fair.season}/awards/publication"))
    assert (announced["published"], announced["awarded_tiyn"]) == (True, 700)
    for headers in fair.outsiders:
        shown = fine(await fair.get(f"/seasons/{fair.season}/awards", headers))
        assert shown["awarded_tiyn"] == 700
        assert fine(await fair.get(f"/rounds/{fair.final}/decision", headers))["published"]
        fine(await fair.get(f"/rounds/{fair.final}/ranking", headers))
    won = dict.fromkeys(finalists, "not_awarded") | {best[0]: "winner"}
    await submission_shows(fair, won, "not_shortlisted")
    await results_come_first(fair, "awards", "WinnerAnnounced", "ProjectNotAwarded")

    await published_results_stand(fair, best)


async def published_results_stand(fair: Fair, best: list[str]) -> None:
    """After the announcement nothing is awarded, ranked or decided anew, whoever withdraws."""
    refused(await fair.award(best[0], 600), 409, "already-published")
    await fair.withdraw(best[1])
    await eventually(lambda: _ranking_would_change(fair), "scoring has heard of the withdrawal")
    refused(await fair.post(f"/rounds/{fair.final}/ranking"), 409, "already-published")
    refused(await fair.post(f"/rounds/{fair.first}/ranking"), 409, "already-published")
    for round_id, panel in ((fair.first, "jury"), (fair.final, "commission")):
        body = {"attended": fair.voting(panel)}
        refused(await fair.post(f"/rounds/{round_id}/decision", body), 409, "already-published")


async def _ranking_would_change(fair: Fair) -> bool:
    return (await fair.post(f"/rounds/{fair.final}/ranking")).status_code == 409


async def the_staff_may_look_closer(fair: Fair, ranking: Body) -> None:
    """How firm the line is and what other rules would choose, without a word in the stream."""
    ids = [row["project_id"] for row in ranking["table"]]
    before = {id for _, id, _ in await fair.said()}
    report = fine(await fair.get(f"/rounds/{fair.first}/fragility", fair.secretary))
    assert [row["project_id"] for row in report["projects"]] == ids
    wider = {"scenarios": [{"name": "one more", "limit": report["limit"] + 1}]}
    own, wide = fine(await fair.post(f"/rounds/{fair.first}/scenarios", wider))["results"]
    assert [row["project_id"] for row in own["chosen"]] == ids[: report["limit"]]
    assert wide["comes_in"] == [ids[report["limit"]]]
    assert {id for _, id, _ in await fair.said()} == before


async def under_embargo(fair: Fair, round_id: str) -> None:
    """Neither the public nor a judge learns anything of a round's results, from either room."""
    for headers in fair.outsiders:
        for part in ("ranking", "decision"):
            refused(await fair.get(f"/rounds/{round_id}/{part}", headers), 403, "under-embargo")
        assert (await fair.get(f"/rounds/{round_id}/fragility", headers)).status_code in (401, 403)
    if round_id == fair.first:
        await submission_shows(fair, {}, "submitted")


async def submission_shows(fair: Fair, statuses: dict[str, str], others: str) -> None:
    """What the public is shown of every project, once submission has heard of it."""
    expected = dict.fromkeys(fair.plans, others) | statuses

    async def shown() -> bool:
        answer = await fair.court.submission.get(f"/projects?season_id={fair.season}")
        return {item["project_id"]: item["status"] for item in answer.json()["items"]} == expected

    await eventually(shown, f"submission shows {expected}")


async def results_come_first(fair: Fair, kind: str, *outcomes: str) -> None:
    """On the topic the embargo is lifted before the outcomes it lets out, each said once."""

    async def complete() -> list[str]:
        events = await fair.said("ResultsPublished", *outcomes)
        of_kind = [type for type, id, _ in events if id.startswith(f"scoring/{kind}/")]
        return of_kind if len(of_kind) == 1 + (6 if kind == "decision" else 3) else []

    said = await eventually(complete, f"all outcomes of the {kind} are on the topic")
    assert said[0] == "ResultsPublished"
    assert set(said[1:]) == set(outcomes)


async def the_log_repeats_the_draw(fair: Fair) -> None:
    """Who judges what follows from AssignmentsDrawn alone."""

    async def told() -> bool:
        return len(await fair.said("JudgeAssigned")) == 12

    await eventually(told, "every assignment is on the topic")
    ((_, _, body),) = await fair.said("AssignmentsDrawn")
    expected = assignments(AssignmentsDrawn.model_validate_json(json.dumps(body)))
    given: dict[str, set[str]] = {}
    for _, _, event in await fair.said("JudgeAssigned"):
        given.setdefault(event["project_id"], set()).add(event["judge_id"])
    assert given == {project: set(judges) for project, judges in expected.items()}


async def the_log_repeats_the_ranking(fair: Fair, ranking: dict[str, object]) -> None:
    """Both hashes can be recomputed by a stranger from what is on the topic."""

    async def said() -> list[dict[str, object]]:
        return [body for _, _, body in await fair.said("RankingComputed")]

    (event,) = await eventually(said, "the ranking is on the topic")
    cut = event["cut"]
    log = []
    for type, id, body in await fair.said("ScoreRecorded", "ScoreVoided"):
        origin, _, sequence = id.rpartition(":")
        if int(sequence) <= cut.get(origin, 0):
            model = EVENTS[type].model_validate_json(json.dumps(body))
            log.append((origin.removeprefix("scoring/"), int(sequence), type, model))
    assert len(log) == 12
    assert inputs_hash(log) == event["inputs_hash"] == ranking["inputs_hash"]
    assert canonical_hash(event["table"]) == event["table_hash"] == ranking["table_hash"]
