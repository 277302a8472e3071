"""Every kind of break between two versions of a message is found and said in words."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from schemas.compatibility import breaks

Schema = dict[str, Any]
Change = Callable[[Schema], object]

RELEASED: Schema = {
    "title": "Planted",
    "x-visibility": "public",
    "type": "object",
    "additionalProperties": True,
    "required": ["id", "tree", "rows"],
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 20},
        "tree": {"enum": ["apple", "birch"], "type": "string"},
        "rows": {"type": "array", "minItems": 1, "maxItems": 9, "items": {"$ref": "#/$defs/Row"}},
        "by": {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}], "default": None},
        "depth": {"type": "number", "minimum": 1, "default": 5},
        "heard": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
        "per": {"anyOf": [{"type": "integer", "maximum": 50}, {"const": "all", "type": "string"}]},
    },
    "$defs": {
        "Row": {
            "title": "Row",
            "type": "object",
            "additionalProperties": True,
            "required": ["length"],
            "properties": {"length": {"type": "integer", "minimum": 0, "maximum": 100}},
        }
    },
}


def changed(change: Change) -> Schema:
    schema = copy.deepcopy(RELEASED)
    change(schema)
    return schema


def field(name: str, **keywords: Any) -> Change:
    return lambda schema: schema["properties"][name].update(keywords)


def without(name: str, keyword: str) -> Change:
    return lambda schema: schema["properties"][name].pop(keyword)


def row(**keywords: Any) -> Change:
    return lambda schema: schema["$defs"]["Row"]["properties"]["length"].update(keywords)


def new_field(name: str, node: Schema, *, required: bool) -> Change:
    def change(schema: Schema) -> None:
        schema["properties"][name] = node
        schema["required"] += [name] if required else []

    return change


def drop_field(name: str) -> Change:
    def change(schema: Schema) -> None:
        del schema["properties"][name]
        schema["required"] = [known for known in schema["required"] if known != name]

    return change


BACKWARD: dict[str, tuple[Change, str]] = {
    "a field becomes required": (
        lambda schema: schema["required"].append("by"),
        "Planted.by became required: events of release 3 may lack it",
    ),
    "a new field is required": (
        new_field("soil", {"type": "string"}, required=True),
        "Planted.soil is new and required: events of release 3 lack it",
    ),
    "a value is taken no more": (
        field("tree", enum=["apple"]),
        "Planted.tree no longer takes 'birch': events of release 3 may hold that",
    ),
    "text becomes one of a list": (
        field("id", enum=["a", "b"]),
        "Planted.id is now one of 'a', 'b': events of release 3 may hold others",
    ),
    "a lower bound rises, deep inside": (
        row(minimum=1),
        "Planted.rows[].length now has minimum 1: events of release 3 may be below it",
    ),
    "an upper bound falls": (
        field("rows", maxItems=5),
        "Planted.rows now has maxItems 5: events of release 3 may be above it",
    ),
    "a bound appears": (
        field("depth", maximum=7),
        "Planted.depth now has maximum 7: events of release 3 may be above it",
    ),
    "a pattern appears": (
        lambda schema: schema["properties"]["tree"].update(pattern="^a"),
        "Planted.tree now keeps to pattern ^a: events of release 3 may not",
    ),
    "null is taken no more": (
        lambda schema: schema["properties"].update(by={"type": "string", "format": "uuid"}),
        "Planted.by is no longer null: events of release 3 may hold that",
    ),
    "the entries of a map get a bound": (
        field("heard", additionalProperties={"type": "integer", "minimum": 2}),
        "Planted.heard{} now has minimum 2: events of release 3 may be below it",
    ),
    "unknown fields are refused": (
        lambda schema: (drop_field("depth")(schema), schema.update(additionalProperties=False)),
        "Planted.depth is now refused: events of release 3 may hold it",
    ),
    "left out means something else": (
        field("depth", default=6),
        "Planted.depth left out now means 6: in events of release 3 it means 5",
    ),
    "a keyword we do not compare appears": (
        field("rows", uniqueItems=True),
        "Planted.rows now keeps to uniqueItems True: events of release 3 may not",
    ),
}
FORWARD: dict[str, tuple[Change, str]] = {
    "a field becomes optional": (
        lambda schema: schema["required"].remove("tree"),
        "Planted.tree became optional: readers of release 3 rely on it",
    ),
    "a field becomes optional, deep inside": (
        lambda schema: schema["$defs"]["Row"].update(required=[]),
        "Planted.rows[].length became optional: readers of release 3 rely on it",
    ),
    "a field goes": (
        drop_field("tree"),
        "Planted.tree is gone: readers of release 3 rely on it",
    ),
    "a field changes its type": (
        lambda schema: schema["properties"].update(tree={"type": "integer"}),
        "Planted.tree may now be integer: readers of release 3 take string alone",
    ),
    "a whole number may be a fraction": (
        row(type="number"),
        "Planted.rows[].length may now be number: readers of release 3 take integer alone",
    ),
    "a field may be null": (
        lambda schema: schema["properties"].update(
            id={"anyOf": [RELEASED["properties"]["id"], {"type": "null"}]}
        ),
        "Planted.id may now be null: readers of release 3 take string alone",
    ),
    "there is one more value": (
        field("tree", enum=["apple", "birch", "cedar"]),
        "Planted.tree may now be 'cedar': readers of release 3 do not know that",
    ),
    "a list of values is lifted": (
        without("tree", "enum"),
        "Planted.tree may now be anything: readers of release 3 know 'apple', 'birch' alone",
    ),
    "a constant changes": (
        lambda schema: schema["properties"]["per"]["anyOf"][1].update(const="every"),
        "Planted.per may now be 'every': readers of release 3 do not know that",
    ),
    "a lower bound falls": (
        row(minimum=-1),
        "Planted.rows[].length may now be below minimum 0: readers of release 3 refuse that",
    ),
    "an upper bound is lifted": (
        without("id", "maxLength"),
        "Planted.id may now be above maxLength 20: readers of release 3 refuse that",
    ),
    "one alternative gets wider": (
        lambda schema: schema["properties"]["per"]["anyOf"][0].update(maximum=60),
        "Planted.per may now be above maximum 50: readers of release 3 refuse that",
    ),
    "a pattern is another": (
        field("id", pattern="^[a-z0-9]+$"),
        "Planted.id no longer keeps to pattern ^[a-z]+$: readers of release 3 rely on that",
    ),
    "a format is lifted": (
        lambda schema: schema["properties"]["by"]["anyOf"][0].pop("format"),
        "Planted.by no longer keeps to format uuid: readers of release 3 rely on that",
    ),
    "what was public is no longer": (
        lambda schema: schema.update({"x-visibility": "internal"}),
        "Planted became internal: readers of release 3 may show it",
    ),
}


def words(change: Change, direction: str) -> list[str]:
    found = breaks("Planted", RELEASED, 3, changed(change))
    return [str(one) for one in found if one.direction == direction]


@pytest.mark.parametrize("case", BACKWARD)
def test_break_for_today_who_reads_old_events_is_named(case: str) -> None:
    change, says = BACKWARD[case]

    assert words(change, "backward") == [says]


@pytest.mark.parametrize("case", FORWARD)
def test_break_for_readers_of_a_release_is_named(case: str) -> None:
    change, says = FORWARD[case]

    assert words(change, "forward") == [says]


@pytest.mark.parametrize(
    "change",
    [
        lambda schema: None,
        new_field("soil", {"type": "string"}, required=False),
        new_field("soil", {"anyOf": [{"type": "string"}, {"type": "null"}]}, required=False),
        lambda schema: schema.update(title="Put in", description="Other words."),
        lambda schema: schema["$defs"].update(Unused={"type": "object"}),
        lambda schema: schema["$defs"]["Row"]["properties"].update(width={"type": "integer"}),
    ],
    ids=["nothing", "optional field", "optional, null", "words", "unused part", "field inside"],
)
def test_what_only_adds_optional_fields_breaks_nobody(change: Change) -> None:
    assert breaks("Planted", RELEASED, 3, changed(change)) == []


def test_stricter_and_looser_at_once_breaks_both_ways() -> None:
    found = breaks("Planted", RELEASED, 1, changed(field("tree", enum=["apple", "cedar"])))

    assert [(one.direction, one.path) for one in found] == [
        ("backward", "Planted.tree"),
        ("forward", "Planted.tree"),
    ]


def test_embargo_that_is_lifted_is_a_break_of_what_was_promised() -> None:
    under_embargo = RELEASED | {"x-visibility": "after-results"}

    (found,) = breaks("Planted", under_embargo, 3, RELEASED)

    assert str(found) == "Planted became public: events of release 3 were after-results"


def test_part_renamed_without_a_change_breaks_nobody() -> None:
    def rename(schema: Schema) -> None:
        schema["$defs"]["Line"] = schema["$defs"].pop("Row")
        schema["properties"]["rows"]["items"] = {"$ref": "#/$defs/Line"}

    assert breaks("Planted", RELEASED, 1, changed(rename)) == []


def test_schema_that_refers_to_itself_is_refused() -> None:
    def recurse(schema: Schema) -> None:
        schema["$defs"]["Row"]["properties"]["under"] = {"$ref": "#/$defs/Row"}

    with pytest.raises(ValueError, match="#/\\$defs/Row refers to itself"):
        breaks("Planted", RELEASED, 1, changed(recurse))
