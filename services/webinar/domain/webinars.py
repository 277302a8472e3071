"""The rules of webinars and their tickets. Pure: time and the season come in as arguments."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from schemas.base import Localised, Moment, Slug
from schemas.season import SeasonDefinition, WebinarDefinition
from schemas.webinar import WebinarAnnounced, WebinarEvent
from services.kit.refusal import Refused

Phase = Literal["upcoming", "live", "over"]


class State(BaseModel):
    """Base of the states: immutable, and compared by value."""

    model_config = ConfigDict(frozen=True)


class Webinar(State):
    """A webinar and its counter of tickets."""

    webinar_id: Slug
    season_id: Slug
    schedule_version: int
    title: Localised
    speaker: Localised
    starts_at: Moment
    ends_at: Moment
    timezone: str
    capacity: int | None = None
    tickets: int = 0
    """How many tickets were drawn: the number of the last one. Only moves when there is a
    capacity."""


def webinar_id(season_id: str, definition_id: str) -> str:
    """A webinar's id: unique over the seasons."""
    return f"{season_id}-{definition_id}"


def announce_webinar(
    webinar: Webinar | None, season: SeasonDefinition, definition: WebinarDefinition
) -> list[WebinarEvent]:
    """Announce a webinar of a season that was opened; again says nothing."""
    if webinar is not None:
        return []
    return [
        WebinarAnnounced(
            webinar_id=webinar_id(season.id, definition.id),
            season_id=season.id,
            schedule_version=1,
            title=definition.title,
            speaker=definition.speaker,
            starts_at=definition.starts_at,
            ends_at=definition.starts_at + timedelta(minutes=definition.minutes),
            timezone=season.timezone,
            capacity=definition.capacity,
        )
    ]


def draw_ticket(webinar: Webinar | None, id: str, now: datetime) -> Webinar:
    """The webinar after one more ticket; its number is the new `tickets`.

    Says no event, on purpose: a ticket alone is no promise to anybody. What it comes to (a seat or
    a place in the queue) is the registration's to say, in the same update as its state. A ticket
    that is drawn and then lost leaves a number nobody holds, which `Seats.sweep` gives away.
    """
    webinar = require_open(webinar, id, now)
    return webinar.model_copy(update={"tickets": webinar.tickets + 1})


def require_open(webinar: Webinar | None, id: str, now: datetime) -> Webinar:
    """The webinar, when it takes registrations at `now`; raises Refused."""
    if webinar is None:
        raise unknown_webinar(id)
    if now >= webinar.starts_at:
        raise Refused(
            "conflict",
            "webinar-started",
            f"The webinar began at {webinar.starts_at.isoformat()}; registration is closed.",
        )
    return webinar


def phase(webinar: Webinar, now: datetime) -> Phase:
    """Where a webinar stands at `now`."""
    if now < webinar.starts_at:
        return "upcoming"
    return "live" if now < webinar.ends_at else "over"


def evolve_webinar(webinar: Webinar | None, event: WebinarEvent) -> Webinar:
    """The webinar after an event of its own."""
    if isinstance(event, WebinarAnnounced):
        return Webinar.model_validate(event.model_dump())
    raise ValueError(f"a webinar does not say {type(event).__name__}")


def unknown_webinar(id: str) -> Refused:
    """The refusal for a webinar nobody announced."""
    return Refused("missing", "unknown-webinar", f"There is no webinar {id!r}.")
