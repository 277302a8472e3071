"""The topics as they are on the broker: how much is in each, and what is removed when."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from aiokafka.errors import KafkaError

from admin.disk_sizes import disk_sizes
from admin.log.reading import Log, open_log
from admin.terminal import Trouble
from admin.topics import BrokerAway, broker_admin, topic_settings

CONNECT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Found:
    """One topic. What the broker does not tell is None, or empty."""

    name: str
    partitions: int
    copies: int
    records: int
    """At most: compaction leaves holes."""
    cleanup: str
    kept_ms: int | None
    """How long records are kept where they are deleted by age; below 0 for ever."""
    bytes: int | None
    """On disk, all copies together."""

    @property
    def compacted(self) -> bool:
        """Only the newest record of a key is kept for sure."""
        return "compact" in self.cleanup

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


async def list_topics(servers: str, prefix: str) -> list[Found]:
    """The topics whose names begin with `prefix`. Raises Trouble when no broker answers."""
    async with open_log(servers) as log:
        names = sorted(name for name in log.topics if name.startswith(prefix))
        records = await _records(log, names)
    try:
        async with broker_admin(servers, CONNECT_SECONDS) as admin:
            about = {one["topic"]: one["partitions"] for one in await admin.describe_topics()}
            settings = await topic_settings(admin, names)
            sizes = await disk_sizes(admin)
    except (BrokerAway, KafkaError, OSError) as error:
        raise Trouble(f"The broker at {servers} went away: {error}") from error
    return [
        Found(
            name=name,
            partitions=len(log.topics[name]),
            copies=max((len(one["replicas"]) for one in about.get(name, ())), default=0),
            records=records[name],
            cleanup=settings.get(name, {}).get("cleanup.policy", ""),
            kept_ms=_number(settings.get(name, {}).get("retention.ms")),
            bytes=sizes[name] if sizes is not None else None,
        )
        for name in names
    ]


async def _records(log: Log, names: list[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    ranges = await log.ranges([one for name in names for one in log.partitions(name)])
    for partition, range_ in ranges.items():
        found[partition.topic] += range_.size
    return found


def _number(text: str | None) -> int | None:
    return int(text) if text is not None else None
