"""Rows in which a service has several replicas, which come and go, or disagree about the time."""

import asyncio
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path

from schemas.topics import SERVICES
from tests.faults.suite.arena import Arena
from tests.faults.suite.registry import fault
from tests.faults.suite.replicas import Replica

JUMPS = (timedelta(hours=1), timedelta(hours=-1), timedelta(minutes=10), timedelta(hours=1))
"""How far the clock is from the right one after each jump."""


@fault("replica-joins-leaves")
async def replica_joins_leaves(arena: Arena) -> None:
    """Second and third replicas of every service join and leave, by SIGTERM and by SIGKILL.

    Each takes its share of calls, of partitions and of outbox slots before it may leave.
    """
    crews: list[list[Replica]] = []
    steps = iter(("joins", "joins", "stopped", "killed"))
    async for _ in arena.draw(4, early=0.8):
        match next(steps):
            case "joins":
                crews.append(await _crew_joins(arena))
            case "stopped":
                await _crew_leaves(arena, crews.pop(0), signal.SIGTERM)
            case "killed":
                await _crew_leaves(arena, crews.pop(0), signal.SIGKILL)
    async for number in arena.draw(2, "webinar"):
        if number == 1:
            crews.append(await _crew_joins(arena))
        else:
            await _crew_leaves(arena, crews.pop(0), signal.SIGKILL)


@fault("clock-jump", linux=True)
async def clock_jump(arena: Arena) -> None:
    """The clock of one replica of notify and of scoring jumps forth and back while they work.

    They take calls, hear, relay and mail beside the others, whose clock is right. At last they are
    killed an hour ahead: what they had leased must not wait for their hour.
    """
    clocks = {service: _Clock(arena, service) for service in ("notify", "scoring")}
    jumps: Iterator[timedelta] = iter(JUMPS)
    crew: list[Replica] = []
    async for number in arena.draw(1 + len(JUMPS), early=0.8):
        if number == 1:
            joining = (arena.joins(name, clock.variables()) for name, clock in clocks.items())
            crew = await asyncio.gather(*joining)
            await _have_their_share(arena, crew)
            continue
        jump = next(jumps)
        for replica in crew:
            clocks[replica.service].set(jump)
            await arena.until(partial(_is_off_by, replica, jump), f"{replica.service}'s clock")
            arena.injections += 1
    await _crew_leaves(arena, crew, signal.SIGKILL)


class _Clock:
    """The clock that a process sees, by libfaketime: as far from the right one as it is set."""

    def __init__(self, arena: Arena, service: str) -> None:
        self._file = arena.stack.directory / "clocks" / service
        self._file.parent.mkdir(exist_ok=True)
        self.set(timedelta(0))

    def set(self, distance: timedelta) -> None:
        """Jump; the process reads the file each time it asks for the time."""
        fresh = self._file.with_suffix(".tmp")
        fresh.write_text(f"{distance.total_seconds():+.0f}\n")
        fresh.replace(self._file)

    def variables(self) -> dict[str, str]:
        """What a process is started with to see this clock. Its monotonic clock stays right."""
        import libfaketime  # it is not there on other systems

        program = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"
        return {
            "LD_PRELOAD": str(program),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


async def _is_off_by(replica: Replica, distance: timedelta) -> bool:
    """Whether it dates its answers so."""
    answer = await replica.answers()
    if answer is None:
        return False
    seen = parsedate_to_datetime(answer.headers["date"]) - datetime.now(UTC)
    return abs(seen - distance) < timedelta(minutes=1)


async def _crew_joins(arena: Arena) -> list[Replica]:
    """One more replica of every service; all of them have work when this returns."""
    crew = await asyncio.gather(*(arena.joins(service) for service in SERVICES))
    await _have_their_share(arena, crew)
    arena.injections += len(crew)
    return crew


async def _have_their_share(arena: Arena, crew: list[Replica]) -> None:
    arena.moments.trickle()
    for replica in crew:
        share = f"a new replica of {replica.service} has partitions and slots"
        await arena.until(partial(_has_its_share, arena, replica), share)


async def _has_its_share(arena: Arena, replica: Replica) -> bool:
    return await replica.figure("partitions") > 0 and await arena.slots(replica) > 0


async def _crew_leaves(arena: Arena, crew: list[Replica], number: int) -> None:
    handled = sum([await replica.figure("handled") for replica in crew])
    published = sum([await replica.figure("published") for replica in crew])
    arena.notes.append(
        f"{len(crew)} replicas ended by {signal.Signals(number).name} had handled {handled:.0f} "
        f"and published {published:.0f} events"
    )
    arena.moments.trickle()
    await asyncio.gather(*(arena.leaves(replica, number) for replica in crew))
    arena.injections += len(crew)
