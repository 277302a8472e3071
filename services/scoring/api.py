"""The HTTP API of panels and rounds: appointing, drawing, closing, ranking."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from schemas.base import UUID_PATTERN
from schemas.scoring import Member, RankingComputed, ScoringEvent
from schemas.season import PanelName
from services.kit.access import Access, command_key
from services.kit.aggregate import CommandKey, Decision
from services.kit.http import context_of, server_now
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import drawing, handing, messages, procedure
from services.scoring.domain import assignment, commission, evaluation, moves, round
from services.scoring.procedure import Stage
from services.scoring.store import Judging, person_record

Uuid = Annotated[str, Path(pattern=UUID_PATTERN, examples=[messages.EXAMPLE_JUDGE])]
RoundId = Annotated[str, Path(examples=["2020-first"])]
SeasonId = Annotated[str, Path(examples=["2020"])]
Key = Annotated[CommandKey | None, Depends(command_key)]
Found = evaluation.Evaluation | None


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints of panels and rounds."""
    router = APIRouter()
    router.include_router(_panels(judging, access))
    router.include_router(_rounds(judging, access))
    router.include_router(_assignments(judging, access))
    return router


def _panels(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/seasons/{season_id}/panels", tags=["panels"])
    Admin = Annotated[Caller, Depends(access.require("admin"))]

    @router.put("/{panel}", summary="Appoint the jury or the commission")
    async def appoint(
        season_id: SeasonId,
        panel: PanelName,
        body: messages.AppointPanel,
        request: Request,
        caller: Admin,
    ) -> messages.PanelAnswer:
        season = await judging.seasons.get(season_id)
        if season is None:
            raise _unknown_season(season_id)
        members = [appointee.member() for appointee in body.members]
        people = [person_record(appointee.person()) for appointee in body.members]
        definition = season.definition
        result = await judging.commissions.execute(
            commission.commission_id(season_id, panel),
            lambda found: Decision(
                commission.appoint(found, definition, panel, members), people=people
            ),
            context_of(request, caller),
            now=server_now(),
        )
        return _panel_answer(result.state)

    @router.post("/{panel}/members/{person_id}/link", summary="Mail a judge another sign-in link")
    async def send_link(
        season_id: SeasonId,
        panel: PanelName,
        person_id: Uuid,
        request: Request,
        caller: Annotated[Caller, Depends(access.require("secretary", "admin"))],
        key: Key,
    ) -> messages.LinkSent:
        result = await judging.commissions.execute(
            commission.commission_id(season_id, panel),
            lambda found: Decision(commission.request_link(found, person_id)),
            context_of(request, caller),
            now=server_now(),
            key=key,
        )
        return messages.LinkSent(person_id=person_id, event_id=result.event_ids[0])

    @router.get("/{panel}", summary="Who sits on a panel; names and posts are public")
    async def read(season_id: SeasonId, panel: PanelName) -> messages.PanelAnswer:
        found = await judging.commissions.get(commission.commission_id(season_id, panel))
        if found is None:
            raise Refused("missing", "unknown-panel", f"No {panel} of {season_id} is appointed.")
        return _panel_answer(found)

    return router


def _rounds(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/rounds/{round_id}", tags=["rounds"])
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]

    @router.post("/draw", summary="Draw the judges of a round by a seed")
    async def draw(
        round_id: RoundId, body: messages.Draw, request: Request, caller: Secretary, key: Key
    ) -> messages.DrawAnswer:
        stage = await procedure.find_stage(judging, round_id)
        result = await drawing.draw_judges(
            judging, stage, body.seed, body.terms, context_of(request, caller), key
        )
        drawn = result.state.drawn
        return messages.DrawAnswer(
            round_id=round_id,
            event_id=next(iter(result.event_ids), None),
            seed=drawn.seed,
            inputs_hash=drawn.inputs_hash,
            projects=len(drawn.projects),
            judges=len(drawn.judges),
            judges_per_project=drawn.judges_per_project,
        )

    @router.post("/close", summary="Seal all score sheets and close the round")
    async def close(
        round_id: RoundId, request: Request, caller: Secretary, key: Key
    ) -> messages.RoundAnswer:
        stage = await procedure.find_stage(judging, round_id)
        result = await procedure.close_round(judging, stage, context_of(request, caller), key)
        return _round_answer(stage, result.state, next(iter(result.event_ids), None))

    @router.post("/ranking", summary="Rank a closed round")
    async def rank(
        round_id: RoundId,
        request: Request,
        caller: Secretary,
        key: Key,
        body: messages.RankRound | None = None,
    ) -> messages.RankingAnswer:
        stage = await procedure.find_stage(judging, round_id)
        reason = body.few_sheets_reason if body else None
        result = await procedure.rank_round(
            judging, stage, reason, context_of(request, caller), key
        )
        return ranking_answer(result.state, stage.definition.limit)

    @router.get("", summary="How far a round is")
    async def read(round_id: RoundId) -> messages.RoundAnswer:
        stage = await procedure.find_stage(judging, round_id)
        return _round_answer(stage, await judging.rounds.get(round_id), None)

    return router


def _assignments(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/rounds/{round_id}", tags=["assignments"])
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]
    Judge = Annotated[Caller, Depends(access.require("judge"))]

    @router.post("/assignments", summary="Give one more judge a project")
    async def add(
        round_id: RoundId,
        body: messages.AddAssignment,
        request: Request,
        caller: Secretary,
        key: Key,
    ) -> messages.ScoreAnswer:
        stage = await procedure.find_stage(judging, round_id)
        panel = await procedure.find_panel(judging, stage)
        on_appeal = await procedure.is_on_appeal(judging, stage, body.project_id)
        if body.judge_id not in {member.person_id for member in panel.voting}:
            raise Refused("invalid", "not-on-the-panel", "This person is not a voting member.")
        result = await procedure.change_evaluation(
            judging,
            round_id,
            body.project_id,
            context_of(request, caller),
            lambda found: _assign(found, stage, body.project_id, body.judge_id, on_appeal),
            key,
        )
        return messages.ScoreAnswer(
            round_id=round_id,
            project_id=body.project_id,
            judge_id=body.judge_id,
            event_id=next(iter(result.event_ids), None),
        )

    @router.get("/assignments", summary="The calling judge's own projects")
    async def mine(round_id: RoundId, caller: Judge) -> list[messages.Assignment]:
        return await handing.assignments_of(judging, round_id, caller.subject)

    return router


def ranking_answer(found: round.Round, limit: int | None = None) -> messages.RankingAnswer:
    """The last ranking of a round; refused while there is none.

    With the round's limit it tells, besides, who moved against the ranking before.
    """
    ranking = found.ranking
    if ranking is None:
        raise Refused("missing", "not-ranked", f"Round {found.round_id} is not ranked yet.")
    return messages.RankingAnswer(
        round_id=found.round_id,
        event_id=found.ranking_event_id,
        table=ranking.table,
        ruleset_hash=ranking.ruleset_hash,
        inputs_hash=ranking.inputs_hash,
        table_hash=ranking.table_hash,
        corrects=ranking.corrects,
        few_sheets=ranking.few_sheets,
        moved=_moved(found, ranking, limit) if limit else None,
    )


def _moved(found: round.Round, ranking: RankingComputed, limit: int) -> messages.Moved | None:
    if found.before is None:
        return None
    return messages.Moved(
        against=found.event_id(found.before.sequence),
        projects=moves.moves(found.before.table, ranking.table, limit),
    )


def _assign(
    found: Found, stage: Stage, project_id: str, judge_id: str, on_appeal: bool
) -> list[ScoringEvent]:
    """One more judge; the first ones, too, of a project that came in on appeal."""
    if found is None and not on_appeal:
        raise Refused("missing", "not-in-round", "This project takes no part in the round.")
    return assignment.assign(
        found,
        season_id=stage.season_id,
        round_id=stage.round_id,
        project_id=project_id,
        judges=[judge_id],
    )


def _round_answer(
    stage: Stage, found: round.Round | None, event_id: str | None
) -> messages.RoundAnswer:
    status = "not drawn" if found is None else "closed" if found.cut is not None else "scoring"
    return messages.RoundAnswer(
        round_id=stage.round_id,
        season_id=stage.season_id,
        stage=stage.definition,
        status=status,
        event_id=event_id,
    )


def _panel_answer(found: commission.Commission) -> messages.PanelAnswer:
    members: tuple[Member, ...] = found.members
    return messages.PanelAnswer(
        season_id=found.season_id, panel=found.panel, quorum=found.quorum, members=members
    )


def _unknown_season(season_id: str) -> Refused:
    return Refused("missing", "unknown-season", f"Scoring has not heard of season {season_id!r}.")
