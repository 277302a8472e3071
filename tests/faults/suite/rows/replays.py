"""Rows in which services hear everything again: it must come to nothing new, and to no mail."""

import asyncio
import subprocess
from collections.abc import Mapping, Sequence

from admin.rehearsal.rest import lag
from admin.stack.broker import java_with_kafka
from schemas.topics import SERVICES
from tests.faults.suite.arena import Arena
from tests.faults.suite.moments import ANY
from tests.faults.suite.registry import fault

IN_TURN = ("scoring", "notify", "webinar", "submission")
"""In the order in which they come to have heard something."""

TOOL = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"

CALLS_MEANWHILE = 5
"""A replay is one under traffic when at least so many calls are made from its start to its end."""


@fault("replay-same-group", durable_broker=True)
async def replay_same_group(arena: Arena) -> None:
    """The offsets of each service's group are put back to the beginning, by Kafka's own tool.

    Once for each service in the middle, and for all of them at rest.
    """
    services = iter(IN_TURN)
    async for _ in arena.draw(len(IN_TURN)):
        service = next(services)
        await arena.stops(service)
        await _rewind(arena, service)
        await _expect_again(arena, [service])
        await arena.comes_back(service)

    async def again() -> None:
        await asyncio.gather(*(arena.stops(service) for service in SERVICES))
        await asyncio.gather(*(_rewind(arena, service) for service in SERVICES))
        await _expect_again(arena, SERVICES)
        await asyncio.gather(*(arena.comes_back(service) for service in SERVICES))

    arena.at_rest.append(again)


@fault("replay-new-group")
async def replay_new_group(arena: Arena) -> None:
    """Each service goes on under a group that Kafka has not seen, and so hears from the beginning.

    Once for each service in the middle, and for all of them at rest.
    """
    services = iter(IN_TURN)
    async for _ in arena.draw(len(IN_TURN)):
        await _renew(arena, [next(services)], "middle")

    async def again() -> None:
        await _renew(arena, SERVICES, "rest")

    arena.at_rest.append(again)


@fault("replay-under-traffic", durable_broker=True)
async def replay_under_traffic(arena: Arena) -> None:
    """Everything is heard again while scores, and then registrations, go on coming.

    First by further replicas under a group of their own, beside those that go on under the old one
    on the same database; then by notify, whose group is put back to the beginning.
    """
    for calls, services in (("scoring", ("scoring", "notify")), ("webinar", ("webinar", "notify"))):
        async for number in arena.draw(2, calls, early=0.5):
            if number == 1:
                await _hear_beside(arena, services, f"beside-{calls}")
            else:
                await _hear_again_under_traffic(arena, "notify")


async def _renew(arena: Arena, services: Sequence[str], generation: str) -> None:
    await asyncio.gather(*(arena.stops(service) for service in services))
    for service in services:
        arena.groups[service] = f"{service}-{generation}"
    await _expect_again(arena, services)
    await asyncio.gather(*(arena.comes_back(service) for service in services))


async def _hear_beside(arena: Arena, services: Sequence[str], generation: str) -> None:
    groups = {service: f"{service}-{generation}" for service in services}
    behind = await _behind(arena, groups)
    joining = (
        arena.joins(service, {"CONSUMER_GROUP": group}, calls=False)
        for service, group in groups.items()
    )
    crew = await asyncio.gather(*joining)
    await _caught_up(arena, groups, behind)
    await asyncio.gather(*(arena.leaves(replica) for replica in crew))


async def _hear_again_under_traffic(arena: Arena, service: str) -> None:
    await arena.stops(service)
    await _rewind(arena, service)
    groups = {service: arena.groups[service]}
    behind = await _behind(arena, groups)
    await arena.comes_back(service)
    await _caught_up(arena, groups, behind)


async def _caught_up(arena: Arena, groups: Mapping[str, str], behind: Mapping[str, int]) -> None:
    """Have the play go on until these groups have heard all that they were behind, and more."""
    before = arena.moments.calls[ANY]
    arena.moments.trickle()

    def calls() -> int:
        return arena.moments.calls[ANY] - before

    async def nothing_is_left() -> bool:
        if calls() < CALLS_MEANWHILE and not arena.moments.over:
            return False
        return not any((await _behind(arena, groups)).values())

    await arena.until(nothing_is_left, f"{', '.join(groups)} have heard all again")
    heard = ", ".join(f"{service} heard {count} records" for service, count in behind.items())
    arena.notes.append(f"{heard} again during {calls()} calls")
    if calls() >= CALLS_MEANWHILE:
        arena.injections += sum(1 for count in behind.values() if count)


async def _expect_again(arena: Arena, services: Sequence[str]) -> None:
    """Count those of these services, all stopped, that have something to hear again."""
    behind = await _behind(arena, {service: arena.groups[service] for service in services})
    arena.injections += sum(1 for count in behind.values() if count)
    heard = ", ".join(f"{service} hears {count} records" for service, count in behind.items())
    arena.notes.append(f"{heard} again")


async def _behind(arena: Arena, groups: Mapping[str, str]) -> dict[str, int]:
    return await lag(arena.stack.environment()["KAFKA_BOOTSTRAP_SERVERS"], groups)


async def _rewind(arena: Arena, service: str) -> None:
    """Put the group of a service, which must be stopped, back to the beginning."""
    servers = arena.stack.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    command = [*java_with_kafka(arena.environment), "-Xmx64m", TOOL, "--bootstrap-server", servers]
    command += ["--group", arena.groups[service], "--reset-offsets", "--to-earliest"]
    command += ["--all-topics", "--execute"]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or "Error" in done.stdout + done.stderr:
        raise RuntimeError(f"{service} can't be rewound: {done.stdout}{done.stderr}")
