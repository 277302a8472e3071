"""The event on the wire: CloudEvents 1.0 in Kafka's binary mode, written and read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import ClassVar, NamedTuple, Protocol, Self, cast

NAMESPACE = "zharmenke"
CONTENT_TYPE = "application/json"
IMPORTED = "x-imported"
"""The header of a record that was imported; it says what for. No part of the event."""

_SOURCE = re.compile(r"/([^/]+)/([^/]+)")
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)")
_DATASCHEMA = re.compile(r"urn:.+:v([1-9][0-9]{0,5})", re.DOTALL)
SEQUENCE_DIGITS = 10
_CONSTANT = ("ce_specversion", "ce_type", "ce_source", "ce_dataschema", "content-type")
"""What is the same in all events of a type."""
_REQUIRED = (*_CONSTANT, "ce_subject", "ce_sequence", "ce_time", "ce_id")

Headers = Iterable[tuple[str, bytes | None]]
_IMPORTED: Mapping[bytes | None, str] = {b"history": "history", b"rehearsal": "rehearsal"}


class Record(Protocol):
    """A record as a Kafka consumer gives it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Payload(Protocol):
    """What the kit needs of an event's body: a pydantic model that knows its name and major."""

    MAJOR: ClassVar[int]

    @classmethod
    def type_name(cls) -> str:
        """The `ce_type`."""
        ...

    def model_dump_json(self) -> str:
        """The body as it goes on the wire."""
        ...


class Unreadable(ValueError):
    """A record that is not a CloudEvent of ours; the message says which header and why."""


@dataclass(frozen=True, slots=True)
class Context:
    """Who does something, by what way, and as a consequence of what."""

    actor: str
    via: str
    correlation_id: str
    causation_id: str = ""
    traceparent: str = ""


class Envelope(NamedTuple):
    """All that an event says of itself, apart from its body.

    `id` is `<service>/<kind>/<id>:<sequence>`: the same event has the same id for ever. `sequence`
    counts a subject's events from 1 without gaps. `time` is UTC with milliseconds. A named tuple,
    which is made in a fifth of a frozen dataclass's time: there is one for every record read.
    """

    service: str
    type: str
    major: int
    subject: str
    sequence: int
    time: str
    season: str = ""
    actor: str = ""
    via: str = ""
    causation_id: str = ""
    correlation_id: str = ""
    traceparent: str = ""
    namespace: str = NAMESPACE
    imported: str = ""
    """`history` or `rehearsal`: the event happened elsewhere, and is kept, or played again."""

    @property
    def id(self) -> str:
        """The event's id, the same on every repeat."""
        return f"{self.service}/{self.subject}:{self.sequence}"

    @property
    def origin(self) -> str:
        """What `heard` counts sequences of: `<service>/<kind>/<id>`."""
        return f"{self.service}/{self.subject}"

    @property
    def aggregate_id(self) -> str:
        """The subject without its kind."""
        return self.subject.partition("/")[2]

    def headers(self) -> list[tuple[str, str]]:
        """The record's headers, in a fixed order; extensions without a value are left out."""
        always = [
            ("ce_specversion", "1.0"),
            ("ce_id", self.id),
            ("ce_source", f"/{self.namespace}/{self.service}"),
            ("ce_type", self.type),
            ("ce_subject", self.subject),
            ("ce_time", self.time),
            ("ce_dataschema", f"urn:{self.namespace}:schema:{self.type}:v{self.major}"),
            ("content-type", CONTENT_TYPE),
            ("ce_sequence", f"{self.sequence:010d}"),
        ]
        extensions = [
            ("ce_season", self.season),
            ("ce_actor", self.actor),
            ("ce_via", self.via),
            ("ce_causationid", self.causation_id),
            ("ce_correlationid", self.correlation_id),
            ("traceparent", self.traceparent),
        ]
        return always + [(name, value) for name, value in extensions if value]

    @classmethod
    def from_headers(cls, headers: Headers) -> Self:
        """Read what `headers()` wrote; raises Unreadable and names the header that is wrong."""
        values = cast("dict[str, bytes]", dict(headers))  # what is null is told of by _fault
        get = values.get
        try:
            said = _said(*map(get, _CONSTANT))
            subject = _subject(values)
            sequence = _sequence(values)
            envelope = cls(
                said.service,
                said.type,
                said.major,
                subject,
                sequence,
                _time(values),
                get("ce_season", b"").decode(),
                get("ce_actor", b"").decode(),
                get("ce_via", b"").decode(),
                get("ce_causationid", b"").decode(),
                get("ce_correlationid", b"").decode(),
                get("traceparent", b"").decode(),
                said.namespace,
                _IMPORTED.get(get(IMPORTED), ""),
            )
            told = _there(get("ce_id")).decode()
        except (KeyError, AttributeError, TypeError, UnicodeDecodeError):
            fault = _fault(values)
            if fault is None:  # it is not the record's: nothing may be parked for it
                raise
            raise Unreadable(fault) from None
        if told != envelope.id:
            raise Unreadable(f"header ce_id does not agree with the others: {told[:80]}")
        return envelope

    def consequence(self, actor: str) -> Context:
        """The context of what is done because of this event; it came by the same way."""
        return Context(actor, self.via, self.correlation_id or self.id, self.id, self.traceparent)


@dataclass(frozen=True, slots=True)
class _Said:
    """What headers say that are the same in all events of a type."""

    service: str
    type: str
    major: int
    namespace: str


@lru_cache(maxsize=1024)
def _said(*constant: bytes | None) -> _Said:
    specversion, name, source, dataschema, content_type = (
        value.decode() for value in map(_there, constant)
    )
    if specversion != "1.0":
        raise Unreadable("header ce_specversion is not 1.0")
    namespace, service = _matched("ce_source", _SOURCE, source)
    (major,) = _matched("ce_dataschema", _DATASCHEMA, dataschema)
    if dataschema != f"urn:{namespace}:schema:{name}:v{major}":
        raise Unreadable("header ce_dataschema does not agree with ce_source and ce_type")
    if content_type.partition(";")[0].strip() != CONTENT_TYPE:
        raise Unreadable(f"header content-type is not {CONTENT_TYPE}")
    return _Said(service, name, int(major), namespace)


def _there(value: bytes | None) -> bytes:
    if not value:
        raise KeyError
    return value


def _subject(values: Mapping[str, bytes]) -> str:
    subject = values["ce_subject"].decode()
    kind, _, id = subject.partition("/")
    if not (kind and id):
        raise Unreadable(f"header ce_subject is not well-formed: {subject[:80]!r}")
    return subject


def _sequence(values: Mapping[str, bytes]) -> int:
    digits = values["ce_sequence"]
    sequence = int(digits) if len(digits) == SEQUENCE_DIGITS and digits.isdigit() else 0
    if not sequence:
        told = digits.decode()
        raise Unreadable(f"header ce_sequence is not well-formed: {told[:80]!r}")
    return sequence


def _time(values: Mapping[str, bytes]) -> str:
    time = values["ce_time"].decode()
    _matched("ce_time", _TIME, time)
    try:
        datetime.fromisoformat(time)
    except ValueError:
        raise Unreadable(f"header ce_time is no moment: {time}") from None
    return time


def _matched(name: str, pattern: re.Pattern[str], value: str) -> tuple[str, ...]:
    if found := pattern.fullmatch(value):
        return found.groups()
    raise Unreadable(f"header {name} is not well-formed: {value[:80]!r}")


def _fault(values: Mapping[str, bytes | None]) -> str | None:
    """Which header can't be taken for text, or is missing; None when it is none."""
    for name, value in values.items():
        if not (name.startswith("ce_") or name in ("content-type", "traceparent")):
            continue
        if value is None:
            return f"header {name} is null"
        try:
            value.decode()
        except UnicodeDecodeError:
            return f"header {name} is not UTF-8"
    missing = (f"header {name} is missing" for name in _REQUIRED if not values.get(name))
    return next(missing, None)


def utc_text(moment: datetime) -> str:
    """A moment as the wire spells it: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
