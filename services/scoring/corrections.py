"""The steps by which an upheld appeal corrects results. Each can be repeated safely."""

from functools import partial

from services.kit.aggregate import Decision
from services.kit.envelope import Context
from services.kit.http import server_now
from services.scoring import procedure
from services.scoring.awards_api import only_while_eligible
from services.scoring.domain import correction, evaluation, round, sheets
from services.scoring.domain.appeal import Appeal
from services.scoring.procedure import Stage
from services.scoring.store import Judging

Found = evaluation.Evaluation | None


async def void_sheets(
    judging: Judging, stage: Stage, appeal: Appeal, context: Context
) -> tuple[str, ...]:
    """Void what a resolved appeal names, and rank the round anew; says the ids of the events."""
    resolved = appeal.resolved
    if resolved is None or not resolved.voids:
        return ()
    said: tuple[str, ...] = ()
    for score_event_id in resolved.voids:
        result = await procedure.change_evaluation(
            judging,
            stage.round_id,
            appeal.project_id,
            context,
            partial(
                sheets.void_on_appeal,
                score_event_id=score_event_id,
                cause=appeal.resolved_id,
                reason=resolved.reason,
            ),
        )
        said += result.event_ids
    ranked = await procedure.correct_ranking(judging, stage, resolved.reason, context)
    return said + ranked.event_ids


async def correct(
    judging: Judging, stage: Stage, appeal: Appeal, amount_tiyn: int | None, context: Context
) -> tuple[str, ...]:
    """Add the place, or the award of this amount; says the ids of the events."""
    project = (await judging.projects_of(stage.season_id))[appeal.project_id]
    found = await judging.rounds.get(stage.round_id)
    if found is None:
        raise round.unknown_round(stage.round_id)
    season, limit = stage.season.definition, stage.definition.limit
    if amount_tiyn is None:
        after = await judging.rounds.get(stage.after or "")
        shortlisted = await judging.decisions.execute(
            stage.round_id,
            lambda decided: Decision(
                correction.correct_shortlist(
                    decided,
                    appeal=appeal,
                    round_=found,
                    limit=limit,
                    project=project,
                    final_days=season.final_days,
                    next_closed=after is not None and after.cut is not None,
                )
            ),
            context,
            now=server_now(),
        )
        return shortlisted.event_ids
    decided = await judging.decisions.get(stage.round_id)
    assert decided is not None  # an appeal is against published results
    awarded = await judging.awards.execute(
        stage.season_id,
        lambda awards: Decision(
            correction.add_award(
                awards,
                season=season,
                decision=decided,
                appeal=appeal,
                round_=found,
                limit=limit,
                project=project,
                amount_tiyn=amount_tiyn,
            )
        ),
        context,
        now=server_now(),
    )
    await only_while_eligible(judging, stage.season_id, appeal.project_id, context)
    return awarded.event_ids
