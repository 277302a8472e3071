"""Owned documents replaced by what their stream tells, while the service is stopped."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo.errors import DuplicateKeyError

from admin.lag.groups import look_at_groups
from admin.log.reading import Advance
from admin.replay.comparing import READ_AT_ONCE, Persons, ShadowTelling
from admin.replay.differences import judge_owned
from admin.replay.place import Place
from admin.replay.shadow import Shadow
from admin.terminal import Trouble
from services.kit.generations import generation_name
from services.kit.history import Owned, with_unsaid

Document = dict[str, Any]
KEPT = "restored"
"""What was replaced or removed, as it was, until `replay drop`."""


@dataclass(slots=True)
class Restored:
    """What a restore did, by collection."""

    service: str
    generation: int
    same: Counter[str] = field(default_factory=Counter)
    replaced: Counter[str] = field(default_factory=Counter)
    added: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    drafts: Counter[str] = field(default_factory=Counter)
    """Documents that have said nothing yet, left as they are."""
    left: Counter[str] = field(default_factory=Counter)
    """Documents that the service has to put back itself, or that would make it act again."""


async def check_stopped(place: Place) -> None:
    """Raise Trouble while a replica of the service lives."""
    service = place.at.service
    (group,) = await look_at_groups(place.log, [place.group])
    if group.members:
        raise Trouble(
            f"Stop {service} first: its group {group.name} has {group.members} member(s)."
        )
    now = await place.clock.now()
    held = await place.database["leases"].find_one({"until": {"$gt": now}})
    if held is not None:
        seconds = (held["until"] - now).total_seconds()
        raise Trouble(
            f"Stop {service} first: {held.get('owner') or 'a replica'} holds a lease "
            f"for {seconds:.0f} s more."
        )


class Restoring:
    """One restore, from a shadow generation that is folded to the end."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow
        self._place = shadow.place
        self._telling = ShadowTelling(shadow.place, shadow, heard=False)
        self._persons = Persons(shadow.place)
        self.found = Restored(shadow.place.at.service, shadow.number)

    async def run(self, advance: Advance = lambda done: None) -> Restored:
        """Replace what differs. Raises Trouble before anything is changed when it can't be done.

        Cut off, it can be run again: what was replaced is kept, and drafts are taken from there.
        """
        await check_stopped(self._place)
        await self._shadow.catch_up(heard=False, advance=advance)
        await self._persons.catch_up()
        await self._check_possible()
        for owned in self._place.history.owned:
            await self._restore(owned)
        await self._count()
        await check_stopped(self._place)
        return self.found

    async def _check_possible(self) -> None:
        place = self._place
        if problems := [
            one for one in self._shadow.checkpoint.problems if one.topic == place.own_topic
        ]:
            raise Trouble(
                f"{len(problems)} record(s) of {place.own_topic} can't be handled by the installed "
                f"code, first {problems[0].id}: {problems[0].reason}"
            )
        for owned in place.history.owned:
            unsaid = await place.database[owned.collection].count_documents({"pending": True})
            if unsaid:
                raise Trouble(
                    f"{unsaid} document(s) of {owned.collection} have events that are not on the "
                    f"stream yet; start {place.at.service} until they are, and stop it again."
                )

    async def _restore(self, owned: Owned[Any]) -> None:
        crowded: list[Document] = []
        async for told in self._told(owned):
            live = await self._live(owned, list(told))
            for id, document in told.items():
                if judge_owned(owned, live.get(id), document).kind == "same":
                    self.found.same[owned.collection] += 1
                elif await self._may_not(owned, id, document, live.get(id)):
                    self.found.left[owned.collection] += 1
                else:
                    crowded += await self._put(owned, document, live.get(id))
        await self._remove_untold(owned)
        for document in crowded:  # another had its unique value before it was restored too
            await self._collection(owned).delete_one({"_id": document["_id"]})
        for document in crowded:
            await self._collection(owned).insert_one(document)

    async def _told(self, owned: Owned[Any]) -> AsyncIterator[dict[str, Document]]:
        async for pasts in self._telling.all(owned):
            yield {id: owned.document(id, past, self._persons.told) for id, past in pasts.items()}

    async def _may_not(
        self, owned: Owned[Any], id: str, document: Document, live: Document | None
    ) -> bool:
        """Whether it must not be put back here: the service would act because of it, again."""
        if live is None and owned.refills:
            await self._place.database[owned.refills].delete_many({})
            return True
        return bool(owned.acts(owned.aggregate.state.model_validate(document["state"])))

    async def _put(
        self, owned: Owned[Any], document: Document, live: Document | None
    ) -> list[Document]:
        """Put one document back; given back where another has its unique value."""
        before = live or await self._kept(owned, document["_id"])
        fresh = _merged(owned, document, before)
        if live is not None:
            await self._keep(owned, live)
        counted = self.found.replaced if before is not None else self.found.added
        counted[owned.collection] += 1
        try:
            if live is None:
                await self._collection(owned).insert_one(fresh)
            else:
                await self._collection(owned).replace_one({"_id": fresh["_id"]}, fresh)
        except DuplicateKeyError:
            return [fresh]
        return []

    async def _remove_untold(self, owned: Owned[Any]) -> None:
        ids = [doc["_id"] async for doc in self._collection(owned).find({}, {"_id": 1})]
        for at in range(0, len(ids), READ_AT_ONCE):
            chunk = ids[at : at + READ_AT_ONCE]
            told = await self._telling.told(owned, chunk)
            live = await self._live(owned, [id for id in chunk if id not in told])
            for id, document in live.items():
                if document["sequence"] == 0:
                    self.found.drafts[owned.collection] += 1
                    continue
                if owned.refills:  # without it, the service might act as if it had never acted
                    self.found.left[owned.collection] += 1
                    continue
                await self._keep(owned, document)
                await self._collection(owned).delete_one({"_id": id})
                self.found.removed[owned.collection] += 1

    async def _count(self) -> None:
        """Bring counters up to the highest number that was given."""
        for counter in self._place.history.counters:
            highest: dict[str, int] = {}
            field_of = f"state.{counter.by}", f"state.{counter.number}"
            numbered = self._place.database[counter.numbered]
            async for doc in numbered.find({}, {field_of[0]: 1, field_of[1]: 1}):
                state = doc["state"]
                number = state.get(counter.number) or 0
                highest[state[counter.by]] = max(highest.get(state[counter.by], 0), number)
            name = f"state.{counter.field}"
            for id, number in highest.items():
                await self._place.database[counter.collection].update_one(
                    {"_id": id, name: {"$lt": number}},
                    {"$set": {name: number}, "$inc": {"version": 1}},
                )

    async def _keep(self, owned: Owned[Any], live: Document) -> None:
        """Keep a document as it was; the first that was kept stays."""
        name = generation_name(KEPT, self._shadow.number)
        await self._place.database[name].update_one(
            {"_id": f"{owned.collection}/{live['_id']}"},
            {"$setOnInsert": {"document": live}},
            upsert=True,
        )

    async def _kept(self, owned: Owned[Any], id: str) -> Document | None:
        name = generation_name(KEPT, self._shadow.number)
        found = await self._place.database[name].find_one({"_id": f"{owned.collection}/{id}"})
        return found["document"] if found else None

    async def _live(self, owned: Owned[Any], ids: Sequence[str]) -> dict[str, Document]:
        found = self._collection(owned).find({"_id": {"$in": list(ids)}})
        return {doc["_id"]: doc async for doc in found}

    def _collection(self, owned: Owned[Any]) -> Any:
        return self._place.database[owned.collection]


def _merged(owned: Owned[Any], told: Document, before: Mapping[str, Any] | None) -> Document:
    """The document that is told, with what no event says as it was before."""
    if before is None:
        return told
    marks = dict(before["heard"])
    for origin, sequence in told["heard"].items():
        marks[origin] = max(sequence, marks.get(origin, 0))
    return {
        **before,
        "version": max(before["version"], told["version"]) + 1,
        "sequence": told["sequence"],
        "state": with_unsaid(told["state"], before["state"], owned.unsaid),
        "people": told["people"],
        "heard": marks,
        "slot": told["slot"],
    }
