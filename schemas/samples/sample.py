"""What a sample is, and what may be left out of one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from schemas.base import Contract, Event

AT = datetime(2020, 4, 20, 9, 30, tzinfo=UTC)
"""When the samples are said, unless they say otherwise."""

CORRELATION_ID = "f0000000-0000-4000-8000-000000000001"
TRACEPARENT = "00-f0000000000040008000000000000001-f000000000000001-01"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the headers tell of a sample, beyond what follows from its model."""

    subject_id: str
    """The id of the aggregate that says it."""
    sequence: int = 1
    at: datetime = AT
    actor: str = "admin/sample"
    via: str = "api"
    cause: str = ""
    """`ce_id` of the event that led to this one, if one did."""


@dataclass(frozen=True, slots=True)
class Sample:
    """An event with every field present, and a Kazakh one where it carries free text."""

    full: Event
    said: Circumstances
    kazakh: Event | None = None


def only_required(message: Contract) -> dict[str, Any]:
    """The message as JSON values, without the fields that may be left out, at any depth."""
    return {
        name: _without_optional(getattr(message, name), value)
        for name, value in message.model_dump(mode="json").items()
        if type(message).model_fields[name].is_required()
    }


def _without_optional(value: object, dumped: Any) -> Any:
    if isinstance(value, Contract):
        return only_required(value)
    if isinstance(value, tuple):
        return [_without_optional(*pair) for pair in zip(value, dumped, strict=True)]
    return dumped


def left_out(message: Contract, path: str = "") -> list[str]:
    """The fields, at any depth, that a full sample ought to have and this one has not."""
    missing = []
    for name in type(message).model_fields:
        value = getattr(message, name)
        if name not in message.model_fields_set or value is None or value == ():
            missing.append(path + name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Contract):
                missing += left_out(part, f"{path}{name}.")
    return list(dict.fromkeys(missing))


def free_text(model: type[BaseModel]) -> bool:
    """Whether the model, at any depth, has a text that people write: Line or Paragraphs."""
    return _has_free_text(model.model_json_schema())


def _has_free_text(node: object) -> bool:
    if isinstance(node, dict):
        if node.get("type") == "string" and "minLength" in node:
            return True
        return any(_has_free_text(part) for part in node.values())
    if isinstance(node, list):
        return any(_has_free_text(part) for part in node)
    return False
