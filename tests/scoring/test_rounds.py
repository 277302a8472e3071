"""Closing and ranking a round, without I/O."""

import pytest

from schemas.scoring import RankingComputed, RoundClosed
from services.kit.refusal import Refused
from services.scoring.domain import round, sheets
from services.scoring.domain.conflict import Case, declare
from services.scoring.domain.ranking import Candidate, compute_ranking

from . import given

TOTALS = {id: f"{n}.5" for n, id in enumerate(given.PROJECTS)}


def test_close_says_the_last_sequence_of_each_evaluation() -> None:
    state, sealed = given.drawn(), given.sealed_evaluations(TOTALS)
    (event,) = round.close(state, given.ROUND, sealed)

    assert isinstance(event, RoundClosed)
    assert event.cut == {one.origin: 5 for one in sealed}  # 3 judges, 1 sheet, 1 seal
    assert list(event.cut) == sorted(event.cut)
    closed = round.evolve(state, event)
    assert closed.cut == event.cut
    assert round.close(closed, given.ROUND, sealed) == []


def test_close_comes_after_the_seals() -> None:
    with pytest.raises(ValueError, match="after its evaluations are sealed"):
        round.close(given.drawn(), given.ROUND, [given.assigned()])


def test_a_round_that_is_not_drawn_is_unknown() -> None:
    for step in (
        lambda: round.close(None, given.ROUND, []),
        lambda: round.require_finished_draw(None, given.ROUND, []),
        lambda: round.record_ranking(None, ranking()),
    ):
        with pytest.raises(Refused, match="unknown-round"):
            step()


def test_a_round_is_not_closed_while_a_drawn_project_has_no_judges() -> None:
    some = [given.assigned(id) for id in given.PROJECTS[:-1]]

    with pytest.raises(Refused, match="draw-unfinished"):
        round.require_finished_draw(given.drawn(), given.ROUND, some)
    round.require_finished_draw(
        given.drawn(), given.ROUND, [*some, given.assigned(given.PROJECTS[-1])]
    )


def test_a_round_is_not_closed_with_too_few_sheets() -> None:
    definition = given.stage(minimum_sheets=2)
    one = given.scored(given.assigned(), idea="5", budget="5")
    two = given.scored(one, given.JUDGES[1], idea="5", budget="5")

    for short in (given.assigned(), one, given.scored(one, idea="6", budget="6"), given.void(two)):
        with pytest.raises(Refused, match=given.PROJECT):
            round.require_sheets(definition, [short])
    round.require_sheets(definition, [two])


def test_what_is_sealed_already_does_not_hold_up_a_closing_begun_before() -> None:
    short = given.assigned()

    round.require_sheets(given.stage(), [given.after(short, sheets.seal(short))])


def ranking(totals: dict[str, str] | None = None) -> RankingComputed:
    totals = totals or TOTALS
    return compute_ranking(
        given.drawn().drawn,
        given.stage(),
        [
            Candidate(evaluation=one, project=given.project(one.project_id))
            for one in given.sealed_evaluations(totals)
        ],
    )


def test_only_a_closed_round_is_ranked() -> None:
    with pytest.raises(Refused, match="round-open"):
        round.record_ranking(given.drawn(), ranking())


def test_record_ranking_says_nothing_when_repeated() -> None:
    state = given.ranked(TOTALS)

    assert state.ranking == ranking()
    assert state.ranking_event_id == f"scoring/round/{given.ROUND}:3"
    assert round.record_ranking(state, ranking()) == []


def test_a_ranking_can_be_renewed_until_its_results_are_published() -> None:
    state = given.ranked(TOTALS)
    fewer = ranking({id: TOTALS[id] for id in given.PROJECTS[1:]})

    (event,) = round.record_ranking(state, fewer)
    assert round.evolve(state, event).ranking_event_id == f"scoring/round/{given.ROUND}:4"
    with pytest.raises(Refused, match="already-published"):
        round.record_ranking(state, fewer, published=True)
    assert round.record_ranking(state, ranking(), published=True) == []


def test_a_ranking_is_outdated_once_a_sheet_of_it_is_voided() -> None:
    found = given.sealed_evaluations(TOTALS)
    ranked = given.ranked(TOTALS)
    one = found[0]
    case = Case(given.SEASON, given.ROUND, one.project_id, one.sheets[0].judge_id)
    late = given.after(one, declare(one, case, "organisation", "declared"))

    round.require_current(ranked, found)
    with pytest.raises(Refused, match="ranking-outdated"):
        round.require_current(ranked, [late, *found[1:]])


def test_a_ranking_is_not_outdated_by_a_conflict_of_one_who_did_not_score() -> None:
    found = given.sealed_evaluations(TOTALS)
    one = found[0]
    case = Case(given.SEASON, given.ROUND, one.project_id, given.id_of("another judge"))

    round.require_current(
        given.ranked(TOTALS), [given.after(one, declare(one, case, "family", "declared"))]
    )
