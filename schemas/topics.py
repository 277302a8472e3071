"""The topics of the platform: their names, partitions and settings. Part of the contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

PARTITIONS = 12
"""Fixed for life: a key's partition follows from it, so raising it would break the order of events
that are already there. Growth is a new generation of the topic, filled by replay."""

PREFIX = "zharmenke"

SERVICES = ("submission", "scoring", "webinar", "notify")

SERVICES_WITH_PEOPLE = ("submission", "scoring", "webinar")
"""Those that meet people themselves; notify only hears about them."""

_DAY_MS = 24 * 60 * 60 * 1000
_FOR_EVER = "-1"


@dataclass(frozen=True)
class Topic:
    """One topic as it must be on the broker."""

    name: str
    partitions: int
    settings: Mapping[str, str]


def stream(service: str, prefix: str = PREFIX) -> str:
    """The service's own events. It alone writes here."""
    return f"{prefix}.{service}"


def people(service: str, prefix: str = PREFIX) -> str:
    """The personal data of those the service met, apart from its events so that it can be erased.

    Raises ValueError for a service that meets nobody.
    """
    if service not in SERVICES_WITH_PEOPLE:
        raise ValueError(f"{service} keeps no people of its own")
    return f"{prefix}.{service}.people"


def dead(service: str, prefix: str = PREFIX) -> str:
    """Where the service parks what it heard and could not read."""
    return f"{prefix}.dead.{service}"


def dead_people(service: str, prefix: str = PREFIX) -> str:
    """Where the service parks people records: apart, because they may not be kept for ever."""
    return f"{prefix}.dead.{service}.people"


def all_topics(prefix: str = PREFIX) -> tuple[Topic, ...]:
    """Every topic the platform needs, in the order of SERVICES."""
    return tuple(
        [_topic(stream(name, prefix), _STREAM) for name in SERVICES]
        + [_topic(people(name, prefix), _PEOPLE) for name in SERVICES_WITH_PEOPLE]
        + [_topic(dead(name, prefix), _DEAD) for name in SERVICES]
        + [_topic(dead_people(name, prefix), _DEAD_PEOPLE) for name in SERVICES]
    )


def _topic(name: str, settings: Mapping[str, str]) -> Topic:
    return Topic(name, PARTITIONS, settings)


def _settings(**values: str | int) -> Mapping[str, str]:
    # The time of an event is the one its producer gave, also when it is imported or replayed.
    named = {key.replace("_", "."): str(value) for key, value in values.items()}
    return MappingProxyType({**named, "message.timestamp.type": "CreateTime"})


# The stream is the record of the contest: nothing in it ever ends.
_STREAM = _settings(cleanup_policy="delete", retention_ms=_FOR_EVER, retention_bytes=_FOR_EVER)

# The last record of a person stands until a tombstone erases it. Compaction works on closed
# segments only, so both limits make an erasure real within a day or two; the tombstone itself stays
# long enough for a reader that was away for a season's pause.
_PEOPLE = _settings(
    cleanup_policy="compact",
    max_compaction_lag_ms=_DAY_MS,
    segment_ms=_DAY_MS,
    delete_retention_ms=90 * _DAY_MS,
)

# A parked record waits for a person, however long that takes.
_DEAD = _settings(cleanup_policy="delete", retention_ms=_FOR_EVER, retention_bytes=_FOR_EVER)

# Personal data that could not be read must still go; old segments are dropped whole, so they are
# closed daily.
_DEAD_PEOPLE = _settings(
    cleanup_policy="delete",
    retention_ms=14 * _DAY_MS,
    retention_bytes=_FOR_EVER,
    segment_ms=_DAY_MS,
)
