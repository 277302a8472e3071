"""A record as a person may see it: what it says of itself, and its body unless that is personal."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.base import format_utc
from services.kit.envelope import Record

PEOPLE = ".people"
_NAMES = {"content-type": "datacontenttype", "traceparent": "traceparent"}
_DEAD = "dead-"
_HARMLESS = {
    "id": re.compile(r"[a-z]+/person/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9]+"),
    "type": re.compile(r"[A-Za-z]{1,60}"),
    "time": re.compile(r"[0-9T:.Z-]{24}"),
}
"""What a dead letter of a person may show: its headers may be anything, so these must look so."""


@dataclass(frozen=True, slots=True)
class Viewed:
    """One record. Attributes are those of CloudEvents, without their prefix."""

    topic: str
    partition: int
    offset: int
    written_at: str
    key: str | None
    attributes: Mapping[str, str]
    parked: Mapping[str, str]
    """On a dead-letter topic: where it came from, and why it is there."""
    data: Any
    hidden: bool
    """It has a body that is not shown: a person's, or one that nobody could read."""

    @property
    def place(self) -> str:
        """`<topic>/<partition>/<offset>`."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    def attribute(self, name: str) -> str:
        """An attribute, or nothing."""
        return self.attributes.get(name, "")

    @property
    def moment(self) -> str:
        """When it was said; when it was written, if it does not say."""
        return self.attribute("time") or self.written_at

    def as_json(self) -> dict[str, Any]:
        """For a line of `--json`."""
        shown: dict[str, Any] = {
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "written_at": self.written_at,
            "key": self.key,
            **self.attributes,
        }
        if self.parked:
            shown["parked"] = dict(self.parked)
        return shown | ({"hidden": True} if self.hidden else {"data": self.data})


def viewed(record: Record, *, dead: bool) -> Viewed:
    """What may be shown of a record. `dead`: it is a dead letter, whose body may be anything.

    A people record shows the ids in its headers and no more.
    """
    personal = record.topic.endswith(PEOPLE)
    attributes = _attributes(record)
    if personal and dead:
        attributes = {
            name: attributes[name]
            for name, harmless in _HARMLESS.items()
            if harmless.fullmatch(attributes.get(name, ""))
        }
    hidden = record.value is not None and (personal or dead)
    return Viewed(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        written_at=format_utc(datetime.fromtimestamp(record.timestamp / 1000, UTC)),
        key=None if personal or record.key is None else record.key.decode(errors="replace"),
        attributes=attributes,
        parked=_parked(record, with_reason=not personal) if dead else {},
        data=None if hidden or record.value is None else _data(record.value),
        hidden=hidden,
    )


def _attributes(record: Record) -> dict[str, str]:
    found = {}
    for name, value in record.headers:
        short = name[3:] if name.startswith("ce_") else _NAMES.get(name)
        if short and value is not None:
            found[short] = value.decode(errors="replace")
    return found


def _parked(record: Record, *, with_reason: bool) -> dict[str, str]:
    return {
        name.removeprefix(_DEAD): value.decode(errors="replace")
        for name, value in record.headers
        if name.startswith(_DEAD) and value is not None and (with_reason or name != "dead-reason")
    }


def _data(value: bytes) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value.decode(errors="replace")
