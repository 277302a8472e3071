"""Seats given by two replicas with the service's own store: lost replies, late writes, crashes."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st
from pymongo.errors import PyMongoError

from services.kit.aggregate import Decision
from services.kit.refusal import Refused
from services.kit.store import Store
from services.webinar.domain import registrations as rules
from services.webinar.domain.registrations import Registration, Request
from services.webinar.domain.webinars import Webinar, announce_webinar
from services.webinar.seats import LOST_AFTER, Seats
from services.webinar.store import Webinars
from tests.kit.laws.pair import TURNS, Pair, a_pair
from tests.kit.laws.table import FakeDatabase

from . import given
from .given import BEFORE, CONTEXT

WEBINAR = "2020-media"
AFTER_LOSS = BEFORE + LOST_AFTER
Replica = tuple[Seats, Webinars]
Errand = Callable[[Replica], Coroutine[Any, Any, None]]
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["register", "register", "register", "cancel", "sweep", "late sweep"]),
        st.integers(0, 5),
        st.sampled_from(["", "", "", "one@example.org"]),
        st.integers(0, 1),
        TURNS,
    ),
    min_size=4,
    max_size=12,
)
"""What somebody does: which person, under which address when it is not the person's own, by which
replica; and what happens then."""


def replica(database: Any) -> Replica:
    service = SimpleNamespace(
        store=lambda name, aggregate: Store(database[name], aggregate), prepare=lambda step: None
    )
    webinars = Webinars(cast("Any", service))
    webinars._prepared = True
    return Seats(webinars), webinars


async def announce(webinars: Webinars, capacity: int) -> None:
    """The indexes, and one webinar that begins with no ticket drawn."""
    await webinars.prepare()
    defined = given.definition(capacity)
    announced: Decision[Webinar] = Decision(announce_webinar(None, given.season(defined), defined))
    await webinars._webinars.execute(WEBINAR, lambda _: announced, CONTEXT, now=BEFORE)


def registering(number: int, request: Request, told: list[Registration]) -> Errand:
    async def register(found: Replica) -> None:
        id = given.registration_id(number)
        try:
            told.append(await found[0].register(id, WEBINAR, request, CONTEXT, BEFORE))
        except (Refused, PyMongoError):
            return

    return register


def cancelling(number: int) -> Errand:
    async def cancel(found: Replica) -> None:
        id = given.registration_id(number)
        try:
            await found[1].decide(
                id,
                lambda known: Decision(rules.cancel_registration(known, WEBINAR, id)),
                CONTEXT,
                BEFORE,
            )
        except (Refused, PyMongoError):
            return

    return cancel


def sweeping(now: datetime) -> Errand:
    async def sweep(found: Replica) -> None:
        try:
            await found[0].sweep(now)
        except PyMongoError:
            return

    return sweep


def registrations(pair: Pair[Replica]) -> list[Registration]:
    return [Registration.model_validate(row["state"]) for row in pair.rows("registrations")]


def hold_the_capacity(pair: Pair[Replica], capacity: int) -> None:
    active = [found for found in registrations(pair) if found.active]
    seats = [found.seat for found in active if found.status == "confirmed"]
    assert len(set(seats)) == len(seats) <= capacity
    assert all(seat and 1 <= seat <= capacity for seat in seats)
    assert len({found.email_key for found in active}) == len(active)


@settings(max_examples=200)
@given_any(st.integers(1, 2), ACTS)
def test_seats_of_two_replicas_are_within_the_capacity_at_every_moment(
    capacity: int, acts: list[tuple[str, int, str, int, list[Any]]]
) -> None:
    told: list[Registration] = []
    with a_pair(replica) as pair:
        _, shared = replica(FakeDatabase(pair.tables))
        pair.loop.finish(announce(shared, capacity))
        for act, number, email, by, turns in acts:
            pair.ask(by, _errand(act, number, email, told))
            for turn in turns:
                pair.take(turn)
                hold_the_capacity(pair, capacity)
        pair.finish()
        for moment in (BEFORE, AFTER_LOSS, AFTER_LOSS + LOST_AFTER):
            for number in (0, 1):
                pair.ask(number, sweeping(moment))
                pair.finish()
        hold_the_capacity(pair, capacity)
        known = {found.registration_id: found for found in registrations(pair)}
        assert {one.registration_id for one in told} <= {*known}
        cancelled = {given.registration_id(n) for act, n, *_ in acts if act == "cancel"}
        for one in told:
            if one.registration_id not in cancelled:
                kept = known[one.registration_id]
                assert (kept.active, kept.request) == (True, one.request)
                assert kept.status == "confirmed" or one.status == "waitlisted"
        confirmed = [found for found in known.values() if found.status == "confirmed"]
        if any(found.status == "waitlisted" for found in known.values()):
            assert len(confirmed) == capacity, "somebody waits for a seat that nobody has"


def race_for_a_lost_seat(pair: Pair[Replica], told: list[Registration]) -> None:
    """One draws the only seat's ticket and stands still until it is taken for lost."""
    pair.ask(0, registering(0, given.request(0), told))
    while not pair.rows("webinars")[0]["state"]["tickets"]:
        pair.take((0, 1))
    for errand in registering(1, given.request(1), told), sweeping(BEFORE), sweeping(AFTER_LOSS):
        pair.ask(1, errand)
        pair.take((1, 30))
    pair.finish()


def test_seat_taken_for_lost_is_not_given_twice_because_of_the_index() -> None:
    """The law can fail: without the unique index two have the only seat."""
    told: list[Registration] = []
    for indexed in (True, False):
        with a_pair(replica) as pair:
            pair.loop.finish(announce(replica(FakeDatabase(pair.tables))[1], 1))
            if not indexed:
                pair.tables["registrations"].forget_unique("state.seat")
            race_for_a_lost_seat(pair, told)
            seats = [found.seat for found in registrations(pair)]
            assert sorted(seats, key=str) == ([1, None] if indexed else [1, 1])


def _errand(act: str, number: int, email: str, told: list[Registration]) -> Errand:
    if act == "register":
        return registering(number, given.request(number, email), told)
    if act == "cancel":
        return cancelling(number)
    return sweeping(BEFORE if act == "sweep" else AFTER_LOSS)
