"""The rules of mails: due and planned are the same, and each mail has one outcome."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from admin.verify.facts import Facts, Handlers
from admin.verify.findings import Place
from admin.verify.reading import Said
from schemas.notify import (
    AddressRestored,
    AddressSuppressed,
    MessageAccepted,
    MessageBounced,
    MessageNotSent,
    MessagePlanned,
    MessageRequeued,
    MessageSuppressed,
    MessageUnknown,
)
from services.kit.envelope import Envelope
from services.notify.domain import SENDABLE_AGAIN, SENT_AGAIN, Plan, Status
from services.notify.plans import HEARD, plans_for

PLANNED: frozenset[Status] = frozenset({"planned"})
UNDECIDED: frozenset[Status] = frozenset({"planned", "unknown"})
OUTCOMES: Mapping[type, Status] = {
    MessageAccepted: "accepted",
    MessageBounced: "failed",
    MessageSuppressed: "suppressed",
    MessageNotSent: "not_sent",
}


@dataclass(slots=True)
class Message:
    """What is remembered of one mail."""

    sent_again: bool
    status: Status = "planned"
    attempts: int = 0


class NotifyRules:
    """Checks notify's stream, and every event that calls for a mail.

    A mail that is due and planned is forgotten here; what is left at the end is a fault.
    """

    def __init__(self, facts: Facts) -> None:
        self._findings = facts.findings
        self._due: dict[str, tuple[str, Place, str]] = {}
        self._planned: dict[str, tuple[Place, str]] = {}

    def handlers(self) -> Handlers:
        """What looks at which event of notify's own."""
        return {
            MessagePlanned: self._on_planned,
            MessageAccepted: self._on_outcome,
            MessageBounced: self._on_outcome,
            MessageSuppressed: self._on_outcome,
            MessageNotSent: self._on_outcome,
            MessageUnknown: self._on_unknown,
            MessageRequeued: self._on_requeued,
            AddressSuppressed: self._on_suppression,
            AddressRestored: self._on_suppression,
        }

    def causes(self) -> Handlers:
        """What looks at the events that call for a mail."""
        return dict.fromkeys(HEARD, self._on_cause)

    def settle(self) -> None:
        """Say what is due and not planned, and what is planned and not due."""
        for purpose, place, at in self._due.values():
            self._findings.missing("planned", place, at, f"no {purpose} mail was planned for it")
        for place, purpose in self._planned.values():
            self._findings.fault("due", place, f"nothing calls for this {purpose} mail")

    def _on_cause(self, said: Said) -> None:
        envelope = Envelope(
            said.subject.service,
            type(said.event).__name__,
            said.event.MAJOR,
            said.subject.name,
            said.sequence,
            said.time,
        )
        for plan in plans_for(envelope, said.event):
            self._findings.checked["planned"] += 1
            id = plan.message_id
            if self._planned.pop(id, None) is None:
                self._due[id] = (plan.purpose, said.place, said.time)

    def _on_planned(self, said: Said) -> None:
        event: MessagePlanned = said.event
        first = said.subject.trace is None
        id = Plan(
            purpose=event.purpose,
            about=event.about,
            occurrence=event.occurrence,
            person_id=event.person_id,
            season_id=said.season,
            values={},
        ).message_id
        self._findings.expect(
            first and id == said.subject.id,
            "planned",
            said.place,
            "was planned before, or its id is not that of its purpose, occasion and person",
        )
        if not first:
            return
        said.subject.trace = Message(event.purpose in SENT_AGAIN)
        self._findings.checked["due"] += 1
        if self._due.pop(said.subject.id, None) is None:
            self._planned[said.subject.id] = (said.place, event.purpose)

    def _on_outcome(self, said: Said) -> None:
        message = self._message(said, UNDECIDED)
        if message is not None:
            self._attempt(said, message)
            message.status = OUTCOMES[type(said.event)]

    def _on_unknown(self, said: Said) -> None:
        message = self._message(said, PLANNED)
        if message is not None:
            self._attempt(said, message)
            message.status = "planned" if message.sent_again else "unknown"

    def _on_requeued(self, said: Said) -> None:
        message = self._message(said, SENDABLE_AGAIN)
        if message is not None:
            message.status = "planned"

    def _on_suppression(self, said: Said) -> None:
        """`trace` is whether the mailbox is suppressed."""
        suppresses = isinstance(said.event, AddressSuppressed)
        self._findings.expect(
            suppresses != bool(said.subject.trace),
            "suppression",
            said.place,
            "the mailbox was suppressed before" if suppresses else "the mailbox is not suppressed",
        )
        said.subject.trace = suppresses

    def _message(self, said: Said, allowed: Collection[Status]) -> Message | None:
        message = said.subject.trace
        status = message.status if isinstance(message, Message) else "nothing"
        self._findings.expect(
            status in allowed,
            "mail",
            said.place,
            f"{type(said.event).__name__} comes after {status}",
        )
        return message if isinstance(message, Message) else None

    def _attempt(self, said: Said, message: Message) -> None:
        """Attempts that came to the data are numbered; each but the last ended unknown."""
        attempt = getattr(said.event, "attempt", None)
        if attempt is None:
            return
        if attempt != message.attempts + 1:
            self._findings.fault(
                "mail", said.place, f"is attempt {attempt} after attempt {message.attempts}"
            )
        message.attempts = attempt
