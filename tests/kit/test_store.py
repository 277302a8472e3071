"""The store on the real database: one write, no lost update, no repeat, no trace of a refusal."""

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest
from pymongo.errors import AutoReconnect

from services.kit import deciding
from services.kit import store as kit_store
from services.kit.aggregate import SLOTS, CommandKey, Decision, Result
from services.kit.refusal import Refused
from services.kit.store import OutcomeUnknown, Store, UniqueTaken
from tests.kit.fakes import Unreliable, connection_lost
from tests.kit.jars import CONTEXT, JARS, NOW, CoinAdded, Jar, add, own, remark, seal

KEY = CommandKey("key-1", "fingerprint-1")


@pytest.fixture
def jars(collection: Any) -> Store[Jar]:
    return Store(collection, JARS)


async def put(jars: Store[Jar], *coins: str, id: str = "a", **more: Any) -> Result[Jar]:
    return await jars.execute(id, add(*coins), CONTEXT, now=more.pop("now", NOW), **more)


async def document(jars: Store[Jar], id: str = "a") -> dict[str, Any]:
    doc = await jars.collection.find_one({"_id": id})
    return cast("dict[str, Any]", doc)


def said(doc: dict[str, Any]) -> list[str]:
    return [item["id"] for item in doc["outbox"]]


def assert_no_event_without_its_state(doc: dict[str, Any]) -> None:
    """Events are gapless from 1, each once, and fold to exactly the state beside them."""
    bodies = [
        CoinAdded.model_validate_json(item["body"])
        for item in doc["outbox"]
        if item["stream"] == "events"
    ]
    assert said(doc) == [f"kit/jar/{doc['_id']}:{n}" for n in range(1, len(bodies) + 1)]
    assert doc["sequence"] == len(bodies)
    assert doc["state"]["coins"] == [body.coin for body in bodies]


async def test_execute_writes_state_and_events_in_one_write(collection: Any) -> None:
    counted = Unreliable(collection)
    jars = Store(counted, JARS)  # type: ignore[arg-type]

    first = await put(jars, "x", "y")
    after_first = await document(jars)
    second = await put(jars, "z")

    assert first.event_ids == ("kit/jar/a:1", "kit/jar/a:2")
    assert second.event_ids == ("kit/jar/a:3",)
    assert (first.version, second.version) == (1, 2)
    assert counted.calls["insert_one"] == counted.calls["update_one"] == 1
    assert_no_event_without_its_state(after_first)
    assert_no_event_without_its_state(await document(jars))
    assert (await document(jars))["pending"] is True


async def test_every_event_says_who_by_what_way_and_why(jars: Store[Jar]) -> None:
    await put(jars, "x")
    (item,) = (await document(jars))["outbox"]
    headers = dict(item["headers"])
    assert (item["key"], item["stream"]) == ("jar/a", "events")
    assert headers["ce_actor"] == "admin/aigul"
    assert headers["ce_via"] == "api"
    assert headers["ce_season"] == "2020"
    assert headers["ce_correlationid"] == "correlation-1"
    assert headers["ce_causationid"] == "cause-1"
    assert headers["traceparent"] == "00-aa-bb-01"
    assert headers["ce_time"] == "2026-07-01T12:00:00.000Z"


async def test_draft_changes_state_and_says_nothing(jars: Store[Jar]) -> None:
    result = await jars.execute("a", remark("full"), CONTEXT, now=NOW)
    doc = await document(jars)
    assert (result.state.remark, result.event_ids) == ("full", ())
    assert (doc["outbox"], doc["pending"], doc["sequence"]) == ([], False, 0)


async def test_command_that_comes_to_nothing_writes_nothing(jars: Store[Jar]) -> None:
    await put(jars, "x")
    before = await document(jars)
    result = await jars.execute("a", lambda jar: Decision(), CONTEXT, now=NOW)
    assert (result.state.coins, result.event_ids) == (("x",), ())
    assert await document(jars) == before


async def test_slot_is_fixed_by_the_id_and_within_the_sixteen(jars: Store[Jar]) -> None:
    for number in range(60):
        await put(jars, "x", id=f"jar-{number}")
    slots = [doc["slot"] async for doc in jars.collection.find()]
    assert {slot in range(SLOTS) for slot in slots} == {True}
    assert len(set(slots)) > SLOTS // 2
    before = (await document(jars, "jar-7"))["slot"]
    await put(jars, "y", id="jar-7")
    assert (await document(jars, "jar-7"))["slot"] == before


async def test_written_is_called_after_events_and_not_after_drafts(collection: Any) -> None:
    woken: list[str] = []
    jars = Store(collection, JARS, lambda: woken.append("relay"))
    await jars.execute("a", remark("full"), CONTEXT, now=NOW)
    assert woken == []
    await put(jars, "x")
    assert woken == ["relay"]


# Races


async def test_two_replicas_on_one_document_lose_and_double_nothing(collection: Any) -> None:
    replicas = [Store(collection, JARS), Store(collection, JARS)]
    coins = [f"coin-{number}" for number in range(60)]

    async def one_by_one(jars: Store[Jar], mine: list[str]) -> list[str]:
        found: list[str] = []
        for coin in mine:
            found += (await put(jars, coin)).event_ids
        return found

    answers = await asyncio.gather(*(one_by_one(replicas[n % 2], coins[n::4]) for n in range(4)))

    doc = await document(replicas[0])
    assert_no_event_without_its_state(doc)
    assert sorted(doc["state"]["coins"]) == sorted(coins)
    assert sorted(id for ids in answers for id in ids) == sorted(said(doc))


async def test_lost_race_is_decided_again_on_the_fresh_state(collection: Any) -> None:
    other = Store(collection, JARS)
    unlucky = Unreliable(collection)
    jars = Store(unlucky, JARS)  # type: ignore[arg-type]
    await put(other, "x")

    async def somebody_seals() -> None:
        await other.execute("a", seal, CONTEXT, now=NOW)

    unlucky.before("update_one", somebody_seals)
    with pytest.raises(Refused, match="jar-sealed"):
        await put(jars, "y")
    assert (await document(jars))["state"] == {"coins": ["x"], "sealed": True, "remark": ""}


async def test_lost_race_to_create_is_decided_again_on_the_other_ones_document(
    collection: Any,
) -> None:
    other = Store(collection, JARS)
    unlucky = Unreliable(collection)
    jars = Store(unlucky, JARS)  # type: ignore[arg-type]

    async def somebody_creates() -> None:
        await put(other, "x")

    unlucky.before("insert_one", somebody_creates)
    assert (await put(jars, "y")).event_ids == ("kit/jar/a:2",)
    assert_no_event_without_its_state(await document(jars))


async def test_race_lost_for_too_long_is_refused_as_busy(
    collection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_store, "PATIENCE_SECONDS", 0.0)
    other = Store(collection, JARS)
    unlucky = Unreliable(collection)
    jars = Store(unlucky, JARS)  # type: ignore[arg-type]
    await put(other, "x")

    async def somebody_is_faster() -> None:
        await put(other, "z")

    unlucky.before("update_one", somebody_is_faster)
    with pytest.raises(Refused, match="too-busy"):
        await put(jars, "y")
    assert (await document(jars))["state"]["coins"] == ["x", "z"]


# Groups


async def test_commands_that_wait_together_are_committed_as_one_group(collection: Any) -> None:
    counted = Unreliable(collection)
    jars = Store(counted, JARS)  # type: ignore[arg-type]
    await put(jars, "first")

    results = await asyncio.gather(*(put(jars, f"coin-{n}") for n in range(300)))

    doc = await document(jars)
    assert_no_event_without_its_state(doc)
    assert [result.event_ids for result in results] == [(f"kit/jar/a:{n}",) for n in range(2, 302)]
    assert counted.calls["update_one"] <= 3
    assert not jars._waiting
    assert not jars._draining


async def test_refused_command_leaves_no_trace_in_its_group(jars: Store[Jar]) -> None:
    def half_applied(jar: Jar | None) -> Decision[Jar]:
        return Decision([CoinAdded(coin="half"), Broken()])

    await put(jars, "x")
    first, second, third, fourth = await asyncio.gather(
        put(jars, "y"),
        jars.execute("a", half_applied, CONTEXT, now=NOW, key=KEY, heard=("kit/other", 1)),
        jars.execute("a", refuse, CONTEXT, now=NOW, key=KEY),
        put(jars, "z"),
        return_exceptions=True,
    )
    doc = await document(jars)
    assert isinstance(second, RuntimeError)
    assert isinstance(third, Refused)
    assert isinstance(first, Result)
    assert isinstance(fourth, Result)
    assert fourth.event_ids == ("kit/jar/a:3",)
    assert_no_event_without_its_state(doc)
    assert doc["state"]["coins"] == ["x", "y", "z"]
    assert (doc["heard"], doc["commands"], doc["people"]) == ({}, {}, {})


class Broken(CoinAdded):
    """An event that can't be written down."""

    coin: str = "broken"

    def model_dump_json(self, **_: Any) -> str:
        raise RuntimeError("no body")


def refuse(jar: Jar | None) -> Decision[Jar]:
    raise Refused("conflict", "jar-full", "The jar is full.")


async def test_refused_command_creates_no_document(jars: Store[Jar]) -> None:
    with pytest.raises(Refused):
        await jars.execute("a", refuse, CONTEXT, now=NOW)
    assert await document(jars) is None


async def test_unique_value_taken_is_refused_alone_and_its_group_goes_on(
    jars: Store[Jar],
) -> None:
    await jars.collection.create_index(
        "state.remark", unique=True, partialFilterExpression={"state.remark": "mine"}
    )
    await jars.execute("a", remark("mine"), CONTEXT, now=NOW)
    await put(jars, "x", id="b")

    taken, fine = await asyncio.gather(
        jars.execute("b", remark("mine"), CONTEXT, now=NOW),
        put(jars, "y", id="b"),
        return_exceptions=True,
    )

    assert isinstance(taken, UniqueTaken)
    assert list(taken.fields) == ["state.remark"]
    assert isinstance(fine, Result)
    doc = await document(jars, "b")
    assert (doc["state"]["remark"], doc["state"]["coins"]) == ("", ["x", "y"])


async def test_unique_value_taken_at_creation_leaves_no_document(jars: Store[Jar]) -> None:
    await jars.collection.create_index(
        "state.remark", unique=True, partialFilterExpression={"state.remark": "mine"}
    )
    await jars.execute("a", remark("mine"), CONTEXT, now=NOW)
    with pytest.raises(UniqueTaken):
        await jars.execute("b", remark("mine"), CONTEXT, now=NOW)
    assert await document(jars, "b") is None


# Repeats


async def test_repeat_with_the_same_key_gives_the_same_event_ids(collection: Any) -> None:
    first = await put(Store(collection, JARS), "x", "y", key=KEY)
    another_replica = Store(collection, JARS)
    before = await document(another_replica)
    again = await put(another_replica, "x", "y", key=KEY)
    assert again.event_ids == first.event_ids == ("kit/jar/a:1", "kit/jar/a:2")
    assert (first.repeated, again.repeated) == (False, True)
    assert await document(another_replica) == before


async def test_repeat_in_the_same_group_gives_the_same_event_ids(jars: Store[Jar]) -> None:
    await put(jars, "first")
    results = await asyncio.gather(*(put(jars, "x", key=KEY) for _ in range(5)))
    assert {result.event_ids for result in results} == {("kit/jar/a:2",)}
    assert [result.repeated for result in results] == [False, True, True, True, True]
    assert (await document(jars))["state"]["coins"] == ["first", "x"]


async def test_repeat_is_answered_even_when_the_rule_would_refuse_now(jars: Store[Jar]) -> None:
    first = await put(jars, "x", key=KEY)
    await jars.execute("a", seal, CONTEXT, now=NOW)
    assert (await put(jars, "x", key=KEY)).event_ids == first.event_ids


async def test_key_reused_for_another_request_is_refused(jars: Store[Jar]) -> None:
    await put(jars, "x", key=KEY)
    with pytest.raises(Refused) as refused:
        await put(jars, "y", key=CommandKey(KEY.key, "fingerprint-2"))
    assert (refused.value.rule, refused.value.kind) == ("idempotency-key-reused", "invalid")
    assert (await document(jars))["state"]["coins"] == ["x"]


async def test_key_of_a_refused_command_may_be_used_again(jars: Store[Jar]) -> None:
    await put(jars, "x")
    with pytest.raises(Refused):
        await jars.execute("a", refuse, CONTEXT, now=NOW, key=KEY)
    assert (await put(jars, "y", key=CommandKey(KEY.key, "other"))).event_ids == ("kit/jar/a:2",)


async def test_key_ends_after_a_day(jars: Store[Jar]) -> None:
    await put(jars, "x", key=KEY)
    almost, after = NOW + timedelta(hours=23, minutes=59), NOW + timedelta(hours=24, seconds=1)
    assert (await put(jars, "x", key=KEY, now=almost)).repeated
    assert not (await put(jars, "y", key=CommandKey(KEY.key, "other"), now=after)).repeated
    assert len((await document(jars))["commands"]) == 1


async def test_keys_kept_are_the_hundred_newest(
    jars: Store[Jar], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deciding.KEYS_KEPT == 100
    monkeypatch.setattr(deciding, "KEYS_KEPT", 5)

    async def use(number: int) -> bool:
        key, now = CommandKey(f"key-{number}", "f"), NOW + timedelta(seconds=number)
        return (await put(jars, f"coin-{number}", key=key, now=now)).repeated

    for number in range(8):
        await use(number)
    assert len((await document(jars))["commands"]) == 5
    assert await use(7)
    assert await use(3)
    assert not await use(2)


async def test_tokens_of_writes_are_bounded(
    jars: Store[Jar], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_store, "TOKENS_KEPT", 3)
    for number in range(5):
        await put(jars, f"coin-{number}")
    assert len((await document(jars))["tokens"]) == 3


# Heard


async def test_heard_lower_or_equal_is_a_no_op_and_higher_is_applied(jars: Store[Jar]) -> None:
    async def hear(sequence: int) -> Result[Jar]:
        return await put(jars, f"heard-{sequence}", heard=("other/thing/1", sequence))

    assert not (await hear(2)).repeated
    before = await document(jars)
    assert (await hear(2)).repeated
    assert (await hear(1)).repeated
    assert await document(jars) == before
    assert (await hear(5)).event_ids == ("kit/jar/a:2",)  # a gap is applied; verify reports it
    doc = await document(jars)
    assert doc["state"]["coins"] == ["heard-2", "heard-5"]
    assert doc["heard"] == {"other/thing/1": 5}


async def test_heard_is_counted_for_each_subject_apart(jars: Store[Jar]) -> None:
    await put(jars, "x", heard=("other/thing/1", 7))
    await put(jars, "y", heard=("other/thing/2", 1))
    assert (await document(jars))["heard"] == {"other/thing/1": 7, "other/thing/2": 1}


async def test_heard_is_written_even_when_nothing_else_changes(jars: Store[Jar]) -> None:
    await put(jars, "x")
    await jars.execute("a", lambda jar: Decision(), CONTEXT, now=NOW, heard=("other/thing/1", 3))
    assert (await document(jars))["heard"] == {"other/thing/1": 3}


# Replies that are lost


@pytest.mark.parametrize("method", ["insert_one", "update_one"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_lost_connection_neither_loses_nor_doubles(
    collection: Any, method: str, when: str
) -> None:
    broken = Unreliable(collection)
    jars = Store(broken, JARS)  # type: ignore[arg-type]
    if method == "update_one":
        await put(Store(collection, JARS), "first")
    getattr(broken, when)(method, connection_lost)

    result = await put(jars, "x", "y")

    doc = await document(jars)
    assert_no_event_without_its_state(doc)
    assert doc["state"]["coins"][-2:] == ["x", "y"]
    assert list(result.event_ids) == said(doc)[-2:]
    assert result.version == doc["version"]


async def test_lost_reply_is_recognised_after_others_have_written(collection: Any) -> None:
    broken = Unreliable(collection)
    jars, other = Store(broken, JARS), Store(collection, JARS)  # type: ignore[arg-type]
    await put(other, "first")

    async def others_write_and_the_reply_is_lost() -> None:
        for number in range(20):
            await put(other, f"other-{number}")
        await connection_lost()

    broken.after("update_one", others_write_and_the_reply_is_lost)
    assert (await put(jars, "x")).event_ids == ("kit/jar/a:2",)
    doc = await document(jars)
    assert_no_event_without_its_state(doc)
    assert doc["state"]["coins"].count("x") == 1


async def test_lost_reply_that_can_not_be_recognised_any_more_is_not_repeated(
    collection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_store, "TOKENS_KEPT", 3)
    broken = Unreliable(collection)
    jars, other = Store(broken, JARS), Store(collection, JARS)  # type: ignore[arg-type]
    await put(other, "first")

    async def many_others_write_and_the_reply_is_lost() -> None:
        for number in range(kit_store.TOKENS_KEPT + 1):
            await put(other, f"other-{number}")
        await connection_lost()

    broken.after("update_one", many_others_write_and_the_reply_is_lost)
    with pytest.raises(OutcomeUnknown):
        await put(jars, "x")
    assert (await document(jars))["state"]["coins"].count("x") == 1


async def test_write_that_arrives_late_is_not_doubled_by_its_own_repeat(collection: Any) -> None:
    broken = Unreliable(collection)
    jars = Store(broken, JARS)  # type: ignore[arg-type]
    await put(Store(collection, JARS), "first")
    late: list[tuple[Any, Any]] = []

    async def connection_breaks() -> None:
        await connection_lost()

    async def the_first_write_arrives_after_all() -> None:
        (filter_, update) = late[0]
        await collection.update_one(filter_, update)

    real_write = broken.__getattr__("update_one")

    async def recorded(filter_: Any, update: Any) -> Any:
        late.append((filter_, update))
        return await real_write(filter_, update)

    broken.update_one = recorded  # type: ignore[attr-defined]
    broken.before("update_one", connection_breaks, the_first_write_arrives_after_all)

    assert (await put(jars, "x")).event_ids == ("kit/jar/a:2",)
    doc = await document(jars)
    assert_no_event_without_its_state(doc)
    assert doc["state"]["coins"] == ["first", "x"]


async def test_database_away_for_too_long_is_an_error_and_nothing_is_written(
    collection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_store, "PATIENCE_SECONDS", 0.0)
    broken = Unreliable(collection)
    broken.before("find_one", connection_lost)
    with pytest.raises(AutoReconnect):
        await put(Store(broken, JARS), "x")  # type: ignore[arg-type]
    assert await collection.find_one({}) is None


# Bounds


async def test_full_outbox_is_refused_and_empties_again(
    jars: Store[Jar], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "LARGEST_OUTBOX", 3)
    answers = await asyncio.gather(
        *(put(jars, f"coin-{n}") for n in range(8)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    doc = await document(jars)
    assert {error.rule for error in refused} == {"outbox-full"}
    assert len(refused) == 8 - len(doc["outbox"])
    assert len(doc["outbox"]) <= 4
    assert_no_event_without_its_state(doc)
    await jars.collection.update_one({"_id": "a"}, {"$set": {"outbox": []}})
    assert (await put(jars, "later")).event_ids == (f"kit/jar/a:{doc['sequence'] + 1}",)


async def test_event_larger_than_the_broker_takes_is_refused(jars: Store[Jar]) -> None:
    with pytest.raises(Refused, match="event-too-large"):
        await jars.execute("a", add("x", note="ә" * 450_000), CONTEXT, now=NOW)
    assert await document(jars) is None
    fine = await jars.execute("a", add("x", note="ә" * 449_900), CONTEXT, now=NOW)
    assert fine.event_ids == ("kit/jar/a:1",)


# People


async def test_people_are_said_apart_versioned_and_only_when_changed(jars: Store[Jar]) -> None:
    for name in ("Айгүл", "Айгүл", "Aigul", None):
        await jars.execute("a", own("p-1", name), CONTEXT, now=NOW)
    doc = await document(jars)
    assert [(item["stream"], item["id"], item["key"], item["body"]) for item in doc["outbox"]] == [
        ("people", "kit/person/p-1:1", "p-1", '{"name":"Айгүл"}'),
        ("people", "kit/person/p-1:2", "p-1", '{"name":"Aigul"}'),
        ("people", "kit/person/p-1:3", "p-1", None),
    ]
    assert doc["sequence"] == 0
    assert doc["people"] == {"p-1": {"sequence": 3, "body": None}}


async def test_personal_data_is_in_no_event(jars: Store[Jar]) -> None:
    await jars.execute("a", own("p-1", "Айгүл"), CONTEXT, now=NOW)
    await put(jars, "x")
    events = [item for item in (await document(jars))["outbox"] if item["stream"] == "events"]
    assert len(events) == 1
    assert "Айгүл" not in str(events)


# Inserting many


async def test_insert_new_skips_what_exists_and_says_how_many_are_new(collection: Any) -> None:
    woken: list[str] = []
    jars = Store(collection, JARS, lambda: woken.append("relay"))
    await put(jars, "x", id="b")
    before = await document(jars, "b")
    woken.clear()

    items = [(id, add("new"), CONTEXT) for id in ("a", "b", "c")]
    assert await jars.insert_new(items, now=NOW, extra={"due": 1}) == 2
    assert woken == ["relay"]
    assert await jars.insert_new(items, now=NOW, extra={"due": 2}) == 0
    assert woken == ["relay"]

    assert await document(jars, "b") == before
    for id in ("a", "c"):
        doc = await document(jars, id)
        assert_no_event_without_its_state(doc)
        assert (doc["due"], doc["pending"]) == (1, True)


async def test_insert_new_with_a_command_that_is_refused_inserts_nothing(jars: Store[Jar]) -> None:
    with pytest.raises(Refused):
        await jars.insert_new([("a", add("x"), CONTEXT), ("b", refuse, CONTEXT)], now=NOW, extra={})
    assert await jars.find({}) == []


async def test_find_gives_ids_and_states_in_order(jars: Store[Jar]) -> None:
    for id in ("c", "a", "b"):
        await put(jars, id, id=id)
    assert [id for id, _ in await jars.find({}, limit=2)] == ["a", "b"]
    assert await jars.get("nobody") is None
