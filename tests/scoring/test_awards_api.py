"""Awards over HTTP: what is asked for at once, what is withdrawn, and what is announced."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from schemas.scoring import AwardConfirmed
from services.kit.aggregate import Decision
from services.kit.envelope import Context
from services.scoring.store import Judging
from tests.rooms import eventually

from .fair import NOMINATION_FUNDS, Fair, fine, refused, rule_of


def of_one_nomination(fair: Fair, chosen: list[str]) -> dict[str, list[str]]:
    """The chosen projects by nomination."""
    found: dict[str, list[str]] = {}
    for project in chosen:
        found.setdefault(fair.plans[project].draft["nomination"], []).append(project)
    return found


async def test_awards_asked_for_at_once_are_exactly_what_fits(fair: Fair) -> None:
    chosen = await fair.to_decided_final()
    await asyncio.gather(*(fair.award(project, 1) for project in chosen))

    answers = await asyncio.gather(
        *(fair.award(project, amount) for project in chosen for amount in (600, 700, 1000, 1001))
    )

    for answer in answers:
        if answer.status_code != 200:
            refused(answer, 409, "over-nomination-funds")
    awards = {award["project_id"]: award for award in (await fair.awards())["awards"]}
    for projects in of_one_nomination(fair, chosen).values():
        assert sum(awards[project]["amount_tiyn"] for project in projects) <= NOMINATION_FUNDS
    project = chosen[0]
    same = of_one_nomination(fair, chosen)[awards[project]["nomination"]]
    room = NOMINATION_FUNDS - sum(awards[p]["amount_tiyn"] for p in same if p != project)
    refused(await fair.award(project, room + 1), 409, "over-nomination-funds")
    fine(await fair.award(project, room))


async def test_two_requests_for_the_same_last_funds_give_one_of_them(fair: Fair) -> None:
    chosen = await fair.to_decided_final()
    project = chosen[0]

    answers = await asyncio.gather(*(fair.award(project, NOMINATION_FUNDS) for _ in range(2)))
    assert [fine(answer)["awarded_tiyn"] for answer in answers] == [NOMINATION_FUNDS] * 2
    assert len([a for a in answers if a.json()["event_id"]]) == 1
    nomination = fair.plans[project].draft["nomination"]
    for other in of_one_nomination(fair, chosen)[nomination][1:]:
        refused(await fair.award(other, 1), 409, "over-nomination-funds")


async def test_an_award_is_within_the_budget_and_for_the_chosen(fair: Fair) -> None:
    chosen = await fair.to_decided_final()
    lines = fair.plans[chosen[0]].draft["budget_lines"]
    requested = sum(line["requested_tiyn"] for line in lines)

    refused(await fair.award(chosen[0], requested + 1), 409, "award-over-budget")
    for amount, where in ((0, "amount_tiyn"), (-5, "amount_tiyn"), (1.5, "amount_tiyn")):
        answer = await fair.award(chosen[0], amount)  # type: ignore[arg-type]
        refused(answer, 422, "invalid-request")
        assert answer.json()["errors"][0]["where"] == where
    other = next(project for project in fair.plans if project not in chosen)
    refused(await fair.award(other, 1), 409, "not-chosen")
    assert (await fair.awards())["awarded_tiyn"] == 0
    publication = f"/seasons/{fair.season}/awards/publication"
    refused(await fair.post(publication), 409, "not-decided")


async def test_a_withdrawal_after_the_confirmation_frees_the_funds(fair: Fair) -> None:
    chosen = await fair.to_decided_final()
    gone, stays = chosen[0], chosen[1]
    fine(await fair.award(gone, NOMINATION_FUNDS))
    fine(await fair.award(stays, 5))

    await fair.withdraw(gone)
    await eventually(lambda: _awarded(fair, 5), "the award of the withdrawn project is free")
    refused(await fair.award(gone, 1), 409, "project-not-eligible")

    async def said() -> list[tuple[str, str, dict[str, Any]]]:
        return await fair.said("AwardDeclined")

    ((_, id, body),) = await eventually(said, "AwardDeclined is on the topic")
    assert id == f"scoring/awards/{fair.season}:3"
    assert (body["project_id"], body["amount_tiyn"]) == (gone, NOMINATION_FUNDS)
    answer = await fair.court.submission.get(f"/projects/{gone}", headers=fair.applicant(gone))
    assert answer.json()["status"] == "withdrawn"

    announced = fine(await fair.post(f"/seasons/{fair.season}/awards/publication"))
    assert [award["project_id"] for award in announced["awards"]] == [stays]
    again = fine(await fair.post(f"/seasons/{fair.season}/awards/publication"))
    assert again == announced | {"event_id": None}

    async def complete() -> bool:
        return len(await fair.said("WinnerAnnounced", "ProjectNotAwarded")) == len(chosen) - 1

    await eventually(complete, "the winners are on the topic")
    assert [body["project_id"] for _, _, body in await fair.said("WinnerAnnounced")] == [stays]
    told = {body["project_id"] for _, _, body in await fair.said("ProjectNotAwarded")}
    assert gone not in told


async def test_award_that_a_crash_left_to_a_project_that_has_gone_is_freed_by_a_repeat(
    fair: Fair, judging: Judging
) -> None:
    chosen = await fair.to_decided_final()
    gone, stays = chosen[0], chosen[1]
    fine(await fair.award(stays, 5))
    await fair.withdraw(gone)

    async def refused_to_all() -> bool:
        answer = await fair.award(gone, 1)
        return answer.status_code == 409 and rule_of(answer) == "project-not-eligible"

    await eventually(refused_to_all, "scoring has heard of the withdrawal")
    late = AwardConfirmed(
        season_id=fair.season,
        project_id=gone,
        nomination=fair.plans[gone].draft["nomination"],
        amount_tiyn=70,
    )
    context = Context("secretary/office", "api", "correlation")
    await judging.awards.execute(
        fair.season, lambda _: Decision([late]), context, now=datetime.now(UTC)
    )

    refused(await fair.award(gone, 70), 409, "project-not-eligible")

    assert await _awarded(fair, 5)


async def test_a_winner_that_withdraws_after_the_announcement_declines(fair: Fair) -> None:
    chosen = await fair.to_decided_final()
    fine(await fair.award(chosen[0], 70))
    fine(await fair.post(f"/seasons/{fair.season}/awards/publication"))

    await fair.withdraw(chosen[0])
    await eventually(lambda: _awarded(fair, 0), "the award is free")
    assert [body["project_id"] for _, _, body in await fair.said("WinnerAnnounced")] == [chosen[0]]


async def test_the_final_is_decided_by_a_quorum(fair: Fair) -> None:
    await fair.to_shortlist()
    path = f"/rounds/{fair.final}/decision"
    refused(await fair.post(path, {"attended": []}), 404, "unknown-round")
    await fair.draw(fair.final)
    voting = fair.voting("commission")
    refused(await fair.post(path, {"attended": voting}), 409, "not-ranked")
    await fair.score_all(fair.final, "commission")
    await fair.close_and_rank(fair.final)

    refused(await fair.post(path, {"attended": voting[:2]}), 409, "no-quorum")
    secretary = fair.cast.panel("commission")[-1]["person_id"]
    refused(await fair.post(path, {"attended": [*voting[:2], secretary]}), 409, "no-quorum")
    half = {"attended": voting, "chair_order": voting[:2]}
    answer = await fair.post(path, half)
    refused(answer, 422, "invalid-request")
    assert "go together" in answer.json()["detail"]
    assert fine(await fair.post(path, {"attended": voting[:3]}))["quorum"] == 3


async def test_a_finalist_that_withdraws_is_scored_and_chosen_no_more(fair: Fair) -> None:
    finalists = await fair.to_shortlist()
    gone, judge = finalists[0], fair.voting("commission")[0]
    await fair.draw(fair.final)
    await fair.withdraw(gone)

    async def heard() -> bool:
        answer = await fair.score(fair.final, gone, judge)
        return answer.status_code == 409 and rule_of(answer) == "project-not-eligible"

    await eventually(heard, "scoring has heard of the withdrawal")
    assert gone not in [a["project_id"] for a in await fair.assignments(fair.final, judge)]
    await fair.score_all(fair.final, "commission")
    ranking = await fair.close_and_rank(fair.final)
    assert {row["project_id"] for row in ranking["table"]} == set(finalists[1:])
    assert set(await fair.decide(fair.final, "commission")) == set(finalists[1:])


async def _awarded(fair: Fair, amount: int) -> bool:
    return bool((await fair.awards())["awarded_tiyn"] == amount)
