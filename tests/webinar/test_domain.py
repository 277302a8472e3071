"""The rules of webinars and registrations, given-when-then."""

from datetime import timedelta

import pytest

from schemas.base import Localised
from schemas.webinar import (
    RegistrationCancelled,
    RegistrationWaitlisted,
    WebinarAnnounced,
    WebinarRegistered,
)
from services.kit.refusal import Refused
from services.webinar.domain import registrations, webinars

from . import given
from .given import BEFORE, STARTS


def refused(rule: str) -> "pytest.RaisesExc[Refused]":
    return pytest.raises(Refused, match=f"^{rule}:")


def test_announce_webinar_says_its_schedule() -> None:
    defined = given.definition(20)
    assert webinars.announce_webinar(None, given.season(defined), defined) == [
        WebinarAnnounced(
            webinar_id="2020-media",
            season_id="2020",
            schedule_version=1,
            title=Localised(kk="БАҚ пен ҮЕҰ", ru="СМИ и НПО", en="Media and NGOs"),
            speaker=Localised(kk="Сарапшы", ru="Эксперт", en="Expert"),
            starts_at=STARTS,
            ends_at=STARTS + timedelta(minutes=90),
            timezone="Asia/Almaty",
            capacity=20,
        )
    ]


def test_announce_webinar_says_nothing_when_repeated() -> None:
    defined = given.definition()
    assert webinars.announce_webinar(given.webinar(), given.season(defined), defined) == []


def test_draw_ticket_counts_up() -> None:
    webinar = webinars.draw_ticket(given.webinar(2, tickets=7), "2020-media", BEFORE)
    assert webinar.tickets == 8


def test_draw_ticket_is_refused_from_the_start_on() -> None:
    with refused("webinar-started"):
        webinars.draw_ticket(given.webinar(2), "2020-media", STARTS)
    with refused("unknown-webinar"):
        webinars.draw_ticket(None, "2020-media", BEFORE)


def test_phase_changes_at_start_and_end() -> None:
    webinar = given.webinar()
    assert webinars.phase(webinar, STARTS - timedelta(seconds=1)) == "upcoming"
    assert webinars.phase(webinar, STARTS) == "live"
    assert webinars.phase(webinar, webinar.ends_at) == "over"


def test_register_without_capacity_confirms_without_seat() -> None:
    webinar = given.webinar()
    (event,) = registrations.register(None, given.asked(1, webinar), webinar, None)
    assert isinstance(event, WebinarRegistered)
    assert event.seat is None
    assert event.starts_at == STARTS
    assert event.person_id == registrations.person_id(given.registration_id(1))


@pytest.mark.parametrize("ticket", [1, 2])
def test_register_within_capacity_gives_the_tickets_seat(ticket: int) -> None:
    registration = given.registered(1, given.webinar(2), ticket)
    assert (registration.status, registration.seat, registration.ticket) == (
        "confirmed",
        ticket,
        ticket,
    )


def test_register_above_capacity_waits() -> None:
    webinar = given.webinar(2)
    (event,) = registrations.register(None, given.asked(1, webinar), webinar, 3)
    assert isinstance(event, RegistrationWaitlisted)
    assert event.ticket == 3
    registration = given.registered(1, webinar, 3)
    assert (registration.status, registration.seat, registration.ticket) == ("waitlisted", None, 3)


def test_register_says_nothing_when_repeated() -> None:
    webinar = given.webinar(2)
    found = given.registered(1, webinar, 1)
    assert registrations.register(found, given.asked(1, webinar), webinar, 2) == []
    assert registrations.waitlist(found, given.asked(1, webinar), 2) == []


def test_register_something_else_under_the_same_id_is_refused() -> None:
    webinar = given.webinar()
    found = given.registered(1, webinar)
    other = registrations.requested(given.registration_id(1), webinar, given.request(2))
    with refused("registration-id-taken"):
        registrations.register(found, other, webinar, None)


def test_no_event_or_state_holds_name_or_address() -> None:
    webinar = given.webinar(1)
    begun = given.asked(1, webinar)
    texts = [
        event.model_dump_json()
        for ticket in (1, 2)
        for event in registrations.register(None, begun, webinar, ticket)
    ] + [given.registered(1, webinar, 1).model_dump_json()]
    for text in texts:
        assert "example.org" not in text
        assert "Тыңдаушы" not in text


def test_email_key_is_of_the_normalised_address() -> None:
    assert registrations.email_key(" Aigul@Example.ORG ") == registrations.email_key(
        "aigul@example.org"
    )
    assert len(registrations.email_key("aigul@example.org")) == 64


def test_give_seat_confirms_one_who_waits() -> None:
    webinar = given.webinar(2)
    waiting = given.registered(1, webinar, 3)
    (event,) = registrations.give_seat(waiting, webinar, 2, BEFORE)
    confirmed = registrations.evolve_registration(waiting, event)
    assert (confirmed.status, confirmed.seat, confirmed.ticket) == ("confirmed", 2, 3)


def test_give_seat_says_nothing_after_the_start() -> None:
    webinar = given.webinar(2)
    assert registrations.give_seat(given.registered(1, webinar, 3), webinar, 2, STARTS) == []


def test_give_seat_says_nothing_to_one_who_waits_no_more() -> None:
    webinar = given.webinar(2)
    assert registrations.give_seat(given.registered(1, webinar, 1), webinar, 2, BEFORE) == []
    assert registrations.give_seat(None, webinar, 2, BEFORE) == []


def test_cancel_frees_the_seat() -> None:
    found = given.registered(1, given.webinar(2), 2)
    (event,) = registrations.cancel_registration(found, "2020-media", found.registration_id)
    assert isinstance(event, RegistrationCancelled)
    after = registrations.evolve_registration(found, event)
    assert (after.status, after.active, after.seat, after.freed_seat) == (
        "cancelled",
        False,
        None,
        2,
    )
    assert after.said == 2


def test_cancel_says_nothing_when_repeated() -> None:
    found = given.registered(1, given.webinar())
    (event,) = registrations.cancel_registration(found, "2020-media", found.registration_id)
    after = registrations.evolve_registration(found, event)
    assert registrations.cancel_registration(after, "2020-media", found.registration_id) == []


def test_cancel_of_another_webinars_registration_is_refused() -> None:
    found = given.registered(1, given.webinar())
    with refused("unknown-registration"):
        registrations.cancel_registration(found, "2020-other", found.registration_id)
    with refused("unknown-registration"):
        registrations.cancel_registration(None, "2020-media", found.registration_id)


def test_person_says_only_the_consents_that_were_given() -> None:
    plain = registrations.person(given.registration_id(1), given.request(1))
    assert plain.consents == ("webinar-correspondence",)
    keen = given.request(1).model_copy(update={"news": True})
    person = registrations.person(given.registration_id(1), keen)
    assert person.consents == ("webinar-correspondence", "news")


@pytest.mark.parametrize("organisation", [None, "Үлгі ҚҚ"])
def test_all_that_no_event_says_of_a_registration_follows_from_its_person(
    organisation: str | None,
) -> None:
    id, webinar = given.registration_id(1), given.webinar()
    request = given.request(1).model_copy(update={"organisation": organisation, "news": True})
    asked = registrations.requested(id, webinar, request)
    told_of = asked.model_copy(update={"email_key": "", "request": "", "language": "en"})

    restored = registrations.of_person(told_of, registrations.person(id, request))

    assert restored == asked
    assert registrations.is_repeat(restored, registrations.requested(id, webinar, request))
