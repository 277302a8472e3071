"""The record of a fair that was played: exported, and verified on the topics and in its file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from admin.archive.exporting import export_season
from admin.archive.manifest import Manifest
from admin.verify.findings import Findings
from admin.verify.sources import verify_file, verify_topics
from schemas.topics import PREFIX


@dataclass(frozen=True, slots=True)
class Verified:
    """What verification found, at the two places where the record is."""

    manifest: Manifest
    topics: Findings
    file: Findings

    def report(self) -> dict[str, Any]:
        """For report.json."""
        return {
            "topics": _figures(self.topics),
            "file": _figures(self.file) | {"sha256": self.manifest.sha256},
            "rankings": {ranking.id: ranking.table_hash for ranking in self.topics.rankings},
        }

    def failures(self) -> list[str]:
        """What does not hold, in words."""
        failures = [f"verify: {fault}" for fault in (*self.topics.faults, *self.file.faults)]
        if self.topics.rankings != self.file.rankings:
            failures.append("verify: topics and file have different rankings")
        if not self.topics.rankings:
            failures.append("verify: there is no ranking")
        return failures


async def verify_record(servers: str, season: str, file: Path) -> Verified:
    """Export the season to `file`, then verify both. Raises Trouble, or NotOurFile."""
    manifest = await export_season(servers, PREFIX, season, file, with_people=False)
    topics = await verify_topics(servers, PREFIX)
    return Verified(manifest, topics, verify_file(file, ignore_manifest=False))


def _figures(found: Findings) -> dict[str, Any]:
    return {
        "holds": found.hold,
        "records": found.records,
        "repeats": found.repeats,
        "checks": found.checked.total(),
        "faults": found.failed.total(),
        "awaited": found.awaited.total(),
    }
