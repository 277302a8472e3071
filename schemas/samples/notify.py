"""Samples of the notify service's events."""

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
from schemas.samples import cast
from schemas.samples.sample import AT, Circumstances, Sample

CAUSE = cast.submission_event(f"project/{cast.PROJECT}", 1)

PLANNED = MessagePlanned(
    message_id=cast.MESSAGE,
    purpose="submission-receipt",
    person_id=cast.CONTACT,
    about=f"project/{cast.PROJECT}",
    occurrence=CAUSE,
)
ACCEPTED = MessageAccepted(
    message_id=cast.MESSAGE,
    purpose="submission-receipt",
    person_id=cast.CONTACT,
    language="kk",
    attempt=1,
    accepted_at=AT,
    smtp_reply="250 2.0.0 OK: sample",
)
BOUNCED = MessageBounced(
    message_id=cast.MESSAGE,
    purpose="submission-receipt",
    person_id=cast.CONTACT,
    attempt=3,
    smtp_reply="550 5.1.1 no such mailbox: sample",
)
SUPPRESSED = AddressSuppressed(
    person_id=cast.CONTACT,
    message_id=cast.MESSAGE,
    smtp_reply="550 5.1.1 no such mailbox: sample",
    suppressed_at=AT,
)
RESTORED = AddressRestored(
    person_id=cast.CONTACT,
    reason="Sample: the NGO has its mailbox again.",
    restored_at=AT,
)


def _message(sequence: int) -> Circumstances:
    """A plan follows from what calls for the mail, and what becomes of it from the plan."""
    if sequence == 1:
        return Circumstances(cast.MESSAGE, 1, actor="service/notify", via="api", cause=CAUSE)
    planned = f"notify/message/{cast.MESSAGE}:1"
    return Circumstances(
        cast.MESSAGE, sequence, actor="service/notify", via="schedule", cause=planned
    )


def _suppression(sequence: int, actor: str) -> Circumstances:
    return Circumstances(cast.CONTACT, sequence, actor=actor, via="api", cause=CAUSE)


NOTIFY = (
    Sample(PLANNED, _message(1)),
    Sample(
        ACCEPTED,
        _message(2),
        kazakh=ACCEPTED.model_copy(update={"smtp_reply": "250 2.0.0 Хат қабылданды"}),
    ),
    Sample(
        MessageUnknown(
            message_id=cast.MESSAGE,
            purpose="submission-receipt",
            person_id=cast.CONTACT,
            attempt=1,
        ),
        _message(2),
    ),
    Sample(
        MessageRequeued(
            message_id=cast.MESSAGE, purpose="submission-receipt", person_id=cast.CONTACT
        ),
        _message(3),
    ),
    Sample(
        BOUNCED,
        _message(4),
        kazakh=BOUNCED.model_copy(update={"smtp_reply": "550 5.1.1 мұндай жәшік жоқ: үлгі"}),
    ),
    Sample(
        MessageSuppressed(
            message_id=cast.MESSAGE,
            purpose="submission-receipt",
            person_id=cast.CONTACT,
            reason="address-suppressed",
        ),
        _message(2),
    ),
    Sample(
        MessageNotSent(
            message_id=cast.MESSAGE,
            purpose="submission-receipt",
            person_id=cast.CONTACT,
            reason="imported",
        ),
        _message(2),
    ),
    Sample(
        SUPPRESSED,
        _suppression(1, "service/notify"),
        kazakh=SUPPRESSED.model_copy(update={"smtp_reply": "550 5.1.1 мұндай жәшік жоқ: үлгі"}),
    ),
    Sample(
        RESTORED,
        _suppression(2, "secretary/sample"),
        kazakh=RESTORED.model_copy(update={"reason": "Үлгі: ұйымның жәшігі қайта ашылды."}),
    ),
)
