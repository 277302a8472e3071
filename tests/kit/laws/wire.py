"""The way from processes to parts: each request waits until the schedule decides its fate."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeVar

from tests.kit.laws.loop import Killed, Process, SteppedLoop

T = TypeVar("T")


class Fate(Enum):
    """What becomes of a request."""

    ARRIVES = "it takes effect, and the reply comes"
    IS_LOST = "it never arrives; its sender sees the connection break"
    COMES_LATE = "its sender sees the connection break; it may take effect at any later moment"
    REPLY_IS_LOST = "it takes effect; its sender sees the connection break"


class Carry(Protocol):
    """How a fake part is asked: `effect` happens in one instant, or not at all.

    When the connection breaks on the way, the caller gets the exception that `broken` makes.
    """

    def __call__(
        self, effect: Callable[[], T], broken: Callable[[], Exception]
    ) -> Awaitable[T]: ...


async def carry_at_once(effect: Callable[[], T], broken: Callable[[], Exception]) -> T:
    """A way on which nothing happens."""
    return effect()


@dataclass(eq=False)
class Request:
    """A request on its way."""

    process: Process
    effect: Callable[[], Any]
    broken: Callable[[], Exception]
    reply: "asyncio.Future[Any]"


class Wire:
    """All requests on their way, in the order in which they were sent."""

    def __init__(self, loop: SteppedLoop) -> None:
        self._loop = loop
        self.requests: list[Request] = []
        self.late: list[Callable[[], Any]] = []
        """What may still take effect, although nobody waits for the reply any more."""

    def of(self, process: Process) -> Carry:
        """The way from this process."""

        async def carry(effect: Callable[[], T], broken: Callable[[], Exception]) -> T:
            if not process.alive:
                raise Killed(process.name)
            request = Request(process, effect, broken, self._loop.create_future())
            self.requests.append(request)
            try:
                answer: T = await request.reply
            finally:
                if request in self.requests:
                    self.requests.remove(request)
            return answer

        return carry

    def decide(self, request: Request, fate: Fate) -> None:
        """Let a request go on, and run what follows from it."""
        self.requests.remove(request)
        if fate in (Fate.ARRIVES, Fate.REPLY_IS_LOST):
            answer = _outcome(request.effect)
        if fate is Fate.COMES_LATE:
            self.late.append(request.effect)
        if fate is Fate.ARRIVES:
            answer(request.reply)
        else:
            request.reply.set_exception(request.broken())
        self._loop.settle()

    def arrive_late(self, number: int) -> None:
        """Let one of the late requests take effect; what it came to interests nobody."""
        _outcome(self.late.pop(number % len(self.late)))
        self._loop.settle()

    def kill(self, process: Process, fates: Callable[[], Fate]) -> None:
        """Kill a process; what it had sent may arrive at once, late, or not at all."""
        for request in [request for request in self.requests if request.process is process]:
            self.requests.remove(request)
            fate = fates()
            if fate in (Fate.ARRIVES, Fate.REPLY_IS_LOST):
                _outcome(request.effect)
            elif fate is Fate.COMES_LATE:
                self.late.append(request.effect)
        process.kill()


def _outcome(effect: Callable[[], T]) -> Callable[["asyncio.Future[T]"], None]:
    """Let it happen; the result tells a future what it came to."""
    try:
        answer = effect()
    except Exception as error:  # noqa: BLE001 - the reply of the part, for whoever asked
        failure = error
        return lambda reply: reply.set_exception(failure)
    return lambda reply: reply.set_result(answer)
