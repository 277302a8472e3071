"""Rows that end a process at one named point of its code: see services/kit/crash.py."""

from collections.abc import Awaitable, Callable

from services.kit.crash import VARIABLE
from tests.faults.suite.arena import Arena
from tests.faults.suite.moments import ANY, CALLS
from tests.faults.suite.registry import fault

TIMES = 3
"""Each point is armed so often in each of its services, at a passing of its own."""


def _crash(point: str, *parts: str) -> Callable[[Arena], Awaitable[None]]:
    async def act(arena: Arena) -> None:
        for part in parts:
            async for passing in arena.draw(TIMES, part if part in CALLS else ANY):
                await arena.stops(part)
                armed = {VARIABLE: f"{point}:{passing}"}
                await arena.comes_back(part, **armed)
                arena.moments.go_on()
                if not await _ends(arena, part):
                    await arena.stops(part)
                await arena.comes_back(part)
        arena.injections = sum(arena.count_in_log(part, f"crash point {point}") for part in parts)

    return act


async def _ends(arena: Arena, part: str) -> bool:
    """Whether it came to the point; not so when the play has nothing for it any more."""
    try:
        return await arena.until(lambda: arena.stack.pid(part) is None, "it crashes", within=8)
    except TimeoutError:
        return False


fault("crash-after-write")(_crash("after-write", "submission", "scoring"))
fault("crash-after-publish")(_crash("after-publish", "submission", "scoring"))
fault("crash-mid-planning")(_crash("mid-planning", "notify"))
fault("crash-before-data")(_crash("before-data", "notify"))
fault("crash-after-accept")(_crash("after-accept", "notify"))
