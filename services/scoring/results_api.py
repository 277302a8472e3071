"""The HTTP API of outcomes: rankings and decisions. Nothing under embargo is shown."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from schemas.base import UUID_PATTERN
from services.kit.access import Access, command_key
from services.kit.aggregate import CommandKey, Decision
from services.kit.http import context_of, server_now
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import messages, procedure, standing
from services.scoring.api import ranking_answer
from services.scoring.domain import decision, round, sitting
from services.scoring.store import Judging

RoundId = Annotated[str, Path(examples=["2020-first"])]
SeasonId = Annotated[str, Path(examples=["2020"])]
ProjectId = Annotated[str, Path(pattern=UUID_PATTERN)]
Key = Annotated[CommandKey | None, Depends(command_key)]


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints of outcomes."""
    router = APIRouter()
    router.include_router(_deciding(judging, access))
    router.include_router(_publishing(judging, access))
    router.include_router(_outcomes(judging, access))
    router.include_router(_as_published(judging, access))
    return router


def _deciding(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/rounds/{round_id}", tags=["decisions"])
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]

    @router.post("/decision", summary="Record a sitting's decision; it stays pending")
    async def decide(
        round_id: RoundId,
        body: messages.RecordDecision,
        request: Request,
        caller: Secretary,
        key: Key,
    ) -> messages.DecisionAnswer:
        stage = await procedure.find_stage(judging, round_id)
        await standing.require_current_ranking(judging, stage)
        found = await judging.rounds.get(round_id)
        if found is None:
            raise round.unknown_round(round_id)
        panel = await procedure.find_panel(judging, stage)
        projects = await judging.projects_of(stage.season_id)
        ranked = {row.project_id for row in found.ranking.table} if found.ranking else set()
        scored = {id: projects[id] for id in {*found.drawn.projects, *ranked}}
        reserve = decision.reserve_size(stage.definition, body.reserve, is_last=stage.is_last)
        published = await procedure.is_public(judging, stage)
        attended = await procedure.find_attendance(judging, stage, body.attended, body.sitting_id)
        quorum = sitting.quorum_of(stage.panel.quorum_share, len(panel.voting))
        result = await judging.decisions.execute(
            round_id,
            lambda recorded: Decision(
                decision.decide(
                    recorded,
                    round_=found,
                    stage=stage.definition,
                    season_id=stage.season_id,
                    commission=panel,
                    attended=attended,
                    quorum=quorum,
                    sitting_id=body.sitting_id,
                    projects=scored,
                    chair=body.chair,
                    reserve=reserve,
                    published=published,
                )
            ),
            context_of(request, caller),
            now=server_now(),
            key=key,
        )
        return _decision_answer(result.state, next(iter(result.event_ids), None), published)

    return router


def _publishing(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/rounds/{round_id}", tags=["decisions"])
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]

    @router.post("/publication", summary="Publish a shortlist: lifts its embargo, mails go out")
    async def publish(
        round_id: RoundId, request: Request, caller: Secretary, key: Key
    ) -> messages.DecisionAnswer:
        stage = await procedure.find_stage(judging, round_id)
        if stage.is_last:
            raise Refused(
                "conflict", "final-has-awards", "The final is published with the season's awards."
            )
        await standing.require_current_decision(judging, stage)
        projects = await judging.projects_of(stage.season_id)
        season, now = stage.season.definition, server_now()
        until = season.appeals_until(now)
        result = await judging.decisions.execute(
            round_id,
            lambda found: Decision(
                decision.publish_shortlist(found, round_id, projects, season.final_days, now, until)
            ),
            context_of(request, caller),
            now=now,
            key=key,
        )
        return _decision_answer(result.state, next(iter(result.event_ids), None), True)

    return router


def _outcomes(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/rounds/{round_id}", tags=["decisions"])
    Anyone = Annotated[Caller | None, Depends(access.optional())]

    @router.get("/ranking", summary="The ranking; before the results only for the staff")
    async def ranking(round_id: RoundId, caller: Anyone) -> messages.RankingAnswer:
        stage = await procedure.find_stage(judging, round_id)
        staff = is_staff(caller)
        if not staff and not await procedure.is_public(judging, stage):
            raise under_embargo()
        found = await judging.rounds.get(round_id)
        if found is None:
            raise round.unknown_round(round_id)
        return ranking_answer(found, stage.definition.limit if staff else None)

    @router.get("/decision", summary="The decision; before it is published only for the staff")
    async def read(round_id: RoundId, caller: Anyone) -> messages.DecisionAnswer:
        stage = await procedure.find_stage(judging, round_id)
        published = await procedure.is_public(judging, stage)
        if not is_staff(caller) and not published:
            raise under_embargo()
        found = await judging.decisions.get(round_id)
        if found is None:
            raise Refused("missing", "not-decided", f"Round {round_id} is not decided yet.")
        return _decision_answer(found, None, published)

    return router


def _as_published(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/rounds/{round_id}", tags=["decisions"])
    Anyone = Annotated[Caller | None, Depends(access.optional())]

    @router.get("/ranking/published", summary="The ranking as it was first published")
    async def published(round_id: RoundId, caller: Anyone) -> messages.RankingAnswer:
        stage = await procedure.find_stage(judging, round_id)
        if not await procedure.is_public(judging, stage):
            if is_staff(caller):
                raise Refused("missing", "not-published", "The round is not published yet.")
            raise under_embargo()
        found = await judging.rounds.get(round_id)
        if found is None:
            raise round.unknown_round(round_id)
        return ranking_answer(found.as_published)

    return router


def _decision_answer(
    found: decision.Decision, event_id: str | None, published: bool
) -> messages.DecisionAnswer:
    return messages.DecisionAnswer(
        round_id=found.round_id,
        event_id=event_id,
        published=published,
        quorum=found.recorded.quorum,
        projects=found.recorded.projects,
        reserve=found.reserve,
    )


def is_staff(caller: Caller | None) -> bool:
    """Whether the caller may see what is not published yet."""
    return caller is not None and caller.role in ("secretary", "admin")


def under_embargo() -> Refused:
    """The refusal to everybody else."""
    return Refused("forbidden", "under-embargo", "The results are not published yet.")
