"""Records into events, as the service itself would hear them, and what it could not."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition
from pydantic import ValidationError

from admin.log.reading import Advance, Log, Ranges
from admin.terminal import Trouble
from services.kit.envelope import Envelope, Record, Unreadable
from services.kit.failure import reason_of
from services.kit.fold import Heard, read_event
from services.kit.parking import Lane, Parking, coordinates, lane

WINDOW = 10_000
"""Records that are folded at once."""
AT_A_TIME = 500
"""Records after which the connections have their turn: the next window is on its way meanwhile."""
MOST_PROBLEMS = 1_000

Positions = dict[TopicPartition, int]
"""The offset at which each partition goes on."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that the installed code can't handle; later records of its key wait behind it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    reason: str

    @property
    def id(self) -> str:
        """As parked records are called."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class Source:
    """What one pass through some topics hears.

    What the service has parked, and what waits behind that, is left out, as it left it out; so is
    what a person discarded.
    """

    def __init__(self, models: Mapping[str, Any], parking: Parking | None = None) -> None:
        """Without `parking` it is the service's own stream, of which it parks nothing."""
        self._models = models
        self._parking = parking
        self._stuck: dict[Lane, int] = {}
        self._left_out: set[Lane] = set()
        self.problems: list[Problem] = []
        self.skipped: Positions = {}
        """Where the first record is that was left out because it is parked, by partition."""

    async def hear(self, records: Sequence[Record]) -> list[Heard]:
        """The events of these records that are to be folded, in order."""
        decided: Iterable[str] = ()
        blocked: dict[Lane, int] = {}
        if self._parking is not None:
            decided = await self._parking.decided(records)
            blocked = await self._parking.blocked(records)
        found = []
        for number, record in enumerate(records):
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)
            if decided and coordinates(record) in decided:
                continue
            if (blocked or self._left_out) and self._waits(record, blocked):
                continue
            if self._stuck and self._stuck.get(lane(record), record.offset + 1) <= record.offset:
                continue
            try:
                heard = self._read(record)
            except (Unreadable, ValidationError) as error:
                self.refuse(record, reason_of(error))
                continue
            if heard is not None:
                found.append(heard)
        return found

    def refuse(self, record: Record, reason: str) -> None:
        """Note that a record can't be handled. Raises Trouble where nothing can."""
        self._note(Problem(record.topic, record.partition, record.offset, record.key, reason[:500]))
        if len(self.problems) > MOST_PROBLEMS:
            raise Trouble(
                f"The installed code can't handle more than {MOST_PROBLEMS} records; "
                f"the first is {self.problems[0].id}: {self.problems[0].reason}"
            )

    def recall(self, problems: Iterable[Problem], skipped: Positions) -> None:
        """Go on from what an earlier pass came to."""
        for problem in problems:
            self._note(problem)
        self.skipped |= skipped

    def without(self, events: Sequence[Heard]) -> list[Heard]:
        """Those that do not wait behind a record that can't be handled."""
        return [
            heard
            for heard in events
            if self._stuck.get(lane(heard.record), heard.record.offset + 1) > heard.record.offset
        ]

    def _note(self, problem: Problem) -> None:
        self.problems.append(problem)
        if problem.key is not None:
            self._stuck.setdefault((problem.topic, problem.key), problem.offset)

    def _waits(self, record: Record, blocked: Mapping[Lane, int]) -> bool:
        """Whether a record is parked, or behind one that is, or was when this pass met it."""
        place = lane(record)
        if place not in self._left_out and blocked.get(place, record.offset + 1) > record.offset:
            return False
        self._left_out.add(place)
        partition = TopicPartition(record.topic, record.partition)
        self.skipped.setdefault(partition, record.offset)
        return True

    def _read(self, record: Record) -> Heard | None:
        envelope = Envelope.from_headers(record.headers)
        model = self._models.get(envelope.type)
        if model is None:
            return None
        people = self._parking is not None and self._parking.is_people(record.topic)
        return read_event(envelope, record, model, people=people)


async def windows(
    log: Log, ranges: Ranges, advance: Advance = lambda done: None, size: int = WINDOW
) -> AsyncIterator[tuple[list[Record], Positions]]:
    """All records of these ranges in windows, each with where to go on after it."""
    positions = {one: range_.first for one, range_ in ranges.items()}
    held: list[Record] = []
    async for records in log.batches(ranges, advance):
        held += records
        last = records[-1]
        positions[TopicPartition(last.topic, last.partition)] = last.offset + 1
        if len(held) >= size:
            yield held, dict(positions)
            held = []
    ends = {one: max(range_.first, range_.end) for one, range_ in ranges.items()}
    yield held, ends
