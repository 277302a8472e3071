"""From records to events: headers, order, repeats and bodies, with little kept of each subject."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from admin.verify.findings import Findings, Place
from admin.verify.subjects import Subject, Values, print_of
from schemas.base import Event
from schemas.registry import EVENTS
from schemas.topics import PREFIX, SERVICES, stream
from services.kit.envelope import SEQUENCE_DIGITS, Envelope, Record, Unreadable

WAYS = frozenset({b"page", b"api", b"admin", b"schedule", b"import"})
_FIXED = ("ce_specversion", "ce_source", "ce_type", "ce_dataschema", "content-type")
_TIME = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


@dataclass(slots=True)
class Said:
    """One event, seen for the first time."""

    event: Any
    sequence: int
    subject: Subject
    values: Values
    record: Record

    @property
    def place(self) -> Place:
        """Where it is."""
        record = self.record
        return Place(record.topic, record.partition, record.offset, self.id)

    @property
    def id(self) -> str:
        """Its `ce_id`."""
        return f"{self.subject.origin}:{self.sequence}"

    @property
    def time(self) -> str:
        """Its `ce_time`."""
        return self.values["ce_time"].decode()

    @property
    def season(self) -> str:
        """Its `ce_season`, or nothing."""
        return self.values.get("ce_season", b"").decode()

    @property
    def actor(self) -> str:
        """Its `ce_actor`, or nothing."""
        return self.values.get("ce_actor", b"").decode()


@dataclass(slots=True)
class _Kind:
    """What follows from the headers that are the same for all events of one type."""

    service: str
    id_begin: bytes
    model: type[Event]
    validate: Callable[[bytes], Event]
    events: int = 0


@dataclass(slots=True)
class _Citation:
    """The furthest event of a subject that was named as a cause before it was seen."""

    sequence: int
    place: Place
    at: str


class Reading:
    """Takes records in the order of their partitions; hands on each event once."""

    def __init__(
        self,
        findings: Findings,
        on_event: Callable[[Said], None],
        prefix: str = PREFIX,
    ) -> None:
        self._findings = findings
        self._on_event = on_event
        self._topics = {stream(name, prefix): name for name in SERVICES}
        self._kinds: dict[tuple[bytes | None, ...], _Kind] = {}
        self.subjects: dict[str, dict[bytes, Subject]] = {name: {} for name in SERVICES}
        self._cited: dict[str, _Citation] = {}

    def take(self, record: Record) -> None:
        """Check one record."""
        self._findings.records += 1
        try:
            values, kind, sequence = self._headers(record)
        except Unreadable as error:
            self._findings.fault("envelope", _unread(record), str(error))
            return
        subject = self._subject(record, kind)
        said = Said(None, sequence, subject, values, record)
        if subject.partition != record.partition:
            self._findings.fault(
                "envelope", said.place, f"its subject is in partition {subject.partition} too"
            )
        if not self._in_order(subject, said):
            return
        try:
            said.event = kind.validate(record.value or b"")
        except ValidationError as error:
            self._findings.fault("schema", said.place, _in_words(error))
            return
        kind.events += 1
        self._check_provenance(said)
        self._on_event(said)

    def subject(self, origin: str) -> Subject | None:
        """The subject of this name, if it ever said anything."""
        service, _, name = origin.partition("/")
        return self.subjects.get(service, {}).get(name.encode())

    def settle(self) -> None:
        """Check what could not be known before the end; counts what was checked for every event."""
        findings = self._findings
        for kind in self._kinds.values():
            findings.events[kind.model.type_name()] += kind.events
        findings.events = +findings.events
        events = findings.events.total()
        findings.subjects = sum(len(found) for found in self.subjects.values())
        findings.checked["envelope"] += findings.records
        findings.checked["content"] += findings.repeats
        for rule in ("schema", "sequence", "provenance"):
            findings.checked[rule] += events + (
                findings.failed["schema"] if rule == "schema" else 0
            )
        for origin, cited in self._cited.items():
            found = self.subject(origin)
            if found is None or found.last < cited.sequence:
                findings.missing(
                    "provenance",
                    cited.place,
                    cited.at,
                    f"its cause {origin}:{cited.sequence} is not on record",
                )

    def _headers(self, record: Record) -> tuple[Values, _Kind, int]:
        values: dict[str, Any] = dict(record.headers)
        fixed = tuple(map(values.get, _FIXED))
        kind = self._kinds.get(fixed)
        if kind is None:
            kind = self._kinds[fixed] = _kind(record)
        sequence_text = values.get("ce_sequence") or b""
        key = record.key or b""
        if (
            len(sequence_text) != SEQUENCE_DIGITS
            or not sequence_text.isdigit()
            or key != values.get("ce_subject")
            or values.get("ce_id") != b"%b%b:%d" % (kind.id_begin, key, int(sequence_text))
            or not _is_moment(values.get("ce_time") or b"")
            or self._topics.get(record.topic) != kind.service
            or None in values.values()
        ):
            raise Unreadable(self._why(record, kind))
        return values, kind, int(sequence_text)

    def _why(self, record: Record, kind: _Kind) -> str:
        """What is wrong with headers that did not pass; the kit's own reading knows most of it."""
        envelope = Envelope.from_headers(record.headers)
        if self._topics.get(record.topic) != kind.service:
            return f"{kind.service} says {envelope.type} on {record.topic}"
        if (record.key or b"") != envelope.subject.encode():
            return f"the key is not the subject {envelope.subject}"
        return "headers are not well-formed"

    def _subject(self, record: Record, kind: _Kind) -> Subject:
        assert record.key is not None
        known = self.subjects[kind.service]
        found = known.get(record.key)
        if found is None:
            found = Subject(kind.service, record.key.decode(), record.partition)
            known[record.key] = found
        return found

    def _in_order(self, subject: Subject, said: Said) -> bool:
        """Whether this is an event's first appearance; a repeat or a step back is no news."""
        before = subject.last
        appears = subject.take(said.sequence, print_of(said.values, said.record.value))
        findings = self._findings
        if appears == "gap":
            findings.fault(
                "sequence",
                said.place,
                f"{subject.name} goes from {before} to {said.sequence}: a gap",
            )
        elif appears == "late":
            findings.fault("sequence", said.place, f"comes after number {before} of its subject")
        elif appears == "other":
            findings.fault("content", said.place, "said something else before")
        if appears in ("repeat", "other"):
            findings.repeats += 1
        return appears in ("next", "gap")

    def _check_provenance(self, said: Said) -> None:
        values = said.values
        if not values.get("ce_actor") or values.get("ce_via") not in WAYS:
            self._findings.fault("provenance", said.place, "does not say who, or by what way")
        cause = values.get("ce_causationid")
        if not cause:
            return
        origin, _, number = cause.decode().rpartition(":")
        if not number.isdecimal():
            self._findings.fault("provenance", said.place, f"its cause {origin!r} is no event id")
            return
        found, sequence = self.subject(origin), int(number)
        if found is not None and found.last >= sequence:
            return
        cited = self._cited.get(origin)
        if cited is None or cited.sequence < sequence:
            self._cited[origin] = _Citation(sequence, said.place, said.time)


def _kind(record: Record) -> _Kind:
    """What the fixed headers come to; raises Unreadable."""
    envelope = Envelope.from_headers(record.headers)
    model = EVENTS.get(envelope.type)
    if model is None:
        raise Unreadable(f"there is no event {envelope.type} in the contract")
    if envelope.major != model.MAJOR:
        raise Unreadable(f"{envelope.type} v{envelope.major} is not in the contract")
    if envelope.service != model.SERVICE:
        raise Unreadable(f"{envelope.type} is not {envelope.service}'s to say")
    # What model_validate_json calls, without what it looks at before for each record.
    validate = model.__pydantic_validator__.validate_json
    return _Kind(envelope.service, f"{envelope.service}/".encode(), model, validate)


def _is_moment(text: bytes) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text.decode())
    except ValueError:
        return False
    return True


def _unread(record: Record) -> Place:
    """The place of a record whose headers can't be read, with the id that it claims to have."""
    claimed = next((value for name, value in record.headers if name == "ce_id"), None) or b""
    text = claimed[:120].decode(errors="replace")
    return Place(record.topic, record.partition, record.offset, text if text.isprintable() else "")


def _in_words(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"body is not valid: {where or '(whole)'}: {first['msg']}{more}"
