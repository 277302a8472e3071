"""A season's events from the topics into one file, whole or not at all."""

import hashlib
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from aiokafka import TopicPartition

from admin.archive.cloudevents import to_line
from admin.archive.lanes import Lane
from admin.archive.manifest import LeftOut, Manifest
from admin.archive.merging import Entry, merged
from admin.log.reading import Log, Range, open_log
from admin.terminal import Trouble, progress
from admin.verify.sources import ends_of
from admin.verify.subjects import Subject, print_of
from schemas.people import Person
from schemas.topics import SERVICES, SERVICES_WITH_PEOPLE, people, stream
from services.kit.envelope import Envelope, Record, Unreadable

MOST_LEFT_OUT = 1000
"""Records that can't be read, as far as they are named one by one."""


async def export_season(
    servers: str, prefix: str, season: str, path: Path, *, with_people: bool
) -> Manifest:
    """Write the season's events, up to the topics' present ends. Raises Trouble.

    A repeat is written once; a second content of an id is written too, so that it can be found.
    """
    with ExitStack() as exits:
        try:
            work = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="zharmenke-")))
            gathering = Gathering(season, work, prefix)
            exits.callback(gathering.close)
            async with open_log(servers) as log:
                made_at = datetime.now(UTC)
                events = await ends_of(log, prefix)
                persons = await _people(log, prefix) if with_people else {}
                total = sum(one.size for found in events.values() for one in found.values())
                with progress("reading", total) as advance:
                    for found in events.values():
                        async for records in log.batches(found, advance):
                            for record in records:
                                gathering.add(record)
                    async for records in log.batches(persons):
                        for record in records:
                            gathering.add_person(record)
            if not gathering.seasons[season]:
                raise Trouble(_nothing(season, servers, gathering.seasons))
            ends = {one: at.end for found in events.values() for one, at in found.items()}
            ends |= {one: at.end for one, at in persons.items()}
            return gathering.write(path, made_at, ends)
        except OSError as error:
            raise Trouble(f"{path} can't be written: {error.strerror or error}.") from error


async def _people(log: Log, prefix: str) -> dict[TopicPartition, Range]:
    topics = [people(service, prefix) for service in SERVICES_WITH_PEOPLE]
    return await log.ranges([one for topic in topics for one in log.partitions(topic)])


def _nothing(season: str, servers: str, seasons: Counter[str]) -> str:
    there = ", ".join(sorted(found for found in seasons if found and seasons[found]))
    return (
        f"No event of season {season!r} is on {servers}; "
        f"{f'there is {there}' if there else 'there is none of any season'}."
    )


class Gathering:
    """What was read so far, by partition; then the file."""

    def __init__(self, season: str, work: Path, prefix: str) -> None:
        self._season = season
        self._work = work
        self._order = {stream(name, prefix): number for number, name in enumerate(SERVICES)}
        self._lanes: dict[tuple[int, int], Lane] = {}
        self._subjects: dict[str, Subject] = {}
        self._persons: dict[str, Entry] = {}
        self._types: Counter[str] = Counter()
        self._left_out: list[LeftOut] = []
        self.seasons: Counter[str] = Counter()

    def close(self) -> None:
        for lane in self._lanes.values():
            lane.close()

    def add(self, record: Record) -> None:
        """Put one record of a stream aside, if it is the season's and is new."""
        try:
            envelope = Envelope.from_headers(record.headers)
            if record.key != envelope.subject.encode():
                raise Unreadable("the key is not the subject")
        except Unreadable as error:
            if len(self._left_out) < MOST_LEFT_OUT:
                place = (record.topic, record.partition, record.offset)
                self._left_out.append(
                    LeftOut(topic=place[0], partition=place[1], offset=place[2], why=str(error))
                )
            return
        self.seasons[envelope.season] += 1
        if envelope.season != self._season:
            return
        subject = self._subjects.get(envelope.origin)
        if subject is None:
            subject = Subject(envelope.service, envelope.subject, record.partition)
            self._subjects[envelope.origin] = subject
        values = {name: value or b"" for name, value in record.headers}
        if subject.take(envelope.sequence, print_of(values, record.value)) == "repeat":
            return
        self._types[envelope.type] += 1
        self._lane(self._order[record.topic], record.partition).add(_entry(envelope, record))

    def add_person(self, record: Record) -> None:
        """Keep a person's last record; of somebody who was erased nothing but the tombstone."""
        try:
            envelope = Envelope.from_headers(record.headers)
        except Unreadable:
            return
        if envelope.season == self._season and envelope.type == Person.TYPE:
            self._persons[envelope.origin] = _entry(envelope, record)

    def write(self, path: Path, made_at: datetime, ends: dict[TopicPartition, int]) -> Manifest:
        """Write the file beside its place, and put it there when it is whole."""
        body = self._work / "body"
        with body.open("wb") as file:
            sha256 = self._write_body(file)
        manifest = Manifest(
            zharmenke_export=1,
            season=self._season,
            made_at=made_at,
            events=self._types.total(),
            people=len(self._persons),
            types=dict(sorted(self._types.items())),
            subjects={origin: found.last for origin, found in sorted(self._subjects.items())},
            sha256=sha256,
            cut={f"{one.topic}/{one.partition}": end for one, end in sorted(ends.items())},
            left_out=tuple(self._left_out),
        )
        with body.open("rb") as rest, _whole(path) as file:
            file.write(manifest.line())
            shutil.copyfileobj(rest, file, 1 << 20)
        return manifest

    def _write_body(self, file: BinaryIO) -> str:
        digest = hashlib.sha256()
        # A person before the events of the same moment, which name them.
        lanes = [iter(sorted(self._persons.values(), key=itemgetter(0, 1)))]
        lanes += [lane.read() for _, lane in sorted(self._lanes.items())]
        for entry in merged(lanes):
            line = entry.line + b"\n"
            digest.update(line)
            file.write(line)
        return digest.hexdigest()

    def _lane(self, *number: int) -> Lane:
        service, partition = number
        found = self._lanes.get((service, partition))
        if found is None:
            found = self._lanes[service, partition] = Lane(self._work / f"{service}-{partition}")
        return found


def _entry(envelope: Envelope, record: Record) -> Entry:
    return Entry(
        envelope.time, envelope.origin, envelope.sequence, envelope.causation_id, to_line(record)
    )


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name when the block is done, and not at all when it fails."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def names_of(left_out: Sequence[LeftOut]) -> str:
    """The first few records that were left out, for a person."""
    named = [f"{one.topic}/{one.partition}/{one.offset}: {one.why}" for one in left_out[:3]]
    return "; ".join(named) + (" …" if len(left_out) > len(named) else "")
