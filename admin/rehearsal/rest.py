"""Waiting until a fair is at rest: every outbox empty, no consumer behind, no mail under way."""

import asyncio
import time
from collections.abc import Mapping
from types import MappingProxyType

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from schemas.topics import PREFIX, SERVICES, people, stream

OWN_GROUPS: Mapping[str, str] = MappingProxyType({name: name for name in SERVICES})
"""Each service's consumer group, unless it was given another."""


class NotAtRest(TimeoutError):
    """Something was still moving when the time was up; the message says what."""


async def wait_for_rest(
    environment: dict[str, str],
    notify_token: str,
    within: float = 120.0,
    *,
    groups: Mapping[str, str] = OWN_GROUPS,
    prefix: str = PREFIX,
) -> float:
    """Return after all has come to rest twice in a row; says the seconds it took.

    `groups` are those that the services read under now, of topics that begin with `prefix`.
    """
    began, calm, moving = time.monotonic(), 0, "nothing was looked at yet"
    async with httpx.AsyncClient(timeout=20) as http:
        while time.monotonic() - began < within:
            moving = (
                await _unsent(environment, http)
                or await _behind(environment, groups, prefix)
                or await _planned(environment, http, notify_token)
            )
            calm = 0 if moving else calm + 1
            if calm == 2:
                return time.monotonic() - began
            await asyncio.sleep(0.25)
    raise NotAtRest(f"after {within:.0f} s still moving: {moving}")


async def _unsent(environment: Mapping[str, str], http: httpx.AsyncClient) -> str:
    for name in SERVICES:
        metrics = await http.get(f"{environment[f'{name.upper()}_URL']}/metrics")
        depth = _metric(metrics.text, "zharmenke_outbox_depth")
        if depth:
            return f"{name} has {depth:.0f} documents with unsent events"
    return ""


async def _behind(environment: Mapping[str, str], groups: Mapping[str, str], prefix: str) -> str:
    behind = await lag(environment["KAFKA_BOOTSTRAP_SERVERS"], groups, prefix)
    late = {service: records for service, records in behind.items() if records}
    return f"records behind: {late}" if late else ""


async def _planned(environment: Mapping[str, str], http: httpx.AsyncClient, token: str) -> str:
    counts = await http.get(
        f"{environment['NOTIFY_URL']}/messages/counts",
        headers={"Authorization": f"Bearer {token}"},
    )
    planned = counts.json().get("planned", 0)
    return f"{planned} mails are still planned" if planned else ""


async def lag(
    bootstrap: str, groups: Mapping[str, str] = OWN_GROUPS, prefix: str = PREFIX
) -> dict[str, int]:
    """How many records each service's group has not committed yet, over all it hears."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await consumer.start()
        behind = {}
        for service, group in groups.items():
            partitions = [
                TopicPartition(topic, number)
                for topic in _heard(service, prefix)
                for number in (await _partitions(consumer, topic))
            ]
            committed = await admin.list_consumer_group_offsets(group, partitions=partitions)
            ends = await consumer.end_offsets(partitions)
            # The fallback broker says the first offset of the last batch for the end, so that what
            # is committed may be past it.
            behind[service] = sum(
                max(0, end - max(0, committed[partition].offset)) for partition, end in ends.items()
            )
        return behind
    finally:
        await consumer.stop()
        await admin.close()


def _heard(service: str, prefix: str) -> set[str]:
    hears = {
        "submission": ("scoring",),
        "scoring": ("submission",),
        "webinar": ("submission",),
        "notify": ("submission", "scoring", "webinar"),
    }[service]
    topics = {stream(name, prefix) for name in hears}
    return topics | {people(name, prefix) for name in hears} if service == "notify" else topics


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client._wait_on_metadata(topic)
    return consumer.partitions_for_topic(topic) or set()


def _metric(text: str, name: str) -> float:
    for line in text.splitlines():
        if line.startswith(name + "{"):
            return float(line.rpartition(" ")[2])
    raise ValueError(f"no metric {name}")
