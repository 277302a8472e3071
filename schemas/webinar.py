"""Events of `zharmenke.webinar`: webinars and who registered for them."""

from typing import ClassVar

from schemas.base import Event, Localised, Moment, Ordinal, Slug, Uuid, Visibility

Ticket = Ordinal


class WebinarEvent(Event):
    """Said by the webinar service."""

    SERVICE: ClassVar[str] = "webinar"


class WebinarSchedule(WebinarEvent):
    """When and what: the fields a calendar entry needs."""

    webinar_id: Slug
    season_id: Slug
    schedule_version: Ordinal
    title: Localised
    speaker: Localised
    starts_at: Moment
    ends_at: Moment
    timezone: str


class WebinarAnnounced(WebinarSchedule):
    """A webinar takes registrations."""

    KIND: ClassVar[str] = "webinar"
    VISIBILITY: ClassVar[Visibility] = "public"
    SAID_WHEN: ClassVar[str] = "a season with webinars was opened"
    capacity: Ordinal | None = None


class WebinarRegistered(WebinarSchedule):
    """A registration is confirmed; its person is due a personal link."""

    KIND: ClassVar[str] = "registration"
    SAID_WHEN: ClassVar[str] = "a registration is confirmed, at once or from the waitlist"
    registration_id: Uuid
    person_id: Uuid
    seat: Ticket | None = None
    """The seat drawn, when the webinar has a capacity."""


class RegistrationWaitlisted(WebinarEvent):
    """All seats were taken; the ticket is the place in the queue."""

    KIND: ClassVar[str] = "registration"
    SAID_WHEN: ClassVar[str] = "somebody registers for a webinar that is full"
    registration_id: Uuid
    webinar_id: Slug
    season_id: Slug
    person_id: Uuid
    ticket: Ticket


class RegistrationCancelled(WebinarEvent):
    """The registration, and with it the personal link, is no longer valid."""

    KIND: ClassVar[str] = "registration"
    SAID_WHEN: ClassVar[str] = "a registration is cancelled"
    registration_id: Uuid
    webinar_id: Slug
    season_id: Slug
    person_id: Uuid
