"""A message and its way: planned, then accepted, or failed, suppressed, or unknown. Pure."""

from collections.abc import Mapping
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict, JsonValue

from schemas.base import Moment, Uuid
from schemas.notify import (
    AddressSuppressed,
    MessageAccepted,
    MessageBounced,
    MessagePlanned,
    MessageRequeued,
    MessageUnknown,
    NotifyEvent,
    Purpose,
)
from services.kit.refusal import Refused

Status = Literal["planned", "accepted", "unknown", "failed", "suppressed"]

SENT_AGAIN: frozenset[Purpose] = frozenset({"webinar-link", "judge-appointed"})
"""Purposes sent again, with the same Message-ID, when nobody can know whether they arrived.

A link that is missing shuts somebody out; the others wait for a person to decide.
"""


class State(BaseModel):
    """Base of the states: immutable, and compared by value."""

    model_config = ConfigDict(frozen=True)


class Plan(State):
    """One mail that an event calls for: exactly one per (purpose, about, occurrence, person)."""

    purpose: Purpose
    about: str
    occurrence: str
    person_id: Uuid
    season_id: str
    values: Mapping[str, JsonValue]

    @property
    def message_id(self) -> str:
        """The same for the same plan, whatever heard it and how often."""
        name = "\x1f".join((self.purpose, self.about, self.occurrence, self.person_id))
        return str(uuid5(NAMESPACE_URL, f"urn:zharmenke:notify:{name}"))


class Message(State):
    """A planned mail and what became of it."""

    message_id: Uuid
    plan: Plan
    planned_at: Moment
    cause: str = ""
    """The event that called for it."""
    correlation_id: str = ""
    status: Status = "planned"
    attempts: int = 0
    """How many attempts came as far as the data."""
    resending: bool = False
    """An earlier attempt ended unknown, and it is being sent again."""
    smtp_reply: str = ""


def plan_message(message: Message | None, fresh: Message) -> tuple[Message, list[NotifyEvent]]:
    """Plan a mail once; a plan that exists says nothing."""
    if message is not None:
        return message, []
    plan = fresh.plan
    planned = MessagePlanned(
        message_id=fresh.message_id,
        purpose=plan.purpose,
        person_id=plan.person_id,
        about=plan.about,
        occurrence=plan.occurrence,
    )
    return fresh, [planned]


def mark_accepted(
    message: Message, *, language: str, accepted_at: Moment, smtp_reply: str
) -> list[NotifyEvent]:
    """The server took it. A message that is settled already says nothing."""
    if message.status not in ("planned", "unknown"):
        return []
    return [
        MessageAccepted.model_validate(
            _common(message)
            | {
                "language": language,
                "attempt": message.attempts + 1,
                "accepted_at": accepted_at,
                "smtp_reply": _line(smtp_reply),
            }
        )
    ]


def mark_unknown(message: Message) -> list[NotifyEvent]:
    """The data had begun and no answer came: the mail may have arrived or not."""
    if message.status != "planned":
        return []
    return [MessageUnknown.model_validate(_common(message) | {"attempt": message.attempts + 1})]


def mark_bounced(message: Message, smtp_reply: str) -> list[NotifyEvent]:
    """The server refused it for good."""
    if message.status not in ("planned", "unknown"):
        return []
    fields = {"attempt": message.attempts + 1, "smtp_reply": _line(smtp_reply)}
    return [MessageBounced.model_validate(_common(message) | fields)]


def mark_suppressed(message: Message, reason: str) -> list[NotifyEvent]:
    """Nobody to send it to any more."""
    if message.status not in ("planned", "unknown"):
        return []
    return [AddressSuppressed.model_validate(_common(message) | {"reason": reason})]


def resend(message: Message | None, message_id: str) -> list[NotifyEvent]:
    """A person decides that an unknown mail is to be sent again, with the same Message-ID."""
    if message is None:
        raise Refused("missing", "unknown-message", f"There is no message {message_id}.")
    if message.status != "unknown":
        raise Refused(
            "conflict", "not-unknown", f"Only an unknown message is resent; it is {message.status}."
        )
    return [MessageRequeued.model_validate(_common(message))]


def evolve(message: Message | None, event: NotifyEvent) -> Message:
    """The message after an event of its own."""
    if message is None:
        raise ValueError("a message begins with its plan")
    match event:
        case MessagePlanned():
            return message
        case MessageAccepted():
            change: dict[str, object] = {
                "status": "accepted",
                "attempts": event.attempt,
                "smtp_reply": event.smtp_reply,
            }
        case MessageUnknown() if message.plan.purpose in SENT_AGAIN:
            change = {"attempts": event.attempt, "resending": True}
        case MessageUnknown():
            change = {"status": "unknown", "attempts": event.attempt}
        case MessageRequeued():
            change = {"status": "planned", "resending": True}
        case MessageBounced():
            change = {
                "status": "failed",
                "attempts": event.attempt,
                "smtp_reply": event.smtp_reply,
            }
        case AddressSuppressed():
            change = {"status": "suppressed"}
        case _:
            raise ValueError(f"a message does not say {type(event).__name__}")
    return message.model_copy(update=change)


def _common(message: Message) -> dict[str, object]:
    return {
        "message_id": message.message_id,
        "purpose": message.plan.purpose,
        "person_id": message.plan.person_id,
    }


def _line(text: str) -> str:
    return " ".join(text.split())[:300] or "(no text)"
