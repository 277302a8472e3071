"""The .ics of a webinar: it parses again, keeps its UID, and carries the link where it is read."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Component

from schemas.base import Language, Localised
from services.notify.calendar import webinar_calendar
from services.notify.mails import Sender
from services.notify.wording import one_line

ORGANISER = Sender(
    name=Localised(kk="Жәрмеңке қоры", ru='Фонд "Жәрмеңке"', en="Zharmenke Foundation"),
    address="fair@example.org",
    support="help@example.org",
)
TITLE = Localised(
    kk="Құнды ұсынысты цифрлау", ru="Цифровизация предложения", en="Digitising the proposition"
)
LINK = "https://webinars.example.org/join?token=abc.def&lang=kk"
STARTS = datetime(2020, 5, 14, 17, 0, tzinfo=timezone(timedelta(hours=6)))


def calendar_file(
    *,
    sequence: int = 1,
    title: str | Localised = TITLE,
    speaker: str | Localised = "PR-сарапшы",
    starts_at: datetime = STARTS,
    link: str = LINK,
    organiser: Sender = ORGANISER,
    language: Language = "kk",
    cancelled: bool = False,
) -> bytes:
    return webinar_calendar(
        uid="registration-1@example.org",
        sequence=sequence,
        title=title,
        speaker=speaker,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=90),
        timezone="Asia/Almaty",
        link=link,
        organiser=organiser,
        language=language,
        stamp=datetime(2020, 5, 1, 12, 0, tzinfo=UTC),
        cancelled=cancelled,
    )


def parsed(content: bytes) -> tuple[Component, Component]:
    calendar = Calendar.from_ical(content)
    [event] = calendar.walk("VEVENT")
    return calendar, event


def test_webinar_calendar_has_what_a_calendar_needs() -> None:
    calendar, event = parsed(calendar_file())

    assert (calendar["METHOD"], calendar["VERSION"]) == ("PUBLISH", "2.0")
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (
        "registration-1@example.org",
        1,
        "CONFIRMED",
    )
    assert event["ORGANIZER"] == "mailto:fair@example.org"
    assert event["ORGANIZER"].params["CN"] == "Жәрмеңке қоры"


def test_webinar_calendar_writes_times_in_utc() -> None:
    content = calendar_file().decode().split("\r\n")

    assert [line for line in content if line.startswith("DT")] == [
        "DTSTART:20200514T110000Z",
        "DTEND:20200514T123000Z",
        "DTSTAMP:20200501T120000Z",
    ]


def test_webinar_calendar_has_the_link_in_three_places() -> None:
    _, event = parsed(calendar_file())

    assert (event["URL"], event["LOCATION"]) == (LINK, LINK)
    assert event["DESCRIPTION"] == (
        f"PR-сарапшы\n2020 жылғы 14 мамыр, 17:00 (Алматы, UTC+6)\n{LINK}"
    )


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_webinar_calendar_speaks_the_persons_language(language: Language) -> None:
    _, event = parsed(calendar_file(language=language))

    assert event["SUMMARY"] == TITLE.get(language)


def test_webinar_calendar_moves_the_entry_it_made() -> None:
    _, first = parsed(calendar_file(sequence=1))
    _, moved = parsed(calendar_file(sequence=2, starts_at=STARTS + timedelta(days=1)))

    assert moved["UID"] == first["UID"]
    assert (first["SEQUENCE"], moved["SEQUENCE"]) == (1, 2)
    assert moved.decoded("DTSTART") - first.decoded("DTSTART") == timedelta(days=1)


def test_webinar_calendar_takes_a_cancelled_entry_out() -> None:
    calendar, event = parsed(calendar_file(sequence=3, cancelled=True))

    assert (calendar["METHOD"], event["STATUS"]) == ("CANCEL", "CANCELLED")


def test_webinar_calendar_is_pure() -> None:
    assert calendar_file() == calendar_file()


@pytest.mark.parametrize("link", ["javascript:alert(1)", "", "https://a.example.org/x\r\nURL:y"])
def test_webinar_calendar_refuses_what_is_no_link(link: str) -> None:
    with pytest.raises(ValueError, match="not a web address"):
        calendar_file(link=link)


def test_webinar_calendar_refuses_a_time_without_a_zone() -> None:
    with pytest.raises(ValueError, match="a time without a zone"):
        calendar_file(starts_at=datetime(2020, 5, 14, 17, 0))  # noqa: DTZ001


@settings(deadline=None)
@given(text=st.text(max_size=200))
def test_webinar_calendar_survives_any_text(text: str) -> None:
    organiser = Sender(Localised.model_construct(kk=text, ru=text, en=text), "a@example.org", "")
    content = calendar_file(title=text, speaker=text, organiser=organiser)
    calendar, event = parsed(content)

    assert event["SUMMARY"] == one_line(text)
    assert str(event["DESCRIPTION"]).split("\n")[0] == one_line(text)
    assert (event["URL"], event["UID"]) == (LINK, "registration-1@example.org")
    assert sorted(event) == sorted(parsed(calendar_file())[1])
    assert sorted(calendar) == ["CALSCALE", "METHOD", "PRODID", "VERSION"]
