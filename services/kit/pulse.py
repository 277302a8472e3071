"""Whether a reader still reads; when it has stopped without a word, its consumer is started anew.

After its broker was away a consumer of aiokafka can stay out of its group, fetch nothing more, or
wait for ever in a commit, and raise no error (its issue 1154; the fault row `kafka-away` shows it
now and then). Nothing is lost by that, but nothing is heard either until somebody restarts the
process, so the process does it to the consumer alone.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import IllegalStateError, KafkaError

log = structlog.get_logger(__name__)

EVERY_SECONDS = 5.0
PATIENCE_SECONDS = 30.0
"""Longer than a rebalance takes, and than the session time-out after which a member is out."""
ANSWER_SECONDS = 2.0
NOWHERE = -1
"""The position in a partition that is assigned, and whose offset is not found out yet."""


class Rebalance(ConsumerRebalanceListener):  # type: ignore[misc]
    """Whether the group is being rebalanced: partitions were taken, and none given yet."""

    def __init__(self) -> None:
        self.under_way = False

    def on_partitions_revoked(self, revoked: object) -> None:
        """Told by the consumer."""
        self.under_way = True

    def on_partitions_assigned(self, assigned: object) -> None:
        """Told by the consumer."""
        self.under_way = False


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a consumer stands. `waits`: for records that are there, its partitions, a commit."""

    positions: Mapping[Any, int]
    waits: bool


class Pulse:
    """Feels whether a consumer moves while there is something to move for."""

    def __init__(
        self,
        look: Callable[[], Awaitable[Reading | None]],
        restart: Callable[[], Awaitable[None]],
        patience: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`look` gives None when nothing can be said: work is in hand, or the broker is away."""
        self._look = look
        self._restart = restart
        self._patience = PATIENCE_SECONDS if patience is None else patience
        self._clock = clock
        self._last: Mapping[Any, int] | None = None
        self._since = 0.0
        self.restarts = 0
        """How often the consumer had to be started anew."""

    async def run(self) -> None:
        """Feel it again and again, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.feel()

    async def feel(self) -> None:
        """Look once; start the consumer anew when it has stood still for too long."""
        seen, now = await self._look(), self._clock()
        if seen is None or not seen.waits or seen.positions != self._last:
            self._last = None if seen is None else seen.positions
            self._since = now
        elif now - self._since >= self._patience:
            log.error("reader_stuck", seconds=round(now - self._since), partitions=len(self._last))
            self._last = None
            self.restarts += 1
            await self._restart()


async def reading_of(consumer: AIOKafkaConsumer, *, waits: bool) -> Reading:
    """Where a consumer stands. `waits` says that it waits for something else than records.

    A consumer through which the broker does not answer waits, too: ask only while others hear it.
    """
    assigned = consumer.assignment()
    positions = dict.fromkeys(assigned, NOWHERE)
    try:
        ends = await asyncio.wait_for(consumer.end_offsets(assigned), ANSWER_SECONDS)
    except (TimeoutError, KafkaError, IllegalStateError):
        return Reading(positions, waits=True)
    with contextlib.suppress(TimeoutError, KafkaError, IllegalStateError):
        async with asyncio.timeout(ANSWER_SECONDS):
            for one in assigned:
                positions[one] = await consumer.position(one)
    behind = any(positions[one] < end for one, end in ends.items())
    return Reading(positions, waits or behind)


async def behind_of(consumer: AIOKafkaConsumer) -> Counter[str]:
    """By topic, how many records of the consumer's partitions it has not fetched yet.

    As the broker says, or said with its last records when it does not answer now.
    """
    found: Counter[str] = Counter()
    ends = {one: consumer.highwater(one) for one in consumer.assignment()}
    with contextlib.suppress(TimeoutError, KafkaError):
        ends |= await asyncio.wait_for(consumer.end_offsets(ends), ANSWER_SECONDS)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_SECONDS):
            for one, end in ends.items():
                if end is not None:
                    with contextlib.suppress(IllegalStateError):  # it was taken away
                        found[one.topic] += max(0, end - await consumer.position(one))
    return found
