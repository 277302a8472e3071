"""How far each consumer group is behind: in records, and in seconds since the first of them."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaError,
    NotCoordinatorForGroupError,
)

from admin.log.reading import Log, Range
from admin.terminal import Trouble
from admin.topics import BrokerAway, broker_admin

CONNECT_SECONDS = 3.0
COORDINATOR_SECONDS = 15.0
_NOT_YET = (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)


@dataclass(frozen=True, slots=True)
class Behind:
    """One partition as a group has it."""

    topic: str
    partition: int
    committed: int | None
    """Where the group goes on; None when it never committed here."""
    end: int
    records: int
    seconds: float
    """How long the first record that is not handled has been waiting."""


@dataclass(frozen=True, slots=True)
class Group:
    """One consumer group. Without members nobody reads for it now."""

    name: str
    members: int
    partitions: tuple[Behind, ...]

    @property
    def records(self) -> int:
        """Over all its partitions."""
        return sum(one.records for one in self.partitions)

    @property
    def seconds(self) -> float:
        """The longest wait of them."""
        return max((one.seconds for one in self.partitions), default=0.0)


@dataclass(frozen=True, slots=True)
class _Known:
    members: int
    offsets: Mapping[TopicPartition, int | None]


async def look_at_groups(log: Log, names: Sequence[str]) -> list[Group]:
    """The groups of these names; one that there is not has no members and no partitions.

    A group's partitions are those that it committed, and those that its members read now.
    """
    try:
        async with broker_admin(log.servers, CONNECT_SECONDS) as admin:
            known = {name: await _patiently(admin, name) for name in names}
    except (BrokerAway, KafkaError, OSError, TimeoutError) as error:
        raise Trouble(f"The broker at {log.servers} went away: {error}") from error
    there = {one for topic in log.topics for one in log.partitions(topic)}
    ranges = await log.ranges({one for group in known.values() for one in group.offsets} & there)
    groups = []
    for name, group in known.items():
        left = {
            one: _left(offset, ranges[one])
            for one, offset in group.offsets.items()
            if one in ranges
        }
        waits = await _waits(log, left)
        groups.append(
            Group(
                name=name,
                members=group.members,
                partitions=tuple(
                    Behind(
                        topic=one.topic,
                        partition=one.partition,
                        committed=group.offsets[one],
                        end=ranges[one].end,
                        records=range_.size,
                        seconds=waits.get(one, 0.0),
                    )
                    for one, range_ in sorted(left.items())
                ),
            )
        )
    return groups


async def _patiently(admin: AIOKafkaAdminClient, name: str) -> _Known:
    """A broker that nobody has read from in a group yet makes the topic for that when it is asked,
    and has no coordinator before.
    """
    deadline = time.monotonic() + COORDINATOR_SECONDS
    while True:
        try:
            return await _known(admin, name)
        except _NOT_YET:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)


async def _known(admin: AIOKafkaAdminClient, name: str) -> _Known:
    committed = await admin.list_consumer_group_offsets(name)
    offsets: dict[TopicPartition, int | None] = {
        one: found.offset for one, found in committed.items() if found.offset >= 0
    }
    members: Sequence[Any] = ()
    for response in await admin.describe_consumer_groups([name]):
        for _error, _name, _state, _kind, _protocol, members, *_ in response.groups:
            for assigned in _assigned(members):
                offsets.setdefault(assigned, None)
    return _Known(len(members), offsets)


def _assigned(members: Sequence[Any]) -> Iterable[TopicPartition]:
    for member in members:
        if assignment := member[-1]:
            for topic, numbers in ConsumerProtocolMemberAssignment.decode(assignment).assignment:
                yield from (TopicPartition(topic, number) for number in numbers)


def _left(committed: int | None, there: Range) -> Range:
    """What is not handled. What is committed may be before the beginning, where records ended."""
    first = there.first if committed is None else max(committed, there.first)
    return Range(first, max(first, there.end))


async def _waits(log: Log, left: Mapping[TopicPartition, Range]) -> dict[TopicPartition, float]:
    now = time.time()
    firsts = await log.first_of(left)
    return {one: max(0.0, now - record.timestamp / 1000) for one, record in firsts.items()}
