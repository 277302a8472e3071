"""Two replicas of something that keeps its state in one database, on any schedule."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import pytest
from hypothesis import strategies as st

from services.kit import store
from tests.kit.laws.loop import Process, SteppedLoop
from tests.kit.laws.table import FakeDatabase, Table
from tests.kit.laws.wire import Fate, Wire

R = TypeVar("R")
FATES = (*[Fate.ARRIVES] * 12, *Fate, None)
"""What may become of a request; None kills its sender."""
CHOICES = st.integers(0, 40 * len(FATES) - 1)
TURNS = st.lists(st.one_of(CHOICES, st.tuples(st.integers(0, 1), st.integers(1, 14))), max_size=8)
"""What happens next: single steps, and turns in which one replica goes on by itself."""


class Pair(Generic[R]):
    """The replicas, what they share, and what is on its way between. `make` starts a replica."""

    def __init__(self, make: Callable[[Any], R]) -> None:
        self._make = make
        self.loop = SteppedLoop()
        self.wire = Wire(self.loop)
        self.tables: dict[str, Table] = {}
        self.replicas = [self._start(), self._start()]

    def _start(self) -> tuple[Process, R]:
        process = Process(self.loop, "replica")
        database = FakeDatabase(self.tables, self.wire.of(process), self.loop.monotonic)
        return process, self._make(database)

    def ask(self, replica: int, errand: Callable[[R], Coroutine[Any, Any, None]]) -> None:
        """Have a replica do something; if it is killed meanwhile, nobody hears of it."""
        process, made = self.replicas[replica]
        process.start(errand(made))
        self.loop.settle()

    def take(self, turn: int | tuple[int, int]) -> None:
        """One of TURNS."""
        if isinstance(turn, int):
            self.step(turn)
            return
        replica, steps = turn
        for _ in range(steps):
            process = self.replicas[replica][0]
            mine = [one for one in self.wire.requests if one.process is process]
            if mine:
                self.wire.decide(mine[0], Fate.ARRIVES)

    def step(self, choice: int) -> None:
        """A request meets its fate, or time goes on, or something arrives late."""
        pick, trouble = divmod(choice, len(FATES))
        number = pick % (len(self.wire.requests) + 1 + bool(self.wire.late))
        if number == len(self.wire.requests):
            self.loop.let_time_pass()
        elif number > len(self.wire.requests):
            self.wire.arrive_late(pick)
        elif (fate := FATES[trouble]) is not None:
            self.wire.decide(self.wire.requests[number], fate)
        else:
            dead = self.wire.requests[number].process
            place = [process for process, _ in self.replicas].index(dead)
            self.wire.kill(dead, lambda: [*Fate][pick % len(Fate)])
            self.replicas[place] = self._start()

    def finish(self) -> None:
        """Let everything that is on its way arrive, until nobody waits for anything."""
        while self.wire.requests or self.wire.late or self.loop.let_time_pass():
            if self.wire.late:
                self.wire.arrive_late(0)
            elif self.wire.requests:
                self.wire.decide(self.wire.requests[0], Fate.ARRIVES)

    def rows(self, table: str) -> Sequence[dict[str, Any]]:
        """The documents of a collection."""
        return list(self.tables[table].rows.values()) if table in self.tables else []

    def close(self) -> None:
        """End the replicas."""
        for process, _ in self.replicas:
            process.kill()
        self.loop.close()


@contextmanager
def a_pair(make: Callable[[Any], R]) -> Iterator[Pair[R]]:
    """A pair of replicas in a time of their own."""
    pair = Pair(make)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "time", pair.loop)
        try:
            yield pair
        finally:
            pair.close()
