"""Awards given by two replicas at once, at any pace, with lost replies and crashes between."""

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st
from pymongo.errors import PyMongoError

from schemas.registry import EVENTS
from schemas.scoring import (
    AwardAdded,
    AwardConfirmed,
    AwardDeclined,
    ResultsPublished,
    ScoringEvent,
)
from services.kit.aggregate import Decide, Decision, Result
from services.kit.envelope import Context
from services.kit.refusal import Refused
from services.kit.store import Store
from services.scoring.domain import awards, reserve
from services.scoring.domain.awards import Awards
from services.scoring.domain.decision import Decision as Decided
from services.scoring.store import AWARDS
from tests.kit.laws.pair import TURNS, Pair, a_pair
from tests.kit.laws.table import Table

from . import given
from .given import PROJECTS

NOW = datetime(2026, 7, 1, tzinfo=UTC)
CONTEXT = Context("secretary/aigul", "api", "correlation-1")
ON = given.stage(limit=len(PROJECTS) - 2, reserve=2, tie_break=())
FUNDS = given.season(1000, environment=700, social_entrepreneurship=500)
NOMINATIONS = {
    id: "environment" if n % 2 else "social-entrepreneurship" for n, id in enumerate(PROJECTS)
}
Errand = Callable[[Store[Awards]], Coroutine[Any, Any, None]]
Wish = tuple[str, str, int]
"""What the secretary does: confirm, withdraw, publish or promote; whose award; how much."""
WISHES = st.lists(
    st.tuples(
        st.tuples(
            st.sampled_from(["confirm", "confirm", "confirm", "withdraw", "publish", "promote"]),
            st.sampled_from(PROJECTS),
            st.integers(1, 400),
        ),
        st.integers(0, 1),
        TURNS,
    ),
    min_size=2,
    max_size=12,
)
"""What the secretary does, by which replica; and what happens then."""


@cache
def decided() -> Decided:
    """All the projects but two are chosen, and these are in reserve."""
    ranked = given.ranked({id: f"{9 - n}" for n, id in enumerate(PROJECTS)}, ON)
    return given.decided(ranked, ON, reserve=2)


def decide(wish: Wish) -> Decide[Awards]:
    kind, project_id, amount = wish
    projects = {id: given.project(id, nomination=part) for id, part in NOMINATIONS.items()}
    if kind == "withdraw":
        return lambda found: Decision(awards.decline(found, project_id, awards.WITHDRAWN))
    common: dict[str, Any] = {"season": FUNDS, "decision": decided()}
    if kind == "publish":
        common |= {"round_id": "2020-final", "projects": projects}
        return lambda found: Decision(awards.publish(found, **common))
    if kind == "promote":
        return lambda found: Decision(promote(found, projects, amount))
    common |= {"project": projects[project_id], "amount_tiyn": amount}
    return lambda found: Decision(awards.confirm(found, **common))


def promote(found: Awards | None, projects: Any, amount: int) -> list[ScoringEvent]:
    """Whoever is next comes in the place of the first award that fell away."""
    state = reserve.require_published(found)
    free = [id for id, place in state.vacancies.items() if place.taken_by is None]
    if not free:
        return []
    place = state.vacancies[free[0]]
    due = reserve.next_up(state, FUNDS, decided(), projects, place)
    return reserve.promote(
        state,
        season=FUNDS,
        round_id="2020-final",
        decision=decided(),
        projects=projects,
        project_id=due or free[0],
        in_place_of=free[0],
        amount_tiyn=amount,
    )


def replica(database: Any) -> Store[Awards]:
    return Store(database["awards"], AWARDS)


def carry_out(wish: Wish, answers: list[Result[Awards]]) -> Errand:
    """What a replica does for the secretary, whether or not she hears of it."""

    async def execute(found: Store[Awards]) -> None:
        try:
            answers.append(await found.execute(given.SEASON, decide(wish), CONTEXT, now=NOW))
        except (Refused, PyMongoError, LookupError):
            return

    return execute


def said(office: Pair[Store[Awards]]) -> list[tuple[str, Any]]:
    """(ce_id, event) of everything that was written."""
    return [
        (item["id"], EVENTS[dict(item["headers"])["ce_type"]].model_validate_json(item["body"]))
        for row in office.rows("awards")
        for item in row["outbox"]
    ]


def hold_the_funds(
    said: Sequence[tuple[str, Any]],
) -> dict[str, AwardConfirmed | AwardAdded]:
    """At no moment is more awarded than there is; says what is awarded at the end."""
    standing: dict[str, AwardConfirmed | AwardAdded] = {}
    taken: set[str] = set()
    for _, event in said:
        if isinstance(event, AwardAdded):
            assert event.cause not in taken
            taken.add(event.cause)
        if isinstance(event, AwardConfirmed | AwardAdded):
            standing[event.project_id] = event
        elif isinstance(event, AwardDeclined):
            assert standing.pop(event.project_id).amount_tiyn == event.amount_tiyn
        by_part = Counter[str]()
        for award in standing.values():
            by_part[award.nomination] += award.amount_tiyn
        assert by_part.total() <= FUNDS.funds_tiyn
        assert all(by_part[part.id] <= part.funds_tiyn for part in FUNDS.nominations)
    return standing


@settings(max_examples=200)
@given_any(WISHES)
def test_awards_of_two_replicas_are_within_the_funds_at_every_moment(
    wishes: list[tuple[Wish, int, list[Any]]],
) -> None:
    answers: list[Result[Awards]] = []
    with a_pair(replica) as office:
        for wish, by, turns in wishes:
            office.ask(by, carry_out(wish, answers))
            for turn in turns:
                office.take(turn)
                hold_the_funds(said(office))
        office.finish()
        standing = hold_the_funds(said(office))
        ids = [id for id, _ in said(office)]
        assert ids == [f"scoring/awards/{given.SEASON}:{n}" for n in range(1, len(ids) + 1)]
        assert {id for answer in answers for id in answer.event_ids} <= {*ids}
        for row in office.rows("awards"):
            kept = Awards.model_validate(row["state"]).awards
            amounts = {id: award.amount_tiyn for id, award in kept.items()}
            assert amounts == {id: award.amount_tiyn for id, award in standing.items()}
        kinds = [type(event) for _, event in said(office)]
        assert kinds.count(ResultsPublished) <= 1
        if ResultsPublished in kinds:
            assert AwardConfirmed not in kinds[kinds.index(ResultsPublished) :]


def test_without_the_version_awards_would_exceed_the_funds() -> None:
    """The law can fail: two replicas that decide on what both read first award too much."""

    class Unconditional(Table):
        def update(self, query: Any, update: Any, **how: Any) -> dict[str, Any]:
            return super().update({"_id": query["_id"]}, update, **how)

    first, second = PROJECTS[1], PROJECTS[3]
    with a_pair(replica) as office:
        office.ask(0, carry_out(("confirm", first, 100), []))
        office.finish()
        office.tables["awards"].__class__ = Unconditional
        office.ask(0, carry_out(("confirm", first, 200), []))
        office.ask(1, carry_out(("confirm", second, 600), []))
        office.finish()
        with pytest.raises(AssertionError):
            hold_the_funds(said(office))
