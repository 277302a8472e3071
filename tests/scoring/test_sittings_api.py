"""A sitting over HTTP: a failed quorum, another try, a vote, and the decision that rests on it."""

from uuid import uuid4

import httpx

from tests.rooms import eventually

from .fair import VOTES, Body, Fair, fine, refused


async def test_final_is_decided_at_a_sitting_after_a_failed_quorum(fair: Fair) -> None:
    await fair.to_shortlist()
    await fair.draw(fair.final)
    await fair.score_all(fair.final, "commission")
    await fair.close_and_rank(fair.final)
    members = fair.voting("commission")
    decision = f"/rounds/{fair.final}/decision"

    failed, held = f"/sittings/{uuid4()}", f"/sittings/{uuid4()}"
    opened = fine(await put(fair, failed, {"round_id": fair.final}))
    assert fine(await put(fair, failed, {"round_id": fair.final})) == opened
    assert (opened["needed_count"], len(opened["voting"])) == (3, VOTES)
    assert fine(await put(fair, f"{failed}/attendance", roll(members, 2)))["status"] == "inquorate"
    refused(await fair.post(decision, {"sitting_id": id_of(failed)}), 409, "no-quorum")
    fine(await fair.post(f"{failed}/close"))

    fine(await put(fair, held, {"round_id": fair.final}))
    assert fine(await put(fair, f"{held}/attendance", roll(members, 3)))["status"] == "quorate"
    motion = f"{held}/motions/{uuid4()}"
    fine(await put(fair, motion, {"text": "Ұсынылған тізім бекітілсін"}))
    refused(await fair.post(f"{motion}/decision"), 409, "votes-missing")
    await vote(fair, motion, members)
    counted = fine(await fair.post(f"{motion}/decision"))["motions"][0]["decided"]
    assert (counted["votes_for"], counted["votes_against"], counted["carried"]) == (2, 1, True)

    said = fine(await fair.post(decision, {"sitting_id": id_of(held)}))
    assert said["quorum"] == 3

    async def published() -> Body | None:
        bodies = [body for _, _, body in await fair.said("DecisionRecorded")]
        return next((body for body in bodies if body["sitting_id"] == id_of(held)), None)

    recorded = await eventually(published, "the decision is on the stream")
    assert recorded["attended"] == sorted(members[:3])
    body = {"sitting_id": id_of(held), "attended": members}
    refused(await fair.post(decision, body), 422, "invalid-request")


async def vote(fair: Fair, motion: str, members: list[str]) -> None:
    """Each present member votes by the own token; nobody votes for another, or sees other votes."""
    first, second, third, away = members
    for member, word in ((first, "for"), (second, "against")):
        shown = fine(
            await put(fair, f"{motion}/votes/{member}", {"vote": word}, fair.judge(member))
        )
        assert shown["motions"][0]["votes"] == {member: word}
    answer = await put(fair, f"{motion}/votes/{first}", {"vote": "for"}, fair.judge(second))
    refused(answer, 403, "not-your-vote")
    refused(
        await put(fair, f"{motion}/votes/{away}", {"vote": "for"}, fair.judge(away)),
        409,
        "not-present",
    )
    fine(await put(fair, f"{motion}/votes/{third}", {"vote": "for"}))
    for headers in fair.outsiders:
        answer = await fair.get(motion.partition("/motions")[0], headers)
        assert answer.status_code in (401, 403)


async def put(
    fair: Fair, path: str, body: Body, headers: dict[str, str] | None = None
) -> httpx.Response:
    return await fair.court.scoring.put(path, json=body, headers=headers or fair.secretary)


def roll(members: list[str], present: int) -> Body:
    return {
        "attendance": {
            id: "remote" if number < present else "absent" for number, id in enumerate(members)
        }
    }


def id_of(path: str) -> str:
    return path.rpartition("/")[2]
