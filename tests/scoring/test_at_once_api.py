"""Two requests at once that a rule forbids together: one of them gives way, and the log shows it.

Each is tried several times, for either may come first.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from uuid import uuid4

import httpx

from tests.rooms import eventually

from .fair import Body, Fair, fine, refused, rule_of

NOT_YET = {"not-heard-yet", "not-screened", "season-open"}
REASON = {"reason": "Үлгі себеп"}


async def test_conflict_and_sheet_at_once_leave_no_sheet_of_a_barred_judge(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    tried = await assigned(fair)

    for index, (judge, project) in enumerate(tried):
        path = f"/rounds/{fair.first}/projects/{project}/conflicts/{judge}"
        declared = put(fair, path, {"ground": "family"}, fair.judge(judge))
        scored, conflict = await in_turns(index, fair.score(fair.first, project, judge), declared)
        fine(conflict)
        if scored.status_code != httpx.codes.OK:
            refused(scored, 403, "not-assigned")

    for judge, project in tried:
        types = await told_of(fair, judge, project)
        assert types.count("ScoreRecorded") == types.count("ScoreVoided")
        if "ScoreRecorded" in types:
            assert types.index("ScoreRecorded") < types.index("ConflictDeclared")


async def test_two_sheets_of_a_judge_at_once_leave_one_that_counts(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    judge, project = (await assigned(fair))[0]
    own = fair.cast.points(fair.first, project, judge)
    sheets = [[{**own[0], "points": points}, *own[1:]] for points in ("1.00", "2.00", "3.00")]

    answers = await asyncio.gather(
        *(fair.score(fair.first, project, judge, sheet) for sheet in (*sheets, own[1:]))
    )

    refused(answers[-1], 422, "sheet-invalid")  # a required criterion is missing
    taken = {fine(a)["event_id"] for a in answers[:-1] if a.status_code == httpx.codes.OK}
    told = {id: body for _, id, body in await fair.said("ScoreRecorded")}
    assert taken == set(told)
    last = told[max(told, key=lambda id: int(id.rpartition(":")[2]))]
    path = f"/rounds/{fair.first}/projects/{project}"
    assert fine(await fair.get(path, fair.judge(judge)))["own_points"] == last["points"]


async def test_reading_while_others_score_shows_nobody_elses_sheet(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    jury = fair.voting("jury")
    tried = await assigned(fair)

    read = [
        (judge, other, project)
        for judge, project in tried
        for other, given in tried
        if given == project and other != judge
    ]
    answers = await asyncio.gather(
        *(fair.score(fair.first, project, judge) for judge, project in tried),
        *(
            fair.get(f"/rounds/{fair.first}/projects/{project}", fair.judge(judge))
            for judge, _, project in read
        ),
    )

    assert len(read) == len(tried) > 0  # two judges a project
    for (judge, _, project), answer in zip(read, answers[len(tried) :], strict=True):
        own = fair.cast.points(fair.first, project, judge)
        assert fine(answer)["own_points"] in (None, own)
        assert not set(jury) & set(answer.text.split('"'))


async def test_two_seasons_of_one_name_at_once_are_one_season(fair: Fair) -> None:
    texts = [fair.yaml, fair.yaml.replace("minimum_sheets: 2", "minimum_sheets: 1")]
    assert texts[0] != texts[1]

    answers = await asyncio.gather(
        *(
            fair.court.submission.put(f"/seasons/{fair.season}", content=text, headers=fair.admin)
            for text in (*texts, *texts)
        )
    )

    taken = [answer.status_code for answer in answers]
    assert sorted(taken) == [200, 200, 409, 409]

    async def opened() -> list[bytes]:
        said = await fair.court.rooms.said("submission", "SeasonOpened")
        return [body for _, body in said if fair.season.encode() in body]

    assert len(await eventually(opened, "the season is on the topic")) == 1


async def test_declining_and_scoring_at_once_are_one_of_them(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    tried = await assigned(fair)

    for index, (judge, project) in enumerate(tried):
        path = f"/rounds/{fair.first}/projects/{project}/judges/{judge}/decline"
        declined = fair.court.scoring.post(path, json=REASON, headers=fair.judge(judge))
        scored, left = await in_turns(index, fair.score(fair.first, project, judge), declined)
        if scored.status_code == httpx.codes.OK:
            refused(left, 409, "already-scored")
        else:
            refused(scored, 409, "judge-declined")
            fine(left)

    for judge, project in tried:
        types = await told_of(fair, judge, project)
        assert ("ScoreRecorded" in types) != ("AssignmentDeclined" in types)


async def test_two_draws_at_once_are_one_draw(fair: Fair) -> None:
    await fair.open()

    async def drawn() -> list[httpx.Response]:
        """Four draws at once, again while scoring has not heard of everything."""
        answers = await asyncio.gather(
            *(fair.post(f"/rounds/{fair.first}/draw", {"seed": f"seed {n}"}) for n in range(4))
        )
        done = any(answer.status_code == httpx.codes.OK for answer in answers)
        return list(answers) if done else []

    answers = await eventually(drawn, "the judges are drawn")
    won = [answer for answer in answers if answer.status_code == httpx.codes.OK]
    assert len(won) == 1
    assert {rule_of(a) for a in answers if a not in won} <= {"already-drawn", *NOT_YET}
    assert len(await fair.said("AssignmentsDrawn")) == 1


async def test_deciding_and_publishing_at_once_publish_the_decision_on_record(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    await fair.score_all(fair.first, "jury")
    await fair.close_and_rank(fair.first)
    members = fair.voting("jury")
    await fair.decide(fair.first, "jury")

    decision, publication = (f"/rounds/{fair.first}/{it}" for it in ("decision", "publication"))
    answers = await asyncio.gather(
        *(fair.post(decision, {"attended": members[n:]}) for n in (0, 1)),
        fair.post(publication),
        fair.post(publication),
        *(fair.post(decision, {"attended": members[n:]}) for n in (1, 0)),
    )

    for answer in answers:
        if answer.status_code != httpx.codes.OK:
            refused(answer, 409, "already-published")
    told = [kind for kind, _, _ in await fair.said("DecisionRecorded", "ResultsPublished")]
    assert told.count("ResultsPublished") == 1
    assert told[-1] == "ResultsPublished"
    outcomes = await fair.said("ProjectShortlisted", "ProjectNotShortlisted")
    assert len(outcomes) == len(fair.plans)


async def test_votes_and_their_count_at_once_count_what_is_on_record(fair: Fair) -> None:
    await fair.open()
    await fair.draw(fair.first)
    members = fair.voting("jury")
    held = f"/sittings/{uuid4()}"
    fine(await put(fair, held, {"round_id": fair.first}))
    roll = {"attendance": dict.fromkeys(members, "remote")}
    fine(await put(fair, f"{held}/attendance", roll))
    motion = f"{held}/motions/{uuid4()}"
    fine(await put(fair, motion, {"text": "Үлгі ұсыныс"}))
    for member in members:
        fine(await put(fair, f"{motion}/votes/{member}", {"vote": "for"}))

    fewer = {"attendance": roll["attendance"] | {members[0]: "absent"}}
    answers = await asyncio.gather(
        *(put(fair, f"{motion}/votes/{member}", {"vote": "against"}) for member in members),
        fair.post(f"{motion}/decision"),
        put(fair, f"{held}/attendance", fewer),
    )

    for answer in answers:
        if answer.status_code != httpx.codes.OK:
            assert rule_of(answer) in ("already-decided", "no-quorum", "not-present")
    fine(await fair.post(f"{motion}/decision"))
    votes: dict[str, str] = {}
    present: set[str] = set()
    for kind, _, body in await fair.said("VoteCast", "AttendanceTaken", "MotionDecided"):
        if kind == "VoteCast":
            votes[body["person_id"]] = body["vote"]
        elif kind == "AttendanceTaken":
            present = {m["person_id"] for m in body["attendance"] if m["how"] != "absent"}
        else:
            counted = [votes[id] for id in present]
            assert body["votes_for"] == counted.count("for")
            assert body["votes_against"] == counted.count("against")


async def in_turns(
    index: int, one: Awaitable[httpx.Response], other: Awaitable[httpx.Response]
) -> Sequence[httpx.Response]:
    """Both at once, now this one and now the other begun first; answers in the order given."""
    if index % 2:
        return await asyncio.gather(one, other)
    second, first = await asyncio.gather(other, one)
    return first, second


async def assigned(fair: Fair) -> list[tuple[str, str]]:
    """Every judge with every project the judge has to score."""
    return [
        (judge, row["project_id"])
        for judge in fair.voting("jury")
        for row in await fair.assignments(fair.first, judge)
    ]


async def told_of(fair: Fair, judge: str, project: str) -> list[str]:
    """The types of what was said of a judge and a project, in order."""
    return [
        kind
        for kind, _, body in await fair.said()
        if (body.get("judge_id"), body.get("project_id")) == (judge, project)
    ]


async def put(
    fair: Fair, path: str, body: Body, headers: dict[str, str] | None = None
) -> httpx.Response:
    return await fair.court.scoring.put(path, json=body, headers=headers or fair.secretary)
