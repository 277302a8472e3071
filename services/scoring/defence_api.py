"""The HTTP API of budget defence: what members have changed in the finalists' budgets."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from schemas.base import UUID_PATTERN, Line, Slug, Tiyn, Uuid
from schemas.scoring import RevisedLine
from services.kit.access import Access
from services.kit.aggregate import Decision
from services.kit.http import Command, context_of, server_now
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import cases, examples, procedure
from services.scoring.domain import defence
from services.scoring.domain.base import State
from services.scoring.domain.budgets import Revisions, defended_lines
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.questions import require_may_see
from services.scoring.procedure import Stage
from services.scoring.store import Judging

SeasonId = Annotated[str, Path(examples=["2020"])]
ProjectId = Annotated[str, Path(pattern=UUID_PATTERN)]
RevisionId = Annotated[str, Path(pattern=UUID_PATTERN)]
PREFIX = "/seasons/{season_id}/budgets/{project_id}"

_REVISION: examples.Example = {
    "asked_by": examples.JUDGE,
    "lines": [{"line": 1, "requested_tiyn": 7_000_000}],
    "reason": "Контейнерлер арзанырақ",
}
_BUDGET: examples.Example = {
    "season_id": "2020",
    "project_id": examples.PROJECT,
    "project_version": 1,
    "lines": [7_000_000],
    "requested_tiyn": 7_000_000,
    "submitted_tiyn": 8_000_000,
    "revisions": [
        {
            "revision_id": examples.PROJECT,
            **_REVISION,
            "lines": [{"line": 1, "before_tiyn": 8_000_000, "requested_tiyn": 7_000_000}],
            "requested_tiyn": 7_000_000,
        }
    ],
}


class NewAmount(Command):
    """What a line asks for from now on; lines are counted from 1."""

    line: Annotated[int, Field(strict=True, ge=1, le=100)]
    requested_tiyn: Tiyn


class ReviseBudget(Command):
    """Which lines change, who of the panel asked for it, and why."""

    model_config = examples.of_request(_REVISION)
    asked_by: Uuid
    lines: Annotated[tuple[NewAmount, ...], Field(min_length=1, max_length=100)]
    reason: Line


class RevisionAnswer(State):
    """One revision. `asked_by` is null for the applicant."""

    revision_id: Uuid
    asked_by: Uuid | None
    lines: tuple[RevisedLine, ...]
    requested_tiyn: Tiyn
    reason: Line


class BudgetAnswer(State):
    """A budget as it was defended, line by line, and how it came to that."""

    model_config = examples.of_answer(_BUDGET)
    season_id: Slug
    project_id: Uuid
    project_version: int
    lines: tuple[Tiyn, ...]
    requested_tiyn: Tiyn
    submitted_tiyn: Tiyn
    revisions: tuple[RevisionAnswer, ...]
    event_id: str | None = None


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints of budget defence."""
    router = APIRouter(tags=["budgets"])
    router.include_router(_revising(judging, access))
    router.include_router(_reading(judging, access))
    return router


def _revising(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix=PREFIX)
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]

    @router.put("/revisions/{revision_id}", summary="Revise lines of a budget, as a member asked")
    async def revise(
        season_id: SeasonId,
        project_id: ProjectId,
        revision_id: RevisionId,
        body: ReviseBudget,
        request: Request,
        caller: Secretary,
    ) -> BudgetAnswer:
        stage = await _final(judging, season_id)
        project = await cases.project_of(judging, stage, project_id)
        await _require_asker(judging, stage, project_id, body.asked_by)
        wish = defence.Wish(
            revision_id=revision_id,
            asked_by=body.asked_by,
            lines=_amounts(body.lines),
            reason=body.reason,
        )
        result = await judging.awards.execute(
            season_id,
            lambda found: Decision(defence.revise(found, project=project, wish=wish)),
            context_of(request, caller),
            now=server_now(),
        )
        answer = _answer(result.state.revisions, project, caller)
        return answer.model_copy(update={"event_id": next(iter(result.event_ids), None)})

    return router


def _reading(judging: Judging, access: Access) -> APIRouter:
    router = APIRouter(prefix=PREFIX)
    Concerned = Annotated[
        Caller, Depends(access.require("secretary", "admin", "judge", "applicant"))
    ]

    @router.get("", summary="A budget: for the staff, the panel and the project's applicant")
    async def read(season_id: SeasonId, project_id: ProjectId, caller: Concerned) -> BudgetAnswer:
        stage = await _final(judging, season_id)
        project = await cases.project_for(judging, stage, project_id, caller)
        if caller.role == "judge":
            await cases.require_member(judging, stage, caller.subject)
            evaluation = await judging.evaluation_of(stage.round_id, project_id)
            require_may_see(evaluation, caller.subject)
        found = await judging.awards.get(season_id)
        return _answer(found.revisions if found else {}, project, caller)

    return router


async def _final(judging: Judging, season_id: str) -> Stage:
    """The season's last stage, whose panel the budgets are defended before."""
    season = await judging.seasons.get(season_id)
    if season is None:
        raise Refused("missing", "unknown-season", f"Scoring has not heard of {season_id!r}.")
    last = season.definition.rounds[-1]
    return Stage(season, last, season.round_id(last.id))


async def _require_asker(judging: Judging, stage: Stage, project_id: str, person_id: str) -> None:
    """Only a finalist defends a budget, and only before a member without a conflict."""
    evaluation = await judging.evaluation_of(stage.round_id, project_id)
    if evaluation is None or not evaluation.judges:
        raise Refused("conflict", "not-in-round", "This project takes no part in the final.")
    panel = await procedure.find_panel(judging, stage)
    if person_id not in {member.person_id for member in panel.voting}:
        raise Refused("invalid", "not-on-the-panel", "Who asked is not on the panel of the final.")
    if evaluation.barred(person_id):
        raise Refused("conflict", "judge-conflicted", f"Has a conflict: {person_id}.")


def _amounts(lines: tuple[NewAmount, ...]) -> dict[int, int]:
    if len({one.line for one in lines}) < len(lines):
        raise Refused("invalid", "revision-invalid", "A line appears twice.")
    return {one.line: one.requested_tiyn for one in lines}


def _answer(revisions: Revisions, project: HeardProject, caller: Caller) -> BudgetAnswer:
    lines = tuple(defended_lines(revisions, project))
    return BudgetAnswer(
        season_id=project.season_id,
        project_id=project.project_id,
        project_version=project.version,
        lines=lines,
        requested_tiyn=sum(lines),
        submitted_tiyn=project.content.budget.requested_tiyn,
        revisions=tuple(
            RevisionAnswer(
                revision_id=one.revision_id,
                asked_by=None if caller.role == "applicant" else one.asked_by,
                lines=one.lines,
                requested_tiyn=one.requested_tiyn,
                reason=one.reason,
            )
            for one in revisions.get(project.project_id, ())
        ),
    )
