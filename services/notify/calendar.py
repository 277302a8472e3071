"""The calendar file of a webinar: one event that later files with the same UID replace."""

from datetime import UTC, datetime

from icalendar import Calendar, Event, vCalAddress, vText

from schemas.base import Language, Localised
from services.notify import wording
from services.notify.mails import Sender

PRODUCT = "-//Zharmenke//Webinars//EN"


def webinar_calendar(
    *,
    uid: str,
    sequence: int,
    title: str | Localised,
    speaker: str | Localised,
    starts_at: datetime,
    ends_at: datetime,
    timezone: str,
    link: str,
    organiser: Sender,
    language: Language,
    stamp: datetime,
    cancelled: bool = False,
) -> bytes:
    """The bytes of the .ics file, in the person's language; pure.

    `uid` stays the same for a registration and `sequence` rises with its schedule: then a calendar
    moves the entry, or with `cancelled` takes it out. Times are in UTC; the description names the
    local time in `timezone`. Raises ValueError or KeyError for values that do not fit.
    """
    if sequence < 0 or ends_at <= starts_at or stamp.utcoffset() is None:
        raise ValueError("sequence, times or stamp do not fit")
    address = wording.link(link)
    told = [_in(language, speaker), wording.moment(starts_at, timezone, language), address]
    event = Event()
    event.add("uid", wording.one_line(uid))
    event.add("sequence", sequence)
    event.add("dtstamp", stamp.astimezone(UTC))
    event.add("dtstart", starts_at.astimezone(UTC))
    event.add("dtend", ends_at.astimezone(UTC))
    event.add("summary", _in(language, title))
    event.add("description", "\n".join(told))
    event.add("location", address)
    event.add("url", address)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("organizer", _organizer(organiser, language))
    return _file("CANCEL" if cancelled else "PUBLISH", event)


def _file(method: str, event: Event) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def _in(language: Language, text: str | Localised) -> str:
    return wording.one_line(text.get(language) if isinstance(text, Localised) else text)


def _organizer(organiser: Sender, language: Language) -> vCalAddress:
    address = vCalAddress(f"mailto:{organiser.address}")
    # A parameter's value has no way to escape a double quote.
    name = _in(language, organiser.name).replace('"', "'")
    address.params["CN"] = vText(name)
    return address
