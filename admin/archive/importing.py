"""A season from a file onto empty topics and into empty databases.

The records go first, then the documents that they come to. Interrupted anywhere, it can be run
again: what is there must be the beginning of this very file, and is gone on with.
"""

from dataclasses import dataclass
from pathlib import Path

from admin.archive.manifest import Manifest, NotOurFile
from admin.archive.parcels import (
    Parcels,
    Purpose,
    Stretches,
    rest,
    strangers,
    stretches,
)
from admin.archive.publishing import Pace, play, sending
from admin.archive.target import Databases, Documents, count, documents_of, on_topics
from admin.generation import check_at_rest, size
from admin.log.reading import Log, open_log
from admin.terminal import Trouble, progress
from admin.verify.sources import verify_file
from services.kit.envelope import Unreadable


@dataclass(frozen=True, slots=True)
class Destination:
    """The stack to import into."""

    servers: str
    prefix: str
    idempotent: bool
    database_url: str
    database_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was done: how much there is now, and how much of that was there before."""

    season: str
    purpose: Purpose
    records: int
    records_before: int
    documents: int
    documents_before: int


def checked(path: Path) -> Manifest:
    """The manifest of a file whose every record holds. Raises NotOurFile, or OSError."""
    found = verify_file(path, ignore_manifest=False)
    if not found.hold:
        raise NotOurFile(
            f"{found.failed.total()} things in it do not hold, such as {found.faults[0]}"
        )
    if found.repeats:
        raise NotOurFile(f"it has {found.repeats} records twice")
    with path.open("rb") as file:
        return Manifest.of_line(file.readline())


async def import_season(path: Path, to: Destination, speed: float | None = None) -> Imported:
    """Import a file; with a speed, play it as a rehearsal. Raises NotOurFile, Trouble, OSError.

    Nothing is written before the whole file is checked, and found to be what is there or more.
    """
    manifest = checked(path)
    databases = Databases(to.database_url, to.database_prefix)
    try:
        async with open_log(to.servers) as log:
            return await _Import(path, to, manifest, log, databases, speed).run()
    finally:
        await databases.close()


class _Import:
    """One run."""

    def __init__(
        self,
        path: Path,
        to: Destination,
        manifest: Manifest,
        log: Log,
        databases: Databases,
        speed: float | None,
    ) -> None:
        self._to = to
        self._manifest = manifest
        self._log = log
        self._databases = databases
        self._pace = Pace(speed)
        self._purpose: Purpose = "history" if speed is None else "rehearsal"
        # In a rehearsal notify plays its own part: it plans the mails, and says so.
        without = () if speed is None else ("notify",)
        self._parcels = Parcels(path, to.prefix, log.topics, self._purpose, without)

    async def run(self) -> Imported:
        there = await self._there()
        wanted = self._documents()
        whole = stretches(self._parcels)
        total = sum(found.records for found in whole.values())
        before = sum(found.records for found in there.values())
        missing = await self._missing(wanted, before, total)
        await self._publish(there, total - before)
        await self._compare(whole)
        with progress("writing documents", count(missing)) as advance:
            await self._databases.write(missing, advance)
        documents = count(wanted)
        return Imported(
            self._manifest.season,
            self._purpose,
            total,
            before,
            documents,
            documents - count(missing),
        )

    async def _there(self) -> Stretches:
        """What is on the topics: nothing, or the beginning of the file."""
        if self._purpose == "history":
            await check_at_rest(self._log, self._to.prefix)
        there = await self._read("reading what is there")
        if others := strangers(self._parcels, self._compared(there)):
            raise Trouble(
                f"{others[0].topic} has records that are not the beginning of this file (in "
                f"partition {others[0].partition}): import into an empty stack."
            )
        return self._compared(there)

    async def _missing(self, wanted: Documents, before: int, total: int) -> Documents:
        """The documents to write. There are none yet before all records are on the topics."""
        if before == 0 or (before < total and self._purpose == "history"):
            await self._databases.require_empty()
        return await self._databases.missing(wanted)

    def _documents(self) -> Documents:
        try:
            return documents_of(self._parcels.lines(), self._to.prefix)
        except (Unreadable, ValueError, TypeError) as error:
            why = str(error).splitlines()[0]
            raise NotOurFile(f"its events do not come to what its services own: {why}") from error

    async def _publish(self, there: Stretches, left: int) -> None:
        with progress("importing", left) as advance:
            async with sending(self._to.servers, advance, idempotent=self._to.idempotent) as send:
                await play(rest(self._parcels, there), self._pace, send)

    async def _compare(self, whole: Stretches) -> None:
        """Read again what is there now."""
        found = self._compared(await self._read("comparing"))
        for at, stretch in found.items():
            wanted = whole.get(at)
            if not (stretch.is_same(wanted) if wanted else stretch.records == 0):
                raise Trouble(
                    f"{at.topic} is not what the file says (partition {at.partition}): somebody "
                    "else writes there. Remove the topics and databases, and begin anew."
                )

    def _compared(self, there: Stretches) -> Stretches:
        """In a rehearsal, all but what notify says meanwhile."""
        if self._purpose == "history":
            return there
        own = f"{self._to.prefix}.notify"
        return {at: found for at, found in there.items() if at.topic != own}

    async def _read(self, what: str) -> Stretches:
        with progress(what, await size(self._log, self._to.prefix)) as advance:
            return await on_topics(self._log, self._to.prefix, advance)
