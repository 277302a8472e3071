"""Waiting until so much is done, without waiting for ever on something broken."""

import asyncio
import time
from collections.abc import Callable

LONGEST_STALL = 120.0
LOOK_SECONDS = 0.005


class Stalled(RuntimeError):
    """Something stopped, or came out wrong: it is broken, which is no matter of speed."""


async def reached(total: int, count: Callable[[], int], what: str) -> None:
    """Return as soon as `count()` is `total`. Raises Stalled once it has not moved for long."""
    before, moved = count(), time.monotonic()
    while (now := count()) < total:
        if now != before:
            before, moved = now, time.monotonic()
        elif time.monotonic() - moved > LONGEST_STALL:
            raise Stalled(f"{what}: {now} of {total}, and no more")
        await asyncio.sleep(LOOK_SECONDS)
