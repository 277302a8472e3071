"""All documents of a service beside what history says of them; meanwhile it goes on working."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from admin.lag.groups import look_at_groups
from admin.replay.differences import Document, Field, Fold, Verdict, judge_heard, judge_owned
from admin.replay.place import Place
from services.kit.generations import generation_name
from services.kit.history import Owned, Past, People, Projected, Told, tell_people

READ_AT_ONCE = 50
MOST_SHOWN = 500
ROUNDS = 6
PAUSE_SECONDS = 0.5

Part = Owned[Any] | Projected[Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One document that is not what history says."""

    collection: str
    id: str
    fields: tuple[Field, ...]

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "collection": self.collection,
            "id": self.id,
            "fields": [one.as_json() for one in self.fields],
        }


@dataclass(slots=True)
class Compared:
    """What a comparison came to. Of the differences the first `MOST_SHOWN` are kept."""

    documents: Counter[str] = field(default_factory=Counter)
    different: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    waiting: int = 0
    """Documents whose last events were not said, or not heard by the service, up to the end."""
    acting: int = 0
    """Told documents by which the service would do something outside, were they its own."""

    def add(self, collection: str, id: str, verdict: Verdict) -> None:
        """Count a document that was compared."""
        self.documents[collection] += 1
        if verdict.kind == "differs":
            self.different[collection] += 1
            if len(self.differences) < MOST_SHOWN:
                self.differences.append(Difference(collection, id, verdict.fields))


class Telling(Protocol):
    """What history says, from memory or from a shadow generation."""

    async def catch_up(self) -> None:
        """Take in what was written since."""
        ...

    async def told(self, part: Part, ids: Sequence[str]) -> Mapping[str, Any]:
        """Those of these documents that history knows: a Past, or a heard state with its marks."""
        ...

    def all(self, part: Part) -> AsyncIterator[Mapping[str, Any]]:
        """All of a collection, in chunks of at most `READ_AT_ONCE`."""
        ...


class Persons:
    """The last record of every person the service met. In memory, whoever they are."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._read: dict[Any, int] = {}
        self.told: dict[str, Told] = {}

    async def catch_up(self) -> None:
        """Read what was written since."""
        place = self._place
        if place.people_topic is None:
            return
        ranges = await place.log.ranges(place.log.partitions(place.people_topic))
        left = {
            one: type(range_)(max(range_.first, self._read.get(one, 0)), range_.end)
            for one, range_ in ranges.items()
        }
        async for records in place.log.batches(left):
            tell_people([one for one in records if one.key is not None], self.told)
        self._read = {one: range_.end for one, range_ in ranges.items()}


class Comparison:
    """Compares the live documents of a service; what is just changing is looked at again."""

    def __init__(self, place: Place, telling: Telling, persons: Persons) -> None:
        self._place = place
        self._telling = telling
        self._persons = persons
        self._moving: dict[tuple[str, str], Part] = {}
        self.found = Compared()

    async def run(self, only: Mapping[str, frozenset[str]] | None = None) -> Compared:
        """Compare all documents, or of each collection those of `only`."""
        await self._persons.catch_up()
        for part in self._place.history.parts:
            chosen = None if only is None else only.get(part.collection, frozenset())
            if chosen is None:
                await self._all(part)
            else:
                for ids in _chunks(sorted(chosen)):
                    await self._some(part, ids)
        await self.settle()
        return self.found

    async def _all(self, part: Part) -> None:
        async for told in self._telling.all(part):
            await self._chunk(part, list(told), told)
        async for ids in self._live_ids(part):
            known = await self._telling.told(part, ids)
            if extra := [id for id in ids if id not in known]:
                await self._chunk(part, extra, {})

    async def _some(self, part: Part, ids: Sequence[str]) -> None:
        await self._chunk(part, ids, await self._telling.told(part, ids))

    async def _chunk(self, part: Part, ids: Sequence[str], told: Mapping[str, Any]) -> None:
        live = await self.live(part, ids)
        for id in ids:
            if live.get(id) is None and told.get(id) is None:
                continue
            if isinstance(part, Owned) and id in told:
                self.found.acting += part.acts(told[id].state)
            verdict = self._judge(part, id, live.get(id), told.get(id))
            if verdict.kind == "moving":
                self._moving[part.collection, id] = part
            else:
                self.found.add(part.collection, id, verdict)

    def _judge(self, part: Part, id: str, live: Document | None, told: Any) -> Verdict:
        if isinstance(part, Owned):
            return judge_owned(part, live, document_of(part, id, told, self._persons.told))
        return judge_heard(part, live, told)

    async def settle(self) -> None:
        """Look again at what was changing; what stays apart is different, or waits."""
        last: dict[tuple[str, str], tuple[Document | None, Verdict]] = {}
        for turn in range(ROUNDS):
            if not self._moving:
                return
            await asyncio.sleep(PAUSE_SECONDS * turn)
            await self._telling.catch_up()
            await self._persons.catch_up()
            moving, self._moving = self._moving, {}
            for (collection, id), part in moving.items():
                told = (await self._telling.told(part, [id])).get(id)
                live = (await self.live(part, [id])).get(id)
                if live is None and told is None:
                    continue
                verdict = self._judge(part, id, live, told)
                if verdict.kind == "moving":
                    self._moving[collection, id] = part
                    last[collection, id] = live, verdict
                else:
                    self.found.add(collection, id, verdict)
        behind = bool(self._moving) and await self._is_behind()
        for (collection, id), part in self._moving.items():
            live, verdict = last[collection, id]
            unsaid = isinstance(part, Owned) and live is not None and live["pending"]
            if unsaid or (isinstance(part, Projected) and behind):
                self.found.documents[collection] += 1
                self.found.waiting += 1
            else:
                self.found.add(collection, id, Verdict("differs", verdict.fields))

    async def live(self, part: Part, ids: Sequence[str]) -> dict[str, Document]:
        """The service's own documents of these ids."""
        collection = self._place.database[self.live_name(part)]
        found = collection.find({"_id": {"$in": list(ids)}})
        return {doc["_id"]: doc async for doc in found}

    def live_name(self, part: Part) -> str:
        """Where the service has a collection now."""
        if isinstance(part, Owned):
            return part.collection
        return generation_name(part.collection, self._place.pointer.number)

    async def _live_ids(self, part: Part) -> AsyncIterator[list[str]]:
        held: list[str] = []
        async for doc in self._place.database[self.live_name(part)].find({}, {"_id": 1}):
            held.append(doc["_id"])
            if len(held) == READ_AT_ONCE:
                yield held
                held = []
        if held:
            yield held

    async def _is_behind(self) -> bool:
        """Whether the service has not handled all that was said, or parks some of it."""
        place = self._place
        if await place.parking.count():
            return True
        (group,) = await look_at_groups(place.log, [place.group])
        read = {one.topic: 0 for one in group.partitions}
        for one in group.partitions:
            read[one.topic] += one.records
        return any(read.get(topic, 1) for topic in place.heard_topics)


class ShadowTelling:
    """What a shadow generation says."""

    def __init__(self, place: Place, shadow: Any, *, heard: bool = True) -> None:
        self._place = place
        self._shadow = shadow
        self._heard = heard

    async def catch_up(self) -> None:
        """Fold what was written since."""
        await self._shadow.catch_up(heard=self._heard)

    async def told(self, part: Part, ids: Sequence[str]) -> Mapping[str, Any]:
        """Those of these documents that the generation has."""
        found = {}
        for chunk in _chunks(ids):
            async for doc in self._collection(part).find({"_id": {"$in": chunk}}):
                found[doc["_id"]] = _read(part, doc)
        return found

    async def all(self, part: Part) -> AsyncIterator[Mapping[str, Any]]:
        """All of a collection, in chunks."""
        held: dict[str, Any] = {}
        async for doc in self._collection(part).find({}):
            held[doc["_id"]] = _read(part, doc)
            if len(held) == READ_AT_ONCE:
                yield held
                held = {}
        if held:
            yield held

    def _collection(self, part: Part) -> Any:
        return self._place.database[generation_name(part.collection, self._shadow.number)]


def _read(part: Part, doc: Document) -> Any:
    if isinstance(part, Owned):
        return past_type(part).model_validate(doc["state"])
    state: Fold = part.fold.state.model_validate(doc["state"]), doc["heard"]
    return state


def past_type(owned: Owned[Any]) -> type[Past[Any]]:
    """The type of a collection's documents as history tells them."""
    found: type[Past[Any]] = Past[owned.aggregate.state]  # type: ignore[name-defined]
    return found


def document_of(
    owned: Owned[Any], id: str, told: Past[Any] | None, people: People
) -> Document | None:
    """The document that history tells, as the store would keep it."""
    return owned.document(id, told, people) if told is not None else None


def _chunks(ids: Sequence[str]) -> list[list[str]]:
    return [list(ids[at : at + READ_AT_ONCE]) for at in range(0, len(ids), READ_AT_ONCE)]
