"""A shadow generation: its document, with the checkpoint, and folding history into it."""

import asyncio
import hashlib
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition

from admin.log.collecting import seldom_collecting
from admin.log.reading import Advance, Range
from admin.replay.place import Place
from admin.replay.source import Positions, Problem, Source, windows
from admin.terminal import Trouble
from services.kit.fold import Heard
from services.kit.generations import copy_indexes, generation_name
from services.kit.rebuilding import Folded, Rebuilding, Unfoldable

Document = dict[str, Any]
PACKAGES = ("schemas", "services.kit")
"""What the folds of a room are made of, besides the room itself."""


@dataclass(slots=True)
class Checkpoint:
    """How far a generation is: what is before these positions is in its documents."""

    positions: Positions = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    skipped: Positions = field(default_factory=dict)

    def as_document(self) -> Document:
        """For the generation's document; topics have points in their names."""
        return {
            "positions": _rows(self.positions),
            "problems": [asdict(problem) for problem in self.problems],
            "skipped": _rows(self.skipped),
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Checkpoint":
        """What `as_document` wrote."""
        return cls(
            _positions(document["positions"]),
            [Problem(**problem) for problem in document["problems"]],
            _positions(document["skipped"]),
        )


class Shadow:
    """One generation beside the live one. Whoever folds into it holds the claim."""

    def __init__(self, place: Place, number: int, checkpoint: Checkpoint) -> None:
        self.place = place
        self.number = number
        self.checkpoint = checkpoint
        self.lost = asyncio.Event()
        """The claim is another's by now: nothing more may be written."""
        database, history = place.database, place.history
        self._own = Rebuilding(
            [
                Folded(
                    database[generation_name(owned.collection, number)],
                    owned.fold(history.said),
                    kind=owned.aggregate.kind,
                )
                for owned in history.owned
            ]
        )
        self._heard = Rebuilding(
            [
                Folded(database[generation_name(part.collection, number)], part.fold)
                for part in history.heard
            ]
        )

    async def ranges(self, topics: Sequence[str]) -> dict[TopicPartition, Range]:
        """What is not folded yet of these topics."""
        log, positions = self.place.log, self.checkpoint.positions
        found = await log.ranges([one for topic in topics for one in log.partitions(topic)])
        return {
            one: Range(max(range_.first, positions.get(one, 0)), range_.end)
            for one, range_ in found.items()
        }

    async def catch_up(self, *, heard: bool = True, advance: Advance = lambda done: None) -> int:
        """Fold all that is on record by now; says how many records were read."""
        place = self.place
        own = Source(place.history.said)
        read = await self._fold(self._own, own, [place.own_topic], advance)
        if heard and place.history.heard:
            await self._take_back_redriven()
            others = Source(place.history.models, place.parking)
            read += await self._fold(self._heard, others, place.heard_topics, advance)
        return read

    async def catch_up_heard(self) -> int:
        """The same for heard state alone."""
        await self._take_back_redriven()
        others = Source(self.place.history.models, self.place.parking)
        return await self._fold(self._heard, others, self.place.heard_topics, lambda done: None)

    async def _fold(
        self, rebuilding: Rebuilding, source: Source, topics: Sequence[str], advance: Advance
    ) -> int:
        mine = frozenset(topics)
        known, gone_by = self.checkpoint, self.checkpoint.positions
        source.recall(
            [one for one in known.problems if one.topic in mine],
            {one: offset for one, offset in known.skipped.items() if one.topic in mine},
        )
        others = Checkpoint(
            problems=[one for one in known.problems if one.topic not in mine],
            skipped={one: at for one, at in known.skipped.items() if one.topic not in mine},
        )
        ranges = await self.ranges(topics)
        read = 0
        try:
            with seldom_collecting():
                async for records, positions in windows(self.place.log, ranges, advance):
                    if self.lost.is_set():
                        raise Trouble(
                            "Another replay has taken this one's place; it goes on there."
                        )
                    read += len(records)
                    events = await source.hear(records)
                    reached = Checkpoint(
                        gone_by | positions,
                        others.problems + list(source.problems),
                        others.skipped | source.skipped,
                    )
                    await self._take(rebuilding, source, events, reached)
                await rebuilding.finish()
        except BaseException:
            await rebuilding.abandon()
            raise
        return read

    async def _take(
        self, rebuilding: Rebuilding, source: Source, events: list[Heard], reached: Checkpoint
    ) -> None:
        """Fold a window without what the installed code can't fold."""

        async def note() -> None:
            await self.note(reached)

        while True:
            try:
                await rebuilding.take(events, note)
            except Unfoldable as error:
                source.refuse(error.heard.record, str(error))
                reached.problems.append(source.problems[-1])
                events = source.without(events)
            else:
                return

    async def _take_back_redriven(self) -> None:
        """Go back to where something was left out that is not parked any more."""
        skipped = self.checkpoint.skipped
        if not skipped:
            return
        positions = self.checkpoint.positions | skipped
        await self.note(Checkpoint(positions, self.checkpoint.problems, {}))

    async def note(self, checkpoint: Checkpoint) -> None:
        """Note how far it is."""
        self.checkpoint = checkpoint
        await self.place.database["generations"].update_one(
            {"_id": self.number}, {"$set": checkpoint.as_document()}
        )


async def open_shadow(place: Place) -> Shadow:
    """The generation that is being filled, or a new one. Raises Trouble for one of other code."""
    found = await unfinished(place)
    code = fingerprint(place.at.service)
    if found is not None:
        if found["code"] != code:
            raise Trouble(
                f"Generation {found['_id']} was begun by other code than is installed now; "
                f"first: zharmenke replay drop {place.at.service}"
            )
        return Shadow(place, found["_id"], Checkpoint.of(found))
    live = await place.pointer.look()
    documents = place.database["generations"]
    known = [one["_id"] async for one in documents.find({"code": {"$exists": True}}, {"_id": 1})]
    number = max([live, *known]) + 1
    begun = {"_id": number, "code": code, "begun_at": await place.clock.now()}
    await copy_indexes(
        place.database,
        [
            (generation_name(part.collection, live), generation_name(part.collection, number))
            for part in place.history.heard
        ],
    )
    await documents.insert_one(begun | Checkpoint().as_document())
    return Shadow(place, number, Checkpoint())


async def unfinished(place: Place) -> Document | None:
    """The document of the generation that is being filled: the one after the live one."""
    live = await place.pointer.look()
    found = place.database["generations"].find({"code": {"$exists": True}, "_id": {"$gt": live}})
    documents: list[Document] = await found.to_list(2)
    return documents[0] if documents else None


def collections_of(place: Place, number: int) -> dict[str, str]:
    """The collections that a generation has in the database, by their bare names."""
    names = [part.collection for part in place.history.parts]
    return {name: generation_name(name, number) for name in names}


def fingerprint(service: str) -> str:
    """What tells the installed folds from those of another version."""
    digest = hashlib.sha256()
    for package in (*PACKAGES, f"services.{service}"):
        (folder,) = importlib.import_module(package).__path__
        for path in sorted(Path(folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _rows(positions: Positions) -> list[Document]:
    return [
        {"topic": one.topic, "partition": one.partition, "offset": offset}
        for one, offset in sorted(positions.items())
    ]


def _positions(rows: Sequence[Mapping[str, Any]]) -> Positions:
    return {TopicPartition(row["topic"], row["partition"]): row["offset"] for row in rows}
