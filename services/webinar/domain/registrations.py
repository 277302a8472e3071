"""The rules of registrations and seats. Pure: time, ids, webinar and ticket are arguments."""

import hashlib
from datetime import datetime
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from schemas.base import Language, Line, Sha256, Slug, Uuid
from schemas.people import Email, Person
from schemas.webinar import (
    RegistrationCancelled,
    RegistrationWaitlisted,
    Ticket,
    WebinarEvent,
    WebinarRegistered,
    WebinarSchedule,
)
from services.kit.refusal import Refused
from services.webinar.domain.webinars import State, Webinar

NEWS = "news"
"""The consent to hear of later events too."""

Status = Literal["requested", "confirmed", "waitlisted", "cancelled"]


class Request(State):
    """What somebody fills in to register."""

    name: Line
    email: Email
    language: Language
    organisation: Line | None = None
    news: bool = False
    """Whether the person agrees to hear of later events too."""


class Registration(State):
    """One person's registration for one webinar. Holds no name and no address."""

    registration_id: Uuid
    webinar_id: Slug
    season_id: Slug
    person_id: Uuid
    email_key: Sha256
    request: Sha256
    """The fingerprint of what was filled in: tells a repeat from another request."""
    language: Language
    status: Status = "requested"
    """`requested` exists only inside a decision, never in the database."""
    active: bool = True
    ticket: Ticket | None = None
    seat: Ticket | None = None
    """The seat held now; no two registrations of a webinar hold the same one."""
    freed_seat: Ticket | None = None
    """The seat held until the registration was cancelled."""
    said: int = 0
    """How many events this registration has said: the sequence of the last one."""


class SeatTaken(Exception):
    """Another registration holds this seat. Nothing was changed."""


def email_key(email: str) -> str:
    """What stands for an address where the address itself must not be."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()


def person_id(registration_id: str) -> str:
    """The id of a registration's person: fixed by the registration, so a repeat can't double it."""
    return str(uuid5(NAMESPACE_URL, f"urn:zharmenke:webinar:{registration_id}:person"))


def person(registration_id: str, request: Request) -> Person:
    """The record that goes to the people topic."""
    return Person(
        person_id=person_id(registration_id),
        name=request.name,
        email=request.email,
        language=request.language,
        consents=("webinar-correspondence", NEWS) if request.news else ("webinar-correspondence",),
        organisation=request.organisation,
    )


def requested(registration_id: str, webinar: Webinar, request: Request) -> Registration:
    """A registration as it is asked for, before it comes to a seat or a place in the queue."""
    return Registration(
        registration_id=registration_id,
        webinar_id=webinar.webinar_id,
        season_id=webinar.season_id,
        person_id=person_id(registration_id),
        email_key=email_key(request.email),
        request=_fingerprint(webinar.webinar_id, request),
        language=request.language,
    )


def of_person(registration: Registration, person: Person) -> Registration:
    """The registration with what follows from its person's record: all that no event says."""
    request = Request(
        name=person.name,
        email=person.email,
        language=person.language,
        organisation=person.organisation,
        news=NEWS in person.consents,
    )
    update = {
        "email_key": email_key(request.email),
        "request": _fingerprint(registration.webinar_id, request),
        "language": request.language,
    }
    return registration.model_copy(update=update)


def is_repeat(found: Registration, asked: Registration) -> bool:
    """True when the same was asked before under this id; raises Refused when something else was."""
    if found.request == asked.request:
        return True
    raise Refused(
        "conflict",
        "registration-id-taken",
        "Something else was registered under this id; choose a new one.",
    )


def register(
    found: Registration | None, asked: Registration, webinar: Webinar, ticket: int | None
) -> list[WebinarEvent]:
    """Register with the ticket that was drawn: None where there is no capacity.

    The seat is the ticket's own number; a ticket above the capacity waits. A repeat says nothing.
    """
    if found is not None and is_repeat(found, asked):
        return []
    if webinar.capacity is None:
        return [_confirmed(asked, webinar, None)]
    assert ticket is not None
    if ticket <= webinar.capacity:
        return [_confirmed(asked, webinar, ticket)]
    return waitlist(None, asked, ticket)


def waitlist(found: Registration | None, asked: Registration, ticket: int) -> list[WebinarEvent]:
    """Put a request in the queue at its ticket; a repeat says nothing."""
    if found is not None and is_repeat(found, asked):
        return []
    return [
        RegistrationWaitlisted(
            registration_id=asked.registration_id,
            webinar_id=asked.webinar_id,
            season_id=asked.season_id,
            person_id=asked.person_id,
            ticket=ticket,
        )
    ]


def give_seat(
    registration: Registration | None, webinar: Webinar, seat: int, now: datetime
) -> list[WebinarEvent]:
    """Give a free seat to one who waits. After the start, or to others, this says nothing."""
    if registration is None or registration.status != "waitlisted" or now >= webinar.starts_at:
        return []
    return [_confirmed(registration, webinar, seat)]


def cancel_registration(
    registration: Registration | None, webinar: str, id: str
) -> list[WebinarEvent]:
    """Cancel; again says nothing. The seat is free with the same update."""
    registration = require_registration(registration, webinar, id)
    if registration.status == "cancelled":
        return []
    return [
        RegistrationCancelled(
            registration_id=registration.registration_id,
            webinar_id=registration.webinar_id,
            season_id=registration.season_id,
            person_id=registration.person_id,
        )
    ]


def evolve_registration(registration: Registration | None, event: WebinarEvent) -> Registration:
    """The registration after an event of its own."""
    if registration is None:
        raise ValueError("a registration says nothing before it is asked for")
    changes: dict[str, object] = {"said": registration.said + 1}
    match event:
        case WebinarRegistered():
            ticket = registration.ticket or event.seat
            changes |= {"status": "confirmed", "seat": event.seat, "ticket": ticket}
        case RegistrationWaitlisted():
            changes |= {"status": "waitlisted", "ticket": event.ticket}
        case RegistrationCancelled():
            changes |= {"status": "cancelled", "active": False}
            changes |= {"seat": None, "freed_seat": registration.seat}
        case _:
            raise ValueError(f"a registration does not say {type(event).__name__}")
    return registration.model_copy(update=changes)


def require_registration(registration: Registration | None, webinar: str, id: str) -> Registration:
    """The registration, when it is one of this webinar; raises Refused."""
    if registration is None or registration.webinar_id != webinar:
        raise unknown_registration(id)
    return registration


def unknown_registration(id: str) -> Refused:
    """The refusal for a registration that does not exist, or not at this webinar."""
    return Refused("missing", "unknown-registration", f"There is no registration {id}.")


def already_registered() -> Refused:
    """The refusal for an address that has an active registration for the webinar."""
    return Refused(
        "conflict",
        "already-registered",
        "This e-mail address is registered for the webinar already.",
    )


def _confirmed(registration: Registration, webinar: Webinar, seat: int | None) -> WebinarRegistered:
    return WebinarRegistered.model_validate(
        webinar.model_dump(include=set(WebinarSchedule.model_fields))
        | {
            "registration_id": registration.registration_id,
            "person_id": registration.person_id,
            "seat": seat,
        }
    )


def _fingerprint(webinar: str, request: Request) -> str:
    return hashlib.sha256(f"{webinar}\x1f{request.model_dump_json()}".encode()).hexdigest()
