"""Seats under every interleaving hypothesis can think of: races, crashes, cancellations, sweeps."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from services.kit.aggregate import Decision
from services.kit.refusal import Refused
from services.webinar.domain import registrations as rules
from services.webinar.domain.registrations import Registration, Request
from services.webinar.seats import LOST_AFTER, Seats

from . import given
from .given import BEFORE, CONTEXT, STARTS
from .shelf import Race, Shelf, Step, finish

WEBINAR = "2020-media"
AFTER_LOSS = BEFORE + LOST_AFTER


async def attempt(step: Step) -> None:
    """A request whose refusal is a fine answer."""
    try:
        await step
    except Refused:
        return


async def cancel(shelf: Shelf, number: int) -> None:
    """The n-th person cancels."""
    id = given.registration_id(number)
    await shelf.decide(
        id, lambda found: Decision(rules.cancel_registration(found, WEBINAR, id)), CONTEXT, BEFORE
    )


async def attempt_to_cancel(shelf: Shelf, number: int) -> None:
    """The n-th person cancels, perhaps before having registered."""
    await attempt(cancel(shelf, number))


def registering(seats: Seats, number: int) -> Step:
    """The n-th person registers."""
    id = given.registration_id(number)
    return seats.register(id, WEBINAR, given.request(number), CONTEXT, BEFORE)


def hold_the_invariants(shelf: Shelf, capacity: int | None) -> None:
    seats = [found.seat for found in shelf.active() if found.status == "confirmed"]
    if capacity:
        assert len(set(seats)) == len(seats) <= capacity
        assert all(seat and 1 <= seat <= capacity for seat in seats)
    addresses = [found.email_key for found in shelf.active()]
    assert len(set(addresses)) == len(addresses)


def settle(shelf: Shelf, replicas: list[Seats], now: datetime) -> None:
    """Let the sweeps run until they have nothing to do: what is lost by then is found lost."""
    for moment in (now, now + LOST_AFTER, now + LOST_AFTER):
        for seats in replicas:
            finish(seats.sweep(moment))


@settings(max_examples=300, deadline=None)
@given_any(st.data(), st.integers(1, 4), st.integers(1, 9))
def test_seats_hold_under_interleavings(data: st.DataObject, capacity: int, people: int) -> None:
    shelf = Shelf(given.webinar(capacity))
    replicas = [Seats(shelf), Seats(shelf)]
    race = Race(data, crashes=True)

    def register(number: int, replica: int, request: Request) -> Callable[[], Step]:
        id = given.registration_id(number)
        return lambda: attempt(replicas[replica].register(id, WEBINAR, request, CONTEXT, BEFORE))

    for number in range(people):
        request = given.request(number, data.draw(st.sampled_from(["", "", "one@example.org"])))
        race.enter(f"{number}", register(number, number % 2, request))
        if data.draw(st.booleans()):
            race.enter(f"{number} again", register(number, 1, request))
        if data.draw(st.integers(0, 2)) == 0:
            race.enter(f"{number} cancels", partial(attempt_to_cancel, shelf, number))
    for sweep in range(data.draw(st.integers(0, 4))):
        moment = data.draw(st.sampled_from([BEFORE, AFTER_LOSS]))
        race.enter(f"sweep {sweep}", partial(replicas[sweep % 2].sweep, moment))
    race.run(lambda: hold_the_invariants(shelf, capacity))
    settle(shelf, replicas, AFTER_LOSS)
    hold_the_invariants(shelf, capacity)
    confirmed = [found for found in shelf.active() if found.status == "confirmed"]
    waiting = [found for found in shelf.active() if found.status == "waitlisted"]
    drawn = shelf.webinars[WEBINAR].tickets
    assert not waiting or len(confirmed) == min(capacity, drawn)


@settings(max_examples=100, deadline=None)
@given_any(st.data(), st.integers(1, 4), st.integers(2, 10))
def test_the_waitlist_is_served_in_the_order_of_tickets(
    data: st.DataObject, capacity: int, people: int
) -> None:
    shelf = Shelf(given.webinar(capacity))
    replicas = [Seats(shelf), Seats(shelf)]
    for number in range(people):
        finish(registering(replicas[0], number))
    race = Race(data)
    for number in range(min(capacity, people)):
        race.enter(f"cancel {number}", partial(cancel, shelf, number))
    for sweep in range(4):
        race.enter(f"sweep {sweep}", partial(replicas[sweep % 2].sweep, BEFORE))
    race.run(lambda: hold_the_invariants(shelf, capacity))
    settle(shelf, replicas, BEFORE)
    assert shelf.promoted == list(range(capacity + 1, min(people, 2 * capacity) + 1))


@settings(max_examples=100, deadline=None)
@given_any(st.data(), st.sampled_from([None, 1]), st.integers(2, 4))
def test_the_same_request_at_once_gets_the_same_answer(
    data: st.DataObject, capacity: int | None, times: int
) -> None:
    shelf = Shelf(given.webinar(capacity))
    answers: list[Registration] = []

    async def register(seats: Seats) -> None:
        answers.append(await registering(seats, 1))

    race = Race(data)
    for time in range(times):
        race.enter(f"{time}", partial(register, Seats(shelf)))
    race.run(lambda: hold_the_invariants(shelf, capacity))
    assert answers == [answers[0]] * times


def test_a_seat_in_flight_is_not_offered_to_others() -> None:
    shelf = Shelf(given.webinar(1))
    seats = Seats(shelf)
    first = registering(seats, 1)
    while shelf.webinars[WEBINAR].tickets == 0:
        first.send(None)
    finish(registering(seats, 2))
    assert finish(seats.sweep(BEFORE)) == 0
    assert finish(seats.sweep(BEFORE + timedelta(seconds=5))) == 0
    finish(first)
    assert shelf.registrations[given.registration_id(1)].status == "confirmed"
    assert shelf.registrations[given.registration_id(2)].status == "waitlisted"


def test_a_seat_taken_for_lost_makes_its_late_owner_the_next() -> None:
    shelf = Shelf(given.webinar(1))
    seats = Seats(shelf)
    late = registering(seats, 1)
    while shelf.webinars[WEBINAR].tickets == 0:
        late.send(None)
    for number in (2, 3):
        finish(registering(seats, number))
    finish(seats.sweep(BEFORE))
    assert finish(seats.sweep(AFTER_LOSS)) == 1
    registration = finish(late)
    assert (registration.status, registration.ticket) == ("waitlisted", 1)
    finish(cancel(shelf, 2))
    assert finish(seats.sweep(AFTER_LOSS)) == 1
    assert shelf.registrations[given.registration_id(1)].seat == 1
    assert shelf.registrations[given.registration_id(3)].status == "waitlisted"


def test_sweep_gives_nothing_from_the_start_on() -> None:
    shelf = Shelf(given.webinar(1))
    seats = Seats(shelf)
    for number in (1, 2):
        finish(registering(seats, number))
    finish(cancel(shelf, 1))
    assert finish(seats.sweep(STARTS)) == 0
    assert shelf.registrations[given.registration_id(2)].status == "waitlisted"
