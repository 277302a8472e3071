"""From a planned message and its person to the bytes of a mail, with the personal link minted.

Same message, same person, same key: same bytes, so what is sent again is the same mail.
"""

from datetime import datetime, timedelta
from email.message import EmailMessage

from pydantic import JsonValue

from schemas.base import Localised
from schemas.people import Person
from services.kit.tokens import issue_link
from services.notify.calendar import webinar_calendar
from services.notify.domain import Message
from services.notify.mails import Sender, compose, render
from services.notify.settings import Settings

_MOMENTS = frozenset({"submitted_at", "starts_at", "ends_at"})


class Letters:
    """Writes mails in the name of the organiser."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._link_key = settings.link_private_key_file.read_text()
        self._sender = Sender(
            name=Localised(
                kk=settings.organiser_kk, ru=settings.organiser_ru, en=settings.organiser_en
            ),
            address=settings.mail_from,
            support=settings.mail_support,
            timezone=settings.timezone,
        )

    def write(self, message: Message, person: Person) -> EmailMessage:
        """The mail; raises TemplateIncomplete or AddressNotSendable when it can't be written."""
        values = {name: _value(name, value) for name, value in message.plan.values.items()}
        link = self._link(message, values)
        if link:
            values["link"] = link
        rendered = render(message.plan.purpose, person.language, values, person.name, self._sender)
        return compose(
            rendered,
            person_name=person.name,
            person_address=person.email,
            organiser=self._sender,
            message_id=message.message_id,
            header_id=self.header_id(message),
            date=message.planned_at,
            calendar=self._calendar(message, person, values),
        )

    def header_id(self, message: Message) -> str:
        """The Message-ID, derived from the message's id."""
        return f"<{message.message_id}@{self._settings.mail_domain}>"

    def _link(self, message: Message, values: dict[str, object]) -> str:
        plan, settings = message.plan, self._settings
        if plan.purpose == "judge-appointed":
            expires = message.planned_at + timedelta(days=settings.sign_in_days)
            token = self._token(message, "scoring", "sign-in", plan.person_id, expires)
            return f"{settings.scoring_url}/sign-in?token={token}"
        if plan.purpose == "webinar-link":
            ends_at = values["ends_at"]
            assert isinstance(ends_at, datetime)
            token = self._token(
                message,
                "webinar",
                "join",
                str(plan.values["registration_id"]),
                ends_at + timedelta(days=1),
            )
            return f"{settings.webinar_url}/join?token={token}"
        return ""

    def _token(
        self, message: Message, audience: str, purpose: str, subject: str, expires: datetime
    ) -> str:
        return issue_link(
            self._link_key,
            audience=audience,
            purpose=purpose,
            subject=subject,
            message_id=message.message_id,
            expires=expires,
        )

    def _calendar(
        self, message: Message, person: Person, values: dict[str, object]
    ) -> bytes | None:
        if message.plan.purpose != "webinar-link":
            return None
        starts_at, ends_at = values["starts_at"], values["ends_at"]
        title, speaker = values["webinar_title"], values["speaker"]
        version = message.plan.values["schedule_version"]
        assert isinstance(starts_at, datetime)
        assert isinstance(ends_at, datetime)
        assert isinstance(title, Localised)
        assert isinstance(speaker, Localised)
        assert isinstance(version, int)
        return webinar_calendar(
            uid=f"{message.plan.values['registration_id']}@{self._settings.mail_domain}",
            sequence=version - 1,
            title=title,
            speaker=speaker,
            starts_at=starts_at,
            ends_at=ends_at,
            timezone=str(message.plan.values["timezone"]),
            link=str(values["link"]),
            organiser=self._sender,
            language=person.language,
            stamp=message.planned_at,
        )


def _value(name: str, value: JsonValue) -> object:
    if name in _MOMENTS:
        return datetime.fromisoformat(str(value))
    if isinstance(value, dict):
        return Localised.model_validate(value)
    return value
