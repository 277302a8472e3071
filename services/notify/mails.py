"""The mails: from a purpose and its values to a text, its HTML, and a message ready to send.

Everything here is pure. No clock, no randomness, no network: the same arguments give the same
bytes, so a mail that has to be sent again is the mail that was sent before.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from hashlib import sha256
from typing import Final, get_args

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError, select_autoescape

from schemas.base import Language, Localised
from schemas.notify import Purpose
from services.notify import headers, wording
from services.notify.headers import AddressNotSendable
from services.notify.placeholders import OPTIONAL, PLACEHOLDERS, Setting

__all__ = [
    "FALLBACK_LANGUAGE",
    "AddressNotSendable",
    "Rendered",
    "Sender",
    "TemplateIncomplete",
    "compose",
    "language_or_fallback",
    "render",
]

FALLBACK_LANGUAGE: Final[Language] = "ru"
"""The language of a mail to somebody whose own language is not one of the three."""

_MESSAGE_ID: Final = re.compile("<[!-;=?A-~]+@[!-;=?A-~]+>")
_TOKEN: Final = re.compile("[0-9A-Za-z._:/-]{1,200}")


@dataclass(frozen=True)
class Sender:
    """The organiser in whose name mails are sent.

    `support` is the mail address that answers questions and takes replies; `timezone` (an IANA
    name) is used for times that come without a zone of their own.
    """

    name: Localised
    address: str
    support: str
    timezone: str = "Asia/Almaty"


@dataclass(frozen=True)
class Rendered:
    """A mail in one language. `text` and `html` say the same; `subject` is one line."""

    purpose: Purpose
    language: Language
    subject: str
    text: str
    html: str


class TemplateIncomplete(ValueError):
    """A mail lacks a value, or has one that cannot be written. It must not be sent."""

    def __init__(self, purpose: str, language: str, placeholder: str, why: str = "missing") -> None:
        super().__init__(f"{purpose}.{language}: {placeholder}: {why}")
        self.purpose = purpose
        self.language = language
        self.placeholder = placeholder
        self.why = why


def language_or_fallback(language: str) -> Language:
    """`language` if mails are written in it, else FALLBACK_LANGUAGE."""
    known: tuple[Language, ...] = get_args(Language)
    return next((one for one in known if one == language), FALLBACK_LANGUAGE)


def render(
    purpose: Purpose,
    language: str,
    context: Mapping[str, object],
    person_name: str,
    organiser: Sender,
) -> Rendered:
    """The mail of `purpose` for one person, from the template of their language.

    `context` holds what PLACEHOLDERS lists for the purpose; other keys are ignored. Texts may be
    str or Localised; times must be aware and are shown in `context["timezone"]`, or else in the
    organiser's zone. A text is put in on one line and never read as a template. Raises
    TemplateIncomplete for a value that is missing or cannot be written.
    """
    own = language_or_fallback(language)
    values = _written(purpose, own, context, organiser)
    values["person_name"] = wording.one_line(person_name)
    values["organiser_name"] = wording.one_line(organiser.name.get(own))
    values["organiser_support"] = wording.one_line(organiser.support)
    try:
        filled = _templates().get_template(f"{purpose}.{own}.txt.j2").render(values)
    except UndefinedError as error:
        raise TemplateIncomplete(purpose, own, _undefined_name(error)) from error
    head, _, body = filled.partition("\n\n")
    subject, body = head.removeprefix("Subject:").strip(), body.strip()
    targets = {values["organiser_support"]: f"mailto:{values['organiser_support']}"}
    if "link" in values:
        targets[values["link"]] = values["link"]
    html = _templates().get_template("layout.html.j2")
    paragraphs = [_segments(paragraph, targets) for paragraph in re.split("\n{2,}", body)]
    return Rendered(
        purpose,
        own,
        subject,
        f"{body}\n",
        f"{html.render(language=own, subject=subject, paragraphs=paragraphs)}\n",
    )


def _written(
    purpose: Purpose, language: Language, context: Mapping[str, object], organiser: Sender
) -> dict[str, str]:
    setting = Setting(language, str(context.get("timezone") or organiser.timezone))
    values = {}
    optional = OPTIONAL.get(purpose, {})
    for placeholder, write in (*PLACEHOLDERS[purpose].items(), *optional.items()):
        value = context.get(placeholder)
        if value is None and placeholder in optional:
            values[placeholder] = ""
            continue
        if value is None:
            raise TemplateIncomplete(purpose, language, placeholder)
        try:
            values[placeholder] = write(value, setting)
        except (ValueError, KeyError) as error:
            raise TemplateIncomplete(purpose, language, placeholder, str(error)) from error
    return values


def _segments(paragraph: str, targets: Mapping[str, str]) -> list[list[tuple[str, str | None]]]:
    """The lines of a paragraph, each as (text, href or None).

    Only our own addresses become links: one that a user wrote into a title does not.
    """
    longest_first = sorted(targets, key=len, reverse=True)
    pattern = re.compile(f"({'|'.join(map(re.escape, longest_first))})")
    return [
        [(piece, targets.get(piece)) for piece in pattern.split(line) if piece]
        for line in paragraph.split("\n")
    ]


def _undefined_name(error: UndefinedError) -> str:
    quoted = re.findall("'([^']+)'", str(error))
    return quoted[-1] if quoted else str(error)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("services.notify", "templates"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html.j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def compose(
    rendered: Rendered,
    *,
    person_name: str,
    person_address: str,
    organiser: Sender,
    message_id: str,
    header_id: str,
    date: datetime,
    calendar: bytes | None = None,
) -> EmailMessage:
    """The message to hand to the SMTP server: text and HTML, and the calendar of a webinar.

    `message_id` is the message's id in this service (X-Zharmenke-Message-Id), `header_id` the
    Message-ID with its angle brackets, `date` an aware moment. `calendar` is due for
    `webinar-link` and for nothing else. Raises AddressNotSendable for an address that cannot be
    used and ValueError for any other argument that does not fit.
    """
    if (calendar is not None) != (rendered.purpose == "webinar-link"):
        raise ValueError("a calendar belongs to webinar-link, and to nothing else")
    _check_headers(message_id, header_id, date)
    message = EmailMessage(SMTP)
    signed = organiser.name.get(rendered.language)
    message.set_raw("From", headers.mailbox(signed, organiser.address))
    message.set_raw("To", headers.mailbox(person_name, person_address))
    message.set_raw("Reply-To", headers.mailbox(signed, organiser.support))
    message.set_raw("Subject", headers.text(rendered.subject))
    message["Date"] = date
    message["Message-ID"] = header_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Zharmenke-Message-Id"] = message_id
    message.set_content(rendered.text, cte="base64")
    message.add_alternative(rendered.html, subtype="html", cte="base64")
    if calendar is not None:
        _add_calendar(message, calendar)
    message["Content-Language"] = rendered.language  # last: content headers follow their content
    _fix_boundaries(message, header_id)
    return message


def _check_headers(message_id: str, header_id: str, date: datetime) -> None:
    if date.utcoffset() is None:
        raise ValueError("date has no zone")
    if not _MESSAGE_ID.fullmatch(header_id) or not _TOKEN.fullmatch(message_id):
        raise ValueError("a message id has characters that may break a header")


def _add_calendar(message: EmailMessage, calendar: bytes) -> None:
    """Once as an alternative, for clients that offer to add it, and once as a file."""
    method = "CANCEL" if b"\r\nMETHOD:CANCEL\r\n" in calendar else "PUBLISH"
    params = {"method": method, "charset": "utf-8"}
    message.add_alternative(calendar, "text", "calendar", cte="base64", params=params)
    message.add_attachment(
        calendar, "text", "calendar", cte="base64", filename="webinar.ics", params=params
    )


def _fix_boundaries(message: EmailMessage, header_id: str) -> None:
    """Boundaries that depend on the Message-ID alone.

    Every part is base64, which has no `_`: no text can contain a boundary, by chance or design.
    """
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        digest = sha256(f"{number} {header_id}".encode()).hexdigest()[:32]
        part.set_boundary(f"=_{digest}")
