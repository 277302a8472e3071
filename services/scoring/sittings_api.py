"""The HTTP API of sittings: roll, motions, votes. The secretary runs them; members vote."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from schemas.base import UUID_PATTERN, Line, Uuid
from schemas.scoring import Presence, ScoringEvent, Vote
from services.kit.access import Access
from services.kit.aggregate import Decision
from services.kit.http import Command, context_of, server_now
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import examples, procedure
from services.scoring.domain import appeal, sitting, voting
from services.scoring.store import Judging

SittingId = Annotated[str, Path(pattern=UUID_PATTERN)]
MotionId = Annotated[str, Path(pattern=UUID_PATTERN)]
PersonId = Annotated[str, Path(pattern=UUID_PATTERN)]
Found = sitting.Sitting | None

_MOTION: examples.Example = {
    "motion_id": examples.PROJECT,
    "text": "Ұсынылған тізім бекітілсін",
    "project_id": examples.PROJECT,
    "recused": [],
    "votes": {examples.JUDGE: "for"},
    "decided": {
        "season_id": "2020",
        "round_id": examples.ROUND,
        "sitting_id": examples.PROJECT,
        "motion_id": examples.PROJECT,
        "votes_for": 1,
        "votes_against": 0,
        "abstained": 0,
        "carried": True,
    },
}
_SITTING: examples.Example = {
    "sitting_id": examples.PROJECT,
    "season_id": "2020",
    "round_id": examples.ROUND,
    "panel": "jury",
    "chair_id": examples.JUDGE,
    "voting": [examples.JUDGE],
    "quorum_share": "2/3",
    "tie_rule": "chair-casts",
    "status": "quorate",
    "attendance": [{"person_id": examples.JUDGE, "how": "remote"}],
    "motions": [_MOTION],
    "present_count": 1,
    "needed_count": 1,
}


class OpenSitting(Command):
    """What the sitting is about."""

    model_config = examples.of_request({"round_id": examples.ROUND})
    round_id: str


class TakeAttendance(Command):
    """How each voting member takes part; all must be named."""

    model_config = examples.of_request({"attendance": {examples.JUDGE: "remote"}})
    attendance: Annotated[dict[Uuid, Presence], Field(min_length=1, max_length=60)]


class PutMotion(Command):
    """What is put to the vote, and who is recused from it."""

    model_config = examples.of_request({"text": "Ұсынылған тізім бекітілсін"})
    text: Line
    project_id: Uuid | None = None
    recused: Annotated[tuple[Uuid, ...], Field(max_length=60)] = ()
    about_appeal: bool = False
    """Whether it is to uphold the appeal of `project_id` against the sitting's round."""


class CastVote(Command):
    """One member's vote."""

    model_config = examples.of_request({"vote": "for"})
    vote: Vote


class SittingAnswer(sitting.Sitting):
    """A sitting as far as it has come."""

    model_config = examples.of_answer(_SITTING)
    present_count: int
    needed_count: int


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints of sittings."""
    router = APIRouter(tags=["sittings"])
    router.include_router(_meeting(judging, access))
    router.include_router(_motions(judging, access))
    return router


def _meeting(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/sittings/{sitting_id}")
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]
    Staff = Annotated[Caller, Depends(access.require("secretary", "admin"))]

    @router.put("", summary="Open a sitting of the round's panel")
    async def open_(
        sitting_id: SittingId, body: OpenSitting, request: Request, caller: Secretary
    ) -> SittingAnswer:
        stage = await procedure.find_stage(judging, body.round_id)
        panel = await procedure.find_panel(judging, stage)
        now = server_now()
        return await _change(
            judging,
            sitting_id,
            request,
            caller,
            lambda found: sitting.open_sitting(
                found,
                sitting_id=sitting_id,
                round_id=body.round_id,
                commission=panel,
                definition=stage.panel,
                at=now,
            ),
            now,
        )

    @router.put("/attendance", summary="Call the roll; says whether there is a quorum")
    async def attendance(
        sitting_id: SittingId, body: TakeAttendance, request: Request, caller: Secretary
    ) -> SittingAnswer:
        return await _change(
            judging,
            sitting_id,
            request,
            caller,
            lambda found: sitting.take_attendance(found, body.attendance),
        )

    @router.post("/close", summary="Close the sitting")
    async def close(sitting_id: SittingId, request: Request, caller: Secretary) -> SittingAnswer:
        now = server_now()
        return await _change(
            judging,
            sitting_id,
            request,
            caller,
            lambda found: sitting.close_sitting(found, now),
            now,
        )

    @router.get("", summary="A sitting with its roll, motions and votes")
    async def read(sitting_id: SittingId, _caller: Staff) -> SittingAnswer:
        return _answer(sitting.require_known(await judging.sittings.get(sitting_id)))

    return router


def _motions(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix="/sittings/{sitting_id}/motions/{motion_id}")
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]
    Member = Annotated[Caller, Depends(access.require("secretary", "judge"))]

    @router.put("", summary="Put a motion to the vote")
    async def put(
        sitting_id: SittingId,
        motion_id: MotionId,
        body: PutMotion,
        request: Request,
        caller: Secretary,
    ) -> SittingAnswer:
        about = await _appeal(judging, sitting_id, body) if body.about_appeal else None
        return await _change(
            judging,
            sitting_id,
            request,
            caller,
            lambda found: voting.put_motion(
                found,
                motion_id=motion_id,
                text=body.text,
                project_id=body.project_id,
                recused=body.recused,
                appeal=about,
            ),
        )

    @router.put("/votes/{person_id}", summary="Vote, or record a vote")
    async def vote(
        sitting_id: SittingId,
        motion_id: MotionId,
        person_id: PersonId,
        body: CastVote,
        request: Request,
        caller: Member,
    ) -> SittingAnswer:
        if caller.role == "judge" and caller.subject != person_id:
            raise Refused("forbidden", "not-your-vote", "A member votes for nobody else.")
        answer = await _change(
            judging,
            sitting_id,
            request,
            caller,
            lambda found: voting.cast_vote(found, motion_id, person_id, body.vote),
        )
        return answer if caller.role != "judge" else _own(answer, caller.subject)

    @router.post("/decision", summary="Count the votes on a motion")
    async def decide(
        sitting_id: SittingId, motion_id: MotionId, request: Request, caller: Secretary
    ) -> SittingAnswer:
        return await _change(
            judging,
            sitting_id,
            request,
            caller,
            lambda found: voting.decide_motion(found, motion_id),
        )

    return router


async def _appeal(judging: Judging, sitting_id: str, body: PutMotion) -> str:
    """The id of the AppealLodged that a motion is about."""
    found = sitting.require_known(await judging.sittings.get(sitting_id))
    known = await judging.appeal_of(found.round_id, body.project_id or "")
    return appeal.require_lodged(known).lodged_id


async def _change(
    judging: Judging,
    sitting_id: str,
    request: Request,
    caller: Caller,
    rule: Callable[[Found], list[ScoringEvent]],
    now: datetime | None = None,
) -> SittingAnswer:
    """Carry out one rule on one sitting."""
    result = await judging.sittings.execute(
        sitting_id,
        lambda found: Decision(rule(found)),
        context_of(request, caller),
        now=now or server_now(),
    )
    return _answer(result.state)


def _answer(found: sitting.Sitting) -> SittingAnswer:
    counts = {"present_count": len(found.present), "needed_count": found.needed()}
    return SittingAnswer.model_validate(found.model_dump() | counts)


def _own(answer: SittingAnswer, person_id: str) -> SittingAnswer:
    """What a member is told after voting: nobody else's vote on a motion that is not decided."""
    return answer.model_copy(
        update={
            "motions": tuple(
                motion
                if motion.decided
                else motion.model_copy(
                    update={"votes": {id: v for id, v in motion.votes.items() if id == person_id}}
                )
                for motion in answer.motions
            )
        }
    )
