"""The HTTP API of appeals: the applicant lodges, the chair or the secretary resolves."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from schemas.base import UUID_PATTERN, Line, Moment, Paragraphs, Slug, Uuid
from schemas.scoring import AppealGround, AppealOffice, AppealOutcome
from services.kit.access import Access
from services.kit.aggregate import Decision
from services.kit.http import Command, context_of, server_now
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import corrections, examples, procedure
from services.scoring.domain import appeal
from services.scoring.domain.base import State, evaluation_id
from services.scoring.procedure import Stage
from services.scoring.reserve_api import require_own
from services.scoring.store import Judging

RoundId = Annotated[str, Path(examples=[examples.ROUND])]
ProjectId = Annotated[str, Path(pattern=UUID_PATTERN)]

_LODGED: examples.Example = {
    "ground": "procedure",
    "text": "Қорғау кезінде бізге сөз берілмеді.",
}
_APPEAL: examples.Example = {
    "round_id": examples.ROUND,
    "project_id": examples.PROJECT,
    "event_id": f"scoring/appeal/{examples.ROUND}~{examples.PROJECT}:1",
    "against": f"scoring/decision/{examples.ROUND}:4",
    "outcome": None,
    "reason": None,
    **_LODGED,
}
_RESOLVED: examples.Example = {
    "outcome": "upheld",
    "event_ids": [f"scoring/appeal/{examples.ROUND}~{examples.PROJECT}:2"],
}


class LodgeAppeal(Command):
    """On what ground, and what is wrong. It stays on record: name no persons."""

    model_config = examples.of_request(_LODGED)
    ground: AppealGround
    text: Paragraphs


class ResolveAppeal(Command):
    """What the appeal comes to: by a motion of a sitting, by sheets that it voids, or both."""

    model_config = examples.of_request({"outcome": "dismissed", "reason": "Тәртіп бұзылған жоқ"})
    outcome: AppealOutcome
    reason: Line
    void_judges: Annotated[tuple[Uuid, ...], Field(max_length=60)] = ()
    """Judges whose sheet on the project no longer counts."""
    sitting_id: Uuid | None = None
    motion_id: Uuid | None = None


class CorrectResults(Command):
    """In the final, the amount of the award."""

    model_config = examples.of_request({})
    amount_tiyn: Annotated[int, Field(strict=True, ge=1, le=10**15)] | None = None


class AppealAnswer(State):
    """An appeal as its applicant and the staff see it."""

    model_config = examples.of_answer(_APPEAL)
    round_id: Slug
    project_id: Uuid
    event_id: str
    against: str
    ground: AppealGround
    text: str
    outcome: AppealOutcome | None = None
    reason: str | None = None


class ResolvedAnswer(State):
    """What was said; nothing when it was said before."""

    model_config = examples.of_answer(_RESOLVED)
    outcome: AppealOutcome
    event_ids: tuple[str, ...]


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints of appeals."""
    router = APIRouter(prefix="/rounds/{round_id}", tags=["appeals"])
    router.include_router(_lodging(judging, access))
    router.include_router(_resolving(judging, access))
    router.include_router(_correcting(judging, access))
    return router


def _lodging(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter()
    Applicant = Annotated[Caller, Depends(access.require("applicant"))]
    Concerned = Annotated[Caller, Depends(access.require("applicant", "secretary", "admin"))]
    Staff = Annotated[Caller, Depends(access.require("secretary", "admin"))]

    @router.put("/projects/{project_id}/appeal", summary="Appeal against what was published")
    async def lodge(
        round_id: RoundId,
        project_id: ProjectId,
        body: LodgeAppeal,
        request: Request,
        caller: Applicant,
    ) -> AppealAnswer:
        stage = await procedure.find_stage(judging, round_id)
        project = require_own(await judging.projects.get(project_id), caller)
        if not await procedure.is_public(judging, stage):
            raise Refused("forbidden", "under-embargo", "The results are not published yet.")
        against, until = await _outcome(judging, stage, project_id)
        now = server_now()
        result = await judging.appeals.execute(
            evaluation_id(round_id, project_id),
            lambda found: Decision(
                appeal.lodge(
                    found,
                    season_id=project.season_id,
                    round_id=round_id,
                    project_id=project_id,
                    against=against,
                    ground=body.ground,
                    text=body.text,
                    until=until,
                    now=now,
                )
            ),
            context_of(request, caller),
            now=now,
        )
        return _answer(result.state)

    @router.get("/projects/{project_id}/appeal", summary="An appeal, for its applicant and staff")
    async def read(round_id: RoundId, project_id: ProjectId, caller: Concerned) -> AppealAnswer:
        if caller.role == "applicant":
            require_own(await judging.projects.get(project_id), caller)
        return _answer(appeal.require_lodged(await judging.appeal_of(round_id, project_id)))

    @router.get("/appeals", summary="All appeals against a round's results, for the staff")
    async def all_(round_id: RoundId, _caller: Staff) -> list[AppealAnswer]:
        await procedure.find_stage(judging, round_id)
        return [_answer(found) for found in await judging.appeals_of(round_id)]

    return router


def _resolving(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/projects/{project_id}/appeal")
    InCharge = Annotated[Caller, Depends(access.require("judge", "secretary"))]

    @router.post("/resolution", summary="Resolve an appeal; sheets are voided and ranked anew")
    async def resolve(
        round_id: RoundId,
        project_id: ProjectId,
        body: ResolveAppeal,
        request: Request,
        caller: InCharge,
    ) -> ResolvedAnswer:
        stage = await procedure.find_stage(judging, round_id)
        office = await _office(judging, stage, project_id, caller)
        evaluation = await judging.evaluation_of(round_id, project_id)
        held = None
        if body.sitting_id is not None:
            held = await judging.sittings.get(body.sitting_id)
        if (body.motion_id is None) != (held is None):
            raise Refused("invalid", "motion-invalid", "Say both the sitting and its motion.")
        context = context_of(request, caller)
        result = await judging.appeals.execute(
            evaluation_id(round_id, project_id),
            lambda found: Decision(
                appeal.resolve(
                    found,
                    outcome=body.outcome,
                    office=office,
                    reason=body.reason,
                    voids=appeal.sheets_to_void(
                        found, evaluation, body.void_judges, stage.definition.minimum_sheets
                    ),
                    sitting=held,
                    motion_id=body.motion_id,
                )
            ),
            context,
            now=server_now(),
        )
        context = replace(context, causation_id=result.state.resolved_id)
        further = await corrections.void_sheets(judging, stage, result.state, context)
        return ResolvedAnswer(outcome=body.outcome, event_ids=(*result.event_ids, *further))

    return router


def _correcting(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/projects/{project_id}/appeal")
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]

    @router.post("/correction", summary="Add the place or the award that an upheld appeal gives")
    async def correct(
        round_id: RoundId,
        project_id: ProjectId,
        body: CorrectResults,
        request: Request,
        caller: Secretary,
    ) -> ResolvedAnswer:
        stage = await procedure.find_stage(judging, round_id)
        found = appeal.require_lodged(await judging.appeal_of(round_id, project_id))
        if stage.is_last != (body.amount_tiyn is not None):
            raise Refused("invalid", "amount-invalid", "The final's correction has an amount.")
        context = replace(context_of(request, caller), causation_id=found.resolved_id)
        said = await corrections.correct(judging, stage, found, body.amount_tiyn, context)
        return ResolvedAnswer(outcome="upheld", event_ids=said)

    return router


async def _outcome(
    judging: Judging, stage: Stage, project_id: str
) -> tuple[str | None, Moment | None]:
    """The id of the event that told the project it was not chosen; until when to appeal."""
    found = (
        await judging.awards.get(stage.season_id)
        if stage.is_last
        else await judging.decisions.get(stage.round_id)
    )
    if found is None or project_id not in found.outcomes:
        return None, None
    return f"{found.origin}:{found.outcomes[project_id]}", found.appeals_until


async def _office(judging: Judging, stage: Stage, project_id: str, caller: Caller) -> AppealOffice:
    """The secretary, or the panel's chair without a conflict with the project."""
    if caller.role == "secretary":
        return "secretary"
    panel = await procedure.find_panel(judging, stage)
    chair = next((one.person_id for one in panel.voting if one.role == "chair"), None)
    if caller.subject != chair:
        raise Refused("forbidden", "not-entitled", "The chair or the secretary resolves appeals.")
    evaluation = await judging.evaluation_of(stage.round_id, project_id)
    if evaluation is not None and evaluation.barred(caller.subject):
        raise Refused("forbidden", "own-conflict", "The chair has a conflict with this project.")
    return "chair"


def _answer(found: appeal.Appeal) -> AppealAnswer:
    return AppealAnswer(
        round_id=found.round_id,
        project_id=found.project_id,
        event_id=found.lodged_id,
        against=found.against,
        ground=found.ground,
        text=found.text,
        outcome=found.resolved.outcome if found.resolved else None,
        reason=found.resolved.reason if found.resolved else None,
    )
