"""The HTTP API of pitches: their slots, and what came of each. The secretary runs them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from schemas.base import UUID_PATTERN, Line, Moment, Sha256, Slug, Uuid
from schemas.scoring import PitchDay
from schemas.scoring.final import SlotMinutes
from schemas.season import RoundDefinition
from services.kit.access import Access, command_key
from services.kit.aggregate import CommandKey
from services.kit.http import Command, context_of
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import cases, examples, pitching, procedure
from services.scoring.domain import pitch, sight
from services.scoring.domain.base import State
from services.scoring.domain.evaluation import Evaluation
from services.scoring.domain.final import PitchStatus
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.questions import require_may_see
from services.scoring.procedure import Rule
from services.scoring.store import Judging

RoundId = Annotated[str, Path(examples=["2020-final"])]
ProjectId = Annotated[str, Path(pattern=UUID_PATTERN)]
Key = Annotated[CommandKey | None, Depends(command_key)]

_DAY: examples.Example = {
    "starts_at": "2020-05-13T04:00:00.000Z",
    "ends_at": "2020-05-13T12:00:00.000Z",
    "breaks": [
        {"starts_at": "2020-05-13T08:00:00.000Z", "ends_at": "2020-05-13T09:00:00.000Z"},
    ],
}
_PITCH: examples.Example = {
    "round_id": "2020-final",
    "project_id": examples.PROJECT,
    "title": "Ауыл кітапханасы",
    "starts_at": "2020-05-13T04:00:00.000Z",
    "ends_at": "2020-05-13T04:12:00.000Z",
    "status": "scheduled",
    "rescheduled": False,
    "recused": [examples.JUDGE],
}
_PITCHES: examples.Example = {
    "round_id": "2020-final",
    "seed": "2020-final-pitches",
    "inputs_hash": examples.HASH,
    "slot_minutes": 12,
    "pitches": [_PITCH],
}


class DrawPitches(Command):
    """The seed of the draw, and the times: days with their breaks, and the length of a slot."""

    model_config = examples.of_request(
        {"seed": "2020-final-pitches", "days": [_DAY], "slot_minutes": 12}
    )
    seed: Line
    days: Annotated[tuple[PitchDay, ...], Field(min_length=1, max_length=30)]
    slot_minutes: SlotMinutes


class Reschedule(Command):
    """When the other slot begins, and why there is one."""

    model_config = examples.of_request(
        {"starts_at": "2020-05-13T11:00:00.000Z", "reason": "Ауылмен байланыс үзілді"}
    )
    starts_at: Moment
    reason: Line


class PitchAnswer(State):
    """A pitch as far as it has come. `recused` is for the staff alone, null for others."""

    model_config = examples.of_answer(_PITCH)
    round_id: Slug
    project_id: Uuid
    title: Line
    starts_at: Moment
    ends_at: Moment
    status: PitchStatus
    rescheduled: bool
    recused: tuple[Uuid, ...] | None = None
    event_ids: tuple[str, ...] = ()


class PitchesAnswer(State):
    """The slots in the order of time, with what the draw can be repeated from."""

    model_config = examples.of_answer(_PITCHES)
    round_id: Slug
    event_id: str | None = None
    seed: Line
    inputs_hash: Sha256
    slot_minutes: int
    pitches: tuple[PitchAnswer, ...]


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints of pitches."""
    router = APIRouter(tags=["pitches"])
    router.include_router(_slots(judging, access))
    router.include_router(_pitch(judging, access))
    return router


def _slots(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/rounds/{round_id}/pitches")
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]
    Room = Annotated[Caller, Depends(access.require("secretary", "admin", "judge"))]

    @router.post("", summary="Draw the pitch slots by a seed; from then on none is scored before")
    async def draw(
        round_id: RoundId, body: DrawPitches, request: Request, caller: Secretary, key: Key
    ) -> PitchesAnswer:
        stage = await procedure.find_stage(judging, round_id)
        timetable = pitch.Timetable(days=body.days, slot_minutes=body.slot_minutes)
        result = await pitching.draw_pitches(
            judging, stage, body.seed, timetable, context_of(request, caller), key
        )
        answer = await _pitches(judging, round_id, caller)
        return answer.model_copy(update={"event_id": next(iter(result.event_ids), None)})

    @router.get("", summary="The slots; a member sees none of a conflicted project")
    async def read(round_id: RoundId, caller: Room) -> PitchesAnswer:
        if caller.role == "judge":
            stage = await procedure.find_stage(judging, round_id)
            await cases.require_member(judging, stage, caller.subject)
        return await _pitches(judging, round_id, caller)

    return router


def _pitch(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/rounds/{round_id}/projects/{project_id}/pitch")
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]
    Concerned = Annotated[
        Caller, Depends(access.require("secretary", "admin", "judge", "applicant"))
    ]

    async def find(round_id: str, project_id: str) -> HeardProject:
        stage = await procedure.find_stage(judging, round_id)
        return await cases.project_of(judging, stage, project_id)

    async def change(
        round_id: str, project_id: str, request: Request, caller: Caller, rule: Rule
    ) -> PitchAnswer:
        project = await find(round_id, project_id)
        context = context_of(request, caller)
        result = await procedure.change_evaluation(judging, round_id, project_id, context, rule)
        answer = _answer(result.state, project.content.title, caller)
        return answer.model_copy(update={"event_ids": result.event_ids})

    @router.get("", summary="One slot: for the staff, the panel and the project's applicant")
    async def read(round_id: RoundId, project_id: ProjectId, caller: Concerned) -> PitchAnswer:
        stage = await procedure.find_stage(judging, round_id)
        project = await cases.project_for(judging, stage, project_id, caller)
        evaluation = await judging.evaluation_of(round_id, project_id)
        if caller.role == "judge":
            await cases.require_member(judging, stage, caller.subject)
            require_may_see(evaluation, caller.subject)
        found, _ = pitch.require_pitch(evaluation)
        return _answer(found, _title(stage.definition, project, caller), caller)

    @router.post("/start", summary="A pitch begins: the project is scored from here on")
    async def start(
        round_id: RoundId, project_id: ProjectId, request: Request, caller: Secretary
    ) -> PitchAnswer:
        project = await find(round_id, project_id)
        rule: Rule = lambda found: pitch.start(found, project)  # noqa: E731
        return await change(round_id, project_id, request, caller, rule)

    @router.post("/end", summary="A pitch is over")
    async def end(
        round_id: RoundId, project_id: ProjectId, request: Request, caller: Secretary
    ) -> PitchAnswer:
        return await change(round_id, project_id, request, caller, pitch.end)

    @router.post("/miss", summary="Nobody came: without another slot the project is ranked last")
    async def miss(
        round_id: RoundId, project_id: ProjectId, request: Request, caller: Secretary
    ) -> PitchAnswer:
        return await change(round_id, project_id, request, caller, pitch.miss)

    @router.post("/reschedule", summary="Put a missed pitch off to another slot, once")
    async def reschedule(
        round_id: RoundId,
        project_id: ProjectId,
        body: Reschedule,
        request: Request,
        caller: Secretary,
    ) -> PitchAnswer:
        starts_at: datetime = body.starts_at
        rule: Rule = lambda found: pitch.reschedule(found, starts_at, body.reason)  # noqa: E731
        return await change(round_id, project_id, request, caller, rule)

    return router


async def _pitches(judging: Judging, round_id: str, caller: Caller) -> PitchesAnswer:
    """The slots that the caller may see: a member sees none of a project with a conflict."""
    found = await judging.rounds.get(round_id)
    if found is None or found.pitches is None:
        raise Refused("missing", "pitches-not-drawn", f"No slots are drawn for {round_id!r}.")
    rubric = await procedure.find_rubric(judging, round_id)
    projects = await judging.projects_of(found.season_id)
    rows = [
        _answer(one, _title(rubric, projects[one.project_id], caller), caller)
        for one in await judging.evaluations_of(round_id)
        if one.pitch is not None
        and not (caller.role == "judge" and one.barred(caller.subject))
        and projects[one.project_id].status == "eligible"
    ]
    return PitchesAnswer(
        round_id=round_id,
        seed=found.pitches.seed,
        inputs_hash=found.pitches.inputs_hash,
        slot_minutes=found.pitches.slot_minutes,
        pitches=tuple(sorted(rows, key=lambda row: (row.starts_at, row.project_id))),
    )


def _title(rubric: RoundDefinition, project: HeardProject, caller: Caller) -> str:
    """The title as the caller may see it: in a blind round it does not name the applicant."""
    if caller.role != "judge":
        return project.content.title
    return sight.seen(rubric, project.content).title


def _answer(found: Evaluation, title: str, caller: Caller) -> PitchAnswer:
    slot = found.pitch
    assert slot is not None
    barred = tuple(judge for judge in sorted(found.conflicts) if found.barred(judge))
    return PitchAnswer(
        round_id=found.round_id,
        project_id=found.project_id,
        title=title,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        status=slot.status,
        rescheduled=slot.rescheduled,
        recused=barred if caller.role in ("secretary", "admin") else None,
    )
