"""The HTTP API of score sheets: reading a project, drafting, handing in, voiding, history."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from schemas.base import UUID_PATTERN
from services.kit.access import Access, command_key
from services.kit.aggregate import CommandKey
from services.kit.http import context_of
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import examples, handing, messages, procedure, sheet_messages
from services.scoring.domain import assignment, sheets, sight
from services.scoring.store import Judging

RoundId = Annotated[str, Path(examples=[examples.ROUND])]
ProjectId = Annotated[str, Path(pattern=UUID_PATTERN, examples=[examples.PROJECT])]
JudgeId = Annotated[str, Path(pattern=UUID_PATTERN, examples=[examples.JUDGE])]
PREFIX = "/rounds/{round_id}/projects/{project_id}"
Key = Annotated[CommandKey | None, Depends(command_key)]


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints of score sheets."""
    router = APIRouter()
    router.include_router(_reading(judging, access))
    router.include_router(_handing_in(judging, access))
    router.include_router(_drafting(judging, access))
    router.include_router(_voiding(judging, access))
    return router


def _reading(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["score sheets"])
    Judge = Annotated[Caller, Depends(access.require("judge"))]
    Reader = Annotated[Caller, Depends(access.require("judge", "secretary", "admin"))]

    @router.get("", summary="A project as its assigned judge sees it, with the own sheet")
    async def read(
        round_id: RoundId, project_id: ProjectId, caller: Judge
    ) -> sheet_messages.ProjectToScore:
        return await handing.project_to_score(judging, round_id, project_id, caller.subject)

    @router.get(
        "/sheets", summary="The sheets that count: as the round lets judges see them; staff"
    )
    async def all_sheets(
        round_id: RoundId, project_id: ProjectId, caller: Reader
    ) -> sheet_messages.SheetsAnswer:
        stage = await procedure.find_stage(judging, round_id)
        found = await judging.evaluation_of(round_id, project_id)
        if caller.role == "judge":
            found = assignment.require_active(found, caller.subject)
            published = await procedure.is_public(judging, stage)
            sight.require_sheets_visible(
                stage.definition, found, caller.subject, published=published
            )
        if found is None:
            raise Refused("missing", "not-in-round", "This project takes no part in the round.")
        return sheet_messages.SheetsAnswer(
            round_id=round_id,
            project_id=project_id,
            sheets=tuple(
                sheet_messages.JudgeSheet(
                    judge_id=one.judge_id,
                    sheet=sheet_messages.SheetRecord.of(found, one),
                )
                for one in found.effective()
            ),
        )

    @router.get("/sheets/{judge_id}/history", summary="Every sheet of a judge: its own, the staff")
    async def history(
        round_id: RoundId, project_id: ProjectId, judge_id: JudgeId, caller: Reader
    ) -> sheet_messages.SheetHistory:
        await procedure.find_rubric(judging, round_id)
        found = await judging.evaluation_of(round_id, project_id)
        if caller.role == "judge":
            if caller.subject != judge_id:
                raise Refused("forbidden", "not-your-sheet", "A judge reads only the own sheets.")
            found = assignment.require_active(found, judge_id)
        own = [one for one in found.sheets if one.judge_id == judge_id] if found else []
        if found is None or not (own or judge_id in found.judges):
            raise Refused("missing", "not-assigned", "This judge does not score this project.")
        return sheet_messages.SheetHistory(
            round_id=round_id,
            project_id=project_id,
            judge_id=judge_id,
            sheets=tuple(sheet_messages.SheetRecord.of(found, one) for one in own),
        )

    return router


def _handing_in(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["score sheets"])
    Judge = Annotated[Caller, Depends(access.require("judge"))]

    @router.put("/sheet", summary="Hand in the own score sheet, or change it with a reason")
    async def record(
        round_id: RoundId,
        project_id: ProjectId,
        body: sheet_messages.RecordScore,
        request: Request,
        caller: Judge,
    ) -> sheet_messages.SheetAnswer:
        context = context_of(request, caller)
        found = await handing.hand_in(judging, round_id, project_id, caller.subject, body, context)
        counts = found.sheet_of(caller.subject)
        assert counts is not None
        return sheet_messages.SheetAnswer(
            round_id=round_id,
            project_id=project_id,
            judge_id=caller.subject,
            event_id=found.event_id(counts.sequence),
        )

    return router


def _drafting(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["score sheets"])
    Judge = Annotated[Caller, Depends(access.require("judge"))]

    @router.put("/sheet/draft", summary="Keep what there is of the own sheet; nobody else sees it")
    async def save(
        round_id: RoundId,
        project_id: ProjectId,
        body: sheet_messages.SaveDraft,
        request: Request,
        caller: Judge,
    ) -> sheet_messages.DraftAnswer:
        context = context_of(request, caller)
        found = await handing.keep_draft(
            judging, round_id, project_id, caller.subject, body, context
        )
        return sheet_messages.DraftAnswer.of(found.drafts[caller.subject])

    return router


def _voiding(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["score sheets"])
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]

    @router.post("/sheets/{judge_id}/void", summary="Take a sheet out of account, with a reason")
    async def void(
        round_id: RoundId,
        project_id: ProjectId,
        judge_id: JudgeId,
        body: sheet_messages.VoidScore,
        request: Request,
        caller: Secretary,
        key: Key,
    ) -> messages.ScoreAnswer:
        rule: procedure.Rule = lambda found: sheets.void_score(  # noqa: E731
            found, judge_id=judge_id, reason=body.reason
        )
        result = await procedure.change_evaluation(
            judging, round_id, project_id, context_of(request, caller), rule, key
        )
        return messages.ScoreAnswer(
            round_id=round_id,
            project_id=project_id,
            judge_id=judge_id,
            event_id=next(iter(result.event_ids), None),
        )

    return router
