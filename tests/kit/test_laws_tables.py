"""The tables of tests/kit/laws do what a real database does with any of the kit's own calls."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError
from pymongo.results import BulkWriteResult, DeleteResult, UpdateResult

from services.kit.clock import DatabaseClock
from services.kit.relay import Entry, _pull
from tests.kit.laws.table import FakeDatabase

Call = Callable[[Any], Awaitable[Any]]
"""One call on a collection, whichever it is."""

IDS = st.sampled_from(["a", "b", "c"])
SMALL = st.integers(0, 3)
MOMENTS = st.integers(0, 3).map(
    lambda minutes: datetime(2026, 7, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
PART = {"state.remark": "mine"}


def said(number: int) -> dict[str, Any]:
    return {"id": f"event-{number}", "headers": [["ce_id", b"\xff"]], "body": None}


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """What a store, a lease or a parking lot would keep."""
    outbox = [said(number) for number in draw(st.lists(SMALL, max_size=3))]
    return {
        "_id": draw(IDS),
        "version": draw(SMALL),
        "slot": draw(SMALL),
        "state": {"remark": draw(st.sampled_from(["", "mine"])), "coins": ("x",)},
        "tokens": ["t"],
        "outbox": outbox,
        "pending": bool(outbox),
        "until": draw(MOMENTS),
    }


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """A call as the kit makes it, on a few documents."""
    return draw(draw(st.sampled_from(KINDS)))


@st.composite
def inserts(draw: st.DrawFn) -> Call:
    doc = draw(documents())
    return lambda found: found.insert_one(dict(doc))


@st.composite
def inserts_of_many(draw: st.DrawFn) -> Call:
    docs = draw(st.lists(documents(), min_size=1, max_size=4))
    return lambda found: found.insert_many([dict(doc) for doc in docs], ordered=False)


@st.composite
def writes_of_the_store(draw: st.DrawFn) -> Call:
    version = draw(SMALL)
    query = {"_id": draw(IDS), "version": version}
    remark = draw(st.sampled_from(["", "mine"]))
    fields = {"version": version + 1, "pending": True, "state": {"remark": remark}}
    pushed = {
        "tokens": {"$each": [draw(st.sampled_from("uvw"))], "$slice": -2},
        "outbox": {"$each": [said(draw(SMALL))]},
    }
    return lambda found: found.update_one(query, {"$set": fields, "$push": pushed})


@st.composite
def pulls_of_the_relay(draw: st.DrawFn) -> Call:
    ids = draw(st.lists(IDS, unique=True, min_size=1))
    sent = [
        Entry(id, f"event-{draw(SMALL)}", "topic", None, (), None)
        for id in draw(st.lists(st.sampled_from(ids), max_size=4))
    ]

    async def pull(found: Any) -> None:
        """The relay pulls only where it has seen an outbox."""
        seen = {"_id": {"$in": ids}, "outbox": {"$exists": True}}
        there = [doc["_id"] for doc in await found.find(seen, {"_id": 1}).to_list(None)]
        if there:
            await _pull(found, there, [entry for entry in sent if entry.document_id in there])

    return pull


@st.composite
def writes_of_a_projection(draw: st.DrawFn) -> Call:
    operations: list[InsertOne[Any] | UpdateOne] = []
    for id in draw(st.lists(IDS, unique=True, min_size=1)):
        version = draw(SMALL)
        fields = {"version": version + 1, "heard": {"kit/jar/a": draw(SMALL)}}
        if draw(st.booleans()):
            operations.append(InsertOne({"_id": id} | fields))
        else:
            query = {"_id": id, "version": version}
            operations.append(UpdateOne(query, {"$set": fields}, upsert=True))
    return lambda found: found.bulk_write(operations, ordered=False)


@st.composite
def writes_of_the_parking(draw: st.DrawFn) -> Call:
    operations = [
        UpdateOne({"_id": id}, {"$setOnInsert": {"offset": draw(SMALL), "key": b"k"}}, upsert=True)
        for id in draw(st.lists(IDS, min_size=1, max_size=3))
    ]
    again = {"$set": {"reason": "again"}, "$inc": {"attempts": 1}}
    id = draw(IDS)
    if draw(st.booleans()):
        return lambda found: found.update_one({"_id": id}, again)
    return lambda found: found.bulk_write(operations, ordered=True)


@st.composite
def claims_and_leases(draw: st.DrawFn) -> Call:
    id, now, owner = draw(IDS), draw(MOMENTS), draw(st.sampled_from(["one", "two"]))
    held = {"$set": {"owner": owner, "until": now + timedelta(minutes=1)}}
    free = {"_id": id, "$or": [{"owner": owner}, {"until": {"$lte": now}}]}
    return cast(
        "Call",
        draw(
            st.sampled_from(
                [
                    lambda found: found.update_one(
                        {"_id": id, "until": {"$lte": now}}, held, upsert=True
                    ),
                    lambda found: found.update_one(free, held),
                    lambda found: found.update_many({"owner": owner}, held),
                    lambda found: found.update_one(
                        {"_id": id}, {"$setOnInsert": {"slot": 1, "owner": ""}}, upsert=True
                    ),
                    lambda found: found.delete_one({"_id": id, "owner": owner}),
                    lambda found: found.delete_many(
                        {"slot": {"$exists": False}, "until": {"$lt": now}}
                    ),
                ]
            )
        ),
    )


@st.composite
def looks(draw: st.DrawFn) -> Call:
    queries: list[dict[str, Any]] = [
        {},
        {"_id": {"$in": draw(st.lists(IDS))}},
        {"pending": True, "slot": {"$in": draw(st.lists(SMALL))}},
        {"until": {"$gt": draw(MOMENTS)}},
        {"offset": {"$gte": draw(SMALL)}},
        {"key": b"k"},
        {"state.remark": "mine"},
    ]
    query = draw(st.sampled_from(queries))
    shown = draw(
        st.sampled_from(
            [None, {"_id": 1}, {"outbox": 1}, {"heard": 1, "state": 1}, {"state.remark": 1}]
        )
    )
    count = draw(SMALL)
    return cast(
        "Call",
        draw(
            st.sampled_from(
                [
                    lambda found: (
                        found.find(query, shown).sort("_id", 1).limit(count).to_list(None)
                    ),
                    lambda found: found.find(query).sort([("version", 1), ("_id", -1)]).to_list(2),
                    lambda found: found.find_one({"_id": "a"}, shown),
                    lambda found: found.count_documents(query),
                ]
            )
        ),
    )


KINDS = [
    inserts(),
    inserts_of_many(),
    writes_of_the_store(),
    pulls_of_the_relay(),
    writes_of_a_projection(),
    writes_of_the_parking(),
    claims_and_leases(),
    looks(),
]


async def outcome(call: Call, collection: Any) -> Any:
    """What the caller can see of it."""
    try:
        answer = await call(collection)
    except DuplicateKeyError as error:
        return "taken", list((error.details or {}).get("keyPattern") or {"_id": 1})
    except BulkWriteError as error:
        return "bulk", [(one["index"], one["code"]) for one in error.details["writeErrors"]]
    match answer:
        case UpdateResult():
            return answer.matched_count, answer.modified_count, answer.upserted_id
        case DeleteResult():
            return answer.deleted_count
        case BulkWriteResult():
            return answer.inserted_count, answer.matched_count, answer.upserted_count
        case dict() | list() | int():
            return answer
        case _:
            return None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(calls(), min_size=3, max_size=14))
async def test_fake_collection_answers_and_keeps_what_a_real_one_does(
    database: Any, sequence: Sequence[Call]
) -> None:
    real, fake = database[secrets.token_hex(4)], FakeDatabase()["fake"]
    for collection in (real, fake):
        await collection.create_index("state.remark", unique=True, partialFilterExpression=PART)
    for call in sequence:
        assert await outcome(call, fake) == await outcome(call, real)
        everything = [await found.find().sort("_id", 1).to_list(None) for found in (fake, real)]
        assert everything[0] == everything[1]
    await real.drop()


async def test_fake_database_tells_the_time_as_a_real_one_does(database: Any) -> None:
    real, fake = await database.command("hello"), await FakeDatabase().command("hello")
    assert type(fake["localTime"]) is type(real["localTime"])
    assert (await DatabaseClock(cast("Any", FakeDatabase())).now()).tzinfo is UTC
    assert (await DatabaseClock(database).now()).tzinfo is UTC


def test_fake_refuses_words_it_does_not_know() -> None:
    with pytest.raises(NotImplementedError):
        asyncio.run(
            FakeDatabase()["x"].update_one({"_id": "a"}, {"$rename": {"a": "b"}}, upsert=True)
        )
