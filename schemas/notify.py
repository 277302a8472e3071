"""Events of `zharmenke.notify`: a mail's way from the plan to the SMTP server's answer, and people
whose mailbox is refused for good."""

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


class MessageEvent(NotifyEvent):
    """Said about one mail to one person."""

    KIND: ClassVar[str] = "message"
    message_id: Uuid
    purpose: Purpose
    person_id: Uuid


class MessagePlanned(MessageEvent):
    """One mail is due, once, for (purpose, about, occurrence, person)."""

    SAID_WHEN: ClassVar[str] = "an event that calls for a mail was heard for the first time"
    about: Subject
    occurrence: Occurrence


class MessageAccepted(MessageEvent):
    """The recipient's mail server took the message."""

    SAID_WHEN: ClassVar[str] = "the SMTP server answered 250 after the data"
    language: Language
    attempt: Ordinal
    accepted_at: Moment
    smtp_reply: Line


class MessageUnknown(MessageEvent):
    """The connection or the process was lost after the data began: nobody can know."""

    SAID_WHEN: ClassVar[str] = "an attempt ended after DATA began and before the server's answer"
    attempt: Ordinal


class MessageRequeued(MessageEvent):
    """A message that is not known to have arrived is sent again, with the same Message-ID."""

    SAID_WHEN: ClassVar[str] = (
        "a member of the staff has a message sent (again) that is not known to have arrived"
    )


class MessageBounced(MessageEvent):
    """The server refused the message for good."""

    SAID_WHEN: ClassVar[str] = "the SMTP server answered 5xx, or retries came to their end"
    attempt: Ordinal
    smtp_reply: Line


class MessageSuppressed(MessageEvent):
    """The message is not sent: there is nobody to send it to."""

    SAID_WHEN: ClassVar[str] = "a planned message's person was erased or is suppressed"
    reason: Literal["person-erased", "address-suppressed"]
    """Whether the person was erased, or their mailbox was refused for good before."""


class MessageNotSent(MessageEvent):
    """The message belongs to a record that was imported: it is not sent from here."""

    SAID_WHEN: ClassVar[str] = (
        "an imported event calls for a message, or an imported message has no outcome"
    )
    reason: Literal["imported"]
    """Why it is not sent."""


class SuppressionEvent(NotifyEvent):
    """Said about a person's mailbox; the address itself is never said."""

    KIND: ClassVar[str] = "suppression"
    person_id: Uuid


class AddressSuppressed(SuppressionEvent):
    """Nothing is sent to this person any more: their mailbox is refused for good."""

    SAID_WHEN: ClassVar[str] = "the SMTP server said that the mailbox does not exist or is closed"
    message_id: Uuid
    """The message that was refused."""
    smtp_reply: Line
    suppressed_at: Moment


class AddressRestored(SuppressionEvent):
    """Mails are sent to this person again."""

    SAID_WHEN: ClassVar[str] = "a member of the staff lifted the suppression"
    reason: Line
    restored_at: Moment
