"""What teams rely on: `schemas/consumers/<team>/contract.yaml`, held against schemas and samples.

A contract names the messages a team reads and the fields it reads of each. A change that takes one
of them away is found here before it is said, and its author knows whom to ask.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schemas.asyncapi_messages import name_of
from schemas.json_schema import json_schema
from schemas.messages import Message
from schemas.schema_nodes import Node, alternatives, inlined, listed, type_of

JsonType = Literal["string", "integer", "number", "boolean", "object", "array"]
Pointer = Annotated[str, Field(pattern=r"^(/[^/]+)+$")]
"""A JSON pointer into the body; `*` stands for each entry of a list or a map, if there are any."""

EACH = "*"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReliedField(_Part):
    """What a team expects to find at a pointer."""

    type: JsonType
    optional: bool = False
    """Whether the team manages without it: left out, or null."""
    values: tuple[str | int, ...] | None = None
    """The only values the team knows what to do with."""


def _from_type_alone(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


class ReliedMessage(_Part):
    """One message that a team reads, and what it reads of it."""

    type: str
    """The `ce_type`."""
    major: Annotated[int, Field(ge=1)]
    fields: dict[Pointer, Annotated[ReliedField, BeforeValidator(_from_type_alone)]]


class TeamContract(_Part):
    """All that one team relies on."""

    team: Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$")]
    contact: str
    """Whom to ask before a change that breaks it."""
    group: str
    """Its consumer group."""
    reads: Annotated[tuple[ReliedMessage, ...], Field(min_length=1)]

    def types(self) -> set[str]:
        """The `ce_type` of every message it reads."""
        return {message.type for message in self.reads}


def team_contracts(root: Path) -> list[TeamContract]:
    """Every team's contract below `root`, by name. Raises ValueError for one that can't be read."""
    found = []
    for path in sorted(root.glob("consumers/*/contract.yaml")):
        contract = TeamContract.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        if contract.team != path.parent.name:
            raise ValueError(f"{path} is the contract of {contract.team}: move it to its folder")
        found.append(contract)
    return found


def unmet(contract: TeamContract, messages: Sequence[Message]) -> list[str]:
    """In words, what the team relies on and will not find; empty when all is there."""
    known = {name_of(message): message for message in messages}
    found: list[str] = []
    for relied in contract.reads:
        message = known.get(relied.type)
        if message is None:
            found.append(f"{contract.team} reads {relied.type}, which nobody says")
        elif message.major != relied.major:
            found.append(
                f"{contract.team} reads {relied.type} v{relied.major}, and v{message.major} is said"
            )
        else:
            found += _unmet_fields(contract.team, relied, message)
    return found


def relying_on(contracts: Sequence[TeamContract], path: str) -> list[str]:
    """The teams that read the field at `path`, as in `ProjectSubmitted.content.title`, or in it."""
    return [contract.team for contract in contracts if _reads(contract, path)]


def _reads(contract: TeamContract, path: str) -> bool:
    for relied in contract.reads:
        for pointer in relied.fields or [""]:
            field = (relied.type + pointer.replace("/", ".")).replace(".*", "[]")
            shorter, longer = sorted((field, path.replace("{}", "[]")), key=len)
            if longer.removeprefix(shorter)[:1] in ("", ".", "[") and longer.startswith(shorter):
                return True
    return False


def _unmet_fields(team: str, relied: ReliedMessage, message: Message) -> Iterator[str]:
    schema = inlined(json_schema(message.model, message.dataschema, message.visibility))
    for pointer, field in relied.fields.items():
        place = f"{team} reads {relied.type}{pointer}"
        parts = pointer[1:].split("/")
        if wrong := [*_wrong_in_schema([schema], parts, field)]:
            yield from (f"{place}, {what}" for what in wrong)
            continue
        for name, body in message.samples().items():
            for value in _values(body, parts):
                if what := _wrong_value(value, field):
                    yield f"{place}, {what} in the {name} sample"


def _wrong_in_schema(
    nodes: Sequence[Node], parts: Sequence[str], field: ReliedField
) -> Iterator[str]:
    """What does not hold of every value that the schema allows at the end of the way."""
    given = [option for node in nodes for option in alternatives(node)]
    present = [option for option in given if type_of(option) != "null"]
    if len(present) < len(given) and _needed(field, parts):
        yield "which may be null"
    elif parts:
        yield from _wrong_below(present, parts, field)
    elif (types := sorted({type_of(option) for option in present})) != [field.type]:
        yield f"which is {' or '.join(types)}, not {field.type}"
    elif field.values is not None:
        values = [value for option in present for value in listed(option) or ["anything"]]
        if strange := [str(value) for value in values if value not in field.values]:
            yield f"which may be {', '.join(strange)}"


def _wrong_below(nodes: Sequence[Node], parts: Sequence[str], field: ReliedField) -> Iterator[str]:
    part, rest = parts[0], parts[1:]
    if part == EACH:
        below = [node.get("items", node.get("additionalProperties")) for node in nodes]
        sure = True
    else:
        below = [node.get("properties", {}).get(part) for node in nodes]
        sure = all(part in node.get("required", ()) for node in nodes)
    there = [node for node in below if isinstance(node, Mapping)]
    if len(there) < len(nodes):
        yield f"where there is no {part}"
    elif not sure and _needed(field, rest):
        yield f"where {part} may be left out"
    else:
        yield from _wrong_in_schema(there, rest, field)


def _needed(field: ReliedField, rest: Sequence[str]) -> bool:
    """Whether the way may not end here; a list that is left out has no entries, which is fine."""
    return not field.optional and EACH not in rest


def _values(body: Any, parts: Sequence[str]) -> Iterator[Any]:
    """The values at the end of the way; None where it leads nowhere."""
    if not parts:
        yield body
    elif parts[0] == EACH:
        entries = body.values() if isinstance(body, Mapping) else body or ()
        for entry in entries:
            yield from _values(entry, parts[1:])
    else:
        yield from _values((body or {}).get(parts[0]), parts[1:])


_TYPES: dict[JsonType, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": Mapping,
    "array": list,
}


def _wrong_value(value: Any, field: ReliedField) -> str:
    if value is None:
        return "" if field.optional else "which is missing"
    if not isinstance(value, _TYPES[field.type]):
        return f"which is {value!r}, not {field.type}"
    if field.values is not None and value not in field.values:
        return f"which is {value!r}"
    return ""
