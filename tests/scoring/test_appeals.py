"""Appeals, without I/O: in time, resolved once, and the only cause of what is corrected."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.scoring import (
    AppealLodged,
    AppealResolved,
    AwardAdded,
    DecisionCorrected,
    ProjectShortlisted,
    RankingComputed,
    ScoreVoided,
    ScoringEvent,
    WinnerAnnounced,
)
from services.kit.refusal import Refused
from services.scoring.domain import (
    appeal,
    awards,
    correction,
    decision,
    evolution,
    round,
    sheets,
    sitting,
    voting,
)
from services.scoring.domain.appeal import Appeal
from services.scoring.domain.awards import Awards
from services.scoring.domain.decision import Decision
from services.scoring.domain.evaluation import Evaluation
from services.scoring.domain.ranking import Candidate, compute_ranking
from services.scoring.domain.round import Round
from services.scoring.domain.sitting import Sitting
from tests.submission.given import definition

from . import given
from .given import JUDGES, PROJECTS, ROUND, SEASON

A, B, C, D, E, F = PROJECTS
ON = given.stage(limit=2, tie_break=())
NOW = datetime(2020, 5, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(days=5)
FINAL_DAYS = (date(2020, 5, 13),)
FUNDS = given.season(1000, environment=1000)
MOTION = given.id_of("motion")


@cache
def evaluations() -> tuple[Evaluation, ...]:
    """Sealed sheets: A 9, B 8, C 7 and so on, but one judge gave C no more than 1."""
    found = []
    for place, id in enumerate(PROJECTS):
        one = given.assigned(id)
        for judge in JUDGES:
            low = id == C and judge == JUDGES[0]
            value = "1" if low else "9.5" if id == C else f"{9 - place}"
            one = given.scored(one, judge, idea=value, budget=value)
        found.append(given.after(one, sheets.seal(one)))
    return tuple(found)


def ranking(found: Sequence[Evaluation]) -> RankingComputed:
    candidates = [Candidate(evaluation=one, project=given.project(one.project_id)) for one in found]
    return compute_ranking(given.drawn(ON).drawn, ON, candidates)


@cache
def ranked() -> Round:
    """Closed and ranked: A, B, then C with 6.67."""
    state = given.drawn(ON)
    for event in round.close(state, ROUND, evaluations()):
        state = round.evolve(state, event)
    for event in round.record_ranking(state, ranking(evaluations())):
        state = round.evolve(state, event)
    return state


@cache
def published() -> Decision:
    """A and B are on the published shortlist."""
    found = given.decided(ranked(), ON)
    for event in decision.publish_shortlist(found, ROUND, given.projects(), FINAL_DAYS, NOW, UNTIL):
        found = decision.evolve(found, event)
    assert found.chosen == (A, B)
    return found


def lodge(found: Appeal | None = None, **changes: Any) -> list[ScoringEvent]:
    arguments: dict[str, Any] = {
        "season_id": SEASON,
        "round_id": ROUND,
        "project_id": C,
        "against": f"{published().origin}:{published().outcomes[C]}",
        "ground": "conflict-of-interest",
        "text": "Қазының бірі бәсекелестің қызметкері.",
        "until": UNTIL,
        "now": NOW,
    }
    return appeal.lodge(found, **(arguments | changes))


def lodged() -> Appeal:
    return appeal.evolve(None, lodge()[0])


def resolve(found: Appeal | None, outcome: str = "upheld", **changes: Any) -> list[ScoringEvent]:
    arguments: dict[str, Any] = {"office": "secretary", "reason": "Тексерілді"}
    return appeal.resolve(found, outcome=outcome, **(arguments | changes))  # type: ignore[arg-type]


def resolved(outcome: str = "upheld", **changes: Any) -> Appeal:
    found = lodged()
    return appeal.evolve(found, resolve(found, outcome, **changes)[0])


def held(*votes: str, about: str | None = None, decide: bool = True) -> Sitting:
    """A sitting whose motion on the appeal got these votes."""
    panel = given.panel()
    seats = definition().panels[0]
    (opened,) = sitting.open_sitting(
        None,
        sitting_id=given.id_of("sitting"),
        round_id=ROUND,
        commission=panel,
        definition=seats,
    )
    state = sitting.evolve(None, opened)
    steps: list[Any] = [
        lambda s: sitting.take_attendance(s, dict.fromkeys(given.voters(), "remote")),
        lambda s: voting.put_motion(
            s,
            motion_id=MOTION,
            text="Шағым қанағаттандырылсын",
            project_id=C,
            recused=(),
            appeal=about or lodged().lodged_id,
        ),
    ]
    for person, vote in zip(given.voters(), votes, strict=True):
        steps.append(lambda s, p=person, v=vote: voting.cast_vote(s, MOTION, p, v))
    steps += [lambda s: voting.decide_motion(s, MOTION)] if decide else []
    for step in steps:
        for event in step(state):
            state = sitting.evolve(state, event)
    return state


# ── Lodging ──────────────────────────────────────────────────────────────────────────────────────


def test_an_appeal_is_lodged_in_time_and_once() -> None:
    (event,) = lodge(now=UNTIL)

    assert isinstance(event, AppealLodged)
    assert event.against == f"scoring/decision/{ROUND}:{published().outcomes[C]}"
    found = appeal.evolve(None, event)
    assert lodge(found) == lodge(found, now=UNTIL + timedelta(days=9)) == []
    with pytest.raises(Refused, match="appeal-exists"):
        lodge(found, text="Басқа себеп")


def test_an_appeal_that_is_late_or_against_nothing_is_refused() -> None:
    for changes in ({"now": UNTIL + timedelta(milliseconds=1)}, {"until": None}):
        with pytest.raises(Refused, match="appeals-closed"):
            lodge(**changes)
    with pytest.raises(Refused, match="nothing-to-appeal"):
        lodge(against=None)


def test_the_season_says_how_long_appeals_are_taken() -> None:
    season = definition()

    assert season.appeals_until(NOW) == UNTIL
    assert season.model_copy(update={"appeal_days": 1}).appeals_until(NOW) == NOW + timedelta(1)
    assert season.model_copy(update={"appeal_days": 0}).appeals_until(NOW) is None


# ── Resolving ────────────────────────────────────────────────────────────────────────────────────


def test_an_appeal_is_resolved_once_with_a_reason() -> None:
    (event,) = resolve(lodged(), "dismissed")

    assert isinstance(event, AppealResolved)
    found = appeal.evolve(lodged(), event)
    assert not found.upheld
    assert resolve(found, "dismissed") == []
    for changes in ({"reason": "Басқа"}, {"outcome": "upheld"}):
        with pytest.raises(Refused, match="already-resolved"):
            resolve(found, **({"outcome": "dismissed"} | changes))
    with pytest.raises(Refused, match="no-appeal"):
        resolve(None)


def test_an_appeal_follows_the_motion_of_its_sitting() -> None:
    carried, lost = held("for", "for", "against"), held("for", "against", "against")

    (event,) = resolve(lodged(), sitting=carried, motion_id=MOTION)
    assert isinstance(event, AppealResolved)
    assert (event.sitting_id, event.motion_id) == (carried.sitting_id, MOTION)
    assert resolve(lodged(), "dismissed", sitting=lost, motion_id=MOTION)
    for outcome, found in (("dismissed", carried), ("upheld", lost)):
        with pytest.raises(Refused, match="motion-otherwise"):
            resolve(lodged(), outcome, sitting=found, motion_id=MOTION)
    with pytest.raises(Refused, match="motion-open"):
        resolve(lodged(), sitting=held("for", "for", "for", decide=False), motion_id=MOTION)
    other = held("for", "for", "for", about=f"scoring/appeal/{ROUND}~{D}:1")
    with pytest.raises(Refused, match="other-motion"):
        resolve(lodged(), sitting=other, motion_id=MOTION)
    with pytest.raises(Refused, match="unknown-motion"):
        resolve(lodged(), sitting=carried, motion_id=given.id_of("another"))


def test_without_a_motion_an_appeal_is_upheld_only_by_the_sheets_it_voids() -> None:
    with pytest.raises(Refused, match="motion-needed"):
        resolve(lodged())
    voids = appeal.sheets_to_void(lodged(), evaluations()[2], [JUDGES[0]], 1)
    assert resolve(lodged(), voids=voids)
    with pytest.raises(Refused, match="dismissed-voids-nothing"):
        resolve(lodged(), "dismissed", voids=voids)


def test_an_appeal_voids_effective_sheets_and_leaves_enough_to_rank_by() -> None:
    with pytest.raises(Refused, match="no-sheet"):
        appeal.sheets_to_void(lodged(), evaluations()[2], [given.id_of("nobody")], 1)
    with pytest.raises(Refused, match="too-few-sheets"):
        appeal.sheets_to_void(lodged(), evaluations()[2], JUDGES[:2], 2)
    assert appeal.sheets_to_void(lodged(), None, (), 1) == ()


def test_a_repeat_names_the_same_sheets_although_they_are_void_by_then() -> None:
    found, changed, _ = upheld_by_a_sheet()
    assert found.resolved is not None

    assert appeal.sheets_to_void(found, changed[2], [JUDGES[0]], 1) == found.resolved.voids
    with pytest.raises(Refused, match="already-resolved"):
        appeal.sheets_to_void(found, changed[2], [JUDGES[1]], 1)


# ── Correcting ───────────────────────────────────────────────────────────────────────────────────


def upheld_by_a_sheet() -> tuple[Appeal, tuple[Evaluation, ...], Round]:
    """The low sheet on C is void, and the round is ranked anew: C is the best now."""
    voids = appeal.sheets_to_void(lodged(), evaluations()[2], [JUDGES[0]], 1)
    found = resolved(voids=voids)
    (event,) = sheets.void_on_appeal(
        evaluations()[2], score_event_id=voids[0], cause=found.resolved_id, reason="Қақтығыс"
    )
    assert isinstance(event, ScoreVoided)
    assert event.cause == found.resolved_id
    changed = tuple(
        evolution.evolve(one, event) if one.project_id == C else one for one in evaluations()
    )
    state = ranked()
    for said in round.correct_ranking(state, ranking(changed), changed):
        state = round.evolve(state, said)
    return found, changed, state


def correct(
    found: Appeal | None, on: Decision | None = None, state: Round | None = None, **changes: Any
) -> list[ScoringEvent]:
    arguments: dict[str, Any] = {
        "limit": 2,
        "project": given.project(C),
        "final_days": FINAL_DAYS,
        "next_closed": False,
    }
    return correction.correct_shortlist(
        on or published(), appeal=found, round_=state or ranked(), **(arguments | changes)
    )


def test_a_voided_sheet_is_ranked_anew_and_the_published_ranking_stays_to_be_seen() -> None:
    _, changed, state = upheld_by_a_sheet()

    assert state.ranking is not None
    assert state.ranking.corrects == ranked().ranking_event_id
    assert state.ranking.table[0].project_id == C
    assert state.as_published.ranking == ranked().ranking
    assert state.as_published.ranking_event_id == ranked().ranking_event_id
    assert round.correct_ranking(state, ranking(changed), changed) == []
    assert ranked().as_published == ranked()
    assert round.correct_ranking(ranked(), ranking(evaluations()), evaluations()) == []
    sealed = changed[2]
    assert (
        sheets.void_on_appeal(
            sealed, score_event_id=f"{sealed.origin}:4", cause="x", reason="Қақтығыс"
        )
        == []
    )


def test_an_upheld_appeal_adds_a_place_and_nobody_loses_one() -> None:
    found, _, state = upheld_by_a_sheet()
    corrected, told = correct(found, state=state)

    assert isinstance(corrected, DecisionCorrected)
    assert (corrected.corrects, corrected.cause, corrected.rank) == (
        f"scoring/decision/{ROUND}:1",
        found.resolved_id,
        1,
    )
    assert isinstance(told, ProjectShortlisted)
    assert told.corrects == f"scoring/decision/{ROUND}:{published().outcomes[C]}"
    after = published()
    for event in (corrected, told):
        after = decision.evolve(after, event)
    assert after.chosen == (A, B, C)
    assert after.recorded == published().recorded
    assert correct(found, after, state) == []


def test_below_the_line_a_place_takes_a_motion() -> None:
    voids = appeal.sheets_to_void(lodged(), evaluations()[2], [JUDGES[1]], 1)

    with pytest.raises(Refused, match="below-the-line"):
        correct(resolved(voids=voids))
    assert correct(resolved(sitting=held("for", "for", "for"), motion_id=MOTION))


def test_nothing_is_corrected_without_an_upheld_appeal_or_too_late() -> None:
    carried = resolved(sitting=held("for", "for", "for"), motion_id=MOTION)

    with pytest.raises(Refused, match="no-appeal"):
        correct(None)
    for found in (lodged(), resolved("dismissed")):
        with pytest.raises(Refused, match="not-upheld"):
            correct(found)
    with pytest.raises(Refused, match="too-late"):
        correct(carried, next_closed=True)
    with pytest.raises(Refused, match="project-not-eligible"):
        correct(carried, project=given.project(C, status="withdrawn"))
    pending = given.decided(ranked(), ON)
    with pytest.raises(Refused, match="not-published"):
        correct(carried, pending)


@given_any(st.sampled_from(PROJECTS), st.integers(1, 6))
def test_above_the_line_is_whoever_fewer_than_the_limit_are_better_than(
    project: str, limit: int
) -> None:
    table = ranked().ranking.table  # type: ignore[union-attr]
    rank = next(row.rank for row in table if row.project_id == project)

    above = correction.is_above_the_line(table, published().recorded, limit, project)

    assert above == (rank <= limit)


# ── Awards on appeal ─────────────────────────────────────────────────────────────────────────────


@cache
def announced() -> Awards:
    """A is awarded 600 of 1000; C was not."""
    found: Awards | None = None
    known = given.projects()
    for event in awards.confirm(
        None, season=FUNDS, decision=published(), project=known[A], amount_tiyn=600
    ):
        found = awards.evolve(found, event)
    said = awards.publish(
        found,
        season=FUNDS,
        round_id=ROUND,
        decision=published(),
        projects=known,
        appeals_until=UNTIL,
    )
    for event in said:
        found = awards.evolve(found, event)
    assert found is not None
    return found


def add(found: Awards | None, on: Appeal | None, amount: int, **changes: Any) -> list[ScoringEvent]:
    arguments: dict[str, Any] = {
        "season": FUNDS,
        "decision": published(),
        "round_": ranked(),
        "limit": 2,
        "project": given.project(C),
    }
    return correction.add_award(found, appeal=on, amount_tiyn=amount, **(arguments | changes))


def test_an_upheld_appeal_is_awarded_within_budget_and_funds() -> None:
    carried = resolved(sitting=held("for", "for", "for"), motion_id=MOTION)
    added, winner = add(announced(), carried, 400)

    assert isinstance(added, AwardAdded)
    assert added.cause == carried.resolved_id
    assert isinstance(winner, WinnerAnnounced)
    assert winner.corrects == f"scoring/awards/2020:{announced().outcomes[C]}"
    after = given.awarded(announced(), [added, winner])
    assert after is not None
    assert set(after.awards) == {A, C}
    assert add(after, carried, 400) == []
    with pytest.raises(Refused, match="already-awarded"):
        add(after, carried, 399)
    with pytest.raises(Refused, match="over-season-funds"):
        add(announced(), carried, 401)
    with pytest.raises(Refused, match="award-over-budget"):
        add(announced(), carried, 701)
    gone = given.awarded(after, awards.give_back(after, C, "Бас тартты"))
    with pytest.raises(Refused, match="declined-before"):
        add(gone, carried, 400)


def test_no_award_is_added_without_an_upheld_appeal_or_before_the_results() -> None:
    carried = resolved(sitting=held("for", "for", "for"), motion_id=MOTION)

    with pytest.raises(Refused, match="not-upheld"):
        add(announced(), resolved("dismissed"), 10)
    for found in (None, Awards(season_id=SEASON)):
        with pytest.raises(Refused, match="not-published"):
            add(found, carried, 10)


def test_a_replayed_log_comes_to_the_same() -> None:
    found, _, state = upheld_by_a_sheet()
    recorded = published().recorded
    said: list[ScoringEvent] = [recorded]
    said += decision.publish_shortlist(
        decision.evolve(None, recorded), ROUND, given.projects(), FINAL_DAYS, NOW, UNTIL
    )
    said += correct(found, state=state)

    again: Decision | None = None
    for event in said:
        again = decision.evolve(again, event)

    assert again is not None
    assert (again.corrected, again.said, again.outcomes) == ((C,), len(said), published().outcomes)
    assert correct(found, again, state) == []
