"""Awards confirmed by two replicas at once, at any pace, with lost replies and crashes between."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st
from pymongo.errors import PyMongoError

from schemas.registry import EVENTS
from schemas.scoring import AwardConfirmed, AwardDeclined, ResultsPublished
from services.kit import store as kit_store
from services.kit.aggregate import Decide, Decision, Result
from services.kit.envelope import Context
from services.kit.refusal import Refused
from services.kit.store import Store
from services.scoring.domain import awards
from services.scoring.domain.awards import Awards
from services.scoring.domain.decision import Decision as Decided
from services.scoring.store import AWARDS
from tests.kit.laws.loop import Process, SteppedLoop
from tests.kit.laws.table import FakeDatabase, Table
from tests.kit.laws.wire import Fate, Wire

from . import given
from .given import PROJECTS

NOW = datetime(2026, 7, 1, tzinfo=UTC)
CONTEXT = Context("secretary/aigul", "api", "correlation-1")
ON = given.stage(limit=len(PROJECTS), tie_break=())
FUNDS = given.season(1000, environment=700, social_entrepreneurship=500)
NOMINATIONS = {
    id: "environment" if n % 2 else "social-entrepreneurship" for n, id in enumerate(PROJECTS)
}
FATES = (*[Fate.ARRIVES] * 12, *Fate, None)
"""What may become of a request; None kills its sender."""

Wish = tuple[str, str, int]
"""What the secretary does: confirm, withdraw or publish; whose award; how much."""
WISHES = st.lists(
    st.tuples(
        st.sampled_from(["confirm", "confirm", "confirm", "withdraw", "publish"]),
        st.sampled_from(PROJECTS),
        st.integers(1, 400),
    ),
    min_size=2,
    max_size=12,
)


@cache
def decided() -> Decided:
    """All the projects are chosen."""
    return given.decided(given.ranked({id: f"{9 - n}" for n, id in enumerate(PROJECTS)}, ON), ON)


def decide(wish: Wish) -> Decide[Awards]:
    kind, project_id, amount = wish
    projects = {id: given.project(id, nomination=part) for id, part in NOMINATIONS.items()}
    if kind == "withdraw":
        return lambda found: Decision(awards.decline(found, project_id, awards.WITHDRAWN))
    common: dict[str, Any] = {"season": FUNDS, "decision": decided()}
    if kind == "publish":
        common |= {"round_id": "2020-final", "projects": projects}
        return lambda found: Decision(awards.publish(found, **common))
    common |= {"project": projects[project_id], "amount_tiyn": amount}
    return lambda found: Decision(awards.confirm(found, **common))


class Office:
    """Two replicas of the scoring service's awards, on one collection."""

    def __init__(self) -> None:
        self.loop = SteppedLoop()
        self.wire = Wire(self.loop)
        self.table = Table()
        self.answers: list[Result[Awards]] = []
        self.replicas = [self._start(), self._start()]

    def _start(self) -> tuple[Process, Store[Awards]]:
        process = Process(self.loop, "replica")
        database: Any = FakeDatabase({"awards": self.table}, self.wire.of(process))
        return process, Store(database["awards"], AWARDS)

    def ask(self, wish: Wish, replica: int) -> None:
        """Send a command to a replica; whoever sent it may never hear of it again."""
        process, store = self.replicas[replica]

        async def execute() -> None:
            try:
                self.answers.append(
                    await store.execute(given.SEASON, decide(wish), CONTEXT, now=NOW)
                )
            except (Refused, PyMongoError, LookupError):
                return

        process.start(execute())
        self.loop.settle()

    def step(self, choice: int) -> None:
        """A request meets its fate, or time goes on, or something arrives late."""
        pick, trouble = divmod(choice, len(FATES))
        number = pick % (len(self.wire.requests) + 1 + bool(self.wire.late))
        if number == len(self.wire.requests):
            self.loop.let_time_pass()
        elif number > len(self.wire.requests):
            self.wire.arrive_late(pick)
        elif (fate := FATES[trouble]) is not None:
            self.wire.decide(self.wire.requests[number], fate)
        else:
            dead = self.wire.requests[number].process
            place = [process for process, _ in self.replicas].index(dead)
            self.wire.kill(dead, lambda: [*Fate][pick % len(Fate)])
            self.replicas[place] = self._start()

    def finish(self) -> None:
        """Let everything that is on its way arrive."""
        while self.wire.requests or self.wire.late:
            if self.wire.late:
                self.wire.arrive_late(0)
            else:
                self.wire.decide(self.wire.requests[0], Fate.ARRIVES)
        while self.loop.let_time_pass():
            while self.wire.requests:
                self.wire.decide(self.wire.requests[0], Fate.ARRIVES)

    def close(self) -> None:
        """End the replicas."""
        for process, _ in self.replicas:
            process.kill()
        self.loop.close()

    def said(self) -> list[tuple[str, Any]]:
        """(ce_id, event) of everything that was written."""
        return [
            (item["id"], EVENTS[dict(item["headers"])["ce_type"]].model_validate_json(item["body"]))
            for row in self.table.rows.values()
            for item in row["outbox"]
        ]


@contextmanager
def an_office() -> Iterator[Office]:
    office = Office()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kit_store, "time", office.loop)
        try:
            yield office
        finally:
            office.close()


def hold_the_funds(said: Sequence[tuple[str, Any]]) -> dict[str, AwardConfirmed]:
    """At no moment is more awarded than there is; says what is awarded at the end."""
    standing: dict[str, AwardConfirmed] = {}
    for _, event in said:
        if isinstance(event, AwardConfirmed):
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
@given_any(WISHES, st.lists(st.integers(0, 40 * len(FATES) - 1), max_size=80))
def test_awards_of_two_replicas_are_within_the_funds_at_every_moment(
    wishes: list[Wish], steps: list[int]
) -> None:
    with an_office() as office:
        for number, wish in enumerate(wishes):
            office.ask(wish, number % 2)
            share = len(steps) // len(wishes)
            for choice in steps[number * share : (number + 1) * share]:
                office.step(choice)
                hold_the_funds(office.said())
        office.finish()

        said = office.said()
        standing = hold_the_funds(said)
        ids = [id for id, _ in said]
        assert ids == [f"scoring/awards/{given.SEASON}:{n}" for n in range(1, len(ids) + 1)]
        assert {id for answer in office.answers for id in answer.event_ids} <= {*ids}
        for row in office.table.rows.values():
            kept = Awards.model_validate(row["state"]).awards
            amounts = {id: award.amount_tiyn for id, award in kept.items()}
            assert amounts == {id: award.amount_tiyn for id, award in standing.items()}
        kinds = [type(event) for _, event in said]
        assert kinds.count(ResultsPublished) <= 1
        if ResultsPublished in kinds:
            assert AwardConfirmed not in kinds[kinds.index(ResultsPublished) :]


def test_without_the_version_awards_would_exceed_the_funds() -> None:
    """The law can fail: two replicas that decide on what both read first award too much."""

    class Unconditional(Table):
        def update(self, query: Any, update: Any, **how: Any) -> dict[str, Any]:
            return super().update({"_id": query["_id"]}, update, **how)

    first, second = PROJECTS[1], PROJECTS[3]
    with an_office() as office:
        office.ask(("confirm", first, 100), 0)
        office.finish()
        office.table.__class__ = Unconditional
        office.ask(("confirm", first, 200), 0)
        office.ask(("confirm", second, 600), 1)
        office.finish()
        with pytest.raises(AssertionError):
            hold_the_funds(office.said())
