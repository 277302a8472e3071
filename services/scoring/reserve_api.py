"""The HTTP API of awards that fall away, and of the reserve that moves up in their place."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from schemas.base import UUID_PATTERN
from services.kit.access import Access
from services.kit.aggregate import Decision
from services.kit.http import context_of, server_now
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import messages
from services.scoring.awards_api import awards_answer, only_while_eligible, season_of
from services.scoring.domain import awards, reserve
from services.scoring.domain.decision import Decision as Decided
from services.scoring.domain.heard import HeardProject, HeardSeason
from services.scoring.store import Judging

SeasonId = Annotated[str, Path(examples=["2020"])]
ProjectId = Annotated[str, Path(pattern=UUID_PATTERN)]


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints of declining and of the reserve."""
    router = APIRouter(prefix="/seasons/{season_id}/awards", tags=["awards"])
    router.include_router(_declining(judging, access))
    router.include_router(_promoting(judging, access))
    return router


def _declining(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter()
    Concerned = Annotated[Caller, Depends(access.require("applicant", "secretary"))]

    @router.post("/{project_id}/decline", summary="Give an award back; its funds are free again")
    async def decline(
        season_id: SeasonId,
        project_id: ProjectId,
        body: messages.DeclineAward,
        request: Request,
        caller: Concerned,
    ) -> messages.AwardsAnswer:
        season, _ = await season_of(judging, season_id)
        found = await judging.awards.get(season_id)
        if caller.role == "applicant":
            project = await judging.projects.get(project_id)
            require_own(project, caller)
            if found is None or not found.published:
                raise Refused("forbidden", "under-embargo", "The results are not published yet.")
        if found is None:
            raise Refused("missing", "no-award", "This project has no award.")
        result = await judging.awards.execute(
            season_id,
            lambda found: Decision(awards.give_back(found, project_id, body.reason)),
            context_of(request, caller),
            now=server_now(),
        )
        return awards_answer(season, result.state, next(iter(result.event_ids), None))

    return router


def _promoting(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter()
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]
    Staff = Annotated[Caller, Depends(access.require("secretary", "admin"))]

    @router.get("/reserve", summary="The reserve, and the places that are free, for the staff")
    async def read(season_id: SeasonId, _caller: Staff) -> messages.ReserveAnswer:
        season, final = await season_of(judging, season_id)
        found = await judging.awards.get(season_id)
        decided = await judging.decisions.get(final)
        if decided is None:
            raise Refused("missing", "not-decided", f"Round {final} is not decided yet.")
        projects = await judging.projects_of(season_id)
        return _reserve_answer(season, found, decided, projects)

    @router.put("/{project_id}/promotion", summary="Award the next of the reserve; mails go out")
    async def promote(
        season_id: SeasonId,
        project_id: ProjectId,
        body: messages.PromoteReserve,
        request: Request,
        caller: Secretary,
    ) -> messages.AwardsAnswer:
        season, final = await season_of(judging, season_id)
        found = reserve.require_published(await judging.awards.get(season_id))
        decided = await judging.decisions.get(final)
        assert decided is not None  # what is published was decided
        projects = await judging.projects_of(season_id)
        context = context_of(request, caller)
        if (place := found.vacancies.get(body.in_place_of)) is not None:
            context = replace(context, causation_id=f"{found.origin}:{place.sequence}")
        result = await judging.awards.execute(
            season_id,
            lambda found: Decision(
                reserve.promote(
                    found,
                    season=season.definition,
                    round_id=final,
                    decision=decided,
                    projects=projects,
                    project_id=project_id,
                    in_place_of=body.in_place_of,
                    amount_tiyn=body.amount_tiyn,
                )
            ),
            context,
            now=server_now(),
        )
        # A withdrawal heard between the look at the project and the write frees the award again.
        await only_while_eligible(judging, season_id, project_id, context_of(request, caller))
        return awards_answer(season, result.state, next(iter(result.event_ids), None))

    return router


def require_own(project: HeardProject | None, caller: Caller) -> HeardProject:
    """Refuse an applicant whose project it is not, whether or not there is one."""
    if project is None or not project.applicant or project.applicant != caller.subject:
        raise Refused("forbidden", "not-your-project", "This is not a project of yours.")
    return project


def _reserve_answer(
    season: HeardSeason,
    found: awards.Awards | None,
    decided: Decided,
    projects: dict[str, HeardProject],
) -> messages.ReserveAnswer:
    definition = season.definition
    places = []
    for id, place in sorted(found.vacancies.items()) if found else ():
        assert found is not None
        due = None
        if found.published and place.taken_by is None:
            due = reserve.next_up(found, definition, decided, projects, place)
        part = projects[due].content.nomination if due else place.nomination
        places.append(
            messages.FreePlace(
                in_place_of=id,
                nomination=place.nomination,
                amount_tiyn=place.amount_tiyn,
                event_id=f"{found.origin}:{place.sequence}",
                taken_by=place.taken_by,
                next=due,
                room_tiyn=max(0, reserve.room(found, definition, part)),
            )
        )
    return messages.ReserveAnswer(
        season_id=definition.id, reserve=decided.reserve, places=tuple(places)
    )
