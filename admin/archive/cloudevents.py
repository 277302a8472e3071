"""A record as one line of JSON, and back: CloudEvents' structured mode, byte for byte.

The body is the line's last member, as it was on the wire, so that what is read again is what was
written. A body that is no JSON goes into `data_base64`; a tombstone has no body.
"""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from schemas.people import Person
from schemas.topics import PREFIX, SERVICES, SERVICES_WITH_PEOPLE, people, stream
from services.kit.envelope import Envelope, Headers, Record, Unreadable

_PREFIX = "ce_"
_OTHERS = {"content-type": "datacontenttype", "traceparent": "traceparent"}
_HEADERS = {name: header for header, name in _OTHERS.items()}
_DATA = b',"data":'


@dataclass(slots=True)
class Line:
    """A record that was read from a file; its offset is the number of its line."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: int = 0
    partition: int = -1

    @property
    def is_person(self) -> bool:
        """Whether it belongs on a people topic."""
        return self.topic.endswith(".people")


def to_line(record: Record) -> bytes:
    """The record as a line of a file, without its end."""
    attributes = dict(_attributes(record.headers))
    if record.value is None:
        return _json(attributes)
    if _is_json(record.value):
        return _json(attributes)[:-1] + _DATA + record.value + b"}"
    attributes["data_base64"] = base64.b64encode(record.value).decode()
    return _json(attributes)


def from_line(text: bytes, number: int, prefix: str = PREFIX) -> Line:
    """The record that a line is. Raises Unreadable and says why."""
    attributes, value = _parts(text)
    headers = []
    for name, told in attributes.items():
        if not isinstance(told, str):
            raise Unreadable(f"attribute {name} is not a string")
        headers.append((_HEADERS.get(name, _PREFIX + name), told.encode()))
    envelope = Envelope.from_headers(headers)
    topic, key = _address(envelope, prefix)
    return Line(topic, number, key, value, tuple(headers))


def _attributes(headers: Headers) -> Iterable[tuple[str, str]]:
    """The attributes of a CloudEvent; other headers are about the transport, and stay behind."""
    for name, value in headers:
        attribute = name[3:] if name.startswith(_PREFIX) else _OTHERS.get(name)
        if attribute and value is not None:
            yield attribute, value.decode()


def _parts(text: bytes) -> tuple[dict[str, Any], bytes | None]:
    """The attributes, and the body as it is written in the line."""
    head, found, rest = text.partition(_DATA)
    if found and rest.endswith(b"}") and _is_json(rest[:-1]):
        return _object(head + b"}"), rest[:-1]
    attributes = _object(text)
    if "data_base64" in attributes:
        try:
            return attributes, base64.b64decode(attributes.pop("data_base64"), validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise Unreadable("data_base64 is not base64") from None
    if "data" in attributes:
        return attributes, _json(attributes.pop("data"))
    return attributes, None


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise Unreadable(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise Unreadable("not a JSON object")
    return found


def _address(envelope: Envelope, prefix: str) -> tuple[str, bytes]:
    """The topic that a record belongs on, and its key there."""
    if envelope.service not in SERVICES:
        raise Unreadable(f"there is no service {envelope.service}")
    if envelope.type != Person.TYPE:
        return stream(envelope.service, prefix), envelope.subject.encode()
    if envelope.service not in SERVICES_WITH_PEOPLE:
        raise Unreadable(f"{envelope.service} keeps no people of its own")
    return people(envelope.service, prefix), envelope.aggregate_id.encode()


def _is_json(value: bytes) -> bool:
    if b"\n" in value or b"\r" in value:
        return False
    try:
        from_json(value, allow_inf_nan=False)
    except ValueError:
        return False
    return True


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
