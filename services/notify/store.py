"""The notify service's Mongo: the ledger of messages, the people to send them to, suppressions.

A message's document has, besides what the kit keeps, `work`: the lease of the sender that has it in
hand, whether the data of this attempt has begun, and when to try next. `work` is not state: it says
nothing that an event should. It outlives a restart: that is how a lost sender's attempt is found.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, get_args

from pymongo import UpdateOne

from schemas.notify import MessageEvent
from schemas.people import Person
from services.kit.aggregate import Aggregate, Decision
from services.kit.crash import armed, crash_point
from services.kit.envelope import Context
from services.kit.fold import Fold, Heard
from services.kit.history import Past
from services.kit.metrics import Figure
from services.kit.projection import Projection
from services.kit.service import Service
from services.kit.store import Store
from services.notify import domain
from services.notify.suppressions import Suppressions

MESSAGE = Aggregate(
    service="notify",
    kind="message",
    state=domain.Message,
    evolve=domain.evolve,
    season_of=lambda message: message.plan.season_id,
)
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)

Decide = Callable[[domain.Message], Sequence[MessageEvent]]


class Addressee(domain.State):
    """Somebody heard of on a people topic; without a person, they were erased."""

    person: Person | None


def _fold(_before: Addressee | None, heard: Heard, _id: str) -> Addressee:
    return Addressee(person=heard.event)


PEOPLE = Fold(
    state=Addressee,
    types=frozenset({Person.TYPE}),
    targets=lambda heard: (heard.envelope.aggregate_id,),
    fold=_fold,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A message in the hands of one sender, until its lease ends."""

    message: domain.Message
    token: str
    deferrals: int


class Ledger:
    """Messages by (purpose, about, occurrence, person), each once; suppressions by person."""

    def __init__(self, service: Service) -> None:
        self.messages: Store[domain.Message] = service.store("messages", MESSAGE)
        self.suppressions = Suppressions(service)
        self.people: Projection[Addressee] = service.projection("people", PEOPLE)
        self._marks = service.database["rebuilt"]
        self._clock = service.clock
        service.prepare(self.prepare)
        service.figure(self.figure)

    async def prepare(self) -> None:
        """Create the index that finds what is due; idempotent."""
        await self.messages.collection.create_index(
            [("state.status", 1), ("work.next_at", 1)],
            name="due",
        )

    async def plan(
        self,
        fresh: Sequence[tuple[domain.Message, Context]],
        now: datetime,
        *,
        imported: bool = False,
    ) -> int:
        """Insert the plans that are not there yet, each with its MessagePlanned; says how many.

        Those that `imported` events call for are never sent, unless a person wants it.
        """
        if not fresh:
            return 0
        items = [
            (message.message_id, _planning(message, imported), context)
            for message, context in fresh
        ]
        extra = {"work": _free(_NEVER, {}, "")}
        if armed("mid-planning") and len(items) > 1:
            await self.messages.insert_new(items[: len(items) // 2], now=now, extra=extra)
            crash_point("mid-planning")
        return await self.messages.insert_new(items, now=now, extra=extra)

    async def is_whole(self) -> bool:
        """Whether it holds all that was planned before; not so when it is empty, or new."""
        if await self.messages.collection.find_one({}, {"_id": 1}) is None:
            await self._marks.delete_many({})  # should filling it be cut off, it begins again
        return await self._marks.find_one({"_id": "whole"}) is not None

    async def note_whole(self) -> None:
        """Note that it was filled from the streams to their end; idempotent."""
        await self._marks.update_one({"_id": "whole"}, {"$set": {"noted": True}}, upsert=True)

    async def restore(
        self, past: Sequence[Past[domain.Message]], now: datetime, imported: Collection[str] = ()
    ) -> int:
        """Put back what is not there; what has no outcome is said to be unknown.

        What has none and was `imported` so, by its id, is not sent from here. Its events go on from
        the sequence that the stream had come to. Says how many were put back.
        """
        messages = [one.state for one in past]
        return await self.messages.insert_new(
            [
                (one.message_id, _restoring(one, one.message_id in imported), _unasked(one))
                for one in messages
            ],
            now=now,
            extra={"work": _free(_NEVER, {}, "")},
            after={one.state.message_id: one.sequence for one in past},
        )

    async def claim(self, token: str, limit: int, lease: timedelta) -> list[Claim]:
        """Take up to `limit` due messages whose MessagePlanned is on Kafka already."""
        now = await self._clock.now()
        due = {
            "state.status": "planned",
            "pending": False,
            "work.data_started": False,
            "work.next_at": {"$lte": now},
            "work.until": {"$lte": now},
        }
        collection = self.messages.collection
        ids = [doc["_id"] async for doc in collection.find(due, {"_id": 1}).limit(limit)]
        if not ids:
            return []
        mine = {"work.token": token, "work.until": now + lease}
        await collection.bulk_write(
            [UpdateOne({"_id": id} | due, {"$set": mine}) for id in ids], ordered=False
        )
        found = collection.find({"_id": {"$in": ids}, "work.token": token})
        return [
            Claim(domain.Message.model_validate(doc["state"]), token, doc["work"]["deferrals"])
            async for doc in found
        ]

    async def recover(self) -> list[domain.Message]:
        """Messages whose sender was lost after the data began."""
        now = await self._clock.now()
        lost = {"state.status": "planned", "work.data_started": True, "work.until": {"$lte": now}}
        return [message for _, message in await self.messages.find(lost, limit=100)]

    async def data_starts(self, claim: Claim) -> bool:
        """Note, before DATA, that from here on nobody can know; False when the lease is lost."""
        crash_point("before-data")
        noted = await self.messages.collection.update_one(
            {
                "_id": claim.message.message_id,
                "work.token": claim.token,
                "work.until": {"$gt": await self._clock.now()},
            },
            {"$set": {"work.data_started": True}},
        )
        return bool(noted.matched_count)

    async def extend(self, token: str, lease: timedelta) -> None:
        """Renew the lease of everything that is still in hand under this token."""
        await self.messages.collection.update_many(
            {"state.status": "planned", "work.token": token},
            {"$set": {"work.until": await self._clock.now() + lease}},
        )

    async def settle(
        self, message_id: str, decide: Decide, context: Context, now: datetime, token: str | None
    ) -> None:
        """Record what became of an attempt, then let go of the message.

        `token` is that of the sender's claim; None when the sender was lost. A sender that was
        late, and whose message another one has in hand by now, leaves that one's lease alone.
        """

        def settled(message: domain.Message | None) -> Decision[domain.Message]:
            if message is None:
                raise LookupError(message_id)
            return Decision(decide(message))

        result = await self.messages.execute(message_id, settled, context, now=now)
        if result.state.status != "accepted":  # it may be sent again, now or later
            await self._release([message_id], timedelta(0), {}, token)

    async def release(self, claims: Iterable[Claim], pause: timedelta, *, deferred: bool) -> None:
        """Give messages back untried, to be taken again after `pause`."""
        for token, group in groupby(claims, key=lambda claim: claim.token):
            deferrals = {claim.message.message_id: claim.deferrals + deferred for claim in group}
            await self._release(list(deferrals), pause, deferrals, token)

    async def _release(
        self,
        ids: Sequence[str],
        pause: timedelta,
        deferrals: Mapping[str, int],
        token: str | None,
    ) -> None:
        now = await self._clock.now()
        held = {"work.until": {"$lte": now}} if token is None else {"work.token": token}
        await self.messages.collection.bulk_write(
            [
                UpdateOne({"_id": id} | held, {"$set": {"work": _free(now + pause, deferrals, id)}})
                for id in ids
            ],
            ordered=False,
        )

    async def addressees(self, ids: Sequence[str]) -> dict[str, Addressee]:
        """Those of these people who were heard of."""
        wanted = sorted(set(ids))
        found: dict[str, Addressee] = {}
        async for doc in self.people.collection.find({"_id": {"$in": wanted}}, {"state": 1}):
            found[doc["_id"]] = Addressee.model_validate(doc["state"])
        return found

    async def counts(self) -> dict[str, int]:
        """How many messages are in each status."""
        rows = self.messages.collection.aggregate(
            [{"$group": {"_id": "$state.status", "count": {"$sum": 1}}}]
        )
        return {row["_id"]: row["count"] async for row in rows}

    async def figure(self) -> Figure:
        """The same for Prometheus, which wants to see a status that nothing is in too."""
        none = dict.fromkeys(get_args(domain.Status), 0)
        return Figure("mails", "Mails by what became of them", none | await self.counts(), "status")


def _free(next_at: datetime, deferrals: Mapping[str, int], id: str) -> dict[str, Any]:
    """The `work` of a message that nobody has in hand."""
    return {
        "token": "",
        "until": _NEVER,
        "data_started": False,
        "next_at": next_at,
        "deferrals": deferrals.get(id, 0),
    }


def _planning(message: domain.Message, imported: bool) -> Any:
    def decide(found: domain.Message | None) -> Decision[domain.Message]:
        draft, events = domain.plan_message(found, message, imported=imported)
        return Decision(events, draft=draft)

    return decide


def _restoring(message: domain.Message, imported: bool) -> Any:
    settle = domain.mark_not_sent if imported else domain.mark_unknown

    def decide(_found: domain.Message | None) -> Decision[domain.Message]:
        return Decision(settle(message), draft=message)

    return decide


def _unasked(message: domain.Message) -> Context:
    return Context("service/notify", "schedule", f"message/{message.message_id}")
