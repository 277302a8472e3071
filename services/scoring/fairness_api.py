"""The HTTP API of fairness telemetry: what judging looks like while it runs, for the staff."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from services.kit.access import Access
from services.kit.tokens import Caller
from services.scoring import examples, procedure
from services.scoring.domain import round
from services.scoring.domain.fairness import Fairness, fairness
from services.scoring.procedure import Stage
from services.scoring.store import Judging

RoundId = Annotated[str, Path(examples=[examples.ROUND])]


class FairnessAnswer(Fairness):
    """Severity and drift by judge, order effect, gaps, share done: nothing of a single sheet."""

    model_config = examples.of_answer(examples.FAIRNESS)


def routes(judging: Judging, access: Access) -> APIRouter:
    """The endpoint; it says and stores nothing."""
    router = APIRouter(prefix="/rounds/{round_id}", tags=["analysis"])
    Staff = Annotated[Caller, Depends(access.require("secretary", "admin"))]

    @router.get("/fairness", summary="How evenly a round is judged, while it is judged and after")
    async def read(round_id: RoundId, _caller: Staff) -> FairnessAnswer:
        stage = await procedure.find_stage(judging, round_id)
        if await judging.rounds.get(round_id) is None:
            raise round.unknown_round(round_id)
        return FairnessAnswer(**dict(await looked_at(judging, stage)))

    return router


async def looked_at(judging: Judging, stage: Stage) -> Fairness:
    """The telemetry of a round now; projects that have withdrawn are left out."""
    evaluations = await judging.evaluations_of(stage.round_id)
    candidates = await judging.candidates(evaluations, stage.season_id)
    return fairness(stage.round_id, stage.definition, candidates)
