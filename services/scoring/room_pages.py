"""The judges' pages: the projects to score, and the sheet with its draft.

They do what the API does, by the same rules. The session travels in the body of each form and in no
address or cookie, so that no other site can send one; a GET shows nothing. They work without
JavaScript and load nothing from elsewhere.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from schemas.base import UUID_PATTERN, Language
from services.kit.access import Access
from services.kit.http import STATUS, context_of
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import handing, procedure
from services.scoring.pages import page
from services.scoring.room_form import Trouble, Typed, trouble
from services.scoring.room_words import WORDS, preferred
from services.scoring.sheet_messages import RecordScore, SaveDraft
from services.scoring.store import Judging

Session = Annotated[str, Form(max_length=4000)]
RoundId = Annotated[str, Form(max_length=200)]
ProjectId = Annotated[str, Form(pattern=UUID_PATTERN)]


def routes(judging: Judging, access: Access) -> APIRouter:
    """All pages of the jury room."""
    router = APIRouter(tags=["pages"])
    room = Room(judging, access)

    @router.post("/room", summary="The page with a judge's projects")
    async def projects(request: Request, session: Session = "") -> HTMLResponse:
        return await room.projects(request, session)

    @router.post("/room-sheet", summary="The page of a sheet")
    async def sheet(
        request: Request, round_id: RoundId, project_id: ProjectId, session: Session = ""
    ) -> HTMLResponse:
        return await room.sheet(request, session, round_id, project_id)

    @router.post("/room-save", summary="The buttons of that page")
    async def save(
        request: Request, round_id: RoundId, project_id: ProjectId, session: Session = ""
    ) -> HTMLResponse:
        form = await request.form()
        typed = Typed({name: value for name, value in form.items() if isinstance(value, str)})
        return await room.save(request, session, round_id, project_id, typed)

    return router


class Room:
    """Answers the forms of one judge after the other."""

    def __init__(self, judging: Judging, access: Access) -> None:
        self._judging = judging
        self._access = access

    async def projects(self, request: Request, session: str) -> HTMLResponse:
        """The projects of all rounds that the judge has."""
        language = preferred(request.headers.get("accept-language", ""))
        try:
            judge = self._access.read(session, "judge")
        except Refused as refused:
            return _ended(language, refused)
        rounds = [
            (stage.name.get(language), rows)
            for season in await self._judging.seasons.find({})
            for stage in season.definition.rounds
            if (rows := await self._assigned(season.round_id(stage.id), judge.subject))
        ]
        return page("room.html", 200, **_words(language), session=session, rounds=rounds)

    async def sheet(
        self, request: Request, session: str, round_id: str, project_id: str
    ) -> HTMLResponse:
        """A project, with what the judge has of its sheet."""
        language = preferred(request.headers.get("accept-language", ""))
        try:
            judge = self._access.read(session, "judge")
        except Refused as refused:
            return _ended(language, refused)
        return await self._shown(language, session, judge, round_id, project_id)

    async def save(
        self, request: Request, session: str, round_id: str, project_id: str, typed: Typed
    ) -> HTMLResponse:
        """Keep the draft or hand the sheet in; what was typed is on the page when it is refused."""
        language = preferred(request.headers.get("accept-language", ""))
        try:
            judge = self._access.read(session, "judge")
        except Refused as refused:
            return _ended(language, refused)
        where = (self._judging, round_id, project_id, judge.subject)
        context = context_of(request, judge, "page")
        try:
            if typed.fields.get("action") == "draft":
                await handing.keep_draft(*where, typed.command(SaveDraft), context)
                notice = "draft_saved"
            else:
                await handing.hand_in(*where, typed.command(RecordScore), context)
                notice = "submitted"
        except Refused as refused:
            return await self._shown(
                language, session, judge, round_id, project_id, typed=typed, refused=refused
            )
        return await self._shown(language, session, judge, round_id, project_id, notice=notice)

    async def _assigned(self, round_id: str, judge_id: str) -> list[dict[str, object]]:
        found = await handing.assignments_of(self._judging, round_id, judge_id)
        return [one.model_dump() for one in found]

    async def _shown(
        self,
        language: Language,
        session: str,
        judge: Caller,
        round_id: str,
        project_id: str,
        *,
        typed: Typed | None = None,
        refused: Refused | None = None,
        notice: str = "",
    ) -> HTMLResponse:
        try:
            stage = await procedure.find_stage(self._judging, round_id)
            found = await handing.project_to_score(
                self._judging, round_id, project_id, judge.subject
            )
        except Refused as other:
            told = trouble(other, (), language)
            return _notice(language, session, told, STATUS[other.kind])
        season = stage.season.definition
        regions = {one.id: one.name.get(language) for one in season.regions}
        nominations = {one.id: one.name.get(language) for one in season.nominations}
        return page(
            "sheet.html",
            STATUS[refused.kind] if refused else 200,
            **_words(language),
            session=session,
            project=found,
            round_name=stage.definition.name.get(language),
            region=regions.get(found.content.region, found.content.region),
            nomination=nominations.get(found.content.nomination, found.content.nomination),
            typed=(typed or Typed.shown(found)).fields,
            trouble=trouble(refused, found.stage.criteria, language) if refused else None,
            notice=notice,
        )


def _words(language: Language) -> dict[str, object]:
    return {"language": language, "words": WORDS[language]}


def _ended(language: Language, refused: Refused) -> HTMLResponse:
    words = WORDS[language]
    told = Trouble(words["ended_title"], (("", words["ended_text"]),))
    return _notice(language, "", told, STATUS[refused.kind])


def _notice(language: Language, session: str, told: Trouble, status: int) -> HTMLResponse:
    return page("room_notice.html", status, **_words(language), session=session, trouble=told)
