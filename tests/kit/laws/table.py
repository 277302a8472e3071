"""A Mongo database in memory, as far as the kit needs one: each operation is one instant."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Self

import bson
from bson.codec_options import CodecOptions
from pymongo import InsertOne, UpdateOne
from pymongo.errors import AutoReconnect, BulkWriteError, DuplicateKeyError
from pymongo.results import BulkWriteResult, DeleteResult, InsertOneResult, UpdateResult

from tests.kit.laws.wire import Carry, carry_at_once
from tests.kit.laws.words import Document, at, begun, changed, matches, shown

DUPLICATE_KEY = 11000
_EPOCH = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
_OPTIONS: CodecOptions[Document] = CodecOptions(tz_aware=True)


def _as_stored(doc: Mapping[str, Any]) -> Document:
    """A copy, after a journey through BSON; raises what pymongo raises for what does not fit."""
    return bson.decode(bson.encode(doc), _OPTIONS)


class Table:
    """A collection's documents and its unique indexes, without any way to them."""

    def __init__(self) -> None:
        self.rows: dict[Any, Document] = {}
        self._unique: list[tuple[list[str], Mapping[str, Any]]] = []

    def index(self, fields: Sequence[str], unique: bool, part: Mapping[str, Any]) -> None:
        """Remember a unique index; others change nothing that can be seen."""
        if unique and (list(fields), part) not in self._unique:
            self._unique.append((list(fields), part))

    def forget_unique(self, field: str) -> None:
        """Be without the unique indexes that hold this field."""
        self._unique = [(fields, part) for fields, part in self._unique if field not in fields]

    def found(self, query: Mapping[str, Any]) -> list[Document]:
        """Copies of what matches, in the order in which they were made."""
        return [_as_stored(row) for row in self.rows.values() if matches(row, query)]

    def insert(self, doc: Mapping[str, Any]) -> None:
        """One document; raises DuplicateKeyError."""
        self._keep(_as_stored(doc), None)

    def update(
        self, query: Mapping[str, Any], update: Any, *, upsert: bool = False, many: bool = False
    ) -> dict[str, Any]:
        """The first that matches, or all: what MongoDB replies."""
        query = _as_stored(query)
        update = _as_stored({"": update})[""]
        rows = [row for row in self.rows.values() if matches(row, query)]
        if not rows and upsert:
            made = changed(begun(query), update, new=True)
            made.setdefault("_id", bson.ObjectId())
            self._keep(_as_stored(made), None)
            return {"n": 1, "nModified": 0, "upserted": made["_id"]}
        modified = 0
        for row in rows if many else rows[:1]:
            after = _as_stored(changed(row, update))
            modified += after != row
            self._keep(after, row["_id"])
        return {"n": len(rows if many else rows[:1]), "nModified": modified}

    def delete(self, query: Mapping[str, Any], *, many: bool = False) -> int:
        """The first that matches, or all: how many are gone."""
        gone = [id for id, row in self.rows.items() if matches(row, _as_stored(query))]
        for id in gone if many else gone[:1]:
            del self.rows[id]
        return len(gone if many else gone[:1])

    def _keep(self, row: Document, was: Any) -> None:
        if was is None and row["_id"] in self.rows:
            raise _taken(["_id"], [row["_id"]])
        for fields, part in self._unique:
            if not matches(row, part):
                continue
            key = [at(row, field) for field in fields]
            for id, other in self.rows.items():
                if id == was or not matches(other, part):
                    continue
                if [at(other, field) for field in fields] == key:
                    raise _taken(fields, key)
        self.rows[row["_id"]] = row


def _taken(fields: Sequence[str], key: Sequence[Any]) -> DuplicateKeyError:
    details = {
        "keyPattern": dict.fromkeys(fields, 1),
        "keyValue": dict(zip(fields, key, strict=True)),
        "code": DUPLICATE_KEY,
    }
    return DuplicateKeyError("E11000 duplicate key error", DUPLICATE_KEY, details)


class FakeDatabase:
    """A database as one process sees it. `tables` is what all processes share."""

    def __init__(
        self,
        tables: dict[str, Table] | None = None,
        carry: Carry = carry_at_once,
        monotonic: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.tables = {} if tables is None else tables
        self.carry = carry
        self._monotonic = monotonic

    def __getitem__(self, name: str) -> "FakeCollection":
        return FakeCollection(self, self.tables.setdefault(name, Table()))

    async def command(self, name: str) -> Document:
        """Only `hello`, for its clock."""
        if name != "hello":
            raise NotImplementedError(name)
        now = _EPOCH + timedelta(seconds=self._monotonic())
        return await self.carry(lambda: {"localTime": now.replace(tzinfo=None)}, connection_lost)


def connection_lost() -> Exception:
    """What pymongo says when the connection breaks under a call."""
    return AutoReconnect("connection closed")


class FakeCollection:
    """A collection as motor shows it: the calls of the kit, and no others."""

    def __init__(self, database: FakeDatabase, table: Table) -> None:
        self.database = database
        self._table = table

    async def _ask(self, effect: Callable[[], Any]) -> Any:
        return await self.database.carry(effect, connection_lost)

    async def create_index(self, keys: Any, **options: Any) -> None:
        fields = [keys] if isinstance(keys, str) else [field for field, _ in keys]
        part = options.get("partialFilterExpression", {})
        await self._ask(lambda: self._table.index(fields, options.get("unique", False), part))

    async def find_one(self, query: Any, projection: Any = None) -> Document | None:
        found = await self.find(query, projection).limit(1).to_list(None)
        return found[0] if found else None

    def find(self, query: Any = None, projection: Any = None) -> "FakeCursor":
        return FakeCursor(self._ask, self._table, query or {}, projection)

    async def count_documents(self, query: Any) -> int:
        found: list[Document] = await self._ask(lambda: self._table.found(query))
        return len(found)

    async def insert_one(self, doc: Any) -> InsertOneResult:
        await self._ask(lambda: self._table.insert(doc))
        return InsertOneResult(doc["_id"], acknowledged=True)

    async def insert_many(self, docs: Sequence[Any], *, ordered: bool) -> None:
        await self.bulk_write([InsertOne(doc) for doc in docs], ordered=ordered)

    async def update_one(self, query: Any, update: Any, upsert: bool = False) -> UpdateResult:
        reply = await self._ask(lambda: self._table.update(query, update, upsert=upsert))
        return UpdateResult(reply, acknowledged=True)

    async def update_many(self, query: Any, update: Any) -> UpdateResult:
        reply = await self._ask(lambda: self._table.update(query, update, many=True))
        return UpdateResult(reply, acknowledged=True)

    async def delete_one(self, query: Any) -> DeleteResult:
        return DeleteResult({"n": await self._ask(lambda: self._table.delete(query))}, True)

    async def delete_many(self, query: Any) -> DeleteResult:
        gone = await self._ask(lambda: self._table.delete(query, many=True))
        return DeleteResult({"n": gone}, acknowledged=True)

    async def bulk_write(
        self, operations: Sequence[InsertOne[Document] | UpdateOne], *, ordered: bool
    ) -> BulkWriteResult:
        """Not one instant but one for each operation, as on a server: it may end half way."""
        reply: dict[str, Any] = dict.fromkeys(
            ("nInserted", "nMatched", "nModified", "nUpserted", "nRemoved"), 0
        )
        failures: list[Document] = []
        for index, operation in enumerate(operations):
            try:
                await self._ask(partial(self._do, operation, reply))
            except DuplicateKeyError as error:
                failures.append({"index": index, **(error.details or {})})
                if ordered:
                    break
        if failures:
            raise BulkWriteError({**reply, "writeErrors": failures, "writeConcernErrors": []})
        return BulkWriteResult(reply, acknowledged=True)

    def _do(self, operation: Any, reply: dict[str, Any]) -> None:
        if isinstance(operation, InsertOne):
            self._table.insert(operation._doc)
            reply["nInserted"] += 1
            return
        one = self._table.update(operation._filter, operation._doc, upsert=bool(operation._upsert))
        if "upserted" in one:
            reply["nUpserted"] += 1
        else:
            reply["nMatched"] += one["n"]
            reply["nModified"] += one["nModified"]


class FakeCursor:
    """What a find comes to; the documents are those of the moment of the first look."""

    def __init__(
        self, ask: Callable[..., Any], table: Table, query: Mapping[str, Any], projection: Any
    ) -> None:
        self._ask, self._table, self._query, self._projection = ask, table, query, projection
        self._order: list[tuple[str, int]] = []
        self._limit = 0

    def sort(self, key: Any, direction: int = 1) -> Self:
        self._order = [(key, direction)] if isinstance(key, str) else list(key)
        return self

    def limit(self, count: int) -> Self:
        self._limit = count
        return self

    async def to_list(self, length: int | None) -> list[Document]:
        found: list[Document] = await self._ask(self._look)
        return found[: self._limit or None][:length]

    async def __aiter__(self) -> AsyncIterator[Document]:
        for doc in await self.to_list(None):
            yield doc

    def _look(self) -> list[Document]:
        found = self._table.found(_as_stored(self._query))
        for field, direction in reversed(self._order):
            found.sort(key=lambda doc: at(doc, field), reverse=direction < 0)
        if self._projection is None:
            return found
        return [shown(doc, self._projection) for doc in found]
