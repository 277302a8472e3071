"""The draw of the pitch slots: said once of the round, then of every project that has one."""

from collections.abc import Callable
from functools import partial

from schemas.scoring import ScoringEvent
from services.kit.aggregate import CommandKey, Decision, Result
from services.kit.envelope import Context
from services.kit.http import server_now
from services.scoring.domain import pitch, round
from services.scoring.domain.slots import Slot, slots
from services.scoring.procedure import (
    Found,
    Stage,
    change_evaluation,
    each,
    find_panel,
    still_standing,
)
from services.scoring.store import Judging


async def draw_pitches(
    judging: Judging,
    stage: Stage,
    seed: str,
    timetable: pitch.Timetable,
    context: Context,
    key: CommandKey | None,
) -> Result[round.Round]:
    """Draw the slots, then give them out; asked for again, what was left undone is done."""
    panel = await find_panel(judging, stage)
    evaluations = await judging.evaluations_of(stage.round_id)
    round.require_finished_draw(
        await judging.rounds.get(stage.round_id), stage.round_id, evaluations
    )
    standing = await still_standing(judging, stage, evaluations)
    result = await judging.rounds.execute(
        stage.round_id,
        lambda found: Decision(
            pitch.draw_pitches(
                found,
                stage.round_id,
                seed=seed,
                timetable=timetable,
                evaluations=standing,
                voting=[member.person_id for member in panel.voting],
                season=stage.season.definition if stage.is_last else None,
            )
        ),
        context,
        now=server_now(),
        key=key,
    )
    drawn = result.state.pitches
    assert drawn is not None

    def giving(slot: Slot) -> Callable[[Found], list[ScoringEvent]]:
        return lambda found: pitch.schedule(found, drawn, slot)

    await each(
        [
            partial(
                change_evaluation, judging, stage.round_id, slot.project_id, context, giving(slot)
            )
            for slot in slots(drawn)
        ]
    )
    return result
