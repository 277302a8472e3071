"""Which records a person asked for: topics, types, a subject. Checked before anything is read."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from aiokafka import TopicPartition

from admin.log.reading import Log
from admin.log.view import PEOPLE
from admin.terminal import Trouble
from schemas.people import Person
from schemas.registry import EVENTS
from schemas.topics import SERVICES, dead, dead_people, stream
from services.kit.envelope import Record

TYPES = frozenset(EVENTS) | {Person.TYPE}


@dataclass(frozen=True, slots=True)
class Choice:
    """What to look at, and what to show of it."""

    topics: tuple[str, ...]
    types: frozenset[bytes]
    subject: bytes | None

    def partitions(self, log: Log) -> list[TopicPartition]:
        """Where the chosen records can be: for a subject, one partition of each topic."""
        return [one for topic in self.topics for one in log.partitions(topic, self._key(topic))]

    def wants(self, record: Record) -> bool:
        """Whether a record is one of those."""
        headers = dict(record.headers)
        return (not self.types or headers.get("ce_type") in self.types) and (
            self.subject is None or headers.get("ce_subject") == self.subject
        )

    def _key(self, topic: str) -> bytes | None:
        if self.subject is None:
            return None
        # A person's record has the bare id for its key.
        return self.subject.removeprefix(b"person/") if topic.endswith(PEOPLE) else self.subject


def choose(topics: Sequence[str], types: Sequence[str], subject: str | None, prefix: str) -> Choice:
    """A choice of these; all streams when no topic is named. Raises Trouble for what can't be."""
    for name in types:
        if name not in TYPES:
            raise Trouble(f"There is no event type {name!r}.{_alike(name, TYPES)}")
    if subject is not None and not all(subject.partition("/")):
        raise Trouble(f"{subject!r} is no subject; they look like project/7f0c0e4e-….")
    named = [stream(name, prefix) if name in SERVICES else name for name in topics]
    return Choice(
        topics=tuple(dict.fromkeys(named)) or tuple(stream(name, prefix) for name in SERVICES),
        types=frozenset(name.encode() for name in types),
        subject=subject.encode() if subject is not None else None,
    )


def dead_topics(prefix: str) -> frozenset[str]:
    """The topics of dead letters."""
    return frozenset(name(service, prefix) for service in SERVICES for name in (dead, dead_people))


def _alike(name: str, known: Collection[str]) -> str:
    found = get_close_matches(name, known, n=3)
    return f" Did you mean {' or '.join(found)}?" if found else ""
