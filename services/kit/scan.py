"""Reading topics from their beginning to their present end, apart from any consumer group."""

from collections.abc import AsyncIterator, Sequence
from typing import cast

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.kit.envelope import Record

BATCH = 2000


async def read_to_end(servers: str, topics: Sequence[str]) -> AsyncIterator[Sequence[Record]]:
    """Batches of records, in order within a partition, up to the ends there were at the start.

    What is written meanwhile may come too. Raises LookupError for a topic that does not exist.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        partitions = [part for topic in topics for part in await _partitions(consumer, topic)]
        consumer.assign(partitions)
        unread = dict(await consumer.end_offsets(partitions))
        await consumer.seek_to_beginning(*partitions)
        while True:
            for partition, end in list(unread.items()):
                # The fallback broker says the first offset of the last batch for the end.
                if await consumer.position(partition) >= max(
                    end, consumer.highwater(partition) or 0
                ):
                    del unread[partition]
            if not unread:
                return
            fetched = await consumer.getmany(timeout_ms=200, max_records=BATCH)
            for records in fetched.values():
                yield cast("Sequence[Record]", records)
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    await consumer._client._wait_on_metadata(topic)
    found = consumer.partitions_for_topic(topic)
    if not found:
        raise LookupError(f"there is no topic {topic}")
    return [TopicPartition(topic, number) for number in sorted(found)]
