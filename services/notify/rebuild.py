"""A lost ledger is rebuilt from the streams before anything is planned or sent.

notify's own stream says what was planned and what became of it; the streams that caused the plans
give back the values, which MessagePlanned does not hold. What was planned and has no outcome may
have been mailed or not: it is said to be unknown, and goes the way of its purpose. Suppressions are
put back before, so that nothing goes to a mailbox that was refused for good.

What was imported was due elsewhere: a message without an outcome is not sent from here, and neither
is one that was not even planned there.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import structlog

from schemas.topics import stream
from services.kit.envelope import Envelope, Record, Unreadable
from services.kit.fold import Heard, read_event
from services.kit.history import Folded, Past, fold_all
from services.kit.http import server_now
from services.kit.reader import Reader
from services.kit.scan import read_to_end
from services.kit.service import Service
from services.notify import domain
from services.notify.consumers import MODELS, due, heard_topics, is_mailed
from services.notify.replay import HISTORY, MESSAGES, SUPPRESSIONS
from services.notify.store import Ledger

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Rebuild:
    """One run at every start; does nothing where the ledger is whole.

    Can be cut off at any point and run again, also beside another replica that does the same.
    """

    service: Service
    ledger: Ledger
    rehearses: bool = False
    """Whether the events of a rehearsal are mailed."""

    async def run(self) -> None:
        """Return when the ledger holds all that was ever planned."""
        if await self.ledger.is_whole():
            return
        settings = self.service.settings
        own = stream(self.service.name, settings.topic_prefix)
        told: Folded[Past[domain.Message]] = {}
        refused: Folded[Past[domain.Suppression]] = {}
        imported: set[str] = set()
        fold, fold_refused = MESSAGES.fold(HISTORY.said), SUPPRESSIONS.fold(HISTORY.said)
        async for records in read_to_end(settings.kafka_bootstrap_servers, [own]):
            said = list(_readable(records))
            fold_all(fold, said, told)
            _note_imported(imported, said)
            fold_all(fold_refused, said, refused)
        await self.ledger.suppressions.put_back([one for one, _ in refused.values()], server_now())
        past = {id: message for id, (message, _) in told.items()}
        messages = len(past)
        await self._hear_again(past, imported)
        await self.ledger.restore(list(past.values()), server_now(), imported)
        await self.ledger.note_whole()
        if messages:
            log.warning("ledger_rebuilt", messages=messages, without_cause=len(past))

    async def _hear_again(
        self, past: dict[str, Past[domain.Message]], imported: Collection[str]
    ) -> None:
        """Hear all streams from their beginning: for whom, with which values, and what is new.

        A plan that never reached the stream was never sent either, so it is simply made again.
        """

        async def complete(batch: Sequence[Heard]) -> None:
            now = server_now()
            for mailed in (True, False):
                messages = due([heard for heard in batch if self._is_mailed(heard) == mailed], now)
                known = {m.message_id: m for m, _ in messages if m.message_id in past}
                again = [_completed(past[id], message) for id, message in known.items()]
                await self.ledger.restore(again, now, imported)
                fresh = [one for one in messages if one[0].message_id not in known]
                await self.ledger.plan(fresh, now, imported=not mailed)
                for id in known:
                    del past[id]

        assert self.service.parking is not None
        settings = self.service.settings
        reader = Reader(MODELS, [self.ledger.people.hear, complete], self.service.parking)
        topics = heard_topics(settings.topic_prefix)
        async for records in read_to_end(settings.kafka_bootstrap_servers, topics):
            await reader.handle(records)

    def _is_mailed(self, heard: Heard) -> bool:
        return is_mailed(heard, rehearses=self.rehearses)


def _note_imported(imported: set[str], said: Sequence[Heard]) -> None:
    """Keep the ids of the messages whose last event was imported: nothing was done about them
    here."""
    for heard in said:
        if heard.envelope.imported:
            imported.add(heard.envelope.aggregate_id)
        else:
            imported.discard(heard.envelope.aggregate_id)


def _readable(records: Sequence[Record]) -> Iterator[Heard]:
    """The events of these records of notify's own stream; what can't be read is logged."""
    for record in records:
        try:
            envelope = Envelope.from_headers(record.headers)
        except Unreadable as error:
            log.error("own_record_unreadable", offset=record.offset, reason=str(error))
            continue
        model = HISTORY.said.get(envelope.type)
        if model is not None and record.value is not None:
            yield read_event(envelope, record, model, people=False)


def _completed(past: Past[domain.Message], fresh: domain.Message) -> Past[domain.Message]:
    """With the values that its cause gives."""
    message = past.state.model_copy(update={"plan": fresh.plan})
    return past.model_copy(update={"state": message})
