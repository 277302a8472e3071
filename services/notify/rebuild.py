"""A lost ledger is rebuilt from the streams before anything is planned or sent.

notify's own stream says what was planned and what became of it; the streams that caused the plans
give back the values, which MessagePlanned does not hold. What was planned and has no outcome may
have been mailed or not: it is said to be unknown, and goes the way of its purpose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from schemas.notify import (
    AddressSuppressed,
    MessageAccepted,
    MessageBounced,
    MessagePlanned,
    MessageRequeued,
    MessageUnknown,
    NotifyEvent,
)
from schemas.topics import stream
from services.kit.envelope import Envelope, Record, Unreadable
from services.kit.fold import Heard
from services.kit.http import server_now
from services.kit.reader import Reader
from services.kit.scan import read_to_end
from services.kit.service import Service
from services.notify import domain
from services.notify.consumers import MODELS, due, heard_topics
from services.notify.store import Ledger, Past

log = structlog.get_logger(__name__)

SAID: dict[str, type[NotifyEvent]] = {
    model.type_name(): model
    for model in (
        MessagePlanned,
        MessageAccepted,
        MessageUnknown,
        MessageRequeued,
        MessageBounced,
        AddressSuppressed,
    )
}


@dataclass(slots=True)
class Rebuild:
    """One run at every start; does nothing where the ledger is whole.

    Can be cut off at any point and run again, also beside another replica that does the same.
    """

    service: Service
    ledger: Ledger

    async def run(self) -> None:
        """Return when the ledger holds all that was ever planned."""
        if await self.ledger.is_whole():
            return
        settings = self.service.settings
        own = stream(self.service.name, settings.topic_prefix)
        past: dict[str, Past] = {}
        async for records in read_to_end(settings.kafka_bootstrap_servers, [own]):
            fold(past, records)
        messages = len(past)
        await self._hear_again(past)
        await self.ledger.restore(list(past.values()), server_now())
        await self.ledger.note_whole()
        if messages:
            log.warning("ledger_rebuilt", messages=messages, without_cause=len(past))

    async def _hear_again(self, past: dict[str, Past]) -> None:
        """Hear all streams from their beginning: for whom, with which values, and what is new.

        A plan that never reached the stream was never sent either, so it is simply made again.
        """

        async def complete(batch: Sequence[Heard]) -> None:
            now = server_now()
            messages = due(batch, now)
            known = {m.message_id: m for m, _ in messages if m.message_id in past}
            await self.ledger.restore([_completed(past[id], m) for id, m in known.items()], now)
            await self.ledger.plan([m for m in messages if m[0].message_id not in known], now)
            for id in known:
                del past[id]

        assert self.service.parking is not None
        settings = self.service.settings
        reader = Reader(MODELS, [self.ledger.people.hear, complete], self.service.parking)
        topics = heard_topics(settings.topic_prefix)
        async for records in read_to_end(settings.kafka_bootstrap_servers, topics):
            await reader.handle(records)


def fold(past: dict[str, Past], records: Sequence[Record]) -> None:
    """Add these records of notify's own stream; repeats change nothing."""
    for record in records:
        try:
            envelope = Envelope.from_headers(record.headers)
        except Unreadable as error:
            log.error("own_record_unreadable", offset=record.offset, reason=str(error))
            continue
        model = SAID.get(envelope.type)
        if model is None or record.value is None:
            continue
        before = past.get(envelope.aggregate_id)
        if before is not None and envelope.sequence <= before.sequence:
            continue
        event = model.model_validate_json(record.value)
        message = domain.evolve(before.message, event) if before else _begun(envelope, event)
        past[envelope.aggregate_id] = Past(message, envelope.sequence)


def _begun(envelope: Envelope, event: NotifyEvent) -> domain.Message:
    if not isinstance(event, MessagePlanned):
        raise TypeError(f"{envelope.id} is not the beginning of a message")
    plan = domain.Plan(
        purpose=event.purpose,
        about=event.about,
        occurrence=event.occurrence,
        person_id=event.person_id,
        season_id=envelope.season,
        values={},
    )
    planned_at = datetime.fromisoformat(envelope.time)
    return domain.Message(message_id=event.message_id, plan=plan, planned_at=planned_at)


def _completed(past: Past, fresh: domain.Message) -> Past:
    """With the values that its cause gives."""
    return Past(past.message.model_copy(update={"plan": fresh.plan}), past.sequence)
