"""The relay on real Kafka: in order, at least once, the same id on every repeat."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiokafka.errors import KafkaError, NotEnoughReplicasError
from pymongo.errors import AutoReconnect

from admin.rehearsal.outside import read_topic
from admin.stack.stack import Stack
from services.kit import relay as kit_relay
from services.kit.clock import DatabaseClock
from services.kit.lease import SlotLeases
from services.kit.relay import Relay
from services.kit.store import Store
from tests.kit.conftest import NewTopicNamed
from tests.kit.fakes import Killed, Unreliable, Wire, connection_lost, killed
from tests.kit.jars import CONTEXT, JARS, NOW, Jar, add, own
from tests.rooms import eventually


class Outlet:
    """A store, and relays that publish its outboxes on a topic of their own."""

    def __init__(self, parts: Stack, collection: Any, leases: Any, topic: str) -> None:
        known = parts.environment()
        self.servers = known["KAFKA_BOOTSTRAP_SERVERS"]
        self._idempotent = known["KAFKA_IDEMPOTENCE"] == "true"
        self.collection, self._leases, self.topic = collection, leases, topic
        self._relays: list[Relay] = []
        self.jars: Store[Jar] = Store(collection, JARS)

    async def relay(
        self, *, collection: Any = None, servers: str = "", made: type[Relay] = Relay
    ) -> Relay:
        clock = DatabaseClock(self.collection.database)
        leases = SlotLeases(self._leases, secrets.token_hex(4), clock)
        await leases.prepare()
        relay = made(
            [self.collection if collection is None else collection],
            leases,
            {"events": self.topic, "people": self.topic},
            servers or self.servers,
            idempotent=self._idempotent,
        )
        self._relays.append(relay)
        return relay

    async def put(self, id: str, *coins: str, note: str = "") -> None:
        await self.jars.execute(id, add(*coins, note=note), CONTEXT, now=NOW)

    async def said(self) -> list[tuple[int, str]]:
        """(partition, ce_id) of all records, in the order of their partition."""
        return [
            (record.partition, dict(record.headers)["ce_id"].decode())
            for record in await read_topic(self.servers, self.topic)
        ]

    async def ids(self) -> list[str]:
        return [id for _, id in await self.said()]

    async def unsent(self) -> list[str]:
        return [item["id"] async for doc in self.collection.find() for item in doc["outbox"]]

    async def close(self) -> None:
        for relay in self._relays:
            await relay._drop_producer()


@pytest.fixture
async def outlet(
    parts: Stack, database: Any, collection: Any, new_topic: NewTopicNamed
) -> AsyncIterator[Outlet]:
    leases = database[secrets.token_hex(4)]
    made = Outlet(parts, collection, leases, await new_topic(3))
    await made.jars.prepare()
    yield made
    await made.close()


@contextlib.asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[Relay]:
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        relay.stop()
        await asyncio.wait_for(task, 20)


def in_order(jar: str, ids: Sequence[str]) -> list[int]:
    return [int(id.rpartition(":")[2]) for id in ids if id.startswith(f"kit/jar/{jar}:")]


async def test_relay_says_each_event_once_in_the_order_of_its_aggregate(outlet: Outlet) -> None:
    for number in range(5):
        for jar in "abcdef":
            await outlet.put(jar, f"coin-{number}", f"more-{number}")
    relay = await outlet.relay()
    await relay.round()

    ids = await outlet.ids()
    assert {jar: in_order(jar, ids) for jar in "abcdef"} == {
        jar: list(range(1, 11)) for jar in "abcdef"
    }
    assert await outlet.unsent() == []
    assert relay.published == 60
    assert await outlet.collection.count_documents({"pending": True}) == 0


async def test_record_on_the_wire_is_what_was_written(outlet: Outlet) -> None:
    await outlet.put("a", "теңге")
    (doc,) = await outlet.collection.find().to_list(None)
    (written,) = doc["outbox"]
    await (await outlet.relay()).round()
    (record,) = await read_topic(outlet.servers, outlet.topic)
    assert record.key == b"jar/a"
    assert record.value.decode() == written["body"] == '{"coin":"теңге","note":""}'
    assert [[n, v.decode()] for n, v in record.headers] == written["headers"]


async def test_tombstone_of_a_person_is_a_record_without_a_value(outlet: Outlet) -> None:
    for name in ("Aigul", None):
        await outlet.jars.execute("a", own("p-1", name), CONTEXT, now=NOW)
    await (await outlet.relay()).round()
    records = await read_topic(outlet.servers, outlet.topic)
    assert [(record.key, record.value) for record in records] == [
        (b"p-1", b'{"name":"Aigul"}'),
        (b"p-1", None),
    ]


async def test_pull_leaves_the_version_alone_and_what_was_said_meanwhile(
    outlet: Outlet,
) -> None:
    await outlet.put("a", "x")
    slow = Unreliable(outlet.collection)

    async def somebody_writes() -> None:
        await outlet.put("a", "y")

    slow.before("bulk_write", somebody_writes)
    relay = await outlet.relay(collection=slow)
    await relay.round()
    (doc,) = await outlet.collection.find().to_list(None)
    assert [item["id"] for item in doc["outbox"]] == ["kit/jar/a:2"]
    assert (doc["pending"], doc["version"]) == (True, 2)
    await relay.round()
    assert await outlet.ids() == ["kit/jar/a:1", "kit/jar/a:2"]


class HeldProducer:
    """A producer whose acknowledgements wait for the test. The rest is real."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.let_go = asyncio.Event()
        self.reached = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def send_batch(self, *args: Any, **kwargs: Any) -> Any:
        sent = await self._real.send_batch(*args, **kwargs)

        async def acknowledged() -> Any:
            answer = await sent
            self.reached.set()
            await self.let_go.wait()
            return answer

        return asyncio.ensure_future(acknowledged())


class HeldRelay(Relay):
    held: HeldProducer

    async def _connected(self) -> Any:
        self.held = getattr(self, "held", None) or HeldProducer(await super()._connected())
        return self.held


async def test_entry_leaves_its_outbox_only_after_the_acknowledgement(outlet: Outlet) -> None:
    await outlet.put("a", "x")
    relay = await outlet.relay(made=HeldRelay)
    assert isinstance(relay, HeldRelay)
    round = asyncio.create_task(relay.round())

    async def on_the_wire() -> bool:
        return await outlet.ids() == ["kit/jar/a:1"]

    await eventually(on_the_wire, "the record is on the topic")
    await asyncio.wait_for(relay.held.reached.wait(), 10)
    assert await outlet.unsent() == ["kit/jar/a:1"]
    relay.held.let_go.set()
    await round
    assert await outlet.unsent() == []


class RefusingProducer:
    """A producer that refuses some batch of each partition. The rest is real."""

    def __init__(self, real: Any, refuse: int) -> None:
        self._real = real
        self._left = refuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def send_batch(self, *args: Any, **kwargs: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            raise NotEnoughReplicasError
        return await self._real.send_batch(*args, **kwargs)


class RefusedRelay(Relay):
    refusing: RefusingProducer | None = None

    async def _connected(self) -> Any:
        if self.refusing is None:
            self.refusing = RefusingProducer(await super()._connected(), refuse=2)
        return self.refusing


async def test_batch_that_fails_stops_those_behind_it_and_keeps_them(
    outlet: Outlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_relay, "BATCH_BYTES", 20_000)
    await outlet.put("a", *(f"coin-{n}" for n in range(6)), note="x" * 9_000)
    relay = await outlet.relay(made=RefusedRelay)

    with pytest.raises(KafkaError):
        await relay.round()

    sent = in_order("a", await outlet.ids())
    assert sent == [1, 2]
    assert await outlet.unsent() == [f"kit/jar/a:{n}" for n in (3, 4, 5, 6)]
    await relay.round()
    assert in_order("a", await outlet.ids()) == [1, 2, 3, 4, 5, 6]


async def test_killed_between_publish_and_pull_repeats_with_the_same_ids(
    outlet: Outlet,
) -> None:
    await outlet.put("a", "x", "y")
    dying = Unreliable(outlet.collection)
    dying.before("bulk_write", killed)
    with pytest.raises(Killed):
        await (await outlet.relay(collection=dying)).round()
    await outlet.put("a", "z")
    successor = await outlet.relay()

    async def all_said() -> bool:
        await _expire(outlet)
        successor._renewed = 0.0
        await successor.round()
        return await outlet.unsent() == []

    await eventually(all_said, "the successor has said everything")
    assert in_order("a", await outlet.ids()) == [1, 2, 1, 2, 3]


async def _expire(outlet: Outlet) -> None:
    """End the leases of the dead, as time would."""
    await outlet._leases.update_many({}, {"$set": {"owner": "", "until": NOW.replace(year=2000)}})


async def test_relay_publishes_only_the_slots_it_holds(outlet: Outlet) -> None:
    first, second = await outlet.relay(), await outlet.relay()
    await first.round()
    for number in range(40):
        await outlet.put(f"jar-{number}", "x")
    await second.round()  # the first holds every slot, and has not given one back
    assert await outlet.ids() == []
    first._renewed = second._renewed = 0.0
    await first.round()
    mine = await outlet.ids()
    assert 0 < len(mine) < 40
    await second.round()
    assert sorted(await outlet.ids()) == sorted(f"kit/jar/jar-{n}:1" for n in range(40))


async def test_relay_is_woken_by_a_write(outlet: Outlet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit_relay, "SWEEP_SECONDS", 3600.0)
    relay = await outlet.relay()
    outlet.jars = Store(outlet.collection, JARS, relay.wake)
    async with running(relay):
        await eventually(lambda: _moved(relay), "the relay has looked once")
        await outlet.put("a", "x")

        async def sent() -> bool:
            return await outlet.unsent() == []

        await eventually(sent, "the write has woken the relay")


async def test_relay_sweeps_what_a_crash_left(
    outlet: Outlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_relay, "SWEEP_SECONDS", 0.1)
    relay = await outlet.relay()
    async with running(relay):
        await eventually(lambda: _moved(relay), "the relay has looked once")
        await outlet.put("a", "x")  # by a store that does not wake this relay

        async def sent() -> bool:
            return await outlet.unsent() == []

        await eventually(sent, "the sweep has found it")


async def _moved(relay: Relay) -> bool:
    return relay.moved_at > 0


async def test_bodies_of_half_a_mebibyte_and_outboxes_of_many_batches_go_through(
    outlet: Outlet,
) -> None:
    note = "ә" * (256 * 1024 - 100)
    await outlet.put("big", *(f"coin-{n}" for n in range(4)), note=note)
    await outlet.put("many", *(f"coin-{n}" for n in range(400)), note="y" * 4_000)
    await (await outlet.relay()).round()
    ids = await outlet.ids()
    assert in_order("big", ids) == [1, 2, 3, 4]
    assert in_order("many", ids) == list(range(1, 401))


async def test_more_documents_than_one_round_takes_are_said_in_several(
    outlet: Outlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_relay, "DOCUMENTS_A_ROUND", 3)
    for number in range(7):
        await outlet.put(f"jar-{number}", "x")
    relay = await outlet.relay()
    assert [await relay.round() for _ in range(3)] == [True, True, False]
    assert len(await outlet.ids()) == 7


async def test_broker_that_is_not_there_at_start_is_waited_for(outlet: Outlet) -> None:
    wire = Wire(outlet.servers)
    await wire.reserve()
    await outlet.put("a", "x")
    relay = await outlet.relay(servers=f"127.0.0.1:{wire.port}")
    async with running(relay):

        async def failing() -> str:
            return relay.failing

        assert "Kafka" in await eventually(failing, "the relay says that the broker is away")
        assert await outlet.unsent() == ["kit/jar/a:1"]
        await wire.open()

        async def sent() -> bool:
            return await outlet.unsent() == [] and not relay.failing

        await eventually(sent, "the broker came and everything was said")
    await wire.cut()
    assert await outlet.ids() == ["kit/jar/a:1"]


async def test_trouble_with_one_collection_does_not_hold_up_the_others(
    outlet: Outlet, database: Any
) -> None:
    other = Store(database[secrets.token_hex(4)], JARS)
    await other.prepare()
    await outlet.put("a", "x")
    broken = Unreliable(outlet.collection)
    broken.before("bulk_write", connection_lost)
    await other.execute("b", add("y"), CONTEXT, now=NOW)
    relay = await outlet.relay()
    relay._collections = [broken, other.collection]  # type: ignore[list-item]
    with pytest.raises(AutoReconnect):
        await relay.round()
    assert sorted(await outlet.ids()) == ["kit/jar/a:1", "kit/jar/b:1"]
    (doc,) = await other.collection.find().to_list(None)
    assert doc["outbox"] == []


async def test_stopped_relay_ends_its_round_before_it_gives_its_slots_back(
    outlet: Outlet,
) -> None:
    await outlet.put("a", "x")
    relay = await outlet.relay(made=HeldRelay)
    assert isinstance(relay, HeldRelay)
    running_relay = asyncio.create_task(relay.run())

    async def publishing() -> bool:
        return hasattr(relay, "held") and relay.held.reached.is_set()

    await eventually(publishing, "the round is under way")
    relay.stop()
    successor = await outlet.relay()
    await successor.round()
    relay.held.let_go.set()
    await running_relay
    assert await outlet.ids() == ["kit/jar/a:1"]
    successor._renewed = 0.0
    await outlet.put("a", "y")
    await successor.round()
    assert await outlet.ids() == ["kit/jar/a:1", "kit/jar/a:2"]


async def test_relay_with_nothing_to_say_notices_that_the_broker_is_gone(outlet: Outlet) -> None:
    idle = await outlet.relay(servers="127.0.0.1:1")

    with pytest.raises(KafkaError):
        await idle.round()
