"""The laws of a budget, for any lines: sums are exact, and what breaks a law names its line."""

from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.submission import BudgetLine, ProjectSubmitted
from services.kit.refusal import Refused

from . import given

CAP = given.definition().requested_cap_tiyn


@st.composite
def right_lines(draw: st.DrawFn) -> BudgetLine:
    """A line whose sums are right, whatever its size."""
    quantity = draw(st.integers(1, 1_000_000))
    price = draw(st.integers(0, 10**15 // quantity))
    requested = draw(st.integers(0, quantity * price))
    own = quantity * price - requested
    return given.line(requested, own, quantity, unit_price_tiyn=price)


budgets = st.lists(right_lines(), min_size=1, max_size=12)


@given_any(budgets)
def test_totals_are_the_exact_sums_or_the_budget_is_refused(lines: list[BudgetLine]) -> None:
    requested = sum(line.requested_tiyn for line in lines)
    total = sum(line.requested_tiyn + line.own_tiyn for line in lines)
    if requested > CAP or total > 10**15:
        with pytest.raises(Refused) as refused:
            given.saved(budget_lines=tuple(lines))
        assert {fault.where for fault in refused.value.faults} == {"budget_lines"}
        return
    (event,) = given.submit(given.saved(budget_lines=tuple(lines)))
    assert isinstance(event, ProjectSubmitted)
    budget = event.content.budget
    assert (budget.total_tiyn, budget.requested_tiyn) == (total, requested)
    assert budget.total_tiyn == sum(line.quantity * line.unit_price_tiyn for line in budget.lines)
    assert budget.requested_tiyn <= CAP


@given_any(budgets, st.data())
def test_a_line_whose_sums_do_not_agree_is_named(lines: list[BudgetLine], data: Any) -> None:
    index = data.draw(st.integers(0, len(lines) - 1))
    off = data.draw(st.integers(1, 10**15 - lines[index].own_tiyn))
    lines[index] = lines[index].model_copy(update={"own_tiyn": lines[index].own_tiyn + off})

    with pytest.raises(Refused) as refused:
        given.saved(budget_lines=tuple(lines))

    assert f"budget_lines.{index}" in [fault.where for fault in refused.value.faults]


@given_any(st.lists(st.integers(0, CAP // 2), min_size=1, max_size=6))
def test_the_cap_is_on_the_sum_of_what_is_requested(requested: list[int]) -> None:
    lines = tuple(given.line(amount, own=7) for amount in requested)

    if sum(requested) <= CAP:
        assert given.saved(budget_lines=lines).draft.budget_lines == lines
        return
    with pytest.raises(Refused, match="the cap is"):
        given.saved(budget_lines=lines)


def test_exactly_the_cap_may_be_requested() -> None:
    assert given.submit(given.saved(budget_lines=(given.line(CAP),)))
    with pytest.raises(Refused, match="the cap is"):
        given.saved(budget_lines=(given.line(CAP), given.line(1)))
