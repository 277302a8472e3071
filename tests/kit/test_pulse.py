"""The pulse: a consumer that stands still while there is something to read is started anew."""

from services.kit.pulse import Pulse, Reading

PATIENCE = 30.0


class Consumer:
    """A consumer whose place is told, and a clock that is set."""

    def __init__(self) -> None:
        self.now = 0.0
        self.reading: Reading | None = None
        self.restarts = 0
        self.pulse = Pulse(self._look, self._restart, patience=PATIENCE, clock=lambda: self.now)

    async def at(self, now: float, reading: Reading | None) -> int:
        """How often it was restarted once this was seen at this time."""
        self.now, self.reading = now, reading
        await self.pulse.feel()
        return self.restarts

    async def _look(self) -> Reading | None:
        return self.reading

    async def _restart(self) -> None:
        self.restarts += 1


async def test_pulse_starts_anew_a_consumer_that_stands_still_before_records() -> None:
    consumer, stuck = Consumer(), Reading({"a": 5}, waits=True)
    assert await consumer.at(0, stuck) == 0
    assert await consumer.at(PATIENCE - 1, stuck) == 0

    assert await consumer.at(PATIENCE, stuck) == 1
    assert consumer.pulse.restarts == 1
    assert await consumer.at(PATIENCE + 1, stuck) == 1  # the new one is given its time
    assert await consumer.at(2 * PATIENCE + 1, stuck) == 2


async def test_pulse_starts_anew_a_consumer_that_is_given_no_partitions() -> None:
    consumer = Consumer()
    await consumer.at(0, Reading({}, waits=True))

    assert await consumer.at(PATIENCE, Reading({}, waits=True)) == 1


async def test_pulse_leaves_alone_who_moves_rests_works_or_has_no_broker() -> None:
    consumer = Consumer()
    for step in range(10):
        moving = Reading({"a": step}, waits=True)
        assert await consumer.at(step * PATIENCE, moving) == 0
    resting = Reading({"a": 9}, waits=False)
    for step in range(10, 20):
        assert await consumer.at(step * PATIENCE, resting) == 0
    for step in range(20, 30):
        assert await consumer.at(step * PATIENCE, None) == 0


async def test_pulse_counts_from_the_last_time_that_something_could_be_said() -> None:
    consumer, stuck = Consumer(), Reading({"a": 5}, waits=True)
    await consumer.at(0, stuck)
    await consumer.at(PATIENCE - 1, None)

    assert await consumer.at(PATIENCE, stuck) == 0
    assert await consumer.at(2 * PATIENCE, stuck) == 1
