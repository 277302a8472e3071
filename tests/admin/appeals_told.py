"""Appeals written into a chronicle: one is dismissed, two are upheld and correct the results."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.scoring import AwardAdded, ScoringEvent
from services.scoring.domain import (
    appeal,
    awards,
    correction,
    decision,
    ranking,
    round,
    sheets,
    shortfall,
    sitting,
    voting,
)
from services.scoring.domain.base import evaluation_id
from tests.admin.chronicle import OFFICE, Chronicle
from tests.admin.judging_told import Judging


@dataclass
class Judged:
    """A round with its decision."""

    judging: Judging
    decision: decision.Decision


def shortlist_on_appeal(told: Chronicle, judged: Judged) -> decision.Decision:
    """Publish; one of the others appeals in vain, another one's appeal gives it a place."""
    found, judging = judged.decision, judged.judging
    subject = f"decision/{found.round_id}"

    def say(events: Sequence[ScoringEvent], cause: str = "") -> None:
        nonlocal found
        told.say(subject, events, cause=cause)
        for event in events:
            found = decision.evolve(found, event)

    season = told.season
    say(
        decision.publish_shortlist(
            found,
            found.round_id,
            told.heard,
            season.final_days,
            told.next_moment,
            season.appeals_until(told.next_moment),
        )
    )
    dismissed, upheld = list(found.outcomes)[:2]
    _resolve(told, _lodge(told, found, dismissed, found.round_id), "dismissed")
    lodged = _lodge(told, found, upheld, found.round_id)
    resolved = _resolve(told, lodged, "upheld", judging, voids=1)
    _void(told, judging, resolved)
    corrected = correction.correct_shortlist(
        found,
        appeal=resolved,
        round_=judging.state,
        limit=judging.stage.limit,
        project=told.heard[upheld],
        final_days=season.final_days,
        next_closed=False,
    )
    say(corrected, resolved.resolved_id)
    return found


def award_on_appeal(told: Chronicle, judged: Judged, state: awards.Awards) -> list[AwardAdded]:
    """What an upheld appeal of a finalist without an award says, who is not in reserve either."""
    project_id = next(
        id for id in state.outcomes if id not in {*judged.decision.reserve, *state.awards}
    )
    lodged = _lodge(told, state, project_id, judged.decision.round_id)
    resolved = _resolve(told, lodged, "upheld", judged.judging)
    project = told.heard[project_id]
    return correction.add_award(  # type: ignore[return-value]
        state,
        season=told.season,
        decision=judged.decision,
        appeal=resolved,
        round_=judged.judging.state,
        limit=judged.judging.stage.limit,
        project=project,
        amount_tiyn=project.content.budget.requested_tiyn // 4,
    )


def _lodge(
    told: Chronicle,
    found: decision.Decision | awards.Awards,
    project_id: str,
    round_id: str,
) -> appeal.Appeal:
    project = told.heard[project_id]
    (event,) = appeal.lodge(
        None,
        season_id=told.season.id,
        round_id=round_id,
        project_id=project_id,
        against=f"{found.origin}:{found.outcomes[project_id]}",
        ground="procedure",
        text="Бізге сөз берілмеді.",
        until=found.appeals_until,
        now=told.next_moment,
    )
    subject = f"appeal/{evaluation_id(round_id, project_id)}"
    told.say(subject, [event], f"applicant/{project.applicant}", "page")
    return appeal.evolve(None, event)


def _resolve(
    told: Chronicle,
    lodged: appeal.Appeal,
    outcome: str,
    judging: Judging | None = None,
    voids: int = 0,
) -> appeal.Appeal:
    """By a motion where the round's judging is given, else by the secretary alone."""
    held = _sit(told, judging, lodged) if judging else None
    void_ids: tuple[str, ...] = ()
    if judging and voids:
        found = judging.evaluations[lodged.project_id]
        judges = [one.judge_id for one in found.effective()[:voids]]
        void_ids = appeal.sheets_to_void(lodged, found, judges, 1)
    (event,) = appeal.resolve(
        lodged,
        outcome=outcome,  # type: ignore[arg-type]
        office="secretary",
        reason="Тәртіп тексерілді",
        voids=void_ids,
        sitting=held,
        motion_id=held.motions[0].motion_id if held else None,
    )
    told.say(f"appeal/{evaluation_id(lodged.round_id, lodged.project_id)}", [event])
    return appeal.evolve(lodged, event)


def _sit(told: Chronicle, judging: Judging, lodged: appeal.Appeal) -> sitting.Sitting:
    """Everybody is there, and the motion on the appeal is carried."""
    sitting_id = told.cast.id("sitting", lodged.lodged_id)
    motion_id = told.cast.id("motion", lodged.lodged_id)
    panel = judging.panel
    seats = next(one for one in told.season.panels if one.name == panel.panel)
    state: sitting.Sitting | None = None

    def say(events: Sequence[ScoringEvent]) -> None:
        nonlocal state
        told.say(f"sitting/{sitting_id}", events)
        for event in events:
            state = sitting.evolve(state, event)

    say(
        sitting.open_sitting(
            None,
            sitting_id=sitting_id,
            round_id=judging.round_id,
            commission=panel,
            definition=seats,
        )
    )
    members = [member.person_id for member in panel.voting]
    say(sitting.take_attendance(state, dict.fromkeys(members, "in-person")))
    say(
        voting.put_motion(
            state,
            motion_id=motion_id,
            text="Шағым қанағаттандырылсын",
            project_id=lodged.project_id,
            recused=(),
            appeal=lodged.lodged_id,
        )
    )
    for member in members:
        say(voting.cast_vote(state, motion_id, member, "for"))
    say(voting.decide_motion(state, motion_id))
    assert state is not None
    return state


def _void(told: Chronicle, judging: Judging, resolved: appeal.Appeal) -> None:
    """Void what the appeal names, and rank anew."""
    assert resolved.resolved is not None
    project_id, cause = resolved.project_id, resolved.resolved_id
    for score_event_id in resolved.resolved.voids:
        events = sheets.void_on_appeal(
            judging.evaluations[project_id],
            score_event_id=score_event_id,
            cause=cause,
            reason=resolved.resolved.reason,
        )
        judging.say(project_id, events, OFFICE, cause)
    candidates = [
        ranking.Candidate(evaluation=found, project=told.heard[project])
        for project, found in judging.evaluations.items()
        if told.heard[project].status == "eligible"
    ]
    few = shortfall.accept_few_sheets(
        judging.state, judging.stage, candidates, resolved.resolved.reason
    )
    computed = ranking.compute_ranking(judging.state.drawn, judging.stage, candidates, few)
    corrected = round.correct_ranking(judging.state, computed, list(judging.evaluations.values()))
    judging.say_of_round(corrected, cause)
