"""Rows that end a process at one named point of its code: see services/kit/crash.py."""

from collections.abc import Awaitable, Callable

from services.kit.crash import VARIABLE
from tests.faults.suite.arena import Arena
from tests.faults.suite.moments import ANY, CALLS
from tests.faults.suite.registry import fault

TIMES = 3
"""Each point is armed so often in each of its services, at a passing of its own."""

LATEST_SECONDS = 120.0
AFTER_PLAY_SECONDS = 5.0


def crash(
    point: str, *parts: str, times: int = TIMES, calls: str = "", early: float = 0.2
) -> Callable[[Arena], Awaitable[None]]:
    """What ends each part at a point, `times` in all, from a moment early among the calls.

    `calls` is the service whose calls are meant; by default the part itself, or any.
    """

    async def act(arena: Arena) -> None:
        try:
            for part in parts:
                among = calls or (part if part in CALLS else ANY)
                async for _ in arena.draw(1, among, early):
                    for passing in range(1, times + 1):
                        await _crash_once(arena, part, f"{point}:{passing}")
        finally:
            said = f"crash point {point}"
            arena.injections = sum(arena.count_in_log(part, said) for part in parts)

    return act


async def _crash_once(arena: Arena, part: str, armed: str) -> None:
    await arena.stops(part)
    await arena.comes_back(part, **{VARIABLE: armed})
    arena.moments.go_on()
    if not await _ends(arena, part):
        await arena.stops(part)
    await arena.comes_back(part)


async def _ends(arena: Arena, part: str) -> bool:
    """Whether it came to the point; not so when the play ended before."""

    def ended() -> bool:
        return arena.stack.pid(part) is None

    await arena.until(lambda: ended() or arena.moments.over, "it crashes", within=LATEST_SECONDS)
    try:
        return await arena.until(ended, "it crashes", within=AFTER_PLAY_SECONDS)
    except TimeoutError:
        return False


fault("crash-after-write")(crash("after-write", "submission", "scoring", "webinar"))
fault("crash-after-publish")(crash("after-publish", "submission", "scoring"))
fault("crash-mid-planning")(crash("mid-planning", "notify"))
fault("crash-before-data")(crash("before-data", "notify"))
fault("crash-after-accept")(crash("after-accept", "notify"))
