"""Creates the platform's topics with their settings, and says where existing ones differ.

Kafka is never asked to create a topic by itself: it would have the broker's defaults, not ours.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    InvalidConfigurationError,
    KafkaError,
    NoError,
    TopicAlreadyExistsError,
    for_code,
)

from schemas.topics import PARTITIONS, PREFIX, Topic, all_topics


class BrokerAway(Exception):
    """No Kafka broker answered in time."""


class TopicRefused(Exception):
    """The broker would not create a topic; the text says which and why."""


@dataclass(frozen=True)
class TopicsReport:
    """What was found and done. Nothing in `differences`: all is as it must be."""

    created: tuple[str, ...]
    present: tuple[str, ...]
    without_settings: tuple[str, ...]
    """Created, but the broker refused the settings (a lightweight broker may know none)."""
    differences: tuple[str, ...]
    """Sentences about existing topics that are not as the contract says."""


@asynccontextmanager
async def broker_admin(servers: str, within: float) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client, as soon as the broker answers; BrokerAway after `within` seconds."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=15_000)
        try:
            await admin.start()
            break
        except (KafkaError, OSError) as error:
            await admin.close()
            if asyncio.get_running_loop().time() >= deadline:
                raise BrokerAway(f"No Kafka broker answers at {servers}: {error}") from error
            await asyncio.sleep(0.2)
    try:
        yield admin
    finally:
        await admin.close()


async def create_topics(
    servers: str,
    *,
    prefix: str = PREFIX,
    partitions: int = PARTITIONS,
    replication_factor: int = 1,
    min_insync: int | None = None,
    within: float = 60.0,
) -> TopicsReport:
    """Create what is missing, compare what is there. Idempotent; existing topics stay untouched.

    Returns when every partition of every topic can be used. Raises BrokerAway after `within`
    seconds, TopicRefused when the broker declines.
    """
    wanted = [
        _with_min_insync(replace(topic, partitions=partitions), min_insync)
        for topic in all_topics(prefix)
    ]
    async with broker_admin(servers, within) as admin:
        known = frozenset(await _partitions(admin))
        missing = [topic for topic in wanted if topic.name not in known]
        bare = await _create(admin, missing, replication_factor)
        found = await _wait_until_known(admin, wanted, within)
        differences = _partition_differences(wanted, found)
        if not bare:
            present = [topic for topic in wanted if topic.name in known]
            differences += await _setting_differences(admin, present)
    await _wait_until_led(servers, found, wanted, within)
    return TopicsReport(
        created=tuple(topic.name for topic in missing),
        present=tuple(topic.name for topic in wanted if topic.name in known),
        without_settings=tuple(bare),
        differences=tuple(differences),
    )


def _with_min_insync(topic: Topic, min_insync: int | None) -> Topic:
    if min_insync is None:
        return topic
    settings = {**topic.settings, "min.insync.replicas": str(min_insync)}
    return replace(topic, settings=settings)


async def _partitions(admin: AIOKafkaAdminClient) -> dict[str, list[dict[str, Any]]]:
    topics = await admin.describe_topics()
    return {topic["topic"]: topic["partitions"] for topic in topics}


async def _create(
    admin: AIOKafkaAdminClient, topics: Sequence[Topic], replication_factor: int
) -> list[str]:
    """Create them all in one request; the names of those that had to do without settings."""
    if not topics:
        return []
    refused = await _request(admin, topics, replication_factor, with_settings=True)
    bare = [topic for topic in topics if refused.get(topic.name) is InvalidConfigurationError]
    _raise_unless_created({name: e for name, e in refused.items() if name not in _names(bare)})
    if bare:
        _raise_unless_created(await _request(admin, bare, replication_factor, with_settings=False))
    return _names(bare)


async def _request(
    admin: AIOKafkaAdminClient,
    topics: Sequence[Topic],
    replication_factor: int,
    *,
    with_settings: bool,
) -> dict[str, type[KafkaError]]:
    response = await admin.create_topics(
        [
            NewTopic(
                topic.name,
                topic.partitions,
                replication_factor,
                topic_configs=dict(topic.settings) if with_settings else {},
            )
            for topic in topics
        ]
    )
    codes = {name: for_code(code) for name, code, *_ in response.topic_errors}
    # Someone else may have created it in the meantime: that is as good.
    return {n: e for n, e in codes.items() if e not in (NoError, TopicAlreadyExistsError)}


def _names(topics: Sequence[Topic]) -> list[str]:
    return [topic.name for topic in topics]


def _raise_unless_created(refused: dict[str, type[KafkaError]]) -> None:
    for name, error in refused.items():
        reason = getattr(error, "description", "") or error.__name__
        raise TopicRefused(f"The broker refuses to create the topic {name}: {reason}")


async def _wait_until_known(
    admin: AIOKafkaAdminClient, topics: Sequence[Topic], within: float
) -> dict[str, list[dict[str, Any]]]:
    deadline = asyncio.get_running_loop().time() + within
    while True:
        found = await _partitions(admin)
        late = [topic.name for topic in topics if not found.get(topic.name)]
        if not late:
            return found
        if asyncio.get_running_loop().time() >= deadline:
            raise BrokerAway(f"The broker still doesn't know the topics {', '.join(late)}")
        await asyncio.sleep(0.1)


async def _wait_until_led(
    servers: str,
    found: dict[str, list[dict[str, Any]]],
    topics: Sequence[Topic],
    within: float,
) -> None:
    """Ask the leader of each partition for its end: metadata names leaders before they serve."""
    every = [
        TopicPartition(topic.name, partition["partition"])
        for topic in topics
        for partition in found[topic.name]
    ]
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    try:
        async with asyncio.timeout(within), consumer:
            await consumer.end_offsets(every)
    except (TimeoutError, KafkaError) as error:
        raise BrokerAway(f"Not every partition can be used yet: {error}") from error


def _partition_differences(
    topics: Sequence[Topic], found: dict[str, list[dict[str, Any]]]
) -> list[str]:
    return [
        f"{topic.name} has {len(found[topic.name])} partitions instead of {topic.partitions}; "
        "the number can't be changed without losing the order of its keys: "
        "make a new generation of the topics, see `zharmenke topics fill --help`."
        for topic in topics
        if len(found[topic.name]) != topic.partitions
    ]


async def _setting_differences(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> list[str]:
    actual = await topic_settings(admin, _names(topics))
    return [
        f"{topic.name} has {key}={actual[topic.name].get(key)} instead of {value}."
        for topic in topics
        for key, value in topic.settings.items()
        if topic.name in actual and actual[topic.name].get(key) != value
    ]


async def topic_settings(
    admin: AIOKafkaAdminClient, names: Sequence[str]
) -> dict[str, dict[str, str]]:
    """All settings in force, defaults included; a topic the broker tells nothing of is absent."""
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    settings: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(resources):
        for code, _message, _type, name, entries in response.resources:
            if for_code(code) is NoError and entries:
                settings[name] = {entry[0]: entry[1] for entry in entries}
    return settings
