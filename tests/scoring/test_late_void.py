"""A sheet voided after the closing: too few may be left, and the ranking shows who moves."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.scoring import RankedProject, RankingComputed
from services.kit.refusal import Refused
from services.scoring.domain import conflict, round, sheets
from services.scoring.domain.evaluation import Evaluation
from services.scoring.domain.moves import moves
from services.scoring.domain.ranking import Candidate, compute_ranking
from services.scoring.domain.round import Round
from services.scoring.domain.shortfall import accept_few_sheets

from . import given
from .given import JUDGES, PROJECTS, ROUND

DUE = given.stage(minimum_sheets=2)
REASON = "Ауыстыратын адам жоқ"


def closed(points: Mapping[str, Sequence[str]]) -> list[Evaluation]:
    """Sealed evaluations with these points of the judges, one after the other."""
    found = []
    for id, values in points.items():
        one = given.assigned(id)
        for judge, value in zip(JUDGES, values, strict=False):
            one = given.scored(one, judge, idea=value, budget=value)
        found.append(given.after(one, sheets.seal(one)))
    return found


def conflicted(found: Evaluation, judge: str) -> Evaluation:
    """The evaluation after a conflict of a judge became known."""
    case = conflict.Case(given.SEASON, ROUND, found.project_id, judge)
    return given.after(found, conflict.declare(found, case, "family", "declared"))


def candidates(found: Sequence[Evaluation]) -> list[Candidate]:
    return [Candidate(evaluation=one, project=given.project(one.project_id)) for one in found]


def rank(state: Round, found: Sequence[Evaluation], reason: str | None = None) -> Round:
    """The round after it was ranked, as the secretary asks for it."""
    few = accept_few_sheets(state, DUE, candidates(found), reason)
    computed = compute_ranking(state.drawn, DUE, candidates(found), few)
    for event in round.record_ranking(state, computed):
        state = round.evolve(state, event)
    return state


def closed_round(found: Sequence[Evaluation]) -> Round:
    state = given.drawn(DUE, [one.project_id for one in found])
    for event in round.close(state, ROUND, found):
        state = round.evolve(state, event)
    return state


POINTS = {PROJECTS[0]: ("9", "5"), PROJECTS[1]: ("6", "6"), PROJECTS[2]: ("2", "2")}


def test_a_ranking_with_too_few_sheets_is_refused_until_a_reason_is_given() -> None:
    found = closed(POINTS)
    state = rank(closed_round(found), found)
    found[0] = conflicted(found[0], JUDGES[0])

    with pytest.raises(Refused, match="too-few-sheets") as refused:
        rank(state, found)
    assert PROJECTS[0] in refused.value.detail

    again = rank(state, found, REASON)
    assert again.ranking is not None
    assert again.ranking.few_sheets is not None
    assert again.ranking.few_sheets.projects == (PROJECTS[0],)
    assert rank(again, found) == again  # the reason was given before, for the same projects


def test_a_reason_for_some_projects_is_none_for_others() -> None:
    found = closed(POINTS)
    found[0] = conflicted(found[0], JUDGES[0])
    state = rank(closed_round(found), found, REASON)
    found[1] = conflicted(found[1], JUDGES[1])

    with pytest.raises(Refused, match="too-few-sheets"):
        rank(state, found)


def test_a_reason_is_on_record_only_where_it_is_needed() -> None:
    found = closed(POINTS)
    state = rank(closed_round(found), found, REASON)

    assert state.ranking is not None
    assert state.ranking.few_sheets is None


def test_few_sheets_change_nothing_in_the_table() -> None:
    found = closed(POINTS)
    found[0] = conflicted(found[0], JUDGES[0])
    plain = compute_ranking(given.drawn(DUE).drawn, DUE, candidates(found))

    state = rank(closed_round(found), found, REASON)
    assert isinstance(state.ranking, RankingComputed)
    assert state.ranking.table_hash == plain.table_hash
    assert [row.sheets for row in state.ranking.table] == [2, 1, 2]


def test_a_ranking_anew_shows_who_moves_against_the_one_before() -> None:
    found = closed(POINTS)
    first = rank(closed_round(found), found)
    assert first.before is None
    found[0] = conflicted(found[0], JUDGES[0])

    again = rank(first, found, REASON)
    assert again.before is not None
    assert again.ranking is not None
    assert again.event_id(again.before.sequence) == first.ranking_event_id
    told = moves(again.before.table, again.ranking.table, limit=1)
    assert [(one.project_id, one.from_rank, one.to_rank, one.crosses) for one in told] == [
        (PROJECTS[0], 1, 2, "out"),
        (PROJECTS[1], 2, 1, "in"),
    ]


def test_one_who_withdrew_moves_to_nowhere() -> None:
    rows = table(PROJECTS[:3])

    told = moves(rows, table(PROJECTS[1:3]), limit=1)
    assert [(one.project_id, one.to_rank, one.crosses) for one in told] == [
        (PROJECTS[0], None, "out"),
        (PROJECTS[1], 1, "in"),
        (PROJECTS[2], 2, None),
    ]


def table(ids: Sequence[str]) -> tuple[RankedProject, ...]:
    fields: dict[str, Any] = {"nomination": "environment", "total": "5", "sheets": 2}
    return tuple(
        RankedProject(rank=rank, project_id=id, **fields) for rank, id in enumerate(ids, 1)
    )


@given_any(st.permutations(PROJECTS), st.integers(1, 6), st.integers(0, 6))
def test_moves_are_what_takes_one_ranking_to_the_next(
    order: Sequence[str], limit: int, left: int
) -> None:
    before, now = table(PROJECTS), table(order[: len(order) - left])

    told = moves(before, now, limit)
    ranks = {row.project_id: row.rank for row in before} | {
        one.project_id: one.to_rank for one in told
    }
    assert {id: rank for id, rank in ranks.items() if rank is not None} == {
        row.project_id: row.rank for row in now
    }
    assert all(one.from_rank != one.to_rank for one in told)
    came = sum(1 for one in told if one.crosses == "in")
    went = sum(1 for one in told if one.crosses == "out")
    assert went - came == min(limit, len(before)) - min(limit, len(now))
