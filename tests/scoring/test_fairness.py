"""Fairness telemetry: severity, drift, order, gaps, share done, and nothing of a single sheet."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.scoring import ScoreRecorded
from services.scoring.domain import evolution
from services.scoring.domain.evaluation import Evaluation
from services.scoring.domain.fairness import Fairness, fairness
from services.scoring.domain.ranking import Candidate
from services.scoring.telemetry import coarse, widest

from . import given
from .given import JUDGES, ROUND, SUBMITTED, id_of
from .test_ranking import HALVES

MANY = tuple(sorted(id_of("project", n) for n in range(24)))
STRICT, PLAIN, KIND = JUDGES
Row = tuple[str | None, str | None, str | None]
"""The points of each judge on both criteria; None is no sheet."""


def handed_in(found: Evaluation, judge: str, points: str, at: datetime) -> Evaluation:
    """The evaluation with a sheet that was handed in at this moment."""
    said = given.record(found, judge, idea=points, budget=points)
    return evolution.evolve_all(found, [(event, at) for event in said])


def field(rows: Sequence[Row], **changes: Sequence[str]) -> list[Candidate]:
    """A project for each row, scored in this order; changes are of their contents."""
    candidates = []
    for number, (id, row) in enumerate(zip(MANY, rows, strict=False)):
        found = given.assigned(id)
        for judge, points in zip(JUDGES, row, strict=True):
            if points is not None:
                found = handed_in(found, judge, points, SUBMITTED + timedelta(hours=number))
        known = given.project(id)
        own: dict[str, Any] = {name: values[number] for name, values in changes.items()}
        content = known.content.model_copy(update=own)
        project = known.model_copy(update={"content": content})
        candidates.append(Candidate(evaluation=found, project=project))
    return candidates


def look(candidates: Sequence[Candidate]) -> Fairness:
    return fairness(ROUND, given.stage(), candidates)


def by_judge(found: Fairness) -> Mapping[str, Any]:
    return {one.judge_id: one for one in found.judges}


# ── Judges ───────────────────────────────────────────────────────────────────────────────────────


def test_severity_is_the_mean_difference_to_the_others() -> None:
    found = by_judge(look(field([("4", "6", "8")] * 3)))

    assert [found[judge].severity for judge in JUDGES] == [Decimal(-3), Decimal(0), Decimal(3)]
    assert [found[judge].drift for judge in JUDGES] == [None] * 3


def test_share_done_counts_sheets_of_judges_who_are_to_score() -> None:
    found = look(field([("5", "5", None), ("5", None, None)]))

    assert (found.due, found.done, found.share_done) == (6, 3, Decimal("0.500000"))
    assert [(one.due, one.done) for one in found.judges] == [(2, 2), (2, 1), (2, 0)]


def test_judge_who_becomes_milder_drifts_and_stands_out() -> None:
    rows: Sequence[Row] = [*[("4", "6", "6")] * 4, *[("8", "6", "6")] * 4]
    found = by_judge(look(field(rows)))

    assert (found[STRICT].drift, found[STRICT].stands_out) == (Decimal(4), True)
    assert found[PLAIN].drift == found[KIND].drift == Decimal(-2)


def test_drift_within_the_noise_does_not_stand_out() -> None:
    rows: Sequence[Row] = [
        (points, "6", "6") for points in ("4", "8", "5", "7", "4", "8", "5", "7.5")
    ]
    found = by_judge(look(field(rows)))

    assert found[STRICT].drift == Decimal("0.125")
    assert not found[STRICT].stands_out


def test_voided_sheet_and_one_of_a_lone_judge_compare_with_nobody() -> None:
    lone = field([("9", None, None)] * 4)
    assert by_judge(look(lone))[STRICT].severity is None
    (one,) = field([("9", "1", None)])
    without = one.model_copy(update={"evaluation": given.void(one.evaluation, PLAIN)})
    assert by_judge(look([without]))[STRICT].compared == 0


# ── Order and gaps ───────────────────────────────────────────────────────────────────────────────


def test_order_effect_is_the_slope_from_the_first_project_to_the_last() -> None:
    rising = [(f"{2 + number / 2:.1f}", "5", None) for number in range(13)]
    found = look(field(rising))

    assert found.ordered == 26
    # The one rises by 6 against the other, who falls by 6 against the first: together nothing.
    assert found.order_effect == 0
    assert by_judge(found)[STRICT].drift == -by_judge(found)[PLAIN].drift


def test_order_effect_of_judges_who_all_grow_milder_shows() -> None:
    """Half of the projects come first for one judge and last for the other."""
    candidates = []
    for number, id in enumerate(MANY[:12]):
        found = given.assigned(id)
        for judge, place in ((STRICT, number), (PLAIN, (number + 6) % 12)):
            points = f"{Decimal(place) / 2:.1f}"
            found = handed_in(found, judge, points, SUBMITTED + timedelta(hours=place))
        candidates.append(Candidate(evaluation=found, project=given.project(id)))

    effect = look(candidates).order_effect
    assert effect is not None
    assert effect > 2


def test_gaps_compare_settlements_and_languages() -> None:
    kinds = ["city"] * 3 + ["village"] * 3
    rows: Sequence[Row] = [*[("7", "8", "9")] * 3, *[("4", "5", "6")] * 3]
    found = look(field(rows, settlement_kind=kinds, language=["kk", "ru"] * 3))

    assert found.city_less_village == Decimal(3)
    assert [
        (one.name, one.mean, one.against_rest, one.stands_out) for one in found.settlements
    ] == [
        ("city", Decimal(8), Decimal(3), True),
        ("village", Decimal(5), Decimal(-3), True),
    ]
    assert [(one.name, one.projects, one.against_rest) for one in found.languages] == [
        ("kk", 3, Decimal(1)),
        ("ru", 3, Decimal(-1)),
    ]
    assert not any(one.stands_out for one in found.languages)


@pytest.mark.parametrize("projects", [0, 1, 2])
def test_what_rests_on_too_few_is_left_out(projects: int) -> None:
    found = look(field([("1", "5", "9")] * projects))

    assert [one.severity for one in found.judges] == [None] * (3 if projects else 0)
    assert [one.mean for one in (*found.settlements, *found.languages)] == [None] * (
        2 if projects else 0
    )
    assert (found.order_effect, found.city_less_village) == (None, None)


# ── Laws ─────────────────────────────────────────────────────────────────────────────────────────

POINTS = st.one_of(st.none(), HALVES)
ROWS = st.lists(st.tuples(POINTS, POINTS, POINTS), max_size=10)


@given_any(ROWS, st.data())
def test_telemetry_is_the_same_for_any_order_of_the_projects(
    rows: list[Row], data: st.DataObject
) -> None:
    candidates = field(rows)

    assert look(data.draw(st.permutations(candidates))) == look(candidates)


@given_any(st.lists(st.tuples(HALVES, HALVES, HALVES), min_size=3, max_size=10))
def test_severities_of_judges_who_score_everything_add_up_to_nothing(rows: list[Row]) -> None:
    judges = look(field(rows)).judges
    severities = [one.severity for one in judges if one.severity is not None]

    assert len(severities) == len(JUDGES)
    assert abs(sum(severities, Decimal(0))) <= Decimal("0.000003")  # each is rounded to 6 decimals


@given_any(ROWS)
def test_nobody_but_the_counts_is_in_it_while_few_have_scored(rows: list[Row]) -> None:
    found = look(field(rows))

    for judge in found.judges:
        assert judge.compared >= 3 or (judge.severity, judge.drift) == (None, None)
    for group in (*found.settlements, *found.languages):
        assert group.projects >= 3 or (group.mean, group.against_rest) == (None, None)


# ── Figures ──────────────────────────────────────────────────────────────────────────────────────


@given_any(st.integers(-(10**7), 10**7))
def test_figures_are_to_half_points(millionths: int) -> None:
    value = Decimal(millionths) / 10**6
    found = coarse(value)

    assert found is not None
    assert abs(Fraction(found) - Fraction(value)) <= Fraction(1, 4)
    assert Fraction(found) * 2 == int(found * 2)


def test_widest_gap_is_the_largest_either_way() -> None:
    rows: Sequence[Row] = [*[("7", "8", "9")] * 3, *[("4", "5", "6")] * 3]
    found = look(field(rows, language=["kk"] * 3 + ["ru"] * 3))

    assert widest(found.languages) == Decimal(3)
    assert widest(look([]).languages) is None
    assert coarse(None) is None


def test_moment_of_a_sheet_is_that_of_its_event_and_no_ranking_depends_on_it() -> None:
    (one,) = field([("5", "6", None)])
    found = one.evaluation

    assert [sheet.at for sheet in found.sheets] == [SUBMITTED, SUBMITTED]
    assert all(isinstance(event, ScoreRecorded) for _, _, _, event in found.score_events())
    unmarked = given.scored(given.scored(given.assigned(found.project_id), STRICT, idea="5",
                                         budget="5"), PLAIN, idea="6", budget="6")  # fmt: skip
    assert unmarked.score_events() == found.score_events()
