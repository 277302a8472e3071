"""The moments of a play at which a fault strikes: between calls, at places drawn from a seed."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping

ANY = "any"
CALLS: Mapping[str, int] = {ANY: 220, "submission": 60, "scoring": 110, "webinar": 40}
"""Commands that every small fair gives at the least, in all and to each service."""

TRICKLE_SECONDS = 0.3
"""The pause between calls while the play trickles."""


class Moments:
    """Holds the play at the moments asked for, so that a fast play does not run away from a fault.

    Calls that are under way when a moment comes go on: a fault strikes while they are. Moments that
    have not come when the play ends come then, while it comes to rest: none is dropped.
    """

    def __init__(self, chance: random.Random, share: float = 1.0) -> None:
        """`share`: how large the fair is, where a small one is 1."""
        self._chance = chance
        self._share = share
        self.calls: Counter[str] = Counter()
        self._service = ANY
        self._due: list[int] = []
        self._striking = False
        self._trickling = False
        self._gate = asyncio.Lock()
        self._arrived = asyncio.Event()
        self._free = asyncio.Event()
        self._over = asyncio.Event()

    async def passing(self, service: str, *, counted: bool = True) -> None:
        """Called before each call of the play; returns when it may be made.

        Moments come at calls that are counted: how often a play asks for something, it does not
        say beforehand.
        """
        await self._let_through()
        if not counted:
            return
        self.calls[service] += 1
        self.calls[ANY] += 1
        if self._comes():
            del self._due[0]
            self._striking = True
            self._free.clear()
            self._arrived.set()
            await self._free.wait()

    async def draw(self, count: int, service: str = ANY, early: float = 1.0) -> AsyncIterator[int]:
        """`count` moments among the calls to a service. The play goes on between them.

        `early` is the share of those calls that they are drawn from.

        A body begins with the play held, or over; call `go_on` or `trickle` to have it go on
        before the end.
        """
        places = range(2, max(4, round(CALLS[service] * self._share * early)))
        pick = self._chance.sample if count <= len(places) else self._chance.choices
        self._service = service
        self._due = sorted(pick(places, k=count))
        self.go_on()
        for number in range(1, count + 1):
            await self._arrives()
            yield number
            self._striking = False  # a moment that came meanwhile comes at the next call
            self.go_on()

    def go_on(self) -> None:
        """Let the play go on."""
        self._trickling = False
        self._free.set()

    def trickle(self) -> None:
        """Let the play go on slowly, so that it lasts as long as the fault does."""
        self._trickling = not self.over
        self._free.set()

    def hold(self) -> None:
        """Hold the play again, so that it is not over before the next moment."""
        if not self.over:
            self._free.clear()

    def finish(self) -> None:
        """The play is over: all moments have come, and no later call is held."""
        self._over.set()
        self.go_on()

    @property
    def over(self) -> bool:
        """Whether the play has ended."""
        return self._over.is_set()

    async def _let_through(self) -> None:
        while True:
            await self._free.wait()
            if self._trickling:
                async with self._gate:
                    if self._trickling:
                        await asyncio.sleep(TRICKLE_SECONDS)
            if self._free.is_set():  # of many that wait, the first to go on may hold the rest
                return

    def _comes(self) -> bool:
        if not self._due or self._striking or self.over:
            return False
        return self.calls[self._service] >= self._due[0]

    async def _arrives(self) -> None:
        arrived = asyncio.create_task(self._arrived.wait())
        over = asyncio.create_task(self._over.wait())
        await asyncio.wait((arrived, over), return_when=asyncio.FIRST_COMPLETED)
        arrived.cancel()
        over.cancel()
        self._arrived.clear()
