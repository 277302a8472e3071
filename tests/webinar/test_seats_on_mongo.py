"""Seats on the real store: two replicas, one database, everybody at once."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from schemas.submission import SeasonOpened
from services.kit.aggregate import Decision
from services.kit.envelope import Envelope, Record
from services.kit.fold import Heard
from services.kit.refusal import Refused
from services.webinar.domain import registrations as rules
from services.webinar.domain.registrations import Registration
from services.webinar.seats import LOST_AFTER

from . import given
from .conftest import Replica
from .given import BEFORE, CONTEXT, STARTS

Pair = tuple[Replica, Replica]


@pytest.fixture
async def pair(new_replica: Callable[[], Replica]) -> Pair:
    """Two replicas, prepared."""
    pair = (new_replica(), new_replica())
    for replica in pair:
        await replica.webinars.prepare()
    return pair


def season_opened(season_id: str, capacity: int | None) -> Heard:
    envelope = Envelope(
        "submission", "SeasonOpened", 1, f"season/{season_id}", 1, "2020-03-02T03:00:00.000Z"
    )
    season = given.season(given.definition(capacity), given.definition(id="second"), id=season_id)
    return Heard(envelope, SeasonOpened(season=season), cast("Record", None))


async def announced(replica: Replica, season_id: str, capacity: int | None) -> str:
    """A webinar of a season of its own; its id."""
    await replica.webinars.announce(season_opened(season_id, capacity), BEFORE)
    return f"{season_id}-media"


async def register(
    replica: Replica, webinar_id: str, number: int, email: str = "", id: str = ""
) -> Registration:
    # Ids hold for the whole service, so each webinar's people get ids of their own.
    id = id or rules.person_id(f"{webinar_id} {number}")
    request = given.request(number, email)
    return await replica.seats.register(id, webinar_id, request, CONTEXT, BEFORE)


async def cancel(replica: Replica, found: Registration) -> Registration:
    id, webinar_id = found.registration_id, found.webinar_id
    return await replica.webinars.decide(
        id,
        lambda found: Decision(rules.cancel_registration(found, webinar_id, id)),
        CONTEXT,
        BEFORE,
    )


async def documents(replica: Replica, collection: str, **state: object) -> list[dict[str, Any]]:
    query = {f"state.{name}": value for name, value in state.items()}
    return [doc async for doc in replica.service.database[collection].find(query)]


def statuses(registrations: Sequence[Registration]) -> Counter[str]:
    return Counter(registration.status for registration in registrations)


async def test_season_opened_announces_each_webinar_once(pair: Pair) -> None:
    heard = season_opened("announced", 5)
    await asyncio.gather(*(replica.webinars.announce(heard, BEFORE) for replica in pair))
    await pair[0].webinars.announce(heard, BEFORE)
    found = await documents(pair[0], "webinars", season_id="announced")
    assert {doc["_id"] for doc in found} == {"announced-media", "announced-second"}
    for doc in found:
        assert [entry["id"] for entry in doc["outbox"]] == [f"webinar/webinar/{doc['_id']}:1"]
        assert doc["heard"] == {"submission/season/announced": 1}
        headers = dict(doc["outbox"][0]["headers"])
        assert headers["ce_causationid"] == "submission/season/announced:1"


async def test_two_hundred_people_for_twenty_seats(pair: Pair) -> None:
    webinar_id = await announced(pair[0], "race", 20)
    answers = await asyncio.gather(
        *(register(pair[number % 2], webinar_id, number) for number in range(200))
    )
    assert statuses(answers) == {"confirmed": 20, "waitlisted": 180}
    assert {answer.seat for answer in answers if answer.seat} == set(range(1, 21))
    assert {answer.ticket for answer in answers} == set(range(1, 201))
    stored = await documents(pair[0], "registrations", webinar_id=webinar_id)
    assert Counter(doc["state"]["status"] for doc in stored) == statuses(answers)
    for doc in stored:
        assert [entry["stream"] for entry in doc["outbox"]] == ["events", "people"]
    assert await pair[0].seats.sweep(BEFORE) == await pair[1].seats.sweep(STARTS) == 0


async def test_an_address_registers_once_however_often_it_tries(pair: Pair) -> None:
    webinar_id = await announced(pair[0], "address", 3)
    emails = ["one@example.org", " ONE@example.org"] * 5
    answers = await asyncio.gather(
        *(
            register(pair[number % 2], webinar_id, number, email)
            for number, email in enumerate(emails)
        ),
        return_exceptions=True,
    )
    refusals = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(refusals) == 9
    assert {refusal.rule for refusal in refusals} == {"already-registered"}
    assert len(await documents(pair[0], "registrations", webinar_id=webinar_id)) == 1


async def test_an_address_registers_again_after_cancelling(pair: Pair) -> None:
    webinar_id = await announced(pair[0], "again", None)
    first = await register(pair[0], webinar_id, 1, "one@example.org")
    await cancel(pair[0], first)
    second = await register(pair[1], webinar_id, 2, "one@example.org")
    assert second.status == "confirmed"


async def test_the_same_id_at_once_registers_once(pair: Pair) -> None:
    webinar_id = await announced(pair[0], "same", 2)
    answers = await asyncio.gather(
        *(register(pair[number % 2], webinar_id, 1) for number in range(10)),
        return_exceptions=True,
    )
    done = [answer for answer in answers if isinstance(answer, Registration)]
    assert len({answer.model_dump_json() for answer in done}) == 1
    assert len(done) == 10
    (doc,) = await documents(pair[0], "registrations", webinar_id=webinar_id)
    assert doc["sequence"] == 1


async def test_another_request_under_the_same_id_is_refused(pair: Pair) -> None:
    webinar_id = await announced(pair[0], "taken", 2)
    first = await register(pair[0], webinar_id, 1)
    with pytest.raises(Refused, match=r"^registration-id-taken:"):
        await register(pair[0], webinar_id, 2, id=first.registration_id)


async def test_a_freed_seat_goes_to_the_lowest_ticket(pair: Pair) -> None:
    webinar_id = await announced(pair[0], "freed", 2)
    people = [await register(pair[number % 2], webinar_id, number) for number in range(5)]
    await cancel(pair[0], people[1])
    given_seats = await asyncio.gather(*(replica.seats.sweep(BEFORE) for replica in pair))
    assert sum(given_seats) in (1, 2)  # both may have seen the same seat given
    after = await pair[0].webinars.registration(people[2].registration_id)
    assert after is not None
    assert (after.status, after.seat, after.ticket, after.said) == ("confirmed", 2, 3, 2)
    stored = await documents(pair[0], "registrations", webinar_id=webinar_id, status="waitlisted")
    assert sorted(doc["state"]["ticket"] for doc in stored) == [4, 5]


async def test_a_newcomer_does_not_pass_those_who_wait(pair: Pair) -> None:
    webinar_id = await announced(pair[0], "newcomer", 1)
    first, second = [await register(pair[0], webinar_id, number) for number in (1, 2)]
    await cancel(pair[0], first)
    third = await register(pair[0], webinar_id, 3)
    assert third.status == "waitlisted"
    await pair[1].seats.sweep(BEFORE)
    after = await pair[0].webinars.registration(second.registration_id)
    assert after is not None
    assert after.status == "confirmed"


async def test_a_ticket_lost_in_a_crash_is_given_away(pair: Pair) -> None:
    webinar_id = await announced(pair[0], "crash", 2)
    assert await pair[0].webinars.draw_ticket(webinar_id, CONTEXT, BEFORE) == 1  # and dies here
    people = [await register(pair[0], webinar_id, number) for number in range(3)]
    assert statuses(people) == {"confirmed": 1, "waitlisted": 2}
    assert await pair[0].seats.sweep(BEFORE) == 0
    assert await pair[0].seats.sweep(BEFORE + LOST_AFTER) == 1
    after = await pair[0].webinars.registration(people[1].registration_id)
    assert after is not None
    assert (after.seat, after.ticket) == (1, 3)
    assert await pair[0].seats.sweep(BEFORE + 2 * LOST_AFTER) == 0


async def test_no_seat_is_given_after_the_start(pair: Pair) -> None:
    webinar_id = await announced(pair[0], "started", 1)
    people = [await register(pair[0], webinar_id, number) for number in range(2)]
    await cancel(pair[0], people[0])
    assert await pair[0].seats.sweep(STARTS) == 0
    with pytest.raises(Refused, match=r"^webinar-started:"):
        await pair[0].seats.register(
            given.registration_id(99), webinar_id, given.request(99), CONTEXT, STARTS
        )
    repeated = await pair[0].seats.register(
        people[1].registration_id, webinar_id, given.request(1), CONTEXT, STARTS
    )
    assert repeated.status == "waitlisted"
    await cancel(pair[0], people[1])  # so that no other test's sweep finds anybody waiting


async def test_without_capacity_all_are_confirmed_and_nothing_is_counted(pair: Pair) -> None:
    webinar_id = await announced(pair[0], "free", None)
    answers = await asyncio.gather(
        *(register(pair[number % 2], webinar_id, number) for number in range(30))
    )
    assert statuses(answers) == {"confirmed": 30}
    assert {answer.seat for answer in answers} == {None}
    webinar = await pair[0].webinars.webinar(webinar_id)
    assert webinar is not None
    assert webinar.tickets == 0


async def test_nothing_is_registered_before_the_indexes_exist(
    new_replica: Callable[[], Replica], pair: Pair
) -> None:
    webinar_id = await announced(pair[0], "early", None)
    with pytest.raises(Refused, match=r"^starting:"):
        await register(new_replica(), webinar_id, 1)
