"""Heard state: the same documents from any order between subjects, any repeats, any batches."""

import asyncio
import secrets
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.errors import AutoReconnect

from services.kit.fold import Heard
from services.kit.projection import Projection, Reactions
from tests.kit.fakes import Unreliable, connection_lost
from tests.kit.jars import BY_JAR, Heaps, heaps, heard

JARS = ("a", "b", "c")
EVENTS = {jar: [heard(jar, n, f"{jar}{n}") for n in range(1, 6)] for jar in JARS}
SHELF = heaps(lambda event: [event.envelope.aggregate_id, "all"])


async def state(projection: Projection[Heaps]) -> dict[str, Any]:
    docs = [doc async for doc in projection.collection.find().sort("_id", 1)]
    return {doc["_id"]: (doc["state"], doc["heard"]) for doc in docs}


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[Heard]]:
    """Any interleaving that keeps each subject's order, with repeats, cut into any batches."""
    positions = dict.fromkeys(JARS, 0)
    flow: list[Heard] = []
    while open_jars := [jar for jar in JARS if positions[jar] < len(EVENTS[jar])]:
        jar = draw(st.sampled_from(open_jars))
        flow.append(EVENTS[jar][positions[jar]])
        positions[jar] += 1
        back = draw(st.integers(0, positions[jar]))  # and then again from further back
        flow += EVENTS[jar][back : positions[jar]] if draw(st.booleans()) else []
    batches: list[list[Heard]] = [[]]
    for event in flow:
        if draw(st.booleans()):
            batches.append([])
        batches[-1].append(event)
    return batches


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries())
async def test_any_delivery_that_keeps_the_order_of_subjects_comes_to_the_same(
    database: Any, batches: list[list[Heard]]
) -> None:
    collection = database[secrets.token_hex(4)]
    projection = Projection(collection, BY_JAR)
    for batch in batches:
        await projection.hear(batch)
    assert await state(projection) == {
        jar: ({"coins": [f"{jar}{n}" for n in range(1, 6)]}, {f"kit/jar/{jar}": 5}) for jar in JARS
    }
    await collection.drop()


async def test_event_that_changes_several_documents_is_exact_after_a_redo(
    collection: Any,
) -> None:
    projection = Projection(collection, SHELF)
    await projection.hear(EVENTS["a"][:2])
    # as after a crash between two writes: one document has heard more than the other
    await Projection(collection, heaps(lambda event: ["all"])).hear(EVENTS["a"][2:4])
    await projection.hear(EVENTS["a"])
    assert await state(projection) == {
        id: ({"coins": ["a1", "a2", "a3", "a4", "a5"]}, {"kit/jar/a": 5}) for id in ("a", "all")
    }


async def test_lower_or_equal_is_a_no_op_and_a_gap_is_applied(collection: Any) -> None:
    projection = Projection(collection, BY_JAR)
    await projection.hear([heard("a", 3, "a3")])
    (before,) = await collection.find().to_list(None)
    await projection.hear([heard("a", 3, "again"), heard("a", 1, "late")])
    assert await collection.find().to_list(None) == [before]
    await projection.hear([heard("a", 7, "a7")])
    assert await projection.get("a") == Heaps(coins=("a3", "a7"))
    assert await projection.heard(["a", "nobody"]) == {"kit/jar/a": 7}


async def test_two_replicas_hearing_the_same_batch_lose_and_double_nothing(
    collection: Any,
) -> None:
    replicas = [Projection(collection, SHELF) for _ in range(3)]
    flow = [event for jar in JARS for event in EVENTS[jar]]
    await asyncio.gather(*(replica.hear(flow) for replica in replicas))
    found = await state(replicas[0])
    assert {id: sorted(doc["coins"]) for id, (doc, _) in found.items()} == {
        **{jar: [f"{jar}{n}" for n in range(1, 6)] for jar in JARS},
        "all": sorted(f"{jar}{n}" for jar in JARS for n in range(1, 6)),
    }


@pytest.mark.parametrize("there", [0, 1], ids=["new document", "document that is there"])
async def test_lost_race_is_folded_again_on_the_fresh_document(collection: Any, there: int) -> None:
    unlucky = Unreliable(collection)
    other = Projection(collection, heaps(lambda event: ["all"]))
    await other.hear(EVENTS["c"][:there])

    async def somebody_is_faster() -> None:
        await other.hear(EVENTS["b"][:1])

    unlucky.before("bulk_write", somebody_is_faster)
    projection = Projection(unlucky, heaps(lambda event: ["all"]))  # type: ignore[arg-type]
    await projection.hear(EVENTS["a"][:2])
    found = await projection.get("all")
    assert found == Heaps(coins=(*("c1",)[:there], "b1", "a1", "a2"))
    heard_of_c = {"kit/jar/c": 1} if there else {}
    assert await projection.heard(["all"]) == {"kit/jar/a": 2, "kit/jar/b": 1, **heard_of_c}


@pytest.mark.parametrize("when", ["before", "after"])
async def test_batch_whose_reply_was_lost_may_come_again(collection: Any, when: str) -> None:
    broken = Unreliable(collection)
    getattr(broken, when)("bulk_write", connection_lost)
    projection = Projection(broken, BY_JAR)  # type: ignore[arg-type]
    with pytest.raises(AutoReconnect):
        await projection.hear(EVENTS["a"])
    await projection.hear(EVENTS["a"])
    assert await projection.get("a") == Heaps(coins=("a1", "a2", "a3", "a4", "a5"))


async def test_batch_is_one_bulk_write_for_more_documents_than_one_chunk_reads(
    collection: Any,
) -> None:
    counted = Unreliable(collection)
    projection = Projection(counted, BY_JAR)  # type: ignore[arg-type]
    await projection.hear([heard(f"jar-{n:03d}", 1, "x") for n in range(120)])
    assert counted.calls == {"bulk_write": 1}
    assert await collection.count_documents({"state.coins": ["x"]}) == 120


async def test_reactions_call_the_handler_of_each_type_in_order() -> None:
    called: list[str] = []

    async def on_coin_added(event: Heard) -> None:
        called.append(event.event.coin)

    await Reactions({"CoinAdded": on_coin_added}).hear(EVENTS["a"])
    await Reactions({}).hear(EVENTS["a"])
    assert called == ["a1", "a2", "a3", "a4", "a5"]
