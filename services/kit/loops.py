"""The loops of a service: kept going while it lives, and let finish at its end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 1.0

Run = Callable[[], Awaitable[None]]
Finish = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Loop:
    name: str
    run: Run
    finish: Finish | None


class Loops:
    """Loops that run side by side. One that fails is told of loudly, and begins again."""

    def __init__(self) -> None:
        self._loops: list[_Loop] = []
        self._tasks: dict[asyncio.Task[None], _Loop] = {}

    def add(self, name: str, run: Run, finish: Finish | None = None) -> None:
        """A loop to run after `start`.

        `finish` asks it to end by itself, with nothing half done; without it, it is cancelled.
        """
        self._loops.append(_Loop(name, run, finish))

    def start(self) -> None:
        """Run them all from now on."""
        for loop in self._loops:
            self._tasks[asyncio.create_task(_guarded(loop))] = loop

    async def end(self, within: float) -> None:
        """Let them finish; what has not after so many seconds is cancelled."""
        for task, loop in self._tasks.items():
            if loop.finish:
                loop.finish()
            else:
                task.cancel()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=within)
        for task in late:
            log.warning("loop_cut_off", loop=self._tasks[task].name)
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _guarded(loop: _Loop) -> None:
    while True:
        try:
            await loop.run()
        except Exception:
            log.exception("loop_failed", loop=loop.name)
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return
