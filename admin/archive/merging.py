"""One order for all that was said: by time, each partition in its own order, causes first.

The same records come out in the same order, whoever reads them. Memory holds the head of each lane.
"""

import heapq
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Entry(NamedTuple):
    """One line and what its place depends on."""

    time: str
    origin: str
    sequence: int
    cause: str
    """The id of the event that led to it, or nothing."""
    line: bytes


_Head = tuple[str, int]
"""The time of a lane's next entry, and the number of the lane."""


class _Merge:
    """The state of one merge."""

    def __init__(self, lanes: Sequence[Iterator[Entry]]) -> None:
        self._lanes = lanes
        self._next: dict[int, Entry] = {}
        self._ready: list[_Head] = []
        self._waiting: dict[str, list[tuple[int, _Head]]] = {}
        """Heads whose cause has not come yet, by its origin, each with its sequence."""
        self._told: dict[str, int] = {}
        for number in range(len(lanes)):
            self._advance(number)

    def __iter__(self) -> Iterator[Entry]:
        while self._ready or self._waiting:
            unheard = not self._ready
            number = self._earliest_waiting() if unheard else heapq.heappop(self._ready)[1]
            entry = self._next[number]
            origin, sequence = _event(entry.cause)
            if not unheard and self._told.get(origin, 0) < sequence:
                wanted = self._waiting.setdefault(origin, [])
                wanted.append((sequence, (entry.time, number)))
                continue
            yield entry
            self._told[entry.origin] = max(entry.sequence, self._told.get(entry.origin, 0))
            self._advance(number)
            self._wake(entry.origin)

    def _advance(self, number: int) -> None:
        entry = next(self._lanes[number], None)
        if entry is not None:
            self._next[number] = entry
            heapq.heappush(self._ready, (entry.time, number))

    def _wake(self, origin: str) -> None:
        waiting = self._waiting.pop(origin, [])
        still = [one for one in waiting if one[0] > self._told[origin]]
        for sequence, head in waiting:
            if sequence <= self._told[origin]:
                heapq.heappush(self._ready, head)
        if still:
            self._waiting[origin] = still

    def _earliest_waiting(self) -> int:
        """The lane to go on with although its cause never comes; it waits no longer."""
        origin, one = min(
            ((origin, one) for origin, group in self._waiting.items() for one in group),
            key=lambda found: found[1][1],
        )
        self._waiting[origin].remove(one)
        if not self._waiting[origin]:
            del self._waiting[origin]
        return one[1][1]


def merged(lanes: Sequence[Iterator[Entry]]) -> Iterator[Entry]:
    """Every entry of all lanes. Among equal times the lane that is given first goes first.

    A head whose cause is still to come waits for it; when all that is left waits, the earliest goes
    on: its cause is not in the lanes.
    """
    return iter(_Merge(lanes))


def _event(id: str) -> tuple[str, int]:
    """The origin and the sequence of an event's id; nothing for what is none."""
    origin, _, number = id.rpartition(":")
    return (origin, int(number)) if number.isdecimal() else ("", 0)
