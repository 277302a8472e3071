"""Store, relay and reader against every schedule hypothesis can think of: crashes, lost replies,
late arrivals, rebalances and trouble between any two steps. See tests/kit/laws/."""

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    precondition,
    rule,
)

from services.kit.aggregate import CommandKey, fingerprint
from tests.kit.jars import add, remark, seal
from tests.kit.laws import laws
from tests.kit.laws.client import Ask
from tests.kit.laws.replica import MARK, STREAM
from tests.kit.laws.world import LARGEST_CHOICE, World

JARS = st.sampled_from(["a", "b", "c"])
REPLICAS = st.integers(0, 1)
TROUBLE = st.sampled_from(["", "", "", "", "fold", "rule"])
THEN = st.lists(st.integers(0, LARGEST_CHOICE - 1), max_size=60)
"""What happens next, step by step."""


class AnySchedule(RuleBasedStateMachine):
    """Clients and admins do what they can, and the schedule decides what becomes of it."""

    asks = Bundle("asks")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.coins = 0
        self.sound = True

    @rule(target=asks, jar=JARS, replica=REPLICAS, keyed=st.booleans(), trouble=TROUBLE, then=THEN)
    def put_in_a_coin(
        self, jar: str, replica: int, keyed: bool, trouble: str, then: list[int]
    ) -> Ask:
        coin = self._new_coin()
        if trouble:
            self.world.trouble(coin, trouble)
        key = CommandKey(f"key of {coin}", fingerprint(jar, coin)) if keyed else None
        ask = Ask(jar, coin, add(coin), key)
        self.world.ask(ask, replica)
        self._go_on(then)
        return ask

    @rule(ask=asks, replica=REPLICAS, then=THEN)
    def ask_again_when_there_is_a_key(self, ask: Ask, replica: int, then: list[int]) -> None:
        if ask.key is not None:
            self.world.ask(ask, replica)
        self._go_on(then)

    @rule(ask=asks, replica=REPLICAS, then=THEN)
    def use_the_key_for_something_else(self, ask: Ask, replica: int, then: list[int]) -> None:
        if ask.key is not None:
            coin = self._new_coin()
            key = CommandKey(ask.key.key, fingerprint(ask.jar, coin))
            self.world.ask(Ask(ask.jar, coin, add(coin), key), replica)
        self._go_on(then)

    @rule(replica=REPLICAS, then=THEN)
    def seal_a_jar(self, replica: int, then: list[int]) -> None:
        self.world.ask(Ask("c", "", seal), replica)
        self._go_on(then)

    @rule(jar=JARS, replica=REPLICAS, then=THEN)
    def mark_a_jar(self, jar: str, replica: int, then: list[int]) -> None:
        self.world.ask(Ask(jar, "", remark(MARK), wants_the_mark=True), replica)
        self._go_on(then)

    @rule(replica=REPLICAS, luck=st.integers(0, 3), then=THEN)
    def kill(self, replica: int, luck: int, then: list[int]) -> None:
        self.world.kill(replica, luck)
        self._go_on(then)

    @rule(owners=st.lists(REPLICAS, min_size=2, max_size=2), then=THEN)
    def rebalance(self, owners: list[int], then: list[int]) -> None:
        self.world.rebalance(owners)
        self._go_on(then)

    @precondition(lambda self: self.world.rows("parked"))
    @rule(replica=REPLICAS, number=st.integers(0, 3), then=THEN)
    def discard(self, replica: int, number: int, then: list[int]) -> None:
        parked = sorted(row["_id"] for row in self.world.rows("parked"))
        self.world.discard(replica, parked[number % len(parked)])
        self._go_on(then)

    @precondition(lambda self: self.world.rows("parked"))
    @rule(replica=REPLICAS, mend=st.booleans(), then=THEN)
    def redrive(self, replica: int, mend: bool, then: list[int]) -> None:
        if mend:
            self.world.mend()
        self.world.redrive(replica)
        self._go_on(then)

    @rule()
    def come_to_rest(self) -> None:
        self._rest(self.world.come_to_rest)

    def teardown(self) -> None:
        try:
            if self.sound:
                self.come_to_rest()
                self.world.mend()
                self._rest(self.world.redrive_all)
                assert not self.world.rows("parked")
        finally:
            self.world.close()

    def _new_coin(self) -> str:
        self.coins += 1
        return f"coin-{self.coins}"

    def _go_on(self, then: list[int]) -> None:
        self.sound = False
        for choice in then:
            self.world.step(choice)
        self.sound = True

    def _rest(self, rest: Callable[[], None]) -> None:
        self.sound = False
        rest()
        laws.hold(self.world)
        self.sound = True


TestAnySchedule = AnySchedule.TestCase
TestAnySchedule.settings = settings(max_examples=200, stateful_step_count=25)


def redrive_a_jar_that_gets_a_coin(before: int, after: int, *, killed: bool) -> None:
    """One replica redrives a jar's queue; the other reads another of its coins, and is overtaken.

    The reader does so many steps `before` the whole redrive, and so many `after` it.
    """
    admin, reader = 0, 1
    world = World()
    try:
        world.rebalance([reader, reader])
        world.trouble("first", "rule")
        world.ask(Ask("a", "first", add("first")), reader)
        world.come_to_rest()
        world.mend()
        world.ask(Ask("a", "second", add("second")), reader)
        world.go_on_until(lambda: len(world.room.log.all(STREAM)) == 2)
        world.redrive(admin)
        for replica, steps in (reader, before), (admin, 30), (reader, after):
            world.go_on_alone(replica, steps)
        if killed:
            world.kill(reader)
        world.come_to_rest()
        laws.hold(world)
    finally:
        world.close()


@pytest.mark.parametrize("before", range(10))
def test_no_queue_is_left_waiting_for_nothing_wherever_its_reader_is_killed(before: int) -> None:
    for after in range(0, 20, 3):
        redrive_a_jar_that_gets_a_coin(before, after, killed=True)
