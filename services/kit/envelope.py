"""The event on the wire: CloudEvents 1.0 in Kafka's binary mode, written and read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import ClassVar, Protocol, Self

NAMESPACE = "zharmenke"
CONTENT_TYPE = "application/json"
IMPORTED = "x-imported"
"""The header of a record that was imported; it says what for. No part of the event."""

_SOURCE = re.compile(r"/([^/]+)/([^/]+)")
_SUBJECT = re.compile(r"([^/]+/.+)", re.DOTALL)
_SEQUENCE = re.compile(r"(?!0{10})([0-9]{10})")
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)")
_DATASCHEMA = re.compile(r"urn:.+:v([1-9][0-9]{0,5})", re.DOTALL)

Headers = Iterable[tuple[str, bytes | None]]
_IMPORTED: Mapping[str | None, str] = {"history": "history", "rehearsal": "rehearsal"}


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


@dataclass(frozen=True, slots=True)
class Envelope:
    """All that an event says of itself, apart from its body.

    `id` is `<service>/<kind>/<id>:<sequence>`: the same event has the same id for ever. `sequence`
    counts a subject's events from 1 without gaps. `time` is UTC with milliseconds.
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
    namespace: str = field(default=NAMESPACE)
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
        values, imported = _decode(headers)
        said = _said(
            values.get("ce_specversion"),
            values.get("ce_type"),
            values.get("ce_source"),
            values.get("ce_dataschema"),
        )
        envelope = cls(
            service=said.service,
            type=said.type,
            major=said.major,
            subject=_matched(values, "ce_subject", _SUBJECT)[0],
            sequence=int(_matched(values, "ce_sequence", _SEQUENCE)[0]),
            time=_time(values),
            season=values.get("ce_season", ""),
            actor=values.get("ce_actor", ""),
            via=values.get("ce_via", ""),
            causation_id=values.get("ce_causationid", ""),
            correlation_id=values.get("ce_correlationid", ""),
            traceparent=values.get("traceparent", ""),
            namespace=said.namespace,
            imported=imported,
        )
        if _required(values, "content-type").partition(";")[0].strip() != CONTENT_TYPE:
            raise Unreadable(f"header content-type is not {CONTENT_TYPE}")
        if envelope.id != _required(values, "ce_id"):
            raise Unreadable(f"header ce_id does not agree with the others: {values['ce_id'][:80]}")
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
def _said(
    specversion: str | None, type_name: str | None, source: str | None, dataschema: str | None
) -> _Said:
    if specversion != "1.0":
        raise Unreadable("header ce_specversion is not 1.0")
    values = {
        "ce_type": type_name or "",
        "ce_source": source or "",
        "ce_dataschema": dataschema or "",
    }
    name = _required(values, "ce_type")
    namespace, service = _matched(values, "ce_source", _SOURCE)
    (major,) = _matched(values, "ce_dataschema", _DATASCHEMA)
    if dataschema != f"urn:{namespace}:schema:{name}:v{major}":
        raise Unreadable("header ce_dataschema does not agree with ce_source and ce_type")
    return _Said(service, name, int(major), namespace)


def _decode(headers: Headers) -> tuple[Mapping[str, str], str]:
    """The headers of the event, and whether it was imported."""
    headers = tuple(headers)
    try:
        values = {name: value.decode() for name, value in headers if value is not None}
    except UnicodeDecodeError:
        values = {}
    if len(values) != len(headers):  # null, not UTF-8, or twice: which, and is it one of ours?
        values = _decode_ours(headers)
    return values, _IMPORTED.get(values.get(IMPORTED), "")


def _decode_ours(headers: Headers) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in headers:
        if not (name.startswith("ce_") or name in ("content-type", "traceparent", IMPORTED)):
            continue
        if name == IMPORTED:
            values[name] = value.decode(errors="replace") if value else ""
            continue
        if value is None:
            raise Unreadable(f"header {name} is null")
        try:
            values[name] = value.decode()
        except UnicodeDecodeError:
            raise Unreadable(f"header {name} is not UTF-8") from None
    return values


def _required(values: Mapping[str, str], name: str) -> str:
    if value := values.get(name):
        return value
    raise Unreadable(f"header {name} is missing")


def _matched(values: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    value = _required(values, name)
    if found := pattern.fullmatch(value):
        return found.groups()
    raise Unreadable(f"header {name} is not well-formed: {value[:80]!r}")


def _time(values: Mapping[str, str]) -> str:
    (time,) = _matched(values, "ce_time", _TIME)
    try:
        datetime.fromisoformat(time)
    except ValueError:
        raise Unreadable(f"header ce_time is no moment: {time}") from None
    return time


def utc_text(moment: datetime) -> str:
    """A moment as the wire spells it: UTC, milliseconds, `Z`."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
