"""Pitches: slots once, no sheet before the pitch, a no-show put off once and never chosen."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.scoring import (
    PitchDay,
    PitchEnded,
    PitchesDrawn,
    PitchMissed,
    PitchRescheduled,
    PitchScheduled,
    PitchStarted,
    ScoringEvent,
)
from services.kit.refusal import Refused
from services.scoring.domain import conflict, evolution, pitch, round, sheets
from services.scoring.domain.conflict import Case
from services.scoring.domain.evaluation import Evaluation
from services.scoring.domain.pitch import Timetable
from services.scoring.domain.ranking import Candidate, compute_ranking
from services.scoring.domain.round import Round
from services.scoring.domain.slots import slots

from . import given
from .given import JUDGES, PROJECT, PROJECTS, ROUND, SEASON

NINE = datetime(2020, 5, 13, 3, tzinfo=UTC)
LATER = NINE + timedelta(hours=7)
TIMES = Timetable(
    days=(PitchDay(starts_at=NINE, ends_at=NINE + timedelta(hours=2)),), slot_minutes=20
)
REASON = "Ауылмен байланыс үзілді"


def draw(found: Round | None = None, **changes: Any) -> list[ScoringEvent]:
    fields: dict[str, Any] = {
        "seed": "сид",
        "timetable": TIMES,
        "evaluations": [given.assigned(id) for id in PROJECTS],
        "voting": JUDGES,
    }
    return pitch.draw_pitches(found or given.drawn(), ROUND, **(fields | changes))


def drawn() -> PitchesDrawn:
    (event,) = draw()
    assert isinstance(event, PitchesDrawn)
    return event


def scheduled(project_id: str = PROJECT) -> Evaluation:
    slot = next(slot for slot in slots(drawn()) if slot.project_id == project_id)
    return then(
        given.assigned(project_id), pitch.schedule(given.assigned(project_id), drawn(), slot)
    )


def then(found: Evaluation, *steps: list[ScoringEvent]) -> Evaluation:
    for events in steps:
        found = given.after(found, events)
    return found


def started(found: Evaluation | None = None) -> Evaluation:
    found = found or scheduled()
    return then(found, pitch.start(found, given.project(found.project_id)))


def missed(found: Evaluation | None = None) -> Evaluation:
    found = found or scheduled()
    return then(found, pitch.miss(found))


def put_off(found: Evaluation | None = None) -> Evaluation:
    found = found or missed()
    return then(found, pitch.reschedule(found, LATER, REASON))


def rule_of(step: Any) -> str:
    with pytest.raises(Refused) as refused:
        step()
    return refused.value.rule


# ── The draw ─────────────────────────────────────────────────────────────────────────────────────


def test_draw_says_the_projects_in_order_with_who_is_recused() -> None:
    case = Case(SEASON, ROUND, PROJECTS[1], JUDGES[0])
    conflicted = given.after(
        given.assigned(PROJECTS[1]),
        conflict.declare(given.assigned(PROJECTS[1]), case, "family", "declared"),
    )
    found = [given.assigned(PROJECTS[2]), conflicted, given.assigned(PROJECTS[0])]

    (event,) = draw(evaluations=found)

    assert isinstance(event, PitchesDrawn)
    assert [one.project_id for one in event.pitches] == [*PROJECTS[:3]]
    assert [one.recused for one in event.pitches] == [(), (JUDGES[0],), ()]


def test_same_draw_again_says_nothing_and_another_is_refused() -> None:
    found = round.evolve(given.drawn(), drawn())

    assert draw(found) == []
    assert rule_of(lambda: draw(found, seed="басқа")) == "pitches-drawn"
    longer = TIMES.model_copy(update={"slot_minutes": 10})
    assert rule_of(lambda: draw(found, timetable=longer)) == "pitches-drawn"


def test_draw_needs_enough_slots_and_projects_and_an_open_round() -> None:
    long = TIMES.model_copy(update={"slot_minutes": 30})

    assert rule_of(lambda: draw(timetable=long)) == "too-few-slots"
    assert rule_of(lambda: draw(evaluations=[])) == "no-projects"
    closed = given.ranked(dict.fromkeys(PROJECTS, "7"))
    assert rule_of(lambda: draw(closed)) == "round-closed"
    assert rule_of(lambda: pitch.draw_pitches(None, ROUND, **BARE)) == "unknown-round"


BARE: dict[str, Any] = {"seed": "сид", "timetable": TIMES, "evaluations": [], "voting": []}


def test_draw_of_the_final_is_on_its_days() -> None:
    season = given.season().model_copy(
        update={"final_days": (date(2020, 5, 13),), "timezone": "Asia/Almaty"}
    )
    late = PitchDay(starts_at=NINE, ends_at=NINE + timedelta(hours=20))

    assert draw(season=season)
    wrong = TIMES.model_copy(update={"days": (late,)})
    with pytest.raises(
        Refused, match=r"days\.0\.ends_at: is not on a day of the final: 2020-05-13"
    ):
        draw(season=season, timetable=wrong)


def test_nothing_is_drawn_for_projects_that_have_sheets() -> None:
    early = given.scored(given.assigned(), idea="7", budget="7")

    assert rule_of(lambda: draw(evaluations=[early])) == "already-scored"
    slot = next(slot for slot in slots(drawn()) if slot.project_id == PROJECT)
    assert rule_of(lambda: pitch.schedule(early, drawn(), slot)) == "already-scored"
    assert pitch.schedule(given.void(early), drawn(), slot)


def test_slot_is_given_once() -> None:
    found = scheduled()
    slot = next(slot for slot in slots(drawn()) if slot.project_id == PROJECT)

    assert pitch.schedule(found, drawn(), slot) == []
    assert rule_of(lambda: pitch.schedule(None, drawn(), slot)) == "not-in-round"


# ── A pitch ──────────────────────────────────────────────────────────────────────────────────────


def test_no_sheet_is_taken_before_the_pitch_has_begun() -> None:
    assert rule_of(lambda: given.record(scheduled(), idea="7", budget="7")) == "pitch-not-begun"
    assert rule_of(lambda: given.record(missed(), idea="7", budget="7")) == "pitch-not-begun"
    assert rule_of(lambda: given.record(put_off(), idea="7", budget="7")) == "pitch-not-begun"
    assert given.record(started(), idea="7", budget="7")
    assert given.record(then(started(), pitch.end(started())), idea="7", budget="7")
    assert given.record(given.assigned(), idea="7", budget="7")  # no slots are drawn


def test_pitch_begins_and_ends_once() -> None:
    found = scheduled()

    assert [type(event) for event in pitch.start(found, given.project())] == [PitchStarted]
    assert rule_of(lambda: pitch.end(found)) == "pitch-not-begun"
    found = started(found)
    assert pitch.start(found, given.project()) == []
    assert rule_of(lambda: pitch.miss(found)) == "pitch-begun"
    assert [type(event) for event in pitch.end(found)] == [PitchEnded]
    assert pitch.end(then(found, pitch.end(found))) == []
    assert pitch.start(then(found, pitch.end(found)), given.project()) == []


def test_pitch_of_a_project_that_left_does_not_begin() -> None:
    gone = given.project(status="withdrawn")

    assert rule_of(lambda: pitch.start(scheduled(), gone)) == "project-not-eligible"


def test_missed_pitch_is_put_off_once_for_the_same_length() -> None:
    found = missed()

    assert pitch.miss(found) == []
    assert rule_of(lambda: pitch.start(found, given.project())) == "pitch-missed"
    (event,) = pitch.reschedule(found, LATER, REASON)
    assert isinstance(event, PitchRescheduled)
    assert (event.starts_at, event.ends_at) == (LATER, LATER + timedelta(minutes=20))
    found = put_off(found)
    assert pitch.reschedule(found, LATER, REASON) == []
    assert rule_of(lambda: pitch.reschedule(found, NINE, REASON)) == "already-rescheduled"
    again = missed(found)
    assert rule_of(lambda: pitch.reschedule(again, LATER, REASON)) == "already-rescheduled"
    assert started(found).pitch is not None


def test_only_a_missed_pitch_is_put_off() -> None:
    assert rule_of(lambda: pitch.reschedule(scheduled(), LATER, REASON)) == "pitch-not-missed"
    assert rule_of(lambda: pitch.reschedule(started(), LATER, REASON)) == "pitch-not-missed"


def test_project_without_a_slot_has_no_pitch() -> None:
    bare = given.assigned()

    for step in (pitch.miss, pitch.end, lambda f: pitch.start(f, given.project())):
        assert rule_of(lambda step=step: step(bare)) == "no-pitch"
        assert rule_of(lambda step=step: step(None)) == "not-in-round"


def test_after_the_seal_only_an_end_is_said() -> None:
    begun, waiting, gone = (then(f, sheets.seal(f)) for f in (started(), scheduled(), missed()))

    assert pitch.end(begun)
    assert rule_of(lambda: pitch.miss(waiting)) == "round-closed"
    assert rule_of(lambda: pitch.start(waiting, given.project())) == "round-closed"
    assert rule_of(lambda: pitch.reschedule(gone, LATER, REASON)) == "round-closed"


def test_crafted_event_that_cannot_follow_changes_nothing_silently() -> None:
    common = {"season_id": SEASON, "round_id": ROUND, "project_id": PROJECT}
    for event in (PitchStarted(**common), PitchEnded(**common), PitchMissed(**common)):
        with pytest.raises(ValueError, match="does not say"):
            evolution.evolve(given.assigned(), event)
    with pytest.raises(ValueError, match="begins with"):
        evolution.evolve(
            None, PitchScheduled(**common, starts_at=NINE, ends_at=NINE + timedelta(minutes=20))
        )


# ── A no-show ────────────────────────────────────────────────────────────────────────────────────


def test_no_show_needs_no_sheets_is_ranked_last_and_not_chosen() -> None:
    stage = given.stage(limit=3)
    scores = {id: f"{9 - number}" for number, id in enumerate(PROJECTS[1:3])}
    scores[PROJECTS[3]] = "0"
    found = [
        missed(),
        *(given.scored(given.assigned(id), idea=v, budget=v) for id, v in scores.items()),
    ]
    round.require_sheets(stage, found)

    sealed = [then(one, sheets.seal(one)) for one in found]
    state = given.drawn(stage, PROJECTS[:4])
    for event in round.close(state, ROUND, sealed):
        state = round.evolve(state, event)
    candidates = [
        Candidate(evaluation=one, project=given.project(one.project_id)) for one in sealed
    ]
    state = round.evolve(state, compute_ranking(state.drawn, stage, candidates))
    wide = given.stage(limit=4)
    decided = given.decided(state, wide, projects=given.projects(*PROJECTS[:4]))

    assert state.ranking is not None
    last = state.ranking.table[-1]
    assert (last.project_id, last.sheets, last.rank) == (PROJECT, 0, 4)
    assert not state.ranking.table[-2].tied_with_next
    assert PROJECT not in decided.chosen
    assert [row.project_id for row in decided.recorded.projects][-1] == PROJECT
    assert len(decided.chosen) == 3


def test_one_that_was_put_off_and_not_held_yet_still_needs_sheets() -> None:
    assert rule_of(lambda: round.require_sheets(given.stage(), [put_off()])) == "too-few-sheets"


def test_no_show_is_last_where_others_are_below_zero() -> None:
    stage = given.stage(
        normalisation={"method": "judge-effect", "minimum_sheets": 2, "shrinkage": "0"}
    )
    found = [missed(), given.assigned(PROJECTS[1]), given.assigned(PROJECTS[2])]
    found[1] = given.scored(found[1], idea="0", budget="0")
    found[1] = given.scored(found[1], JUDGES[1], idea="0", budget="0")
    found[2] = given.scored(found[2], idea="10", budget="10")

    table = compute_ranking(
        given.drawn().drawn,
        stage,
        [Candidate(evaluation=one, project=given.project(one.project_id)) for one in found],
    ).table

    assert table[-1].project_id == PROJECT
