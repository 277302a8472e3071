"""The log of tests/kit/laws does what Kafka does with the kit's own calls."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin.rehearsal.outside import read_topic
from admin.stack.stack import Stack
from tests.kit.conftest import NewTopicNamed
from tests.kit.laws.log import FakeProducer, Group, GroupConsumer, Log
from tests.parts import require_durable_broker
from tests.rooms import eventually

BATCHES = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.lists(st.tuples(st.sampled_from([None, b"k"]), st.binary(max_size=40)), min_size=1),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=BATCHES)
async def test_fake_log_keeps_batches_where_and_as_a_real_one_does(
    servers: str, new_topic: NewTopicNamed, sequence: Any
) -> None:
    topic = await new_topic(2)
    log = Log({topic: 2})
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as real:
        for producer in (real, FakeProducer(log)):
            assert await producer.partitions_for(topic) == {0, 1}
            for partition, records in sequence:
                batch = producer.create_batch()
                for key, value in records:
                    batch.append(key=key, value=value, timestamp=None, headers=[("h", value)])
                await (await producer.send_batch(batch, topic, partition=partition))
    written = await read_topic(servers, topic)
    assert _places(written) == _places(log.all(topic))


def _places(records: Sequence[Any]) -> list[Any]:
    found = [(r.partition, r.offset, r.key, r.value, tuple(r.headers)) for r in records]
    return sorted(found, key=lambda record: record[:2])


async def test_fake_batch_takes_the_first_whatever_its_size_and_then_no_more_than_fits(
    servers: str,
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=servers, max_batch_size=500)
    for batch in (producer.create_batch(), FakeProducer(Log({}), limit=500).create_batch()):
        large: dict[str, Any] = {"key": None, "value": b"x" * 600, "timestamp": None, "headers": []}
        assert batch.append(**large) is not None
        assert batch.append(**(large | {"value": b"y"})) is None
    await producer.stop()


async def test_fake_group_lets_nobody_commit_what_he_had_before_a_rebalance(
    parts: Stack, servers: str, new_topic: NewTopicNamed
) -> None:
    require_durable_broker(parts)
    topic, name = await new_topic(2), secrets.token_hex(4)
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for partition in (0, 1):
            await producer.send_and_wait(topic, b"x", partition=partition)
    first, second = (
        AIOKafkaConsumer(
            topic,
            bootstrap_servers=servers,
            group_id=name,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            heartbeat_interval_ms=200,
        )
        for _ in range(2)
    )
    await first.start()
    real_seen = await _until(first, 2)
    await second.start()

    async def shared() -> bool:
        return len(first.assignment()) == len(second.assignment()) == 1

    await eventually(shared, "the partitions are shared")
    await first.commit()
    real_again = await _until(second, 1) + await _until(first, 1)
    await first.stop()
    await second.stop()

    log = Log({topic: 2})
    producer_of_log = FakeProducer(log)
    for partition in (0, 1):
        batch = producer_of_log.create_batch()
        batch.append(key=None, value=b"x", timestamp=None, headers=[])
        await (await producer_of_log.send_batch(batch, topic, partition=partition))
    group = Group(log, [topic])
    one, two = GroupConsumer(group, "one"), GroupConsumer(group, "two")
    group.rebalance(dict.fromkeys(group.places, "one"))
    seen = await one.fetch(10)
    group.rebalance(dict(zip(group.places, ("one", "two"), strict=True)))
    await one.commit()
    again = await two.fetch(10) + await one.fetch(10)

    assert _places(real_seen) == _places(seen)
    assert _places(real_again) == _places(again) == _places(seen)


async def _until(consumer: AIOKafkaConsumer, count: int) -> list[Any]:
    found: list[Any] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            fetched = await consumer.getmany(timeout_ms=200)
            found += [record for records in fetched.values() for record in records]
    return found
