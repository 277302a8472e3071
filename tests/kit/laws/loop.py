"""An event loop that waits for nothing: time goes on when the schedule says so."""

import asyncio
from collections.abc import Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar

T = TypeVar("T")


class Killed(BaseException):
    """The process is dead: whatever it still tries does not happen. Nothing may catch it."""


class _Instant:
    """A selector without files: it says at once that nothing is ready."""

    def select(self, timeout: float | None = None) -> list[Any]:
        return []


class SteppedLoop(asyncio.BaseEventLoop):
    """Runs what is ready, in order, and then stands still. The same every time."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Instant()
        self._time = 1_000.0
        self.set_task_factory(_owned_task)

    def time(self) -> float:
        """The world's monotonic time, in seconds."""
        return self._time

    monotonic = time

    def settle(self) -> None:
        """Run until everything waits: for a step of the schedule, or for time."""
        while self._ready:  # type: ignore[attr-defined]
            self.call_soon(self.stop)
            self.run_forever()

    def let_time_pass(self) -> bool:
        """Go on to the moment that somebody waits for next; False when nobody does."""
        timers = [timer for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
        if not timers:
            return False
        self._time = max(self._time, min(timer.when() for timer in timers))
        self.call_soon(lambda: None)
        self.settle()
        return True

    def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Run one coroutine that waits for nothing but the loop to its end."""
        task = self.create_task(work)
        self.settle()
        return task.result()

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps."""


class Process:
    """What runs together and dies together: tasks, and all tasks that they start."""

    def __init__(self, loop: SteppedLoop, name: str) -> None:
        self.name = name
        self.alive = True
        self._loop = loop
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something in this process."""
        context = copy_context()
        context.run(_running_in.set, self)
        return self._loop.create_task(work, context=context)

    def own(self, task: asyncio.Task[Any]) -> None:
        """Count a task among those that die with the process."""
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def kill(self) -> None:
        """End it as SIGKILL does: no task goes on, and what they do while ending has no effect."""
        self.alive = False
        for task in list(self._tasks):
            task.cancel()
        self._loop.settle()
        assert not self._tasks, f"{self.name} survives: {self._tasks}"

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # a dead process tells nobody


_running_in: ContextVar[Process] = ContextVar("running_in")


def _owned_task(
    loop: asyncio.AbstractEventLoop, work: Any, context: Context | None = None
) -> "asyncio.Task[Any]":
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context)
    owner = (context or copy_context()).get(_running_in)
    if owner is not None:
        owner.own(task)
    return task
