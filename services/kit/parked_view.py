"""How parked records look from outside. Personal data is shown only when it is asked for."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, JsonValue, StringConstraints, model_validator

from services.kit.envelope import utc_text
from services.kit.http import Command
from services.kit.redrive import Outcome

Document = Mapping[str, Any]
_PLAIN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLAIN_TYPE = re.compile(r"[A-Za-z]{1,60}")

_RECORD: dict[str, JsonValue] = {
    "id": "zharmenke.submission/3/42",
    "topic": "zharmenke.submission",
    "partition": 3,
    "offset": 42,
    "key": "7f0c0e4e-6f3e-5d0a-9a53-0a3c1f2b4d5e",
    "type": "ProjectSubmitted",
    "reason": "Unreadable: ProjectSubmitted v2 is not known, v1 is",
    "attempts": 0,
    "parked_at": "2020-04-10T09:00:00.000Z",
    "age_seconds": 61.5,
    "people": False,
}
_DETAIL: dict[str, JsonValue] = {
    "record": _RECORD,
    "hidden": False,
    "headers": [{"name": "ce_type", "text": "ProjectSubmitted"}],
    "body": "{}",
    "body_bytes": 2,
}
_QUEUE: dict[str, JsonValue] = {
    "topic": "zharmenke.submission",
    "key": "7f0c0e4e-6f3e-5d0a-9a53-0a3c1f2b4d5e",
    "state": "stopped",
    "handled": 2,
    "left": 1,
    "stopped_at": "zharmenke.submission/3/42",
    "reason": "ValueError: no such season",
    "attempts": 1,
}


def _shape(example: JsonValue) -> ConfigDict:
    return ConfigDict(frozen=True, json_schema_extra={"example": example})


class ParkedSummary(BaseModel):
    """A parked record without its content. Of a people record no text from outside is shown."""

    model_config = _shape(_RECORD)
    id: str
    topic: str
    partition: int
    offset: int
    key: str | None
    """As text; None when there is none, it is not UTF-8, or it may name a person."""
    type: str | None
    reason: str
    attempts: int
    """How many redrives have failed."""
    parked_at: str
    age_seconds: float
    people: bool


class ParkedPage(BaseModel):
    """Parked records in the order of their ids; ask again with `after` = `next`."""

    model_config = _shape({"items": [_RECORD], "next": _RECORD["id"], "total": 2})
    items: list[ParkedSummary]
    next: str | None
    total: int


class HeaderShown(BaseModel):
    """A header: `text` when it is UTF-8, else `hex`; neither when it is null or hidden."""

    name: str
    text: str | None = None
    hex: str | None = None


class ParkedDetail(BaseModel):
    """A parked record with its content; `hidden` when that is personal data and stays unseen."""

    model_config = _shape(_DETAIL)
    record: ParkedSummary
    hidden: bool
    headers: list[HeaderShown]
    body: str | None = None
    body_hex: str | None = None
    """Given instead of `body` when that is not UTF-8."""
    body_bytes: int


class RedriveRequest(Command):
    """Which queues: of a topic and key, of the record `id`, or all there are."""

    model_config = _shape({"topic": _RECORD["topic"], "key": _RECORD["key"]})
    topic: str | None = None
    key: str | None = None
    id: str | None = None
    all: bool = False

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        ways = [self.topic is not None and self.key is not None, self.id is not None, self.all]
        halves = (self.topic is None) != (self.key is None)
        if sum(ways) != 1 or halves:
            raise ValueError("name a topic and a key, or an id, or all")
        return self


class QueueReport(BaseModel):
    """What became of one queue; see the states of a redrive's outcome."""

    model_config = _shape(_QUEUE)
    topic: str
    key: str | None
    state: Literal["done", "stopped", "busy"]
    handled: int
    left: int
    stopped_at: str
    reason: str
    attempts: int

    @classmethod
    def of(cls, outcome: Outcome, *, people: bool) -> "QueueReport":
        """The report of an outcome."""
        return cls(
            topic=outcome.queue.topic,
            key=_key(outcome.queue.key, people),
            state=outcome.state,
            handled=outcome.handled,
            left=outcome.left,
            stopped_at=outcome.stopped_at,
            reason=_reason(outcome.reason, people),
            attempts=outcome.attempts,
        )


class RedriveReport(BaseModel):
    """Every queue that was asked for, in the order in which they were redriven."""

    model_config = _shape({"queues": [_QUEUE]})
    queues: list[QueueReport]


class DiscardRequest(Command):
    """Which record is given up, and why."""

    model_config = _shape({"id": _RECORD["id"], "reason": "A test record, written by hand"})
    id: str
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000)]


class DiscardedRecord(BaseModel):
    """A decision on record: who discarded what, when and why."""

    model_config = _shape(
        {
            "id": _RECORD["id"],
            "reason": "A test record, written by hand",
            "by": "admin/aigul",
            "at": "2020-04-10T09:05:00.000Z",
        }
    )
    id: str
    reason: str
    by: str
    at: str


def record_of(doc: Document, *, people: bool) -> ParkedSummary:
    """A parked document as it is listed."""
    named = dict(doc["headers"])
    type_name = _text(named.get("ce_type"))
    if people and type_name is not None and not _PLAIN_TYPE.fullmatch(type_name):
        type_name = None
    return ParkedSummary(
        id=doc["_id"],
        topic=doc["topic"],
        partition=doc["partition"],
        offset=doc["offset"],
        key=_key(doc["key"], people),
        type=type_name,
        reason=_reason(doc["reason"], people),
        attempts=doc.get("attempts", 0),
        parked_at=utc_text(doc["parked_at"]),
        age_seconds=round((datetime.now(UTC) - doc["parked_at"]).total_seconds(), 1),
        people=people,
    )


def detail_of(doc: Document, *, people: bool, shown: bool) -> ParkedDetail:
    """A parked document as it is shown; of people records only what was asked for."""
    hidden = people and not shown
    value = doc["value"]
    body = None if hidden else _text(value)
    return ParkedDetail(
        record=record_of(doc, people=hidden).model_copy(update={"people": people}),
        hidden=hidden,
        headers=[] if hidden else [_header(name, value) for name, value in doc["headers"]],
        body=body,
        body_hex=value.hex() if value is not None and body is None and not hidden else None,
        body_bytes=len(value or b""),
    )


def discarded_of(doc: Document) -> DiscardedRecord:
    """A discarded document's decision."""
    made = doc["discard"]
    return DiscardedRecord(
        id=doc["_id"], reason=made["reason"], by=made["by"], at=utc_text(made["at"])
    )


def _header(name: str, value: bytes | None) -> HeaderShown:
    text = _text(value)
    return HeaderShown(
        name=name, text=text, hex=value.hex() if value is not None and text is None else None
    )


def _key(key: bytes | None, people: bool) -> str | None:
    text = _text(key)
    return text if not people or (text and _PLAIN_ID.fullmatch(text)) else None


def _reason(reason: str, people: bool) -> str:
    """An error's text may quote the record; of people records its kind has to do."""
    return reason.partition(":")[0] if people else reason


def _text(value: bytes | None) -> str | None:
    try:
        return value.decode() if value is not None else None
    except UnicodeDecodeError:
        return None
