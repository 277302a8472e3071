"""JSON Schemas as trees that can be walked: references followed, unions taken apart."""

from collections.abc import Mapping
from typing import Any

Node = Mapping[str, Any]


def inlined(schema: Node) -> Node:
    """The schema with each reference replaced by what it refers to.

    Raises ValueError for a schema that refers to itself.
    """
    found: Node = _inlined(schema, schema)
    return found


def _inlined(node: Any, root: Node, inside: tuple[str, ...] = ()) -> Any:
    if isinstance(node, list):
        return [_inlined(item, root, inside) for item in node]
    if not isinstance(node, Mapping):
        return node
    if isinstance(target := node.get("$ref"), str):
        if target in inside:
            raise ValueError(f"{target} refers to itself: it can't be compared")
        beside = {key: value for key, value in node.items() if key != "$ref"}
        found = root["$defs"][target.removeprefix("#/$defs/")]
        return _inlined({**found, **beside}, root, (*inside, target))
    return {key: _inlined(value, root, inside) for key, value in node.items() if key != "$defs"}


def alternatives(node: Node) -> list[Node]:
    """The schemas of which a value fulfils one, each of a single type."""
    for union in ("anyOf", "oneOf"):
        if union in node:
            beside = {k: v for k, v in node.items() if k not in (union, "discriminator")}
            return [
                alternative
                for option in node[union]
                for alternative in alternatives({**beside, **option})
            ]
    if isinstance(types := node.get("type"), list):
        return [{**node, "type": one} for one in types]
    return [node]


def type_of(node: Node) -> str:
    """The one type of its values, `any` when it says none."""
    if isinstance(given := node.get("type"), str):
        return given
    kinds = {type(value) for value in listed(node) or ()}
    names = {str: "string", int: "integer", bool: "boolean", float: "number", type(None): "null"}
    return names[kinds.pop()] if len(kinds) == 1 else "any"


def listed(node: Node) -> list[Any] | None:
    """The only values there are, if they are listed."""
    if "const" in node:
        return [node["const"]]
    values: list[Any] | None = node.get("enum")
    return values
