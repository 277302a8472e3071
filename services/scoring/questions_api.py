"""The HTTP API of questions: members ask, the applicant or the secretary answers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from schemas.base import UUID_PATTERN, Paragraphs, Slug, Uuid
from schemas.scoring import AnswerSource
from services.kit.access import Access
from services.kit.http import Command, context_of
from services.kit.tokens import Caller
from services.scoring import cases, examples, procedure
from services.scoring.domain import pitch, questions
from services.scoring.domain.base import State
from services.scoring.domain.final import Question
from services.scoring.procedure import Rule
from services.scoring.store import Judging

RoundId = Annotated[str, Path(examples=["2020-final"])]
ProjectId = Annotated[str, Path(pattern=UUID_PATTERN)]
QuestionId = Annotated[str, Path(pattern=UUID_PATTERN)]
PREFIX = "/rounds/{round_id}/projects/{project_id}/questions"

_ASKED: examples.Example = {"text": "Жоба аяқталған соң ауланы кім күтеді?"}
_ANSWERED: examples.Example = {"text": "Үй тұрғындары: олармен келісім бар."}
_QUESTION: examples.Example = {
    "round_id": "2020-final",
    "project_id": examples.PROJECT,
    "question_id": examples.PROJECT,
    **_ASKED,
    "person_id": examples.JUDGE,
    "answer": "Үй тұрғындары: олармен келісім бар.",
    "entered_by": "applicant",
}


class Ask(Command):
    """A question, in the member's words."""

    model_config = examples.of_request(_ASKED)
    text: Paragraphs


class GiveAnswer(Command):
    """An answer, in the applicant's words."""

    model_config = examples.of_request(_ANSWERED)
    text: Paragraphs


class QuestionAnswer(State):
    """A question and its answer. `person_id` is who asked; null for the applicant."""

    model_config = examples.of_answer(_QUESTION)
    round_id: Slug
    project_id: Uuid
    question_id: Uuid
    text: str
    person_id: Uuid | None
    answer: str | None
    entered_by: AnswerSource | None
    event_id: str | None = None


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints of questions."""
    router = APIRouter(tags=["questions"])
    router.include_router(_writing(judging, access))
    router.include_router(_reading(judging, access))
    return router


def _writing(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix=f"{PREFIX}/{{question_id}}")
    Member = Annotated[Caller, Depends(access.require("judge"))]
    Answering = Annotated[Caller, Depends(access.require("applicant", "secretary"))]

    async def change(
        asked: tuple[str, str, str], request: Request, caller: Caller, rule: Rule
    ) -> QuestionAnswer:
        round_id, project_id, question_id = asked
        context = context_of(request, caller)
        result = await procedure.change_evaluation(judging, round_id, project_id, context, rule)
        (known,) = (one for one in result.state.questions if one.question_id == question_id)
        answer = _answer(round_id, project_id, known, caller)
        return answer.model_copy(update={"event_id": next(iter(result.event_ids), None)})

    @router.put("", summary="Ask the applicant something, by the member's own token")
    async def ask(
        round_id: RoundId,
        project_id: ProjectId,
        question_id: QuestionId,
        body: Ask,
        request: Request,
        caller: Member,
    ) -> QuestionAnswer:
        stage = await procedure.find_stage(judging, round_id)
        await cases.require_member(judging, stage, caller.subject)
        rule: Rule = lambda found: questions.ask(  # noqa: E731
            found, question_id=question_id, person_id=caller.subject, text=body.text
        )
        return await change((round_id, project_id, question_id), request, caller, rule)

    @router.put("/answer", summary="Answer: the applicant, or the secretary who heard it")
    async def answer(
        round_id: RoundId,
        project_id: ProjectId,
        question_id: QuestionId,
        body: GiveAnswer,
        request: Request,
        caller: Answering,
    ) -> QuestionAnswer:
        stage = await procedure.find_stage(judging, round_id)
        project = await cases.project_for(judging, stage, project_id, caller)
        source: AnswerSource = "applicant" if caller.role == "applicant" else "secretary"
        rule: Rule = lambda found: questions.answer(  # noqa: E731
            found,
            question_id=question_id,
            contact_person_id=project.contact_person_id,
            entered_by=source,
            text=body.text,
        )
        return await change((round_id, project_id, question_id), request, caller, rule)

    return router


def _reading(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix=PREFIX)
    Concerned = Annotated[
        Caller, Depends(access.require("secretary", "admin", "judge", "applicant"))
    ]

    @router.get("", summary="The questions: for the staff, the panel and the project's applicant")
    async def read(
        round_id: RoundId, project_id: ProjectId, caller: Concerned
    ) -> list[QuestionAnswer]:
        stage = await procedure.find_stage(judging, round_id)
        await cases.project_for(judging, stage, project_id, caller)
        evaluation = await judging.evaluation_of(round_id, project_id)
        if caller.role == "judge":
            await cases.require_member(judging, stage, caller.subject)
            questions.require_may_see(evaluation, caller.subject)
        found, _ = pitch.require_pitch(evaluation)
        return [_answer(round_id, project_id, one, caller) for one in found.questions]

    return router


def _answer(round_id: str, project_id: str, known: Question, caller: Caller) -> QuestionAnswer:
    return QuestionAnswer(
        round_id=round_id,
        project_id=project_id,
        question_id=known.question_id,
        text=known.text,
        person_id=None if caller.role == "applicant" else known.person_id,
        answer=known.answer.text if known.answer else None,
        entered_by=known.answer.entered_by if known.answer else None,
    )
