"""The HTTP API of documents: protocols, letters of result, the score register."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.responses import Response

from schemas.base import UUID_PATTERN, Language, Slug
from services.kit.access import Access
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import examples, procedure
from services.scoring.domain import round, sitting
from services.scoring.domain.base import State
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.register import RegisterRow, register
from services.scoring.explanation_api import require_reader
from services.scoring.letter import Result, letter
from services.scoring.printing import Paper, printed
from services.scoring.procedure import Stage
from services.scoring.protocol import Minutes, protocol
from services.scoring.spreadsheet import register_csv
from services.scoring.store import Judging
from services.scoring.wording import preferred

RoundId = Annotated[str, Path(examples=[examples.ROUND])]
ProjectId = Annotated[str, Path(pattern=UUID_PATTERN, examples=[examples.PROJECT])]
SittingId = Annotated[str, Path(pattern=UUID_PATTERN)]
AcceptLanguage = Annotated[str, Header()]
Lang = Annotated[
    Language | None, Query(description="The document's language; else Accept-Language, else kk.")
]
OwnLang = Annotated[
    Language | None, Query(description="The letter's language; else the project's own.")
]
PDF, CSV = "application/pdf", "text/csv; charset=utf-8"


class RegisterAnswer(State):
    """Every sheet of a closed round, and what became of it."""

    model_config = examples.of_answer({"round_id": examples.ROUND, "rows": [examples.REGISTER_ROW]})
    round_id: Slug
    rows: tuple[RegisterRow, ...]


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints of documents; they say and store nothing."""
    router = APIRouter(tags=["documents"])
    router.include_router(_papers(judging, access))
    router.include_router(_registers(judging, access))
    return router


def _papers(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(default_response_class=Response)
    Staff = Annotated[Caller, Depends(access.require("secretary", "admin"))]
    Reader = Annotated[Caller, Depends(access.require("applicant", "secretary", "admin"))]

    @router.get(
        "/sittings/{sitting_id}/protocol",
        summary="The protocol of a closed sitting, as PDF",
        responses={200: {"content": {PDF: {}}}},
    )
    async def read_protocol(
        sitting_id: SittingId,
        _caller: Staff,
        lang: Lang = None,
        accept_language: AcceptLanguage = "",
    ) -> Response:
        found = sitting.require_known(await judging.sittings.get(sitting_id))
        language = lang or preferred(accept_language)
        paper = protocol(await _minutes(judging, found), language)
        return await _pdf(paper, f"protocol-{sitting_id}", language)

    @router.get(
        "/rounds/{round_id}/projects/{project_id}/letter",
        summary="A project's letter of result, as PDF, once the results are out",
        responses={200: {"content": {PDF: {}}}},
    )
    async def read_letter(
        round_id: RoundId, project_id: ProjectId, caller: Reader, lang: OwnLang = None
    ) -> Response:
        stage = await procedure.find_stage(judging, round_id)
        project = await require_reader(judging, stage, project_id, caller)
        if not await procedure.is_public(judging, stage):
            raise Refused("conflict", "not-published", "Letters are about published results.")
        language = lang or project.content.language
        paper = letter(await _result(judging, stage, project), language)
        return await _pdf(paper, f"letter-{round_id}-{project_id}", language)

    return router


def _registers(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/rounds/{round_id}")
    Staff = Annotated[Caller, Depends(access.require("secretary", "admin"))]

    @router.get("/register", summary="The score register of a closed round")
    async def read_register(round_id: RoundId, _caller: Staff) -> RegisterAnswer:
        stage = await procedure.find_stage(judging, round_id)
        return RegisterAnswer(round_id=round_id, rows=await _register(judging, stage))

    @router.get(
        "/register.csv",
        summary="The same for a spreadsheet",
        response_class=Response,
        responses={200: {"content": {"text/csv": {}}}},
    )
    async def read_csv(
        round_id: RoundId, _caller: Staff, lang: Lang = None, accept_language: AcceptLanguage = ""
    ) -> Response:
        stage = await procedure.find_stage(judging, round_id)
        language = lang or preferred(accept_language)
        rows = await _register(judging, stage)
        body = register_csv(rows, stage.definition, language)
        return _attached(body, CSV, f"register-{round_id}-{language}.csv", language)

    return router


async def _minutes(judging: Judging, found: sitting.Sitting) -> Minutes:
    stage = await procedure.find_stage(judging, found.round_id)
    return Minutes(
        season=stage.season.definition,
        stage=stage.definition,
        sitting=found,
        panel=await procedure.find_panel(judging, stage),
        round_=await judging.rounds.get(found.round_id),
        decision=await judging.decisions.get(found.round_id),
        conflicts=await judging.conflicts_of(found.round_id),
        projects=await judging.projects_of(found.season_id),
    )


async def _result(judging: Judging, stage: Stage, project: HeardProject) -> Result:
    """The published outcome of one project."""
    decided = await judging.decisions.get(stage.round_id)
    awarded = await judging.awards.get(stage.season_id) if stage.is_last else None
    award = awarded.awards.get(project.project_id) if awarded else None
    published = awarded if stage.is_last else decided
    return Result(
        season=stage.season.definition,
        stage=stage.definition,
        round_=await judging.rounds.get(stage.round_id),
        decision=decided,
        project=project,
        published_at=published.published_at if published else None,
        is_final=stage.is_last,
        amount_tiyn=award.amount_tiyn if award else None,
    )


async def _register(judging: Judging, stage: Stage) -> tuple[RegisterRow, ...]:
    """Refused while the round is open: then nobody sees others' scores."""
    found = await judging.rounds.get(stage.round_id)
    if found is None:
        raise round.unknown_round(stage.round_id)
    if found.cut is None:
        raise Refused("conflict", "round-open", "The register is of a closed round.")
    panel = await procedure.find_panel(judging, stage)
    return register(
        stage.definition,
        await judging.evaluations_of(stage.round_id),
        await judging.projects_of(stage.season_id),
        {member.person_id: member.name for member in panel.members},
    )


async def _pdf(paper: Paper, name: str, language: Language) -> Response:
    """Typesetting takes a processor for some time: not the loop's."""
    body = await asyncio.to_thread(printed, paper)
    return _attached(body, PDF, f"{name}-{language}.pdf", language)


def _attached(body: bytes, media_type: str, name: str, language: Language) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Language": language,
        "Cache-Control": "no-store",
    }
    return Response(body, media_type=media_type, headers=headers)
