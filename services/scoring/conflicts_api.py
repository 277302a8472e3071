"""The HTTP API of conflicts: declared, detected, ruled."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from schemas.base import UUID_PATTERN, Line, Slug, Uuid
from schemas.scoring import ConflictGround, ConflictSource, RulingOutcome, ScoringEvent
from services.kit.access import Access
from services.kit.http import Command, context_of
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import cases, conflicts, examples, procedure
from services.scoring.domain import conflict, evaluation
from services.scoring.domain.base import State
from services.scoring.store import Judging

RoundId = Annotated[str, Path(examples=[examples.ROUND])]
ProjectId = Annotated[str, Path(pattern=UUID_PATTERN)]
JudgeId = Annotated[str, Path(pattern=UUID_PATTERN)]
Found = evaluation.Evaluation | None
Rule = Callable[[Found], list[ScoringEvent]]

_REASON: examples.Example = {"reason": "Байқаудың төрағасы шешті"}
_CONFLICT: examples.Example = {
    "round_id": examples.ROUND,
    "project_id": examples.PROJECT,
    "judge_id": examples.JUDGE,
    "ground": "organisation",
    "source": "declared",
    "ruling": "conflict",
    "barred": True,
    "event_ids": [f"{examples.EVALUATION}:5", f"{examples.EVALUATION}:6"],
}


class DeclareConflict(Command):
    """What kind of interest it is; no names, no stories."""

    model_config = examples.of_request({"ground": "organisation"})
    ground: ConflictGround


class RuleConflict(Command):
    """Whether it is a conflict, and why."""

    model_config = examples.of_request({"ruling": "no-conflict", **_REASON})
    ruling: RulingOutcome
    reason: Line


class ConflictAnswer(State):
    """How it stands between a judge and a project."""

    model_config = examples.of_answer(_CONFLICT)
    round_id: Slug
    project_id: Uuid
    judge_id: Uuid
    ground: ConflictGround | None
    source: ConflictSource | None
    ruling: RulingOutcome | None
    barred: bool
    event_ids: tuple[str, ...] = ()


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints of conflicts."""
    router = APIRouter(prefix="/rounds/{round_id}")
    router.include_router(_declaring(judging, access))
    router.include_router(_overview(judging, access))
    return router


def _declaring(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/projects/{project_id}/conflicts/{judge_id}", tags=["conflicts"])
    Member = Annotated[Caller, Depends(access.require("judge", "secretary"))]

    @router.put("", summary="Declare a conflict of a judge with a project; it bars at once")
    async def declare(
        round_id: RoundId,
        project_id: ProjectId,
        judge_id: JudgeId,
        body: DeclareConflict,
        request: Request,
        caller: Member,
    ) -> ConflictAnswer:
        if caller.role == "judge" and caller.subject != judge_id:
            raise Refused("forbidden", "not-your-conflict", "A judge declares only the own ones.")
        stage = await procedure.find_stage(judging, round_id)
        case = await cases.case_of(judging, stage, project_id, judge_id)
        result = await procedure.change_evaluation(
            judging,
            round_id,
            project_id,
            context_of(request, caller),
            lambda found: conflict.declare(found, case, body.ground, "declared"),
        )
        return _answer(result.state, judge_id, result.event_ids)

    @router.put("/ruling", summary="Rule on a conflict: the chair, the deputy or the secretary")
    async def rule(
        round_id: RoundId,
        project_id: ProjectId,
        judge_id: JudgeId,
        body: RuleConflict,
        request: Request,
        caller: Member,
    ) -> ConflictAnswer:
        stage = await procedure.find_stage(judging, round_id)
        case = await cases.case_of(judging, stage, project_id, judge_id)
        panel = await procedure.find_panel(judging, stage)
        office = (
            conflict.office_of(panel, caller.subject, judge_id)
            if caller.role == "judge"
            else "secretary"
        )
        result = await procedure.change_evaluation(
            judging,
            round_id,
            project_id,
            context_of(request, caller),
            lambda found: conflict.rule(
                found, case, ruling=body.ruling, office=office, reason=body.reason
            ),
        )
        return _answer(result.state, judge_id, result.event_ids)

    return router


def _overview(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/conflicts", tags=["conflicts"])
    Staff = Annotated[Caller, Depends(access.require("secretary", "admin"))]
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]

    @router.get("", summary="All conflicts of a round, for the staff")
    async def read(round_id: RoundId, _caller: Staff) -> list[ConflictAnswer]:
        await procedure.find_stage(judging, round_id)
        return [
            _answer(found, judge_id, ())
            for found in await judging.conflicts_of(round_id)
            for judge_id in sorted(found.conflicts)
        ]

    @router.post("/detection", summary="Look for conflicts in what is on record")
    async def detect(
        round_id: RoundId, request: Request, caller: Secretary
    ) -> list[ConflictAnswer]:
        stage = await procedure.find_stage(judging, round_id)
        panel = await procedure.find_panel(judging, stage)
        if await procedure.is_public(judging, stage):
            raise Refused("conflict", "already-published", "The results are published and stand.")
        projects = await judging.projects_of(stage.season_id)
        fresh = await conflicts.detect(
            judging,
            round_id,
            panel,
            [one for _, one in sorted(projects.items()) if one.status == "eligible"],
            context_of(request, caller),
        )
        found = {one.project_id: one for one in await judging.conflicts_of(round_id)}
        return [_answer(found[project], judge, ()) for project, judge in fresh]

    return router


def _answer(
    found: evaluation.Evaluation, judge_id: str, event_ids: tuple[str, ...]
) -> ConflictAnswer:
    known = found.conflicts.get(judge_id, evaluation.Conflict())
    return ConflictAnswer(
        round_id=found.round_id,
        project_id=found.project_id,
        judge_id=judge_id,
        ground=known.ground,
        source=known.source,
        ruling=known.ruling,
        barred=found.barred(judge_id),
        event_ids=event_ids,
    )
