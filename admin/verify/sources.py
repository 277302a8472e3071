"""Where a record is read from: a broker's topics, or an exported file."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiokafka import TopicPartition

from admin.archive.cloudevents import from_line
from admin.archive.manifest import Manifest, checked_manifest, lines
from admin.log.collecting import seldom_collecting
from admin.log.reading import Log, Range, open_log
from admin.terminal import progress
from admin.verify.findings import Findings, Place
from admin.verify.verification import Verification
from schemas.base import format_utc
from schemas.people import Person
from schemas.topics import SERVICES, stream
from services.kit.envelope import Record, Unreadable

GRACE = timedelta(minutes=2)
"""How long what follows from an event may be under way before it counts as missing."""
AT_A_TIME = 500
"""Records after which the connection has its turn."""


async def verify_topics(servers: str, prefix: str) -> Findings:
    """Read every stream from its beginning to its present end. Raises Trouble."""
    async with open_log(servers) as log:
        edge = format_utc(datetime.now(UTC) - GRACE)
        ranges = await ends_of(log, prefix)
        total = sum(range_.size for found in ranges.values() for range_ in found.values())
        with Verification(edge, prefix) as verification, progress("verifying", total) as advance:
            with seldom_collecting():
                for found in ranges.values():
                    async for records in log.batches(found, advance):
                        await _take_all(verification, records)
            return verification.settle()


async def _take_all(verification: Verification, records: Sequence[Record]) -> None:
    """Take records while more of them are on their way."""
    for begin in range(0, len(records), AT_A_TIME):
        await asyncio.sleep(0)
        for record in records[begin : begin + AT_A_TIME]:
            verification.take(record)


async def ends_of(log: Log, prefix: str) -> dict[str, dict[TopicPartition, Range]]:
    """What there is of each service's stream, submission's first.

    The ends are asked for in the opposite order: notify follows from the others and they from
    submission, so what an event follows from is there too, although others are still writing.
    """
    found = {}
    for service in reversed(SERVICES):
        found[service] = await log.ranges(log.partitions(stream(service, prefix)))
    return dict(reversed(found.items()))


def verify_file(path: Path, *, ignore_manifest: bool) -> Findings:
    """Read a file. Raises NotOurFile when it is not as its manifest says, or OSError.

    With `ignore_manifest` there may be none, and whatever it says does not matter.
    """
    manifest = None if ignore_manifest else checked_manifest(path)
    edge = format_utc(manifest.made_at - GRACE) if manifest else ""
    with Verification(edge) as verification, progress("verifying", path.stat().st_size) as advance:
        for number, text in lines(path, without_manifest=ignore_manifest):
            advance(len(text) + 1)
            _take(verification, number, text)
        findings = verification.settle()
    if manifest is not None:
        _compare(manifest, verification)
    return findings


def _take(verification: Verification, number: int, text: bytes) -> None:
    findings = verification.findings
    try:
        line = from_line(text, number)
        if line.is_person:
            findings.people += 1
            if line.value is not None:
                Person.model_validate_json(line.value)
            return
    except ValueError as error:
        findings.records += 1
        kind = "envelope" if isinstance(error, Unreadable) else "schema"
        # A person's record is not repeated in a message.
        why = str(error) if isinstance(error, Unreadable) else "no valid record of a person"
        findings.fault(kind, Place("", -1, number, ""), why)
        return
    verification.take(line)


def _compare(manifest: Manifest, verification: Verification) -> None:
    """The hash is right, so what differs is the manifest itself."""
    findings, place = verification.findings, Place("", -1, 1, "")
    subjects = verification.last_sequences()
    findings.expect(
        manifest.events == findings.records and dict(manifest.types) == dict(findings.events),
        "manifest",
        place,
        f"says {manifest.events} events, there are {findings.records}; or counts types otherwise",
    )
    findings.expect(
        dict(manifest.subjects) == subjects,
        "manifest",
        place,
        "has other subjects, or other last sequences, than the events",
    )
    findings.expect(
        manifest.people == findings.people, "manifest", place, "counts people otherwise"
    )
