"""How firm a line is, and what other rules would choose: pure, seeded, and nothing is changed."""

from decimal import Decimal

import pytest

from services.kit.refusal import Refused
from services.scoring.domain.fragility import fragility
from services.scoring.domain.ranking import Candidate
from services.scoring.domain.scenario import Scenario, compare

from . import given
from .given import JUDGES, PROJECTS
from .test_ranking import sheets

SEED = "үлгі"


def field(*rows: tuple[str, ...]) -> list[Candidate]:
    """One row a project: what each judge gives it on both criteria."""
    return [
        Candidate(
            evaluation=sheets(id, *((points, points) for points in row)),
            project=given.project(id, requested=700),
        )
        for id, row in zip(PROJECTS, rows, strict=False)
    ]


FIRM = field(("9", "9", "9"), ("8", "8", "8"), ("2", "2", "2"), ("1", "1", "1"))
CLOSE = field(("9", "9", "9"), ("4", "6", "8"), ("5", "6", "7"), ("0", "8", "9.5"))
ONE_FRIEND = field(("9", "9", "9"), ("5", "5", "5"), ("4", "4", "10"), ("1", "1", "1"))
AT_TWO = given.stage(limit=2)


def test_firm_line_is_said_to_be_firm() -> None:
    report = fragility(SEED, AT_TWO, FIRM)

    assert [one.above_line for one in report.projects] == [Decimal(1), Decimal(1), 0, 0]
    assert all(one.told_apart_from_next for one in report.projects)
    assert all((one.low, one.high) == (one.rank, one.rank) for one in report.projects)
    assert [(one.comes_in, one.falls_out, one.moved) for one in report.judges] == [((), (), 0)] * 3


def test_neighbours_that_swap_are_not_told_apart() -> None:
    report = fragility(SEED, AT_TWO, CLOSE)
    first, second, *_ = report.projects

    assert first.told_apart_from_next
    assert not second.told_apart_from_next
    assert second.low <= second.rank <= second.high
    assert second.low < second.high
    assert 0 < second.above_line < 1


def test_leaving_a_judge_out_names_who_owes_the_place_to_this_judge() -> None:
    report = fragility(SEED, AT_TWO, ONE_FRIEND)
    by_judge = {one.judge_id: one for one in report.judges}

    friend = by_judge[JUDGES[2]]
    assert (friend.falls_out, friend.comes_in) == ((PROJECTS[2],), (PROJECTS[1],))
    assert friend.moved == 2
    assert by_judge[JUDGES[0]].falls_out == ()


def test_report_is_the_same_for_any_order_of_the_candidates() -> None:
    assert fragility(SEED, AT_TWO, CLOSE[::-1]) == fragility(SEED, AT_TWO, CLOSE)
    assert fragility("басқа", AT_TWO, CLOSE) != fragility(SEED, AT_TWO, CLOSE)


def chosen(*scenarios: Scenario) -> list[list[str]]:
    results = compare(scenarios, stage=AT_TWO, seed=SEED, candidates=ONE_FRIEND)
    return [[row.project_id for row in result.chosen] for result in results]


def test_scenarios_are_compared_with_the_round_s_own_rules() -> None:
    results = compare(
        [Scenario(name="median", aggregation="median")],
        stage=AT_TWO,
        seed=SEED,
        candidates=ONE_FRIEND,
    )

    assert [row.project_id for row in results[0].chosen] == [PROJECTS[0], PROJECTS[2]]
    assert (results[0].comes_in, results[0].falls_out) == ((), ())
    assert [row.project_id for row in results[1].chosen] == [PROJECTS[0], PROJECTS[1]]
    assert (results[1].comes_in, results[1].falls_out) == ((PROJECTS[1],), (PROJECTS[2],))


def test_scenario_may_change_limit_threshold_and_weights() -> None:
    wide = Scenario(name="wide", limit=3)
    high = Scenario(name="high", threshold=Decimal("8"))
    weights = Scenario(name="w", weights={"idea": Decimal("0.1"), "budget": Decimal("0.9")})

    assert [len(ids) for ids in chosen(wide, high, weights)] == [2, 3, 1, 2]


def test_scenario_with_funds_goes_on_to_whom_they_suffice() -> None:
    funds = Scenario(name="funds", funds_tiyn={"environment": 1500})

    results = compare([funds], stage=AT_TWO, seed=SEED, candidates=ONE_FRIEND)

    assert [row.amount_tiyn for row in results[1].chosen] == [700, 700]
    assert results[1].funds_left_tiyn == {"environment": 100}


@pytest.mark.parametrize(
    "weights",
    [{"idea": "1.0"}, {"idea": "0.5", "budget": "0.4"}, {"idea": "1.2", "budget": "0"}],
)
def test_scenario_with_wrong_weights_is_refused(weights: dict[str, str]) -> None:
    given_weights = {id: Decimal(weight) for id, weight in weights.items()}

    with pytest.raises(Refused) as refused:
        chosen(Scenario(name="wrong", weights=given_weights))

    assert refused.value.rule == "scenario-invalid"
