"""Two replicas, their clients and a schedule that says what happens next, crashes included."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from pymongo.errors import PyMongoError

from services.kit import aggregate, clock, lease, reader, relay, store
from services.kit.refusal import Refused
from services.kit.store import UniqueTaken
from tests.kit.jars import CONTEXT, NOW
from tests.kit.laws.client import Ask, Try
from tests.kit.laws.loop import Process
from tests.kit.laws.replica import OUTBOXES, Replica, Room
from tests.kit.laws.wire import Fate, Request

SLOTS = 2
ATTEMPTS = 2
STEPS_TO_REST = 5_000
HELD = 25
"""Steps for which a process stands still, as after SIGSTOP."""
Trouble = Fate | Literal["kill", "hold"]
TROUBLES: tuple[Trouble, ...] = (
    *[Fate.ARRIVES] * 32,
    Fate.IS_LOST,
    Fate.COMES_LATE,
    Fate.REPLY_IS_LOST,
    "kill",
    "hold",
    "hold",
)
"""What may become of a request and of its sender. The first is the usual."""
LARGEST_CHOICE = 40 * len(TROUBLES)


@contextmanager
def _small(room: Room) -> Iterator[None]:
    """The kit with few slots and little patience, in the room's time."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (clock, relay, store):
            patch.setattr(module, "time", room.loop)
        for module in (lease, aggregate):
            patch.setattr(module, "SLOTS", SLOTS)
        patch.setattr(reader, "ATTEMPTS", ATTEMPTS)
        yield


class World:
    """Everything there is. Nothing moves but by `step` and what is built on it."""

    def __init__(self) -> None:
        self.room = Room()
        self._small = _small(self.room)
        self._small.__enter__()
        self._numbers = itertools.count(1)
        self.steps = 0
        self.asks: list[Ask] = []
        self.troubled: set[str] = set()
        """Coins that were in trouble once."""
        self.disturbed = -1
        """When an admin's work was last left half done: his next redrive has to look again."""
        self.redriven = -1
        """When the last redrive was begun that came to its end."""
        self._held: dict[Process, int] = {}
        self._errands: list[asyncio.Task[None]] = []
        self.room.loop.finish(self.room.prepare())
        self.replicas = [self._new_replica(), self._new_replica()]
        self.rebalance([0, 1])

    def close(self) -> None:
        """End all processes and give the modules back what they were."""
        for replica in self.replicas:
            replica.process.kill()
        self.room.loop.close()
        self._small.__exit__(None, None, None)

    # What people and operators do

    def ask(self, ask: Ask, replica: int) -> None:
        """A client sends its request, for the first time or again."""
        one = Try(self.steps)
        ask.tries.append(one)
        if ask not in self.asks:
            self.asks.append(ask)
        chosen = self.replicas[replica]

        async def answer() -> None:
            try:
                one.result = await chosen.jars.execute(
                    ask.jar, ask.decide, CONTEXT, now=NOW, key=ask.key
                )
            except Refused as refused:
                if refused.kind != "busy":
                    one.refusal = refused
            except UniqueTaken as taken:
                one.refusal = taken
            except PyMongoError:
                return  # the client is told that nobody knows
            one.answered = self.steps

        self._send(chosen, answer())

    def trouble(self, coin: str, where: str) -> None:
        """A handler will not be able to take this coin until it is mended."""
        self.room.trouble[coin] = where
        self.troubled.add(coin)

    def mend(self) -> None:
        """From now on the handlers take every coin there is."""
        self.room.trouble.clear()

    def redrive_all(self) -> None:
        """Redrive until nothing is parked; a queue that a dead process has claimed takes time."""

        def again() -> bool:
            if not self.is_at_rest():
                return False
            if self.rows("parked"):
                self.room.loop.let_time_pass()
                self.redrive(0)
                return False
            return True

        self.go_on_until(again)

    def redrive(self, replica: int) -> None:
        """An admin has every queue handled again."""
        chosen, begun = self.replicas[replica], self.steps

        async def run() -> None:
            ended = False
            try:
                queues = await chosen.redrive.queues()
                outcomes = [await chosen.redrive.run(queue, by="admin") for queue in queues]
                ended = all(outcome.state != "busy" for outcome in outcomes)
            except PyMongoError:
                return
            finally:
                if ended:
                    self.redriven = max(self.redriven, begun)
                else:
                    self.disturbed = self.steps

        self._send(chosen, run())

    def discard(self, replica: int, id: str) -> None:
        """An admin gives up a parked record; what waits behind it goes on when it is redriven."""
        chosen = self.replicas[replica]

        async def run() -> None:
            try:
                await chosen.redrive.discard(id, "broken", by="admin")
            except (PyMongoError, Refused):
                return
            finally:
                self.disturbed = self.steps

        self._send(chosen, run())

    def _send(self, replica: Replica, errand: Coroutine[Any, Any, None]) -> None:
        self._errands.append(replica.process.start(errand))
        self.room.loop.settle()

    # What the world does

    def step(self, choice: int) -> None:
        """One thing happens: a request meets its fate, time goes on, or something late arrives."""
        self.steps += 1
        pick, trouble = divmod(choice, len(TROUBLES))
        wire = self.room.wire
        requests = [one for one in wire.requests if self._held.get(one.process, 0) < self.steps]
        number = pick % (len(requests) + 1 + bool(wire.late))
        if number < len(requests):
            self._decide(requests[number], TROUBLES[trouble], pick)
        elif number == len(requests):
            self.room.loop.let_time_pass()
        else:
            self._arrive_late(pick)
        self._see_that_all_live()

    def go_on_alone(self, replica: int, steps: int) -> None:
        """One replica goes on without trouble while the other stands still."""
        for _ in range(steps):
            self.steps += 1
            process = self.replicas[replica].process
            mine = [one for one in self.room.wire.requests if one.process is process]
            if mine:
                self.room.wire.decide(mine[0], Fate.ARRIVES)
            else:
                self.room.loop.let_time_pass()
            self._see_that_all_live()

    def _decide(self, request: Request, trouble: Trouble, luck: int) -> None:
        if trouble == "hold":
            self._held[request.process] = self.steps + HELD
        elif trouble == "kill":
            sender = [replica.process for replica in self.replicas].index(request.process)
            self.kill(sender, luck)
        else:
            self.room.wire.decide(request, trouble)

    def kill(self, replica: int, luck: int = 0) -> None:
        """SIGKILL; a new process takes its place at once."""
        fates = itertools.cycle([*Fate][luck % len(Fate) :] + [*Fate][: luck % len(Fate)])
        dead = self.replicas[replica]
        self.room.wire.kill(dead.process, lambda: next(fates))
        fresh = self.replicas[replica] = self._new_replica()
        owners = self.room.group.owners
        self.room.group.rebalance(
            {place: fresh if owner is dead else owner for place, owner in owners.items()}
        )
        self.room.loop.settle()

    def rebalance(self, owners: list[int]) -> None:
        """The group shares its partitions out anew, whatever is in hand."""
        places = self.room.group.places
        self.room.group.rebalance(
            {place: self.replicas[owner] for place, owner in zip(places, owners, strict=True)}
        )
        self.room.loop.settle()

    def come_to_rest(self) -> None:
        """No more trouble, and clients that don't know ask again; until nothing is left to do."""
        wire = self.room.wire
        while wire.late:
            self._arrive_late(0)
        for replica, ask in enumerate(self.asks):
            if ask.open:
                self.ask(ask, replica % len(self.replicas))
        self.go_on_until(self.is_at_rest)

    def go_on_until(self, reached: Callable[[], bool]) -> None:
        """Let everything arrive in its order, and time pass when nothing is on its way."""
        for _ in range(STEPS_TO_REST):
            if reached():
                return
            self.steps += 1
            if self.room.wire.requests:
                self.room.wire.decide(self.room.wire.requests[0], Fate.ARRIVES)
            else:
                assert self.room.loop.let_time_pass(), "nobody waits for anything any more"
            self._see_that_all_live()
        raise AssertionError("the world does not come to rest")

    def is_at_rest(self) -> bool:
        """All is said, all is heard, and nobody works but the loops that look for work."""
        return (
            not any(row["outbox"] for name in OUTBOXES for row in self.rows(name))
            and all(replica.consumer.waits for replica in self.replicas)
            and all(errand.done() for errand in self._errands)
        )

    # What there is to see

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The documents of a collection."""
        found = self.room.tables.get(table)
        return list(found.rows.values()) if found else []

    def _new_replica(self) -> Replica:
        made = Replica(self.room, f"replica-{next(self._numbers)}")
        self.room.loop.settle()
        return made

    def _arrive_late(self, number: int) -> None:
        self.room.wire.arrive_late(number)
        self.disturbed = self.steps

    def _see_that_all_live(self) -> None:
        for replica in self.replicas:
            for task in replica.tasks:
                if task.done():
                    raise AssertionError("a loop has ended") from task.exception()
