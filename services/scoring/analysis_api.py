"""The HTTP API of what a ranking is worth, for the staff: how firm it is, what else could be."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field

from services.kit.access import Access
from services.kit.http import Command
from services.kit.tokens import Caller
from services.scoring import examples, procedure
from services.scoring.domain import fragility, scenario
from services.scoring.domain.base import State
from services.scoring.store import Judging

RoundId = Annotated[str, Path(examples=[examples.ROUND])]

_SCENARIO: examples.Example = {"name": "Median of the sheets", "aggregation": "median"}
_ROW: examples.Example = {
    "project_id": examples.PROJECT,
    "rank": 1,
    "total": "8.250000",
    "amount_tiyn": 250_000_000,
}
_RESULT: examples.Example = {
    "name": "Median of the sheets",
    "chosen": [_ROW],
    "comes_in": [],
    "falls_out": [examples.JUDGE],
    "funds_left_tiyn": {"equal-opportunities": 750_000_000},
}
_FRAGILITY: examples.Example = {
    "limit": 50,
    "samples": fragility.SAMPLES,
    "seed": "2020-first-draw/bootstrap",
    "judges": [
        {
            "judge_id": examples.JUDGE,
            "comes_in": [],
            "falls_out": [examples.PROJECT],
            "moved": 12,
        }
    ],
    "projects": [
        {
            "project_id": examples.PROJECT,
            "rank": 50,
            "low": 41,
            "high": 63,
            "above_line": "0.52",
            "told_apart_from_next": False,
        }
    ],
}


class FragilityAnswer(fragility.Fragility):
    """How firm the ranking is at its line."""

    model_config = examples.of_answer(_FRAGILITY)


class CompareScenarios(Command):
    """Rules to be compared with the round's own."""

    model_config = examples.of_request({"scenarios": [_SCENARIO]})
    scenarios: Annotated[tuple[scenario.Scenario, ...], Field(min_length=1, max_length=20)]


class ScenariosAnswer(State):
    """What each would choose; the round's own rules come first."""

    model_config = examples.of_answer({"results": [_RESULT]})
    results: tuple[scenario.ScenarioResult, ...]


def routes(judging: Judging, access: Access) -> APIRouter:
    """All endpoints; they say and store nothing."""
    router = APIRouter(prefix="/rounds/{round_id}", tags=["analysis"])
    Staff = Annotated[Caller, Depends(access.require("secretary", "admin"))]

    @router.get("/fragility", summary="How firm the ranking is at its line")
    async def read(round_id: RoundId, _caller: Staff) -> FragilityAnswer:
        stage = await procedure.find_stage(judging, round_id)
        found, candidates = await procedure.closed_round(judging, stage)
        report = fragility.fragility(found.drawn.seed, stage.definition, candidates)
        return FragilityAnswer(**dict(report))

    @router.post("/scenarios", summary="What other rules would choose; nothing is stored")
    async def compare(round_id: RoundId, body: CompareScenarios, _caller: Staff) -> ScenariosAnswer:
        stage = await procedure.find_stage(judging, round_id)
        found, candidates = await procedure.closed_round(judging, stage)
        awarded = await judging.awards.get(stage.season_id)
        results = scenario.compare(
            body.scenarios,
            stage=stage.definition,
            seed=found.drawn.seed,
            candidates=candidates,
            revisions=awarded.revisions if awarded else None,
        )
        return ScenariosAnswer(results=results)

    return router
