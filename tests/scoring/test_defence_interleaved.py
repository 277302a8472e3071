"""Budgets revised and awards confirmed by two replicas, with lost replies and crashes between."""

from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st
from pymongo.errors import PyMongoError

from schemas.scoring import AwardConfirmed, BudgetRevised
from services.kit.aggregate import Decision
from services.kit.refusal import Refused
from services.kit.store import Store
from services.scoring.domain.awards import Awards
from tests.kit.laws.pair import TURNS, a_pair

from . import given
from .test_awards import confirm
from .test_awards_interleaved import CONTEXT, NOW, replica, said
from .test_defence import project, revise

ERRANDS = st.lists(
    st.tuples(
        st.sampled_from(["revise", "confirm"]), st.integers(1, 400), st.integers(0, 1), TURNS
    ),
    min_size=2,
    max_size=8,
)


def errand(
    kind: str, amount: int, number: int
) -> Callable[[Store[Awards]], Coroutine[Any, Any, None]]:
    """Cut the first line down to this, or confirm that much and what the second line asks for."""

    async def execute(found: Store[Awards]) -> None:
        def decide(state: Awards | None) -> Decision[Awards]:
            if kind == "confirm":
                return Decision(confirm(state, project(), amount + 300))
            return Decision(revise(state, {1: amount}, given.id_of("revision", number)))

        try:
            await found.execute(given.SEASON, decide, CONTEXT, now=NOW)
        except (Refused, PyMongoError, LookupError):
            return

    return execute


@settings(max_examples=150)
@given_any(ERRANDS)
def test_award_is_never_above_the_budget_by_however_many_replicas(
    errands: list[tuple[str, int, int, list[Any]]],
) -> None:
    with a_pair(replica) as office:
        for number, (kind, amount, by, turns) in enumerate(errands):
            office.ask(by, errand(kind, amount, number))
            for turn in turns:
                office.take(turn)
        office.finish()

        award, budget = 0, 700
        for _, event in said(office):
            if isinstance(event, BudgetRevised):
                budget = event.requested_tiyn
            elif isinstance(event, AwardConfirmed):
                award = event.amount_tiyn
            assert award <= budget
