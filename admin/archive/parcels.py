"""A file's records as they go on the topics: where each belongs, and what each partition comes to.

A partition is known by how many records it has and one hash over them, in their order: so what is
on a broker can be compared with a file without holding either.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from aiokafka import TopicPartition
from aiokafka.partitioner import DefaultPartitioner

from admin.archive.cloudevents import Line, from_line
from admin.archive.manifest import lines
from services.kit.envelope import IMPORTED, Headers

Purpose = Literal["history", "rehearsal"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Recorded(Protocol):
    """What of a record is the same wherever it is."""

    @property
    def key(self) -> bytes | None:
        """Its key."""
        ...

    @property
    def headers(self) -> Headers:
        """Its headers, in order."""
        ...

    @property
    def value(self) -> bytes | None:
        """Its body; nothing is a tombstone."""
        ...

    @property
    def timestamp(self) -> int | None:
        """Its time in milliseconds."""
        ...


@dataclass(frozen=True, slots=True)
class Parcel:
    """One record of a file on its way to a topic, marked as imported, at its event's own time."""

    at: TopicPartition
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: int

    @property
    def body(self) -> bytes | None:
        """The value, as the sending calls it."""
        return self.value


@dataclass(slots=True)
class Stretch:
    """The records of one partition from its beginning on: how many, and a hash over them."""

    records: int = 0
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, record: Recorded) -> None:
        """One more at its end."""
        self.records += 1
        headers = [part for name, value in record.headers for part in (name.encode(), value)]
        for part in (b"%d" % (record.timestamp or 0), record.key, record.value, *headers):
            self._digest.update(b"-" if part is None else b"%d:" % len(part) + part)
        self._digest.update(b"\n")

    def is_same(self, other: "Stretch") -> bool:
        """Whether both have the same records in the same order."""
        return (self.records, self._digest.digest()) == (other.records, other._digest.digest())


Stretches = Mapping[TopicPartition, Stretch]


class Parcels:
    """The records of a file for the topics under a prefix, in the file's order, read each time.

    Those of the services in `without` stay behind.
    """

    def __init__(
        self,
        path: Path,
        prefix: str,
        partitions: Mapping[str, Sequence[int]],
        purpose: Purpose,
        without: Collection[str] = (),
    ) -> None:
        self._path = path
        self._prefix = prefix
        self._partitions = partitions
        self._mark = (IMPORTED, purpose.encode())
        self._without = {f"{prefix}.{service}" for service in without}

    def lines(self) -> Iterator[Line]:
        """Each as it is in the file. Raises Unreadable, or OSError."""
        for number, text in lines(self._path):
            line = from_line(text, number, self._prefix)
            if line.topic not in self._without:
                yield line

    def __iter__(self) -> Iterator[Parcel]:
        place = DefaultPartitioner()
        for line in self.lines():
            numbers = list(self._partitions[line.topic])
            yield Parcel(
                TopicPartition(line.topic, place(line.key, numbers, numbers)),
                line.key,
                line.value,
                (*line.headers, self._mark),
                _milliseconds(line),
            )


def stretches(parcels: Iterable[Parcel]) -> dict[TopicPartition, Stretch]:
    """What each partition comes to once all of these are on it."""
    found: dict[TopicPartition, Stretch] = {}
    for parcel in parcels:
        found.setdefault(parcel.at, Stretch()).add(parcel)
    return found


def strangers(parcels: Iterable[Parcel], there: Stretches) -> list[TopicPartition]:
    """The partitions that hold anything but the first of these parcels, in their order."""
    unlike = {at for at, found in there.items() if found.records}
    going: dict[TopicPartition, Stretch] = {}
    for parcel in parcels:
        own = going.setdefault(parcel.at, Stretch())
        own.add(parcel)
        found = there.get(parcel.at)
        if found is not None and own.records == found.records and own.is_same(found):
            unlike.discard(parcel.at)
    return sorted(unlike)


def rest(parcels: Iterable[Parcel], there: Stretches) -> Iterator[Parcel]:
    """The parcels that are not there yet."""
    passed: dict[TopicPartition, int] = {}
    for parcel in parcels:
        number = passed[parcel.at] = passed.get(parcel.at, 0) + 1
        found = there.get(parcel.at)
        if found is None or number > found.records:
            yield parcel


def _milliseconds(line: Line) -> int:
    """When its event was said."""
    told = next(value for name, value in line.headers if name == "ce_time")
    assert told is not None
    return (datetime.fromisoformat(told.decode()) - _EPOCH) // _MILLISECOND
