"""Rankings and decisions asked for at once, while the ground moves under them: the log fits."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from schemas.canonical import canonical_hash, inputs_hash
from schemas.registry import EVENTS
from tests.rooms import eventually

from .fair import Body, Fair, fine, refused, rule_of
from .test_ties_api import all_alike

REASON = "Төраға жобаларды қайта қарады"


async def test_withdrawal_and_decision_at_once_are_decided_as_far_as_was_heard(fair: Fair) -> None:
    best, second = (row["project_id"] for row in (await ranked(fair))[:2])

    # Decisions go on all the while that the withdrawals make their way to scoring.
    await asyncio.gather(fair.withdraw(best), fair.withdraw(second), decide_until_gone(fair, best))

    gone = await withdrawn(fair, (best, second))
    decisions = await fair.said("DecisionRecorded")
    for _, _, body in decisions:
        rows = {row["project_id"]: row for row in body["projects"]}
        for project, sequence in gone.items():
            heard = body["heard"][f"submission/project/{project}"]
            assert rows.get(project, {"chosen": False})["chosen"] == (heard < sequence)
    last = decisions[-1][2]
    assert last["heard"][f"submission/project/{best}"] == gone[best]


async def test_two_orders_of_the_chair_at_once_leave_the_one_on_record(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    await all_alike(fair)
    tied = [row["project_id"] for row in (await fair.close_and_rank(fair.first))["table"]]
    decision, attended = f"/rounds/{fair.first}/decision", {"attended": fair.voting("jury")}
    orders: list[Body] = [
        attended | {"chair_order": order, "chair_reason": f"{REASON}: {order[0]}"}
        for order in (tied, tied[::-1], [*tied[3:], *tied[:3]])
    ]

    *answers, silent = await asyncio.gather(
        *(fair.post(decision, order) for order in orders * 2), fair.post(decision, attended)
    )

    refused(silent, 409, "tie-at-the-line")
    by_reason = {order["chair_reason"]: order["chair_order"] for order in orders}
    told = [body for _, _, body in await fair.said("DecisionRecorded")]
    assert told
    for body in told:  # an order, its reason and who is chosen are of one word of the chair
        order = [row["project_id"] for row in body["projects"]]
        assert order == by_reason[body["chair_reason"]]
        assert [row["chosen"] for row in body["projects"]] == [True] * 3 + [False] * 3
    for answer in answers:
        fine(answer)
    fine(await fair.post(f"/rounds/{fair.first}/publication"))
    outcomes = await fair.said("ProjectShortlisted")
    assert {body["project_id"]: body["rank"] for _, _, body in outcomes} == {
        row["project_id"]: row["rank"] for row in told[-1]["projects"] if row["chosen"]
    }


async def test_rankings_at_once_with_a_void_are_each_what_their_cut_says(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    await fair.score_all(fair.first, "jury")
    fine(await fair.post(f"/rounds/{fair.first}/close"))
    judge = fair.voting("jury")[0]
    project = (await fair.assignments(fair.first, judge))[0]["project_id"]
    ranking = f"/rounds/{fair.first}/ranking"
    conflict = f"/rounds/{fair.first}/projects/{project}/conflicts/{judge}"
    declared = fair.court.scoring.put(
        conflict, json={"ground": "family"}, headers=fair.judge(judge)
    )

    few = {"few_sheets_reason": "Қақтығыс кеш табылды"}
    answers = await asyncio.gather(
        *(fair.post(ranking) for _ in range(3)),
        declared,
        *(fair.post(ranking, few) for _ in range(3)),
    )
    fine(await fair.post(ranking, few))

    fine(answers[3])
    for answer in (*answers[:3], *answers[4:]):
        if answer.status_code != httpx.codes.OK:
            assert rule_of(answer) == "too-few-sheets", answer.text
    tables = await recomputed(fair)
    assert len(set(tables)) == len(tables) <= 2  # before the void, and after it: no third one


async def test_award_and_withdrawal_at_once_leave_no_award_to_who_has_gone(fair: Fair) -> None:
    chosen = await fair.to_decided_final()

    for project in chosen:
        answers, _ = await asyncio.gather(
            asyncio.gather(*(fair.award(project, amount) for amount in (5, 6, 7))),
            fair.withdraw(project),
        )
        for answer in answers:
            if answer.status_code != httpx.codes.OK:
                refused(answer, 409, "project-not-eligible")

    async def none_stands() -> bool:
        return bool((await fair.awards())["awarded_tiyn"] == 0)

    await eventually(none_stands, "every award is free")
    for project in chosen:
        refused(await fair.award(project, 1), 409, "project-not-eligible")
    standing: set[str] = set()
    for kind, _, body in await fair.said("AwardConfirmed", "AwardDeclined"):
        if kind == "AwardConfirmed":
            standing.add(body["project_id"])
        else:
            standing.remove(body["project_id"])
    assert standing == set()


async def ranked(fair: Fair) -> list[Body]:
    """The rows of the first round's ranking, scored by everybody."""
    await fair.open()
    await fair.draw(fair.first)
    await fair.score_all(fair.first, "jury")
    rows: list[Body] = (await fair.close_and_rank(fair.first))["table"]
    return rows


async def decide_until_gone(fair: Fair, project: str) -> None:
    """Two decisions at a time, until one has heard that the project is gone."""
    body = {"attended": fair.voting("jury")}
    async with asyncio.timeout(30):
        while True:
            path = f"/rounds/{fair.first}/decision"
            answers = await asyncio.gather(*(fair.post(path, body) for _ in range(2)))
            rows = [{row["project_id"] for row in fine(answer)["projects"]} for answer in answers]
            if all(project not in names for names in rows):
                return


async def withdrawn(fair: Fair, projects: Sequence[str]) -> Mapping[str, int]:
    """The sequence of each project's ProjectWithdrawn."""

    async def told() -> dict[str, int]:
        said = await fair.court.rooms.said("submission", "ProjectWithdrawn")
        ids = (id.rpartition("/")[2].partition(":") for id, _ in said)
        found = {project: int(sequence) for project, _, sequence in ids if project in projects}
        return found if set(found) == set(projects) else {}

    found: dict[str, int] = await eventually(told, "the withdrawals are on the topic")
    return found


async def recomputed(fair: Fair) -> list[str]:
    """The inputs_hash of each ranking on record, which must be that of the events in its cut."""
    scores = []
    for kind, id, body in await fair.said("ScoreRecorded", "ScoreVoided"):
        origin, _, sequence = id.rpartition(":")
        event: Any = EVENTS[kind].model_validate(body)
        scores.append((origin.partition("/")[2], int(sequence), kind, event))
    hashes = []
    for _, _, body in await fair.said("RankingComputed"):
        cut = [score for score in scores if score[1] <= body["cut"][f"scoring/{score[0]}"]]
        assert inputs_hash(cut) == body["inputs_hash"]
        assert canonical_hash(body["table"]) == body["table_hash"]
        hashes.append(body["inputs_hash"])
    assert hashes
    return hashes
