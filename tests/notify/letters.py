"""Sample values for every purpose, and what a reader makes of a mail. Nobody here is real."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import get_args

import pytest

from schemas.base import Language, Localised
from schemas.notify import Purpose
from services.notify.mails import Rendered, Sender, compose, render
from services.notify.placeholders import PLACEHOLDERS

LANGUAGES: tuple[Language, ...] = get_args(Language)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
LETTERS = "ӘәҒғҚқҢңӨөҰұҮүҺһІі"

ORGANISER = Sender(
    name=Localised(kk="Жәрмеңке қоры", ru="Фонд «Жәрмеңке»", en="Zharmenke Foundation"),
    address="fair@example.org",
    support="help@example.org",
)
NAME = "Айгүл Үлгіқызы"
LINK = "https://fair.example.org/join?token=abc.def&lang=kk"
ALMATY = timezone(timedelta(hours=6))
VALUES: Mapping[str, object] = {
    "title": "Таза бұлақ",
    "project_id": "8c4b2f6e-0000-4000-8000-000000000001",
    "version": 2,
    "submitted_at": datetime(2020, 4, 12, 17, 59, tzinfo=UTC),
    "event_id": "submission/project/8c4b2f6e-0000-4000-8000-000000000001:3",
    "reason_code": "incomplete",
    "final_hint": Localised(
        kk="Финал онлайн өтеді.", ru="Финал пройдёт онлайн.", en="The final is held online."
    ),
    "amount_tiyn": 150_000_000,
    "post": Localised(kk="Газет тілшісі", ru="Корреспондент газеты", en="Newspaper correspondent"),
    "panel": "commission",
    "link": LINK,
    "webinar_title": Localised(kk="Құнды ұсыныс", ru="Ценное предложение", en="A proposition"),
    "speaker": "PR-эксперт",
    "starts_at": datetime(2020, 5, 14, 17, 0, tzinfo=ALMATY),
    "ends_at": datetime(2020, 5, 14, 18, 30, tzinfo=ALMATY),
    "timezone": "Asia/Almaty",
}
CALENDAR = b"BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nSUMMARY:\xd2\xb1\r\nEND:VCALENDAR\r\n"


def context(purpose: Purpose, **changed: object) -> dict[str, object]:
    """Exactly what the purpose needs, with some of it changed."""
    return {key: VALUES[key] for key in PLACEHOLDERS[purpose]} | changed


def letter(purpose: Purpose, language: str, **changed: object) -> Rendered:
    return render(purpose, language, context(purpose, **changed), NAME, ORGANISER)


def message(
    rendered: Rendered, name: str = NAME, address: str = "aigul@example.org"
) -> EmailMessage:
    return compose(
        rendered,
        person_name=name,
        person_address=address,
        organiser=ORGANISER,
        message_id="8c4b2f6e-0000-4000-8000-0000000000aa",
        header_id="<8c4b2f6e@mail.example.org>",
        date=datetime(2020, 5, 1, 12, 0, tzinfo=UTC),
        calendar=CALENDAR if rendered.purpose == "webinar-link" else None,
    )


def received(sent: EmailMessage) -> EmailMessage:
    """What a mail reader makes of the bytes."""
    return message_from_bytes(sent.as_bytes(), _class=EmailMessage, policy=default)


def part(mail: EmailMessage, kind: str) -> str:
    [body] = [part for part in mail.walk() if part.get_content_type() == f"text/{kind}"]
    content = body.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


class Page(HTMLParser):
    """The words, tags and link targets of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.tags: list[str] = []
        self.targets: list[str | None] = []
        self.language: str | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "html":
            self.language = dict(attrs)["lang"]
        if tag == "a":
            self.targets.append(dict(attrs)["href"])

    def handle_data(self, data: str) -> None:
        self.words += data


EACH = pytest.mark.parametrize(
    ("purpose", "language"), [(purpose, language) for purpose in PURPOSES for language in LANGUAGES]
)
