"""Events of `zharmenke.notify`: one mail's way from the plan to the SMTP server's answer."""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from schemas.base import Event, Language, Line, Moment, Ordinal, Uuid

Purpose = Literal[
    "submission-receipt",
    "screened-out",
    "shortlisted",
    "not-shortlisted",
    "won",
    "not-awarded",
    "judge-appointed",
    "webinar-link",
]
Subject = Annotated[str, StringConstraints(max_length=120)]
Occurrence = Annotated[str, StringConstraints(max_length=200)]


class NotifyEvent(Event):
    """Said by the notify service."""

    SERVICE: ClassVar[str] = "notify"
    KIND: ClassVar[str] = "message"
    message_id: Uuid
    purpose: Purpose
    person_id: Uuid


class MessagePlanned(NotifyEvent):
    """One mail is due, once, for (purpose, about, occurrence, person)."""

    SAID_WHEN: ClassVar[str] = "an event that calls for a mail was heard for the first time"
    about: Subject
    occurrence: Occurrence


class MessageAccepted(NotifyEvent):
    """The recipient's mail server took the message."""

    SAID_WHEN: ClassVar[str] = "the SMTP server answered 250 after the data"
    language: Language
    attempt: Ordinal
    accepted_at: Moment
    smtp_reply: Line


class MessageUnknown(NotifyEvent):
    """The connection or the process was lost after the data began: nobody can know."""

    SAID_WHEN: ClassVar[str] = "an attempt ended after DATA began and before the server's answer"
    attempt: Ordinal


class MessageRequeued(NotifyEvent):
    """A message of unknown outcome is sent again, with the same Message-ID."""

    SAID_WHEN: ClassVar[str] = "a member of the staff has an unknown message sent again"


class MessageBounced(NotifyEvent):
    """The server refused the message for good."""

    SAID_WHEN: ClassVar[str] = "the SMTP server answered 5xx, or retries came to their end"
    attempt: Ordinal
    smtp_reply: Line


class AddressSuppressed(NotifyEvent):
    """Nothing is sent to this person: the address was erased or is refused for good."""

    SAID_WHEN: ClassVar[str] = "a planned message's person was erased or is suppressed"
    reason: Line
