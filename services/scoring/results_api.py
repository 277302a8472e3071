"""The HTTP API of outcomes: rankings, decisions, awards. Nothing under embargo is shown."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from schemas.base import UUID_PATTERN
from services.kit.access import Access, command_key
from services.kit.aggregate import CommandKey, Decision
from services.kit.envelope import Context
from services.kit.http import context_of, server_now
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import messages, procedure, standing
from services.scoring.api import ranking_answer
from services.scoring.domain import awards, decision, round, sitting
from services.scoring.domain.heard import HeardSeason
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
    router.include_router(_awards(judging, access))
    router.include_router(_award_reads(judging, access))
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
        if not _is_staff(caller) and not await procedure.is_public(judging, stage):
            raise _under_embargo()
        found = await judging.rounds.get(round_id)
        if found is None:
            raise round.unknown_round(round_id)
        return ranking_answer(found)

    @router.get("/decision", summary="The decision; before it is published only for the staff")
    async def read(round_id: RoundId, caller: Anyone) -> messages.DecisionAnswer:
        stage = await procedure.find_stage(judging, round_id)
        published = await procedure.is_public(judging, stage)
        if not _is_staff(caller) and not published:
            raise _under_embargo()
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
            if _is_staff(caller):
                raise Refused("missing", "not-published", "The round is not published yet.")
            raise _under_embargo()
        found = await judging.rounds.get(round_id)
        if found is None:
            raise round.unknown_round(round_id)
        return ranking_answer(found.as_published)

    return router


def _awards(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/seasons/{season_id}/awards", tags=["awards"])
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]

    @router.put("/{project_id}", summary="Confirm a finalist's award; it stays pending")
    async def confirm(
        season_id: SeasonId,
        project_id: ProjectId,
        body: messages.ConfirmAward,
        request: Request,
        caller: Secretary,
    ) -> messages.AwardsAnswer:
        season, final = await season_of(judging, season_id)
        project = await judging.projects.get(project_id)
        if project is None or project.season_id != season_id:
            raise Refused("missing", "unknown-project", f"There is no project {project_id}.")
        decided = await judging.decisions.get(final)
        context = context_of(request, caller)
        # Before, too: a process that ended just after its write has left the award of one who left.
        await only_while_eligible(judging, season_id, project_id, context)
        result = await judging.awards.execute(
            season_id,
            lambda found: Decision(
                awards.confirm(
                    found,
                    season=season.definition,
                    decision=decided,
                    project=project,
                    amount_tiyn=body.amount_tiyn,
                )
            ),
            context,
            now=server_now(),
        )
        # A withdrawal heard between the look at the project and the write frees the award again.
        await only_while_eligible(judging, season_id, project_id, context)
        return awards_answer(season, result.state, next(iter(result.event_ids), None))

    @router.post("/publication", summary="Announce the winners: lifts the embargo, mails go out")
    async def publish(
        season_id: SeasonId, request: Request, caller: Secretary, key: Key
    ) -> messages.AwardsAnswer:
        season, final = await season_of(judging, season_id)
        if await judging.awards.get(season_id) is None:
            raise Refused("conflict", "not-decided", "Nothing is awarded yet.")
        await standing.require_current_decision(judging, await procedure.find_stage(judging, final))
        decided = await judging.decisions.get(final)
        projects, now = await judging.projects_of(season_id), server_now()
        result = await judging.awards.execute(
            season_id,
            lambda found: Decision(
                awards.publish(
                    found,
                    season=season.definition,
                    round_id=final,
                    decision=decided,
                    projects=projects,
                    at=now,
                    appeals_until=season.definition.appeals_until(now),
                )
            ),
            context_of(request, caller),
            now=now,
            key=key,
        )
        return awards_answer(season, result.state, next(iter(result.event_ids), None))

    return router


def _award_reads(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/seasons/{season_id}/awards", tags=["awards"])
    Anyone = Annotated[Caller | None, Depends(access.optional())]

    @router.get("", summary="The awards; before the results only for the staff")
    async def read(season_id: SeasonId, caller: Anyone) -> messages.AwardsAnswer:
        season, _ = await season_of(judging, season_id)
        found = await judging.awards.get(season_id)
        if not _is_staff(caller) and (found is None or not found.published):
            raise _under_embargo()
        return awards_answer(season, found or awards.Awards(season_id=season_id), None)

    return router


def awards_answer(
    season: HeardSeason, found: awards.Awards, event_id: str | None
) -> messages.AwardsAnswer:
    """The awards as they stand after an event, if one was said."""
    return messages.AwardsAnswer(
        season_id=found.season_id,
        event_id=event_id,
        published=found.published,
        funds_tiyn=season.definition.funds_tiyn,
        awarded_tiyn=found.awarded_tiyn,
        awards=tuple(award for _, award in sorted(found.awards.items())),
    )


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


async def only_while_eligible(
    judging: Judging, season_id: str, project_id: str, context: Context
) -> None:
    """Refuse for a project that has left, whose award is free then."""
    project = await judging.projects.get(project_id)
    if project is None or project.status == "eligible":
        return
    if await judging.awards.get(season_id) is not None:
        await judging.awards.execute(
            season_id,
            lambda found: Decision(awards.decline(found, project_id, awards.WITHDRAWN)),
            context,
            now=server_now(),
        )
    raise Refused("conflict", "project-not-eligible", f"The project is {project.status}.")


async def season_of(judging: Judging, season_id: str) -> tuple[HeardSeason, str]:
    """The season and the id of its last round."""
    season = await judging.seasons.get(season_id)
    if season is None:
        raise Refused("missing", "unknown-season", f"Scoring has not heard of {season_id!r}.")
    return season, season.round_id(season.definition.rounds[-1].id)


def _is_staff(caller: Caller | None) -> bool:
    return caller is not None and caller.role in ("secretary", "admin")


def _under_embargo() -> Refused:
    return Refused("forbidden", "under-embargo", "The results are not published yet.")
