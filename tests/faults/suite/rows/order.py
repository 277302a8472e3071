"""The row in which everything is heard in the worst order that is allowed."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from admin.rehearsal.rest import lag, wait_for_rest
from admin.stack.stack import Stack
from admin.tokens import operator_token
from schemas.topics import SERVICES, SERVICES_WITH_PEOPLE, all_topics, people, stream
from tests.faults.suite.arena import Arena
from tests.faults.suite.record import Recording, record
from tests.faults.suite.registry import fault
from tests.faults.suite.verdict import judge
from tests.faults.suite.wire import records_of, say

GENERATION = "worst"
"""What the names of the second generation's topics begin with."""

STREAMS = ("scoring", "webinar", "submission")
"""Effects before their causes."""

HEARD = ("scoring/heard_", "submission/outcomes/", "notify/people/", "notify/messages/")
"""Documents that come from hearing alone, and so must be the same in both generations."""


@fault("worst-order", durable_broker=True)
async def worst_order(arena: Arena) -> None:
    """Causes are heard after their effects, and people after all that is said of them.

    Order is promised for each key and no further: partitions and topics are read as they come, a
    relay that is late delays one service's events alone. So the worst that may happen is that all
    events of every key come in order, and the keys in the wrong order altogether.

    While the fair is played, the topics of people take no record until mails wait for somebody who
    is not known. At rest a new generation of all topics is filled, for services on databases of
    their own: first what scoring said, its last kind of subject first (awards before scores, scores
    before the commission), then registrations before their webinars, then projects before their
    season, then people. Each is heard entirely before the next is there. The new generation must
    come to the same heard documents and the same mails.
    """
    for service in ("submission", "webinar"):
        async for _ in arena.draw(1, service, early=0.5):
            if not arena.moments.over:
                await _people_are_late(arena, service)

    async def fill() -> None:
        await _Generation(arena).fill()

    arena.at_rest.append(fill)


async def _people_are_late(arena: Arena, service: str) -> None:
    await _set_largest_record(arena, people(service), 1)
    arena.moments.trickle()
    try:
        await arena.until(arena.mails_planned, "mails wait for people", within=30)
        arena.injections += 1
    finally:
        await _set_largest_record(arena, people(service), None)


async def _set_largest_record(arena: Arena, topic: str, size: int | None) -> None:
    """Have a topic refuse all records that are larger; None for what the contract says."""
    settings = next(dict(known.settings) for known in all_topics() if known.name == topic)
    if size is not None:
        settings["max.message.bytes"] = str(size)
    admin = AIOKafkaAdminClient(
        bootstrap_servers=arena.stack.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    )
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])
    finally:
        await admin.close()


class _Generation:
    """Topics under another prefix on the same broker, and services of their own that read them."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        known = arena.stack.environment()
        shared = {name: known[name] for name in ("KAFKA_BOOTSTRAP_SERVERS", "KAFKA_IDEMPOTENCE")}
        environment = arena.environment | shared | {"TOPIC_PREFIX": GENERATION}
        self._stack = Stack(
            arena.stack.directory / GENERATION, free_ports=True, environment=environment
        )
        self._groups = {service: f"{GENERATION}.{service}" for service in SERVICES}

    async def fill(self) -> None:
        """Fill it, wait for rest, and compare."""
        original = await record(self._arena.stack)
        self._arena.at_end.append(self._stack.down)
        await asyncio.to_thread(self._stack.reset)
        await asyncio.to_thread(self._stack.up)
        for service in STREAMS:
            for records in await self._last_kind_first(stream(service)):
                await self._hear(stream(service, GENERATION), records)
        await self._nobody_is_mailed(original)
        for service in SERVICES_WITH_PEOPLE:
            await self._hear(people(service, GENERATION), await self._of(people(service)))
        await wait_for_rest(
            self._stack.environment(), self._token(), groups=self._groups, prefix=GENERATION
        )
        self._compare(original, await record(self._stack, GENERATION))

    async def _last_kind_first(self, topic: str) -> Sequence[Sequence[Any]]:
        """A stream's records by the kind of their subject, the kind that came last first."""
        kinds: dict[bytes, list[Any]] = defaultdict(list)
        for found in sorted(await self._of(topic), key=lambda found: found.timestamp):
            kinds[found.key.partition(b"/")[0]].append(found)
        return [_last_key_first(kinds[kind]) for kind in reversed(kinds)]

    async def _of(self, topic: str) -> Sequence[Any]:
        return await records_of(self._arena, topic)

    async def _hear(self, topic: str, records: Sequence[Any]) -> None:
        """Put these there, and wait until all that is there was heard."""
        found = [(record.key, record.value, list(record.headers)) for record in records]
        await say(self._arena, topic, found)
        servers = self._stack.environment()["KAFKA_BOOTSTRAP_SERVERS"]

        async def heard() -> bool:
            return not any((await lag(servers, self._groups, GENERATION)).values())

        await self._arena.until(heard, f"all of {topic} is heard")

    async def _nobody_is_mailed(self, original: Recording) -> None:
        """All mails are due by now, and nobody is known: each must wait."""
        async with httpx.AsyncClient(timeout=10) as http:
            counts = await http.get(
                f"{self._stack.environment()['NOTIFY_URL']}/messages/counts",
                headers={"Authorization": f"Bearer {self._token()}"},
            )
        wanted = {"planned": len(original.messages)}
        if counts.json() != wanted:
            self._arena.findings.append(f"before people: {counts.json()}, not {wanted}")
        self._arena.notes.append(f"{wanted['planned']} mails waited for people who came last")

    def _token(self) -> str:
        key = Path(self._stack.environment()["OPERATOR_KEY_FILE"])
        return operator_token(key, "admin", "faults")

    def _compare(self, original: Recording, worst: Recording) -> None:
        found = _heard(worst)
        self._arena.verdicts.append(judge(found, _heard(original)))
        self._arena.notes.append(
            f"the new generation came to {len(found.documents)} heard documents and "
            f"{worst.mails.total()} mails"
        )


def _last_key_first(records: Sequence[Any]) -> list[Any]:
    """The keys in reverse, and the records of each as they were."""
    keys: dict[bytes, list[Any]] = defaultdict(list)
    for found in records:
        keys[found.key].append(found)
    return [found for key in reversed(keys) for found in keys[key]]


def _heard(recording: Recording) -> Recording:
    """Without what a generation that was only heard does not have: owned state."""
    documents = {id: doc for id, doc in recording.documents.items() if id.startswith(HEARD)}
    return replace(recording, documents=documents, seats=Counter())
