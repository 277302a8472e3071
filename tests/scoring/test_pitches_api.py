"""Pitches over HTTP: slots that anyone can draw again, live scoring, a no-show, two at once."""

import asyncio
from typing import Any

import httpx
import pytest

from schemas.base import format_utc
from schemas.scoring import PitchesDrawn
from services.scoring.domain.slots import slots

from .fair import Body, Fair, fine, refused
from .pitching import draw_pitches, hold, step, timetable, to_pitches

REASON = "Ауылмен байланыс үзілді"
LATER = "2030-01-01T10:00:00+06:00"


async def test_slots_are_drawn_once_for_anyone_to_repeat(fair: Fair) -> None:
    shortlist = await fair.to_shortlist()
    await fair.draw(fair.final)
    member, conflicted = fair.voting("commission")[1], shortlist[0]
    await declare(fair, conflicted, member)
    for headers in ({}, fair.admin, fair.judge(member), fair.applicant(conflicted)):
        answer = await fair.court.scoring.post(
            f"/rounds/{fair.final}/pitches", json=timetable(fair), headers=headers
        )
        assert answer.status_code in (401, 403)
    refused(await draw_pitches(fair, minutes=60 * 3), 409, "too-few-slots")
    elsewhere = timetable(fair)
    elsewhere["days"][0] = {"starts_at": LATER, "ends_at": LATER.replace("10:", "18:")}
    path = f"/rounds/{fair.final}/pitches"
    refused(await fair.post(path, elsewhere), 422, "timetable-invalid")

    drawn = fine(await draw_pitches(fair))

    assert fine(await draw_pitches(fair)) == drawn | {"event_id": None}
    refused(await draw_pitches(fair, seed="басқа"), 409, "pitches-drawn")
    ((_, id, body),) = await fair.said("PitchesDrawn")
    event = PitchesDrawn.model_validate(body)
    assert id == drawn["event_id"]
    assert {p.project_id: p.recused for p in event.pitches}[conflicted] == (member,)
    told = {b["project_id"]: b["starts_at"] for _, _, b in await fair.said("PitchScheduled")}
    assert told == {slot.project_id: format_utc(slot.starts_at) for slot in slots(event)}
    assert [row["project_id"] for row in drawn["pitches"]] == [s.project_id for s in slots(event)]


async def test_member_sees_no_slot_of_a_conflicted_project_and_outsiders_none(fair: Fair) -> None:
    order = await to_pitches(fair)
    member, other = fair.voting("commission")[:2]
    path = f"/rounds/{fair.final}/pitches"
    await declare(fair, order[1], member)

    seen = fine(await fair.get(path, fair.judge(member)))["pitches"]
    everything = fine(await fair.get(path, fair.judge(other)))["pitches"]
    staff = fine(await fair.get(path, fair.admin))["pitches"]

    assert [row["project_id"] for row in seen] == [order[0], order[2]]
    assert [row["project_id"] for row in everything] == order
    assert {row["recused"] for row in seen + everything} == {None}
    assert [row["recused"] for row in staff] == [[], [member], []]
    assert [row["status"] for row in staff] == ["scheduled"] * 3
    for headers in (*fair.outsiders, fair.applicant(order[0])):
        assert (await fair.get(path, headers)).status_code in (401, 403)
    refused(await fair.get(f"/rounds/{fair.first}/pitches", fair.admin), 404, "pitches-not-drawn")


async def test_project_is_scored_from_its_pitch_on(fair: Fair) -> None:
    first, second, _ = await to_pitches(fair)
    judge = fair.voting("commission")[0]
    refused(await fair.score(fair.final, first, judge), 409, "pitch-not-begun")
    for headers in ({}, fair.admin, fair.judge(judge), fair.applicant(first)):
        for word in ("start", "end", "miss"):
            answer = await step(fair, first, word, headers or {"Authorization": ""})
            assert answer.status_code in (401, 403)

    begun = fine(await step(fair, first, "start"))

    assert (begun["status"], len(begun["event_ids"])) == ("started", 1)
    assert fine(await step(fair, first, "start"))["event_ids"] == []
    fine(await fair.score(fair.final, first, judge))
    refused(await fair.score(fair.final, second, judge), 409, "pitch-not-begun")
    refused(await step(fair, second, "end"), 409, "pitch-not-begun")
    refused(await step(fair, first, "miss"), 409, "pitch-begun")
    assert fine(await step(fair, first, "end"))["status"] == "ended"
    fine(await fair.score(fair.final, first, fair.voting("commission")[1]))


async def test_no_show_is_put_off_once_then_ranked_last_and_not_chosen(fair: Fair) -> None:
    late, held, absent = await to_pitches(fair)
    fine(await step(fair, late, "miss"))
    refused(await step(fair, held, "reschedule", starts_at=LATER, reason=REASON), 409, MISSED)
    moved = fine(await step(fair, late, "reschedule", starts_at=LATER, reason=REASON))
    assert (moved["status"], moved["starts_at"]) == ("scheduled", "2030-01-01T04:00:00.000Z")
    await hold(fair, late)
    await hold(fair, held)
    fine(await step(fair, absent, "miss"))
    fine(await step(fair, absent, "reschedule", starts_at=LATER, reason=REASON))
    refused(await fair.post(f"/rounds/{fair.final}/close"), 409, "too-few-sheets")
    fine(await step(fair, absent, "miss"))
    again = await step(fair, absent, "reschedule", starts_at=LATER.replace("10", "11"), reason="-")
    refused(again, 409, "already-rescheduled")

    ranking = await fair.close_and_rank(fair.final)
    chosen = await fair.decide(fair.final, "commission")
    refused(await fair.award(absent, 1), 409, "not-chosen")
    fine(await fair.award(chosen[0], 1))
    fine(await fair.post(f"/seasons/{fair.season}/awards/publication"))

    assert (ranking["table"][-1]["project_id"], ranking["table"][-1]["sheets"]) == (absent, 0)
    assert set(chosen) == {late, held}
    outcomes = {body["project_id"] for _, _, body in await fair.said("ProjectNotAwarded")}
    assert outcomes == {absent, chosen[1]}
    refused(await step(fair, absent, "start"), 409, "round-closed")


MISSED = "pitch-not-missed"


@pytest.mark.parametrize("attempt", range(3))
async def test_beginning_missing_and_scoring_at_once_keep_the_rule(
    fair: Fair, attempt: int
) -> None:
    project = (await to_pitches(fair))[attempt]
    judges = fair.voting("commission")

    started, missed, *scored = await asyncio.gather(
        step(fair, project, "start"),
        step(fair, project, "miss"),
        *(fair.score(fair.final, project, judge) for judge in judges),
    )

    assert sorted(answer.status_code for answer in (started, missed)) == [200, 409]
    told = [type for type, _, body in await fair.said() if is_about(fair, project, body)]
    pitched = [type for type in told if type in ("PitchStarted", "PitchMissed")]
    assert pitched == ["PitchStarted" if started.status_code == 200 else "PitchMissed"]
    recorded = sum(answer.status_code == httpx.codes.OK for answer in scored)
    assert told.count("ScoreRecorded") == recorded
    if recorded:
        assert "ScoreRecorded" not in told[: told.index("PitchStarted")]


async def test_draw_at_once_by_two_seeds_is_one_draw(fair: Fair) -> None:
    await fair.to_shortlist()
    await fair.draw(fair.final)

    answers = await asyncio.gather(*(draw_pitches(fair, seed) for seed in ("a", "b", "a", "b")))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409]
    assert len(await fair.said("PitchesDrawn")) == 1
    assert len(await fair.said("PitchScheduled")) == 3


def is_about(fair: Fair, project: str, body: dict[str, Any]) -> bool:
    return (body.get("project_id"), body.get("round_id")) == (project, fair.final)


async def declare(fair: Fair, project: str, judge: str) -> Body:
    path = f"/rounds/{fair.final}/projects/{project}/conflicts/{judge}"
    answer = await fair.court.scoring.put(
        path, json={"ground": "organisation"}, headers=fair.judge(judge)
    )
    return fine(answer)
