"""The mistakes: each is one that a developer could make, and that a mechanism is there against.

They are made in a module right after it was executed, before anybody imports from it. Nothing of
the services is imported here before that.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

Make = Callable[[ModuleType], None]


def _put(owner: Any, name: str, mistake: Any) -> Any:
    """Put the mistake where the mechanism is; what was there. Raises when nothing was."""
    there = vars(owner).get(name)
    if there is None:
        raise AttributeError(f"there is no {name} in {owner.__name__} to be replaced")
    setattr(owner, name, mistake)
    return there


def _forget_what_was_heard_in_projections(projection: Any) -> None:
    """Heard state is folded without looking how far it has heard."""

    def update(self: Any, id: str, doc: Any, events: Any) -> Any:
        return known(self, id, doc and {**doc, "heard": {}}, events)

    known = _put(projection.Projection, "_update", update)


def _forget_what_was_heard_in_aggregates(deciding: Any) -> None:
    """A command that follows from an event is carried out as often as the event comes."""

    def decide_one(self: Any, draft: Any, command: Any) -> Any:
        return known(self, draft, replace(command, heard=None))

    known = _put(deciding.Deciding, "_decide_one", decide_one)


def _name_messages_after_records(consumers: Any) -> None:
    """A message's id holds where on Kafka its event was read, which a repeat has another of."""

    def due(batch: Sequence[Any], *rest: Any) -> list[Any]:
        found = []
        for heard in batch:
            place = f"{heard.record.partition}-{heard.record.offset}"
            for message, context in known([heard], *rest):
                occurrence = f"{message.plan.occurrence}@{place}"
                plan = message.plan.model_copy(update={"occurrence": occurrence})
                named = {"plan": plan, "message_id": plan.message_id}
                found.append((message.model_copy(update=named), context))
        return found

    known = _put(consumers, "due", due)


def _commit_first(reader: Any) -> None:
    """Offsets are committed when a batch arrives: whatever happens to it then."""

    async def handle(self: Any, records: Any) -> None:
        if self._subscriber is not None:
            await self._subscriber.consumer.commit()
        await after_all(self, records)

    after_all = _put(reader.Reader, "handle", handle)


def _hold_every_slot(lease: Any) -> None:
    """Every replica relays every document, whoever has the lease of its slot."""

    async def renew(self: Any) -> list[int]:
        return list(range(lease.SLOTS))

    _put(lease.SlotLeases, "renew", renew)


def _ignore_senders_leases(store: Any) -> None:
    """A message is taken whoever has it in hand, and sent whoever has it by then."""

    async def claim(self: Any, token: str, limit: int, lease: Any) -> list[Any]:
        now = await self._clock.now()
        due = {
            "state.status": "planned",
            "pending": False,
            "work.data_started": False,
            "work.next_at": {"$lte": now},
        }
        taken = {"$set": {"work.token": token, "work.until": now + lease}}
        claims = await _due(self, due, token, limit, store)
        for taking in claims:
            id = taking.message.message_id
            await self.messages.collection.update_one({"_id": id} | due, taken)
        return claims

    async def data_starts(self: Any, claim: Any) -> bool:
        store.crash_point("before-data")
        started = {"$set": {"work.data_started": True}}
        await self.messages.collection.update_one({"_id": claim.message.message_id}, started)
        return True

    _put(store.Ledger, "claim", claim)
    _put(store.Ledger, "data_starts", data_starts)


def _send_without_a_claim(store: Any) -> None:
    """What is planned is sent, and nothing is noted before it was accepted."""

    async def claim(self: Any, token: str, limit: int, _lease: Any) -> list[Any]:
        now = await self._clock.now()
        due = {"state.status": "planned", "pending": False, "work.next_at": {"$lte": now}}
        return await _due(self, due, token, limit, store)

    async def data_starts(_self: Any, _claim: Any) -> bool:
        store.crash_point("before-data")
        return True

    _put(store.Ledger, "claim", claim)
    _put(store.Ledger, "data_starts", data_starts)


async def _due(
    ledger: Any, query: Mapping[str, Any], token: str, limit: int, store: Any
) -> list[Any]:
    found = ledger.messages.collection.find(query).limit(limit)
    return [
        store.Claim(
            store.domain.Message.model_validate(doc["state"]), token, doc["work"]["deferrals"]
        )
        async for doc in found
    ]


def _publish_from_memory(store: Any) -> None:
    """The state is written alone; its events are kept in memory, and published after the write."""
    unsaid: dict[tuple[str, str], list[Any]] = {}

    def decide_all(self: Any, id: str, *rest: Any) -> Any:
        draft = decided(self, id, *rest)
        unsaid[self.aggregate.kind, id] = draft.outbox
        return draft

    async def write(self: Any, draft: Any, *rest: Any, **named: Any) -> Any:
        said, draft.outbox = draft.outbox, []
        try:
            return await written(self, draft, *rest, **named)
        finally:
            draft.outbox = said

    def new_document(draft: Any, token: str) -> Any:
        return {**made(draft, token), "pending": False, "outbox": []}

    async def commit(self: Any, id: str, group: Any) -> Any:
        results = await committed(self, id, group)
        await _publish(self, unsaid, [id])
        return results

    async def insert_new(self: Any, items: Any, **named: Any) -> Any:
        count = await inserted(self, items, **named)
        await _publish(self, unsaid, [id for id, _, _ in items])
        return count

    decided = _put(store.Deciding, "decide_all", decide_all)
    written = _put(store.Store, "_write", write)
    made = _put(store, "new_document", new_document)
    committed = _put(store.Store, "_commit", commit)
    inserted = _put(store.Store, "insert_new", insert_new)


async def _publish(store: Any, unsaid: dict[tuple[str, str], list[Any]], ids: Any) -> None:
    relay, kind = store._written.__self__.relay, store.aggregate.kind
    said = [relay._entry(id, entry) for id in ids for entry in unsaid.pop((kind, id), [])]
    if said:
        await relay._publish(said)


MISTAKES: Mapping[str, Mapping[str, Make]] = {
    "dedup": {
        "services.kit.projection": _forget_what_was_heard_in_projections,
        "services.kit.deciding": _forget_what_was_heard_in_aggregates,
        "services.notify.consumers": _name_messages_after_records,
    },
    "commit-after-write": {"services.kit.reader": _commit_first},
    "lease": {
        "services.kit.lease": _hold_every_slot,
        "services.notify.store": _ignore_senders_leases,
    },
    "claim": {"services.notify.store": _send_without_a_claim},
    "outbox": {"services.kit.store": _publish_from_memory},
}
"""By the name of the mechanism: the modules that the mistake is made in."""
