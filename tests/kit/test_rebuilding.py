"""History folded in windows: the same documents however it is cut, repeated, or cut off."""

import asyncio
import secrets
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.errors import AutoReconnect

from services.kit.fold import Fold, Heard
from services.kit.history import fold_all
from services.kit.projection import Projection
from services.kit.rebuilding import Folded, Rebuilding, Unfoldable
from tests.kit.fakes import Unreliable, connection_lost
from tests.kit.jars import BY_JAR, Heaps, heaps, heard

FLOW = [heard(jar, n, f"{jar}{n}") for n in range(1, 9) for jar in ("a", "b", "c")]
WHOLE = {id: list(state.coins) for id, (state, _) in fold_all(BY_JAR, FLOW).items()}


async def nothing() -> None:
    """For windows whose checkpoint nobody looks at."""


def of_jars(collection: Any, **more: Any) -> Rebuilding:
    return Rebuilding([Folded(collection, BY_JAR, kind="jar", **more)])


async def coins(collection: Any) -> dict[str, list[str]]:
    return {doc["_id"]: doc["state"]["coins"] async for doc in collection.find()}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, len(FLOW)), max_size=4), st.integers(1, 3), st.booleans())
async def test_any_windows_with_any_repeats_come_to_the_same(
    database: Any, cuts: list[int], remembered: int, kinds: bool
) -> None:
    collection = database[secrets.token_hex(4)]
    part = Folded(collection, BY_JAR, kind="jar" if kinds else "", remembered=remembered)
    rebuilding, begin = Rebuilding([part]), 0
    for cut in [*sorted(cuts), len(FLOW)]:
        await rebuilding.take(FLOW[max(0, begin - 5) : cut], nothing)  # the last ones again
        begin = cut
    await rebuilding.finish()
    assert await coins(collection) == WHOLE
    await collection.drop()


async def test_checkpoint_is_noted_after_the_documents_are_written(collection: Any) -> None:
    seen: list[dict[str, list[str]]] = []

    async def note() -> None:
        seen.append(await coins(collection))

    rebuilding = of_jars(collection)
    await rebuilding.take(FLOW[:3], note)
    await rebuilding.take(FLOW[3:], note)
    await rebuilding.finish()
    assert seen == [{"a": ["a1"], "b": ["b1"], "c": ["c1"]}, WHOLE]


async def test_window_cut_off_before_its_checkpoint_comes_again(collection: Any) -> None:
    broken = Unreliable(collection)
    broken.after("bulk_write", connection_lost)
    first = of_jars(broken)
    await first.take(FLOW[:9], nothing)
    with pytest.raises(AutoReconnect):
        await first.finish()

    again = of_jars(collection)
    await again.take(FLOW, nothing)
    await again.finish()

    assert await coins(collection) == WHOLE


async def test_another_writer_that_was_faster_is_taken_into_account(collection: Any) -> None:
    unlucky = Unreliable(collection)

    async def somebody_is_faster() -> None:
        await Projection(collection, BY_JAR).hear(FLOW[:12])

    unlucky.before("bulk_write", somebody_is_faster)
    rebuilding = of_jars(unlucky)
    await rebuilding.take(FLOW, nothing)
    await rebuilding.finish()
    assert await coins(collection) == WHOLE


async def test_event_that_can_not_be_folded_is_named_and_nothing_of_its_window_is_there(
    collection: Any,
) -> None:
    def picky(heap: Heaps | None, event: Heard, id: str) -> Heaps:
        if event.event.coin == "b2":
            raise ValueError("a bad coin")
        return BY_JAR.fold(heap, event, id)

    fold = Fold(state=Heaps, types=BY_JAR.types, targets=BY_JAR.targets, fold=picky)
    rebuilding = Rebuilding([Folded(collection, fold, kind="jar")])
    with pytest.raises(Unfoldable, match="a bad coin") as refused:
        await rebuilding.take(FLOW, nothing)
    assert refused.value.heard.envelope.id == "kit/jar/b:2"

    await rebuilding.take([e for e in FLOW if e.envelope.aggregate_id != "b"], nothing)
    await rebuilding.finish()
    assert await coins(collection) == {jar: WHOLE[jar] for jar in ("a", "c")}


async def test_kinds_go_to_their_own_collections(database: Any) -> None:
    jars, all_ = database[secrets.token_hex(4)], database[secrets.token_hex(4)]
    everything = heaps(lambda event: ["all"])
    both = [Folded(jars, BY_JAR, kind="jar"), Folded(all_, everything, kind="box")]
    rebuilding = Rebuilding(both)
    await rebuilding.take(FLOW, nothing)
    await rebuilding.finish()
    assert await coins(jars) == WHOLE
    assert await coins(all_) == {}


async def test_abandoned_window_is_not_noted(collection: Any) -> None:
    gate = asyncio.Event()
    broken = Unreliable(collection)

    async def wait() -> None:
        await gate.wait()

    broken.before("bulk_write", wait)
    noted: list[str] = []

    async def note() -> None:
        noted.append("noted")

    rebuilding = of_jars(broken)
    await rebuilding.take(FLOW, note)
    await rebuilding.abandon()
    assert noted == []
    assert await coins(collection) == {}
