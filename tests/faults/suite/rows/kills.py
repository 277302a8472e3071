"""Rows that end services: by SIGKILL at random moments, by SIGTERM, by SIGSTOP for too long."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

from schemas.topics import SERVICES
from tests.faults.suite.arena import Arena
from tests.faults.suite.moments import ANY, CALLS
from tests.faults.suite.registry import fault

SESSION_SECONDS = 10.0
"""How long a silent consumer keeps its partitions: see services/kit/reader.py."""


def _kill(part: str) -> Callable[[Arena], Awaitable[None]]:
    async def act(arena: Arena) -> None:
        async for _ in arena.draw(arena.kills, part if part in CALLS else ANY):
            await arena.kill(part)

    return act


for _service in SERVICES:
    fault(f"kill-{_service}")(_kill(_service))


@fault("kill-all-at-once")
async def kill_all_at_once(arena: Arena) -> None:
    """All four services end together and start together."""
    async for _ in arena.draw(max(1, arena.kills // len(SERVICES))):
        await asyncio.gather(*(arena.dies(part) for part in SERVICES))
        arena.injections += len(SERVICES)
        await asyncio.gather(*(arena.comes_back(part) for part in SERVICES))


@fault("stop-cont")
async def stop_cont(arena: Arena) -> None:
    """A service is stopped for longer than Kafka waits for it, then goes on where it was."""
    parts = iter(("notify", "scoring", "webinar"))
    async for _ in arena.draw(3):
        part = next(parts)
        await asyncio.to_thread(arena.stack.kill, part, signal.SIGSTOP)
        arena.moments.go_on()
        await asyncio.sleep(SESSION_SECONDS + 2)  # the fault itself: its length is what it is
        await asyncio.to_thread(arena.stack.kill, part, signal.SIGCONT)
        arena.injections += 1


@fault("rolling-restart")
async def rolling_restart(arena: Arena) -> None:
    """Each service in turn is ended gracefully and started again, while the fair goes on."""
    parts = iter(SERVICES * 2)
    async for _ in arena.draw(len(SERVICES) * 2):
        part = next(parts)
        arena.moments.go_on()
        await arena.stops(part)
        arena.injections += 1
        await arena.comes_back(part)
