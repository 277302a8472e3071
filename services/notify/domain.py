"""A message and its way: planned, then accepted, or failed, suppressed, or unknown. Pure.

Also a person's suppression: nothing is sent to a mailbox that was refused for good, until a member
of the staff lifts it.
"""

from collections.abc import Mapping
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict, JsonValue

from schemas.base import Moment, Uuid
from schemas.notify import (
    AddressRestored,
    AddressSuppressed,
    MessageAccepted,
    MessageBounced,
    MessageEvent,
    MessageNotSent,
    MessagePlanned,
    MessageRequeued,
    MessageSuppressed,
    MessageUnknown,
    Purpose,
    SuppressionEvent,
)
from services.kit.refusal import Refused

Status = Literal["planned", "accepted", "unknown", "failed", "suppressed", "not_sent"]
Reason = Literal["person-erased", "address-suppressed"]
SENDABLE_AGAIN: frozenset[Status] = frozenset({"unknown", "failed", "suppressed", "not_sent"})
"""What is not known to have arrived, and is not on its way."""

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
    traceparent: str = ""
    """The trace of what called for it, which goes on when it is sent."""
    status: Status = "planned"
    attempts: int = 0
    """How many attempts came as far as the data."""
    resending: bool = False
    """It is sent again: an attempt ended unknown, or a person wants it."""
    smtp_reply: str = ""
    suppressed_because: Reason | None = None


class Suppression(State):
    """A person whose mailbox was refused for good, and whether that still stands."""

    person_id: Uuid
    season_id: str
    active: bool = False
    message_id: str = ""
    """The message that was refused."""
    smtp_reply: str = ""
    suppressed_at: Moment | None = None
    restored_at: Moment | None = None
    restored_because: str = ""


def plan_message(
    message: Message | None, fresh: Message, *, imported: bool = False
) -> tuple[Message, list[MessageEvent]]:
    """Plan a mail once; a plan that exists says nothing. One that was imported is not sent."""
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
    return fresh, [planned, *(mark_not_sent(fresh) if imported else ())]


def mark_accepted(
    message: Message, *, language: str, accepted_at: Moment, smtp_reply: str
) -> list[MessageEvent]:
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


def mark_unknown(message: Message) -> list[MessageEvent]:
    """The data had begun and no answer came: the mail may have arrived or not."""
    if message.status != "planned":
        return []
    return [MessageUnknown.model_validate(_common(message) | {"attempt": message.attempts + 1})]


def mark_bounced(message: Message, smtp_reply: str) -> list[MessageEvent]:
    """The server refused it for good."""
    if message.status not in ("planned", "unknown"):
        return []
    fields = {"attempt": message.attempts + 1, "smtp_reply": _line(smtp_reply)}
    return [MessageBounced.model_validate(_common(message) | fields)]


def mark_suppressed(message: Message, reason: Reason) -> list[MessageEvent]:
    """Nobody to send it to any more."""
    if message.status not in ("planned", "unknown"):
        return []
    return [MessageSuppressed.model_validate(_common(message) | {"reason": reason})]


def mark_not_sent(message: Message) -> list[MessageEvent]:
    """It was due elsewhere, before its record was imported: whether it was sent there or not."""
    if message.status != "planned":
        return []
    return [MessageNotSent.model_validate(_common(message) | {"reason": "imported"})]


def resend(message: Message | None, message_id: str) -> list[MessageEvent]:
    """A person decides that a mail which may not have arrived is sent again, same Message-ID."""
    if message is None:
        raise Refused("missing", "unknown-message", f"There is no message {message_id}.")
    if message.status not in SENDABLE_AGAIN:
        raise Refused(
            "conflict",
            "nothing-to-resend",
            "Only a message that is not known to have arrived is sent again; this one is "
            f"{message.status}.",
        )
    return [MessageRequeued.model_validate(_common(message))]


def evolve(message: Message | None, event: MessageEvent) -> Message:
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
            change = {"status": "planned", "resending": True, "suppressed_because": None}
        case MessageBounced():
            change = {
                "status": "failed",
                "attempts": event.attempt,
                "smtp_reply": event.smtp_reply,
            }
        case MessageNotSent():
            change = {"status": "not_sent"}
        case MessageSuppressed():
            change = {"status": "suppressed", "suppressed_because": event.reason}
        case _:
            raise ValueError(f"a message does not say {type(event).__name__}")
    return message.model_copy(update=change)


def suppress(
    found: Suppression | None, fresh: Suppression, message: Message, smtp_reply: str, now: Moment
) -> tuple[Suppression, list[SuppressionEvent]]:
    """Send this person nothing more; one who is suppressed already says nothing."""
    if found is not None and found.active:
        return found, []
    said = AddressSuppressed(
        person_id=fresh.person_id,
        message_id=message.message_id,
        smtp_reply=_line(smtp_reply),
        suppressed_at=now,
    )
    return found or fresh, [said]


def restore(
    suppression: Suppression | None, person_id: str, reason: str, now: Moment
) -> list[SuppressionEvent]:
    """A person decides that mails are sent there again."""
    if suppression is None:
        raise Refused("missing", "unknown-suppression", f"{person_id} was never suppressed.")
    if not suppression.active:
        raise Refused("conflict", "not-suppressed", f"{person_id} is not suppressed any more.")
    return [AddressRestored(person_id=person_id, reason=reason, restored_at=now)]


def evolve_suppression(suppression: Suppression | None, event: SuppressionEvent) -> Suppression:
    """The suppression after an event of its own."""
    if suppression is None:
        raise ValueError("a suppression begins with its person")
    match event:
        case AddressSuppressed():
            change: dict[str, object] = {
                "active": True,
                "message_id": event.message_id,
                "smtp_reply": event.smtp_reply,
                "suppressed_at": event.suppressed_at,
                "restored_at": None,
                "restored_because": "",
            }
        case AddressRestored():
            change = {
                "active": False,
                "restored_at": event.restored_at,
                "restored_because": event.reason,
            }
        case _:
            raise ValueError(f"a suppression does not say {type(event).__name__}")
    return suppression.model_copy(update=change)


def _common(message: Message) -> dict[str, object]:
    return {
        "message_id": message.message_id,
        "purpose": message.plan.purpose,
        "person_id": message.plan.person_id,
    }


def _line(text: str) -> str:
    return " ".join(text.split())[:300] or "(no text)"
