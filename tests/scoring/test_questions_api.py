"""Questions over HTTP: who may ask, who may answer, and who sees what."""

import asyncio
from uuid import uuid4

import httpx

from .fair import Fair, fine, refused
from .pitching import step, to_pitches

TEXT = {"text": "Жоба аяқталған соң ауланы кім күтеді?\nҚалай?"}
REPLY = {"text": "Үй тұрғындары: олармен келісім бар."}


async def test_member_asks_and_the_applicant_or_the_secretary_answers(fair: Fair) -> None:
    project, other, _ = await to_pitches(fair)
    member, stranger = fair.voting("commission")[0], fair.voting("jury")[0]
    question, second = path(fair, project), path(fair, project)
    for headers in ({}, fair.secretary, fair.admin, fair.applicant(project), fair.judge(stranger)):
        assert (await put(fair, question, TEXT, headers)).status_code in (401, 403)

    said = fine(await put(fair, question, TEXT, fair.judge(member)))

    assert (said["person_id"], said["answer"]) == (member, None)
    assert fine(await put(fair, question, TEXT, fair.judge(member)))["event_id"] is None
    refused(await put(fair, question, REPLY, fair.judge(member)), 409, "question-exists")
    fine(await put(fair, second, TEXT, fair.judge(member)))
    answering = f"{question}/answer"
    refused(await put(fair, answering, REPLY, fair.applicant(other)), 403, "not-your-project")
    for headers in ({}, fair.admin, fair.judge(member)):
        assert (await put(fair, answering, REPLY, headers)).status_code in (401, 403)
    own = fine(await put(fair, answering, REPLY, fair.applicant(project)))
    assert (own["entered_by"], own["person_id"], own["answer"]) == (
        "applicant",
        None,
        REPLY["text"],
    )
    refused(await put(fair, answering, TEXT, fair.secretary), 409, "already-answered")
    heard = fine(await put(fair, f"{second}/answer", REPLY, fair.secretary))
    assert (heard["entered_by"], heard["person_id"]) == ("secretary", member)
    missing = f"{path(fair, project)}/answer"
    refused(await put(fair, missing, REPLY, fair.secretary), 404, "unknown-question")
    ((_, _, event), (_, _, entered)) = await fair.said("QuestionAnswered")
    assert (event["entered_by"], entered["entered_by"]) == ("applicant", "secretary")
    assert event["person_id"] == entered["person_id"]


async def test_questions_and_slot_are_seen_by_those_concerned_alone(fair: Fair) -> None:
    project, other, _ = await to_pitches(fair)
    member, conflicted = fair.voting("commission")[:2]
    question = path(fair, project)
    fine(await put(fair, question, TEXT, fair.judge(member)))
    about = question.partition("/questions")[0]
    declared = f"{about}/conflicts/{conflicted}"
    fine(await put(fair, declared, {"ground": "family"}, fair.judge(conflicted)))

    refused(await put(fair, path(fair, project), TEXT, fair.judge(conflicted)), 403, "not-assigned")
    for page in ("questions", "pitch"):
        refused(await fair.get(f"{about}/{page}", fair.judge(conflicted)), 403, "not-assigned")
        refused(await fair.get(f"{about}/{page}", fair.applicant(other)), 403, "not-your-project")
        for headers in fair.outsiders:
            assert (await fair.get(f"{about}/{page}", headers)).status_code in (401, 403)
    (own,) = (await fair.get(f"{about}/questions", fair.applicant(project))).json()
    assert (own["text"], own["person_id"]) == (TEXT["text"], None)
    slot = fine(await fair.get(f"{about}/pitch", fair.applicant(project)))
    assert (slot["status"], slot["recused"]) == ("scheduled", None)
    assert fine(await fair.get(f"{about}/pitch", fair.admin))["recused"] == [conflicted]
    for headers in (fair.judge(member), fair.admin):
        (row,) = (await fair.get(f"{about}/questions", headers)).json()
        assert row["person_id"] == member


async def test_answers_at_once_are_one_answer(fair: Fair) -> None:
    project = (await to_pitches(fair))[0]
    question = path(fair, project)
    fine(await step(fair, project, "start"))
    fine(await put(fair, question, TEXT, fair.judge(fair.voting("commission")[0])))

    answers = await asyncio.gather(
        put(fair, f"{question}/answer", REPLY, fair.applicant(project)),
        put(fair, f"{question}/answer", TEXT, fair.secretary),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await fair.said("QuestionAnswered")) == 1


def path(fair: Fair, project: str) -> str:
    return f"/rounds/{fair.final}/projects/{project}/questions/{uuid4()}"


async def put(
    fair: Fair, path: str, body: dict[str, str], headers: dict[str, str]
) -> httpx.Response:
    return await fair.court.scoring.put(path, json=body, headers=headers)
