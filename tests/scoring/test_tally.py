"""Totals in columns: equal to the same sums written plainly, whatever the size of the numbers."""

from fractions import Fraction
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.season import Aggregation, Normalisation
from services.scoring.domain import tally
from services.scoring.domain.normalisation import scales
from services.scoring.domain.tally import PLACES, Scale, columns, scaled, totals

PROJECTS, JUDGES = 4, 3
Sheet = tuple[int, int, Fraction]

POINTS = st.fractions(min_value=0, max_value=1000, max_denominator=10**6) | st.integers(0, 20).map(
    lambda halves: Fraction(halves, 2)
)
SHEETS = st.lists(
    st.tuples(st.integers(0, PROJECTS - 1), st.integers(0, JUDGES - 1), POINTS), max_size=12
)
HOW: st.SearchStrategy[Aggregation] = st.sampled_from(("mean", "median", "trimmed-mean"))


def plain(sheets: list[Sheet], project: int, how: Aggregation) -> Fraction:
    values = sorted(value for about, _, value in sheets if about == project)
    if not values:
        return Fraction(0)
    if how == "median":
        return Fraction(median(values))
    if how == "trimmed-mean" and len(values) >= 3:
        values = values[1:-1]
    return sum(values, Fraction(0)) / len(values)


@given(SHEETS, HOW)
def test_totals_are_what_plain_arithmetic_gives(sheets: list[Sheet], how: Aggregation) -> None:
    found = totals(columns(sheets, PROJECTS, JUDGES), how)

    assert [found.exact(n) for n in range(PROJECTS)] == [
        plain(sheets, n, how) for n in range(PROJECTS)
    ]


@given(SHEETS, HOW)
def test_order_is_by_exact_total_then_by_project(sheets: list[Sheet], how: Aggregation) -> None:
    found = totals(columns(sheets, PROJECTS, JUDGES), how)

    assert found.order() == sorted(range(PROJECTS), key=lambda n: (-plain(sheets, n, how), n))


@given(SHEETS, st.lists(st.integers(-PLACES, 5 * PLACES), min_size=JUDGES, max_size=JUDGES))
def test_scaled_sheets_are_exact(sheets: list[Sheet], factors: list[int]) -> None:
    scale = [Scale(factor, -factor // 3) for factor in factors]
    made = scaled(columns(sheets, PROJECTS, JUDGES), scale)

    assert [Fraction(int(value), made.unit) for value in made.values] == [
        Fraction(scale[judge].scale, PLACES) * value + Fraction(scale[judge].offset, PLACES)
        for _, judge, value in sheets
    ]


@given(SHEETS, HOW)
def test_totals_are_equal_when_64_bits_do_not_suffice(
    sheets: list[Sheet], how: Aggregation
) -> None:
    wide = totals(columns(sheets, PROJECTS, JUDGES), how)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally, "LARGEST", 1)
        narrow = totals(columns(sheets, PROJECTS, JUDGES), how)

        assert narrow.order() == wide.order()
        assert [narrow.exact(n) for n in range(PROJECTS)] == [
            wide.exact(n) for n in range(PROJECTS)
        ]


def rule(method: str, **changes: object) -> Normalisation:
    return Normalisation.model_validate({"method": method} | changes)


def deep(*rows: tuple[str, ...]) -> list[Sheet]:
    """One row a judge: the points given to each project, `-` for none."""
    return [
        (project, judge, Fraction(points))
        for judge, row in enumerate(rows)
        for project, points in enumerate(row)
        if points != "-"
    ]


@given(SHEETS, st.sampled_from(("z-score", "judge-effect")), st.randoms())
def test_normalisation_is_the_same_for_any_order_of_the_sheets(
    sheets: list[Sheet], method: str, dice: object
) -> None:
    shuffled = list(sheets)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]

    assert scales(columns(shuffled, PROJECTS, JUDGES), rule(method)) == scales(
        columns(sheets, PROJECTS, JUDGES), rule(method)
    )


def test_z_score_takes_judges_to_the_round_s_mean_and_spread() -> None:
    strict, mild = ("1", "2", "3", "4"), ("7", "8", "9", "10")

    found = scales(columns(deep(strict, mild), 4, 2), rule("z-score"))

    # Over all: mean 5.5, variance (1.25 + 9); each judge's own variance is 1.25.
    scale = Fraction(found[0].scale, PLACES)
    assert found[0].scale == found[1].scale
    assert abs(scale * scale - Fraction(41, 5)) < Fraction(1, 10**11)
    for one, mean in zip(found, (Fraction(5, 2), Fraction(17, 2)), strict=True):
        assert abs(scale * mean + Fraction(one.offset, PLACES) - Fraction(11, 2)) <= Fraction(
            1, PLACES
        )


def test_z_score_of_a_judge_who_tells_nothing_apart_is_the_round_s_mean() -> None:
    sheets = columns(deep(("6", "6", "6"), ("1", "2", "3")), 3, 2)

    assert scales(sheets, rule("z-score"))[0] == Scale(0, 4 * PLACES)


def test_judge_with_few_sheets_is_taken_as_he_is() -> None:
    sheets = columns(deep(("1", "2", "-", "-"), ("5", "6", "7", "9")), 4, 2)

    for method in ("z-score", "judge-effect"):
        assert scales(sheets, rule(method, minimum_sheets=3))[0] == Scale()


def test_judge_effect_takes_away_severity_and_leaves_the_order_of_a_full_design() -> None:
    strict, mild = ("1", "2", "3", "4"), ("5", "6", "7", "8")
    found = scales(columns(deep(strict, mild), 4, 2), rule("judge-effect", shrinkage="0"))

    # Without shrinkage the effects are the judges' distances from the mean: -2 and +2.
    assert [abs(one.offset) for one in found] == [2 * PLACES, 2 * PLACES]
    assert found[0].offset > 0 > found[1].offset


def test_judge_effect_shrinks_towards_none() -> None:
    strict, mild = ("1", "2", "3", "4"), ("5", "6", "7", "8")
    sheets = columns(deep(strict, mild), 4, 2)

    offsets = [
        scales(sheets, rule("judge-effect", shrinkage=shrinkage))[0].offset
        for shrinkage in ("0", "1", "4", "100")
    ]

    assert offsets == sorted(offsets, reverse=True)
    # With n = 4 and shrinkage 4, b = 4 / (4 + 4) x the distance of 2.
    assert abs(offsets[2] - PLACES) <= PLACES // 10**5
