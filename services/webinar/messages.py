"""The bodies of requests and answers of the webinar API, with examples for OpenAPI."""

from typing import Literal

from pydantic import ConfigDict, Field, JsonValue

from schemas.base import Language, Line, Localised, Moment, Slug, Uuid
from schemas.people import Email
from services.kit.http import Command
from services.webinar.domain.registrations import Registration, Request
from services.webinar.domain.webinars import Phase, State, Webinar

EXAMPLE_WEBINAR = "2020-digital-value-proposition"
EXAMPLE_REGISTRATION = "5b0a3f0e-8d1c-4e57-9a4b-2f6d1c7e9a10"
EXAMPLE_TITLE: dict[str, JsonValue] = {
    "kk": "Құнды ұсынысты цифрлау",
    "ru": "Цифровизация ценностного предложения",
    "en": "Digitising the value proposition",
}
EXAMPLE_ANSWER: dict[str, JsonValue] = {
    "registration_id": EXAMPLE_REGISTRATION,
    "webinar_id": EXAMPLE_WEBINAR,
    "status": "confirmed",
    "seat": 17,
    "ticket": 17,
    "event_id": f"webinar/registration/{EXAMPLE_REGISTRATION}:1",
}


class Register(Command):
    """Who registers. The address is used for the personal link and what goes with it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {
                "name": "Айгүл Үлгі",
                "email": "aigul@example.org",
                "language": "kk",
                "organisation": "Үлгі ҚҚ (sample NGO)",
                "personal_data_consent": True,
                "news_consent": False,
            }
        },
    )
    name: Line
    email: Email
    language: Language
    organisation: Line | None = None
    personal_data_consent: Literal[True] = Field(
        description="Consent to keep name and address for this webinar; nobody registers without."
    )
    news_consent: bool = Field(False, description="Consent to mails about later events.")

    def request(self) -> Request:
        """The request as the rules take it."""
        return Request(
            name=self.name,
            email=self.email,
            language=self.language,
            organisation=self.organisation,
            news=self.news_consent,
        )


class WebinarDetails(State):
    """A webinar as everybody may see it."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "webinar_id": EXAMPLE_WEBINAR,
                "season_id": "2020",
                "schedule_version": 1,
                "title": EXAMPLE_TITLE,
                "speaker": {"kk": "Спикер", "ru": "Спикер", "en": "Speaker"},
                "starts_at": "2020-05-14T11:00:00.000Z",
                "ends_at": "2020-05-14T12:30:00.000Z",
                "timezone": "Asia/Almaty",
                "phase": "upcoming",
                "capacity": 1000,
                "confirmed": 412,
                "waitlisted": 0,
                "seats_left": 588,
            }
        },
    )
    webinar_id: Slug
    season_id: Slug
    schedule_version: int
    title: Localised
    speaker: Localised
    starts_at: Moment
    ends_at: Moment
    timezone: str
    phase: Phase
    capacity: int | None
    confirmed: int
    waitlisted: int
    seats_left: int | None
    """What a newcomer can still get: seats neither held nor waited for; null without capacity."""


class RegistrationAnswer(State):
    """What a command on a registration came to. A repeat gets the registration as it stands."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": EXAMPLE_ANSWER})
    registration_id: Uuid
    webinar_id: Slug
    status: str
    seat: int | None = None
    """The seat, where the webinar has a capacity."""
    ticket: int | None = None
    """The place in the order of arrival, where the webinar has a capacity."""
    event_id: str
    """The last event about the registration: the proof; keep it."""


class RegistrationStatus(State):
    """What everybody who knows the id may see."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "registration_id": EXAMPLE_REGISTRATION,
                "webinar_id": EXAMPLE_WEBINAR,
                "status": "waitlisted",
            }
        },
    )
    registration_id: Uuid
    webinar_id: Slug
    status: str


class RegistrationPage(State):
    """A page of registrations in the order of their ids; ask again with `after` = `next`."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"items": [EXAMPLE_ANSWER], "next": EXAMPLE_REGISTRATION}},
    )
    items: tuple[RegistrationAnswer, ...]
    next: str | None


class JoinDetails(State):
    """What a personal link leads to. `room_url` only while the registration entitles to it."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "registration_id": EXAMPLE_REGISTRATION,
                "webinar_id": EXAMPLE_WEBINAR,
                "status": "confirmed",
                "phase": "upcoming",
                "title": "Құнды ұсынысты цифрлау",
                "speaker": "Спикер",
                "language": "kk",
                "starts_at": "2020-05-14T17:00:00+06:00",
                "ends_at": "2020-05-14T18:30:00+06:00",
                "timezone": "Asia/Almaty",
                "room_url": f"https://meet.example.org/{EXAMPLE_WEBINAR}",
            }
        },
    )
    registration_id: Uuid
    webinar_id: Slug
    status: str
    phase: Phase
    title: str
    speaker: str
    language: Language
    starts_at: str
    """Local time in `timezone`, with its offset."""
    ends_at: str
    timezone: str
    room_url: str | None


def webinar_details(
    webinar: Webinar, phase: Phase, confirmed: int, waitlisted: int
) -> WebinarDetails:
    """A webinar with what is counted of it."""
    capacity = webinar.capacity
    left = None if capacity is None else max(0, capacity - confirmed - waitlisted)
    return WebinarDetails(
        **webinar.model_dump(exclude={"tickets"}),
        phase=phase,
        confirmed=confirmed,
        waitlisted=waitlisted,
        seats_left=left,
    )


def registration_answer(registration: Registration) -> RegistrationAnswer:
    """A registration as its owner and the staff may see it: without name and address."""
    return RegistrationAnswer(
        registration_id=registration.registration_id,
        webinar_id=registration.webinar_id,
        status=registration.status,
        seat=registration.seat,
        ticket=registration.ticket,
        event_id=f"webinar/registration/{registration.registration_id}:{registration.said}",
    )


def registration_status(registration: Registration) -> RegistrationStatus:
    """The part of a registration that needs no proof."""
    return RegistrationStatus(
        registration_id=registration.registration_id,
        webinar_id=registration.webinar_id,
        status=registration.status,
    )
