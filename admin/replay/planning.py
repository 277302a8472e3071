"""What a replay would come to, without writing anything."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from admin.log.reading import Advance, Range, Ranges
from admin.replay.comparing import READ_AT_ONCE, Compared, Comparison, Part, Persons
from admin.replay.place import Place
from admin.replay.source import Problem, Source, windows
from admin.terminal import Trouble
from services.kit.fold import Fold, Heard
from services.kit.generations import generation_name
from services.kit.history import Folded, Owned

Ids = dict[str, set[str]]
"""Documents by collection."""


@dataclass(slots=True)
class Plan:
    """What would happen. `mails` are those that would be sent because of it."""

    service: str
    records: dict[str, int]
    compared: Compared
    problems: list[Problem] = field(default_factory=list)
    parked: int = 0
    mails: int = 0


class MemoryTelling:
    """What history says, folded in memory; of the chosen documents alone when there is a choice."""

    def __init__(self, place: Place, advance: Advance) -> None:
        self._place = place
        self._advance = advance
        history = place.history
        self._own = Source(history.said)
        self._others = Source(history.models, place.parking)
        self._folds: dict[str, Fold[Any]] = {
            **{owned.collection: owned.fold(history.said) for owned in history.owned},
            **{part.collection: part.fold for part in history.heard},
        }
        self._documents: dict[str, Folded[Any]] = {name: {} for name in self._folds}
        self._read: dict[Any, int] = {}
        self.chosen: Ids | None = None
        self.records: dict[str, int] = {}

    @property
    def problems(self) -> list[Problem]:
        """What the installed code can't handle."""
        return self._own.problems + self._others.problems

    async def catch_up(self) -> None:
        """Fold what was written since."""
        place = self._place
        for source, topics, parts in self._passes():
            ranges = await self.ranges(topics)
            async for records, positions in windows(place.log, ranges, self._advance):
                for record in records:
                    self.records[record.topic] = self.records.get(record.topic, 0) + 1
                for heard in await source.hear(records):
                    self._take(source, heard, parts)
                self._read |= positions

    async def ranges(self, topics: Sequence[str]) -> Ranges:
        """What is not read yet of these topics."""
        log = self._place.log
        found = await log.ranges([one for topic in topics for one in log.partitions(topic)])
        return {
            one: Range(max(range_.first, self._read.get(one, 0)), range_.end)
            for one, range_ in found.items()
        }

    async def touched(self, since: datetime) -> Ids:
        """The documents that what was written since then changes."""
        place = self._place
        found: Ids = {name: set() for name in self._folds}
        read = 0
        for source, topics, parts in self._passes():
            partitions = [one for topic in topics for one in place.log.partitions(topic)]
            ranges = await place.log.ranges(partitions, since)
            async for records, _ in windows(place.log, ranges, self._advance):
                read += len(records)
                for heard in await source.hear(records):
                    for part in parts:
                        found[part.collection] |= self._targets(part, heard)
        if not read:
            raise Trouble(f"--from: nothing was written to these topics since {since.isoformat()}.")
        self._own = Source(place.history.said)
        self._others = Source(place.history.models, place.parking)
        return found

    async def concerned(self, subject: str) -> Ids:
        """The documents that this subject's events change."""
        place = self._place
        found: Ids = {name: set() for name in self._folds}
        for source, topics, parts in self._passes():
            for topic in topics:
                key = subject.removeprefix("person/") if topic.endswith(".people") else subject
                partitions = place.log.partitions(topic, key.encode())
                ranges = await place.log.ranges(partitions)
                async for records, _ in windows(place.log, ranges, self._advance):
                    for heard in await source.hear(records):
                        if heard.envelope.subject == subject:
                            for part in parts:
                                found[part.collection] |= self._targets(part, heard)
        if not any(found.values()):
            raise Trouble(f"--subject: no document of {place.at.service} follows from {subject!r}.")
        self._own = Source(place.history.said)
        self._others = Source(place.history.models, place.parking)
        return found

    async def told(self, part: Part, ids: Sequence[str]) -> Mapping[str, Any]:
        """Those of these documents that there are."""
        documents = self._documents[part.collection]
        return {id: _shape(part, documents[id]) for id in ids if id in documents}

    async def all(self, part: Part) -> AsyncIterator[Mapping[str, Any]]:
        """All of a collection, in chunks."""
        ids = list(self._documents[part.collection])
        for at in range(0, len(ids), READ_AT_ONCE):
            yield await self.told(part, ids[at : at + READ_AT_ONCE])

    def _passes(self) -> list[tuple[Source, Sequence[str], Sequence[Part]]]:
        place = self._place
        own: tuple[Source, Sequence[str], Sequence[Part]] = (
            self._own,
            [place.own_topic],
            place.history.owned,
        )
        others = (self._others, place.heard_topics, place.history.heard)
        return [own, others] if place.history.heard else [own]

    def _targets(self, part: Part, heard: Heard) -> set[str]:
        fold = self._folds[part.collection]
        return set(fold.targets(heard)) if heard.envelope.type in fold.types else set()

    def _take(self, source: Source, heard: Heard, parts: Sequence[Part]) -> None:
        for part in parts:
            fold, documents = self._folds[part.collection], self._documents[part.collection]
            for id in self._targets(part, heard):
                if self.chosen is not None and id not in self.chosen[part.collection]:
                    continue
                if not source.without([heard]):
                    return
                state, marks = documents.get(id, (None, {}))
                try:
                    after = fold.advance(id, state, marks, [heard])
                except Exception as error:  # noqa: BLE001 - whatever it is, it is told of
                    source.refuse(heard.record, f"{type(error).__name__}: {error}")
                    return
                if after is not None:
                    documents[id] = (after, marks)


async def plan(
    place: Place,
    advance: Advance = lambda done: None,
    *,
    since: datetime | None = None,
    subject: str | None = None,
) -> Plan:
    """Fold history in memory and compare; what is chosen is read twice."""
    await place.pointer.look()
    telling = MemoryTelling(place, advance)
    chosen = None
    if since is not None:
        chosen = await telling.touched(since)
    if subject is not None:
        about = await telling.concerned(subject)
        chosen = about if chosen is None else {k: chosen[k] & ids for k, ids in about.items()}
    telling.chosen = chosen
    await telling.catch_up()
    comparison = Comparison(place, telling, Persons(place))
    only = None if chosen is None else {name: frozenset(ids) for name, ids in chosen.items()}
    compared = await comparison.run(only)
    return Plan(
        place.at.service,
        telling.records,
        compared,
        telling.problems,
        await place.parking.count() if place.history.heard else 0,
        acted_on(place, compared),
    )


def acted_on(place: Place, compared: Compared) -> int:
    """How many documents a replay would put where the service acts on them: see `Owned.acts`.

    It writes to generations of their own alone, whatever they hold.
    """
    number = place.pointer.number + 1
    acting = {owned.collection for owned in place.history.owned}
    written = {generation_name(owned.collection, number) for owned in place.history.owned}
    return compared.acting if acting & written else 0


def _shape(part: Part, folded: tuple[Any, dict[str, int]]) -> Any:
    return folded[0] if isinstance(part, Owned) else folded
