"""Whether what was ranked and decided still stands when the next step builds on it."""

from services.kit.refusal import Refused
from services.scoring.domain import round
from services.scoring.procedure import Stage, is_public
from services.scoring.store import Judging


async def require_current_ranking(judging: Judging, stage: Stage) -> None:
    """Refuse while sheets of the last ranking were voided since; published results stand."""
    found = await judging.rounds.get(stage.round_id)
    if found is None or await is_public(judging, stage):
        return
    round.require_current(found, await judging.evaluations_of(stage.round_id))


async def require_current_decision(judging: Judging, stage: Stage) -> None:
    """Refuse, besides, while the pending decision rests on another ranking than the last."""
    await require_current_ranking(judging, stage)
    found = await judging.rounds.get(stage.round_id)
    decided = await judging.decisions.get(stage.round_id)
    if found is None or decided is None or await is_public(judging, stage):
        return
    if decided.recorded.ranking_event_id != found.ranking_event_id:
        raise Refused(
            "conflict", "decision-outdated", "The round was ranked anew since; decide again."
        )
