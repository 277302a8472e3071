"""The HTTP API of awards: confirmed while pending, then announced together."""

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
from services.scoring.domain import awards
from services.scoring.domain.heard import HeardSeason
from services.scoring.results_api import is_staff, under_embargo
from services.scoring.store import Judging

SeasonId = Annotated[str, Path(examples=["2020"])]
ProjectId = Annotated[str, Path(pattern=UUID_PATTERN)]
Key = Annotated[CommandKey | None, Depends(command_key)]


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints of awards but those of declining and of the reserve."""
    router = APIRouter()
    router.include_router(_awards(judging, access))
    router.include_router(_award_reads(judging, access))
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
        if not is_staff(caller) and (found is None or not found.published):
            raise under_embargo()
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
