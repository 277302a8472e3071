"""The HTTP API of conflicts and of judges who leave a project."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import ConfigDict

from schemas.base import UUID_PATTERN, Line, Slug, Uuid
from schemas.scoring import ConflictGround, ConflictSource, RulingOutcome, ScoringEvent
from services.kit.access import Access
from services.kit.aggregate import Decision
from services.kit.http import Command, context_of, server_now
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import conflicts, examples, procedure
from services.scoring.domain import assignment, conflict, evaluation
from services.scoring.domain.base import State, evaluation_id
from services.scoring.procedure import Stage
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


def _example(value: examples.Example) -> ConfigDict:
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"example": value})


class DeclareConflict(Command):
    """What kind of interest it is; no names, no stories."""

    model_config = _example({"ground": "organisation"})
    ground: ConflictGround


class RuleConflict(Command):
    """Whether it is a conflict, and why."""

    model_config = _example({"ruling": "no-conflict", **_REASON})
    ruling: RulingOutcome
    reason: Line


class Leave(Command):
    """Why a judge does not score a project."""

    model_config = _example(_REASON)
    reason: Line


class Replace(Command):
    """Who scores instead, and why."""

    model_config = _example({"by_judge_id": examples.JUDGE, **_REASON})
    by_judge_id: Uuid
    reason: Line


class ConflictAnswer(State):
    """How it stands between a judge and a project."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": _CONFLICT})
    round_id: Slug
    project_id: Uuid
    judge_id: Uuid
    ground: ConflictGround | None
    source: ConflictSource | None
    ruling: RulingOutcome | None
    barred: bool
    event_ids: tuple[str, ...] = ()


class LeftAnswer(State):
    """What was said; nothing when it was said before."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"event_ids": [f"{examples.EVALUATION}:5"]}}
    )
    event_ids: tuple[str, ...]


class _Court:
    """What every endpoint here needs: the judging, and how to change an evaluation."""

    def __init__(self, judging: Judging) -> None:
        self.judging = judging

    async def case(self, stage: Stage, project_id: str, judge_id: str) -> conflict.Case:
        """The judge and the project; refused when either has nothing to do with the round."""
        panel = await procedure.find_panel(self.judging, stage)
        if judge_id not in {member.person_id for member in panel.voting}:
            raise Refused("missing", "not-on-the-panel", "This person does not judge here.")
        project = await self.judging.projects.get(project_id)
        if project is None or project.season_id != stage.season_id:
            raise Refused("missing", "unknown-project", f"There is no project {project_id}.")
        published = await procedure.is_public(self.judging, stage)
        return conflict.Case(stage.season_id, stage.round_id, project_id, judge_id, published)

    async def change(
        self, round_id: str, project_id: str, request: Request, caller: Caller, rule: Rule
    ) -> tuple[evaluation.Evaluation, tuple[str, ...]]:
        """Carry out a rule on the evaluation, which may begin with it."""
        result = await self.judging.evaluations.execute(
            evaluation_id(round_id, project_id),
            lambda found: Decision(rule(found)),
            context_of(request, caller),
            now=server_now(),
        )
        return result.state, result.event_ids


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints of conflicts and departures."""
    router = APIRouter(prefix="/rounds/{round_id}")
    court = _Court(judging)
    router.include_router(_declaring(court, access))
    router.include_router(_overview(court, access))
    router.include_router(_leaving(court, access))
    return router


def _declaring(court: _Court, access: Access) -> APIRouter:
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
        stage = await procedure.find_stage(court.judging, round_id)
        case = await court.case(stage, project_id, judge_id)
        found, event_ids = await court.change(
            round_id,
            project_id,
            request,
            caller,
            lambda found: conflict.declare(found, case, body.ground, "declared"),
        )
        return _answer(found, judge_id, event_ids)

    @router.put("/ruling", summary="Rule on a conflict: the chair, the deputy or the secretary")
    async def rule(
        round_id: RoundId,
        project_id: ProjectId,
        judge_id: JudgeId,
        body: RuleConflict,
        request: Request,
        caller: Member,
    ) -> ConflictAnswer:
        stage = await procedure.find_stage(court.judging, round_id)
        case = await court.case(stage, project_id, judge_id)
        panel = await procedure.find_panel(court.judging, stage)
        office = (
            conflict.office_of(panel, caller.subject, judge_id)
            if caller.role == "judge"
            else "secretary"
        )
        found, event_ids = await court.change(
            round_id,
            project_id,
            request,
            caller,
            lambda found: conflict.rule(
                found, case, ruling=body.ruling, office=office, reason=body.reason
            ),
        )
        return _answer(found, judge_id, event_ids)

    return router


def _overview(court: _Court, access: Access) -> APIRouter:
    router = APIRouter(prefix="/conflicts", tags=["conflicts"])
    Staff = Annotated[Caller, Depends(access.require("secretary", "admin"))]
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]

    @router.get("", summary="All conflicts of a round, for the staff")
    async def read(round_id: RoundId, _caller: Staff) -> list[ConflictAnswer]:
        await procedure.find_stage(court.judging, round_id)
        return [
            _answer(found, judge_id, ())
            for found in await court.judging.conflicts_of(round_id)
            for judge_id in sorted(found.conflicts)
        ]

    @router.post("/detection", summary="Look for conflicts in what is on record")
    async def detect(
        round_id: RoundId, request: Request, caller: Secretary
    ) -> list[ConflictAnswer]:
        stage = await procedure.find_stage(court.judging, round_id)
        panel = await procedure.find_panel(court.judging, stage)
        if await procedure.is_public(court.judging, stage):
            raise Refused("conflict", "already-published", "The results are published and stand.")
        projects = await court.judging.projects_of(stage.season_id)
        fresh = await conflicts.detect(
            court.judging,
            round_id,
            panel,
            [one for _, one in sorted(projects.items()) if one.status == "eligible"],
            context_of(request, caller),
        )
        found = {one.project_id: one for one in await court.judging.conflicts_of(round_id)}
        return [_answer(found[project], judge, ()) for project, judge in fresh]

    return router


def _leaving(court: _Court, access: Access) -> APIRouter:
    router = APIRouter(prefix="/projects/{project_id}/judges/{judge_id}", tags=["assignments"])
    Judge = Annotated[Caller, Depends(access.require("judge"))]
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]

    def own(caller: Caller, judge_id: str) -> None:
        if caller.subject != judge_id:
            raise Refused("forbidden", "not-your-assignment", "A judge answers for nobody else.")

    @router.post("/decline", summary="Refuse to score a project, before scoring it")
    async def decline(
        round_id: RoundId,
        project_id: ProjectId,
        judge_id: JudgeId,
        body: Leave,
        request: Request,
        caller: Judge,
    ) -> LeftAnswer:
        own(caller, judge_id)
        rule: Rule = lambda found: assignment.decline(found, judge_id, body.reason)  # noqa: E731
        _, event_ids = await court.change(round_id, project_id, request, caller, rule)
        return LeftAnswer(event_ids=event_ids)

    @router.post("/abstain", summary="Choose not to score a project; that is not a 0")
    async def abstain(
        round_id: RoundId,
        project_id: ProjectId,
        judge_id: JudgeId,
        body: Leave,
        request: Request,
        caller: Judge,
    ) -> LeftAnswer:
        own(caller, judge_id)
        rule: Rule = lambda found: assignment.abstain(found, judge_id, body.reason)  # noqa: E731
        _, event_ids = await court.change(round_id, project_id, request, caller, rule)
        return LeftAnswer(event_ids=event_ids)

    @router.post("/replace", summary="Put another judge in this one's place")
    async def replace(
        round_id: RoundId,
        project_id: ProjectId,
        judge_id: JudgeId,
        body: Replace,
        request: Request,
        caller: Secretary,
    ) -> LeftAnswer:
        stage = await procedure.find_stage(court.judging, round_id)
        await court.case(stage, project_id, body.by_judge_id)
        rule: Rule = lambda found: assignment.replace(  # noqa: E731
            found, judge_id, body.by_judge_id, body.reason
        )
        _, event_ids = await court.change(round_id, project_id, request, caller, rule)
        return LeftAnswer(event_ids=event_ids)

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
