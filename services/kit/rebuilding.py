"""History folded into the collections of a generation: in large windows, with bounded memory.

For one writer, beside which others may write by the same rules. A window is in the documents before
its checkpoint is noted, and a document keeps what it has heard in the same update, so that a window
that comes again changes nothing.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from services.kit.fold import Fold, Heard, S

Document = dict[str, Any]
Change = InsertOne[Document] | UpdateOne
REMEMBERED = 3_000
"""Documents of a collection that are kept in memory, those changed last."""
READ_AT_ONCE = 50
AT_A_TIME = 20
"""Documents after which the connections have their turn."""
DUPLICATE_KEY = 11000


@dataclass(slots=True)
class _Known(Generic[S]):
    version: int
    state: S | None
    heard: dict[str, int]


class Unfoldable(Exception):
    """An event that the installed code can't fold into a document."""

    def __init__(self, heard: Heard, why: Exception) -> None:
        super().__init__(f"{type(why).__name__}: {why}")
        self.heard = heard


class Folded(Generic[S]):
    """One collection being folded."""

    def __init__(
        self,
        collection: "AsyncIOMotorCollection[Document]",
        fold: Fold[S],
        *,
        kind: str = "",
        remembered: int = REMEMBERED,
    ) -> None:
        """With `kind` it is of the subjects of this kind alone, a document for each."""
        self.collection = collection
        self._fold = fold
        self.kind = kind
        self._remembered = remembered
        self._known: OrderedDict[str, _Known[S]] = OrderedDict()

    async def changes(
        self, waiting: Mapping[str, Sequence[Heard]], *, read: bool = False
    ) -> dict[str, Change]:
        """What these events change, by document; from here on that is taken for written.

        With `read` the documents are read first. Raises Unfoldable.
        """
        missing = [id for id, events in waiting.items() if read or self._is_missing(id, events)]
        await self._load(missing)
        found: dict[str, Change] = {}
        after: dict[str, _Known[S]] = {}
        for number, (id, events) in enumerate(waiting.items()):
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)
            known = self._known.get(id)
            heard = dict(known.heard) if known else {}
            state = self._advanced(id, known.state if known else None, heard, events)
            if state is None:
                continue
            version = known.version if known else 0
            after[id] = _Known(version + 1, state, heard)
            found[id] = self._change(id, version, state, heard)
        for id, one in after.items():
            self._known[id] = one
            self._known.move_to_end(id)
        return found

    async def write(self, changes: Mapping[str, Change]) -> list[str]:
        """Make the changes; the documents that another writer was faster with, forgotten here."""
        ids = list(changes)
        lost: list[str] = []
        try:
            if ids:
                await self.collection.bulk_write([changes[id] for id in ids], ordered=False)
        except BulkWriteError as error:
            failures = (error.details or {}).get("writeErrors", [])
            if any(failure["code"] != DUPLICATE_KEY for failure in failures):
                raise
            lost = [ids[failure["index"]] for failure in failures]
        for id in lost:
            self._known.pop(id, None)
        while len(self._known) > self._remembered:
            self._known.popitem(last=False)
        return lost

    def forget(self) -> None:
        """Take the documents in the database for what there is."""
        self._known.clear()

    def by_document(self, events: Iterable[Heard]) -> dict[str, list[Heard]]:
        """The events by the documents that they change."""
        return self._fold.by_document(events)

    def _is_missing(self, id: str, events: Sequence[Heard]) -> bool:
        """Whether there may be a document that has to be read first.

        Of a single subject, none comes before its first event; a repeat of that shows when it is
        written.
        """
        if id in self._known:
            return False
        return not self.kind or events[0].envelope.sequence > 1

    async def _load(self, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), READ_AT_ONCE):
            chunk = list(ids[start : start + READ_AT_ONCE])
            async for doc in self.collection.find({"_id": {"$in": chunk}}):
                state = self._fold.state.model_validate(doc["state"])
                self._known[doc["_id"]] = _Known(doc["version"], state, dict(doc["heard"]))

    def _advanced(
        self, id: str, state: S | None, heard: dict[str, int], events: Sequence[Heard]
    ) -> S | None:
        try:
            return self._fold.advance(id, state, heard, events)
        except Exception as error:
            raise self._unfoldable(id, state, heard, events, error) from error

    def _unfoldable(
        self,
        id: str,
        state: S | None,
        heard: dict[str, int],
        events: Sequence[Heard],
        error: Exception,
    ) -> Unfoldable:
        """Which of the events it is, one by one."""
        for event in events:
            try:
                state = self._fold.advance(id, state, heard, [event]) or state
            except Exception as why:  # noqa: BLE001 - whatever it is, it is told of
                return Unfoldable(event, why)
        return Unfoldable(events[0], error)

    def _change(self, id: str, version: int, state: S, heard: Mapping[str, int]) -> Change:
        fields = {"version": version + 1, "heard": heard, "state": state.model_dump(mode="json")}
        if not version:
            return InsertOne({"_id": id} | fields)
        return UpdateOne({"_id": id, "version": version}, {"$set": fields}, upsert=True)


class Rebuilding:
    """Collections that are folded from the same topics.

    A window is written while the next one is read.
    """

    def __init__(self, parts: Sequence[Folded[Any]]) -> None:
        self._parts = parts
        self._kinds = {part.kind: part for part in parts if part.kind}
        self._others = [part for part in parts if not part.kind]
        self._writing: asyncio.Task[None] | None = None

    async def take(self, events: Sequence[Heard], then: Callable[[], Awaitable[None]]) -> None:
        """Fold a window; `then` is awaited once it is in the documents.

        Raises Unfoldable, and then nothing of this window was folded. A window that could not be
        written is told of by the next call.
        """
        waiting = self._sorted(events)
        await self.finish()
        try:
            changes = [(part, events, await part.changes(events)) for part, events in waiting]
        except BaseException:
            for part in self._parts:
                part.forget()
            raise
        self._writing = asyncio.create_task(self._write(changes, then))

    async def finish(self) -> None:
        """Return when what was taken is written, and its checkpoint noted."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            await writing

    async def abandon(self) -> None:
        """Let go of what is not written yet; it comes again from the last checkpoint."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)

    def _sorted(
        self, events: Sequence[Heard]
    ) -> list[tuple[Folded[Any], Mapping[str, Sequence[Heard]]]]:
        by_kind: dict[str, dict[str, list[Heard]]] = {kind: {} for kind in self._kinds}
        for event in events if by_kind else ():
            kind, _, id = event.envelope.subject.partition("/")
            if (of_kind := by_kind.get(kind)) is not None:
                of_kind.setdefault(id, []).append(event)
        found: list[tuple[Folded[Any], Mapping[str, Sequence[Heard]]]] = [
            (self._kinds[kind], of_kind) for kind, of_kind in by_kind.items()
        ]
        found += [(part, part.by_document(events)) for part in self._others]
        return [(part, waiting) for part, waiting in found if waiting]

    async def _write(
        self,
        changes: Sequence[tuple[Folded[Any], Mapping[str, Sequence[Heard]], Mapping[str, Change]]],
        then: Callable[[], Awaitable[None]],
    ) -> None:
        for part, waiting, change in changes:
            lost = await part.write(change)
            while lost:
                again = {id: waiting[id] for id in lost}
                lost = await part.write(await part.changes(again, read=True))
        await then()
