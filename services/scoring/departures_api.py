"""The HTTP API of judges who leave a project: they decline, abstain, or are replaced."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from schemas.base import UUID_PATTERN, Line, Uuid
from services.kit.access import Access
from services.kit.http import Command, context_of
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import cases, examples, procedure
from services.scoring.domain import assignment
from services.scoring.domain.base import State
from services.scoring.procedure import Rule
from services.scoring.store import Judging

RoundId = Annotated[str, Path(examples=[examples.ROUND])]
ProjectId = Annotated[str, Path(pattern=UUID_PATTERN)]
JudgeId = Annotated[str, Path(pattern=UUID_PATTERN)]

_REASON: examples.Example = {"reason": "Байқаудың төрағасы шешті"}


class Leave(Command):
    """Why a judge does not score a project."""

    model_config = examples.of_request(_REASON)
    reason: Line


class Replace(Command):
    """Who scores instead, and why."""

    model_config = examples.of_request({"by_judge_id": examples.JUDGE, **_REASON})
    by_judge_id: Uuid
    reason: Line


class LeftAnswer(State):
    """What was said; nothing when it was said before."""

    model_config = examples.of_answer({"event_ids": [f"{examples.EVALUATION}:5"]})
    event_ids: tuple[str, ...]


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints of departures."""
    prefix = "/rounds/{round_id}/projects/{project_id}/judges/{judge_id}"
    router = APIRouter(prefix=prefix, tags=["assignments"])
    Judge = Annotated[Caller, Depends(access.require("judge"))]
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]

    async def leave(
        round_id: str, project_id: str, request: Request, caller: Caller, rule: Rule
    ) -> LeftAnswer:
        context = context_of(request, caller)
        result = await procedure.change_evaluation(judging, round_id, project_id, context, rule)
        return LeftAnswer(event_ids=result.event_ids)

    @router.post("/decline", summary="Refuse to score a project, before scoring it")
    async def decline(
        round_id: RoundId,
        project_id: ProjectId,
        judge_id: JudgeId,
        body: Leave,
        request: Request,
        caller: Judge,
    ) -> LeftAnswer:
        _require_own(caller, judge_id)
        rule: Rule = lambda found: assignment.decline(found, judge_id, body.reason)  # noqa: E731
        return await leave(round_id, project_id, request, caller, rule)

    @router.post("/abstain", summary="Choose not to score a project; that is not a 0")
    async def abstain(
        round_id: RoundId,
        project_id: ProjectId,
        judge_id: JudgeId,
        body: Leave,
        request: Request,
        caller: Judge,
    ) -> LeftAnswer:
        _require_own(caller, judge_id)
        rule: Rule = lambda found: assignment.abstain(found, judge_id, body.reason)  # noqa: E731
        return await leave(round_id, project_id, request, caller, rule)

    @router.post("/replace", summary="Put another judge in this one's place")
    async def replace(
        round_id: RoundId,
        project_id: ProjectId,
        judge_id: JudgeId,
        body: Replace,
        request: Request,
        caller: Secretary,
    ) -> LeftAnswer:
        stage = await procedure.find_stage(judging, round_id)
        await cases.case_of(judging, stage, project_id, body.by_judge_id)
        rule: Rule = lambda found: assignment.replace(  # noqa: E731
            found, judge_id, body.by_judge_id, body.reason
        )
        return await leave(round_id, project_id, request, caller, rule)

    return router


def _require_own(caller: Caller, judge_id: str) -> None:
    if caller.subject != judge_id:
        raise Refused("forbidden", "not-your-assignment", "A judge answers for nobody else.")
