"""Whether two versions of a message understand each other, and in words who would break on what.

Every value that a writer may write must be one that the reader takes. Backward: a release wrote,
today's model reads. Forward: today's model writes, a reader of a release reads. Readers ignore
fields they do not know, so a field that is new and optional breaks nobody.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from schemas.schema_nodes import Node, alternatives, inlined, listed, type_of

Direction = Literal["backward", "forward"]

_WORDS: dict[Direction, dict[str, str]] = {
    "backward": {
        "omitted": "became required: events of release {n} may lack it",
        "absent": "is new and required: events of release {n} lack it",
        "type": "is no longer {writer}: events of release {n} may hold that",
        "values": "no longer takes {extra}: events of release {n} may hold that",
        "closed": "is now one of {reader}: events of release {n} may hold others",
        "least": "now has {keyword} {reader}: events of release {n} may be below it",
        "most": "now has {keyword} {reader}: events of release {n} may be above it",
        "keyword": "now keeps to {keyword} {reader}: events of release {n} may not",
        "unknown": "is now refused: events of release {n} may hold it",
        "default": "left out now means {reader}: in events of release {n} it means {writer}",
    },
    "forward": {
        "omitted": "became optional: readers of release {n} rely on it",
        "absent": "is gone: readers of release {n} rely on it",
        "type": "may now be {writer}: readers of release {n} take {reader} alone",
        "values": "may now be {extra}: readers of release {n} do not know that",
        "closed": "may now be anything: readers of release {n} know {reader} alone",
        "least": "may now be below {keyword} {reader}: readers of release {n} refuse that",
        "most": "may now be above {keyword} {reader}: readers of release {n} refuse that",
        "keyword": "no longer keeps to {keyword} {reader}: readers of release {n} rely on that",
        "unknown": "is new: readers of release {n} refuse it",
        "default": "left out now means {writer}: to readers of release {n} it means {reader}",
    },
}
_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_HANDLED = {"type", "enum", "const", "properties", "required", "additionalProperties", "items"}
_ANNOTATIONS = {
    *("title", "description", "default", "examples", "deprecated", "$comment"),
    *("$schema", "$id", "$defs", "x-visibility"),
}
_VISIBILITY = ("internal", "after-results", "public")


@dataclass(frozen=True, slots=True)
class Break:
    """One way in which two versions do not understand each other."""

    direction: Direction
    path: str
    """Where: the type, then the fields, as in `ProjectSubmitted.content.budget.lines[].title`."""
    words: str

    def __str__(self) -> str:
        return f"{self.path} {self.words}"


@dataclass(frozen=True, slots=True)
class _Gap:
    path: str
    kind: str
    keyword: str = ""
    writer: str = ""
    reader: str = ""
    extra: str = ""


def breaks(name: str, released: Node, number: int, today: Node) -> list[Break]:
    """What release `number` of a message and today's schema of it do not understand of each other.

    Raises ValueError for a schema that refers to itself: it can't be compared.
    """
    old, new = inlined(released), inlined(today)
    return [
        *_shown(name, released, number, today),
        *(_told(gap, "backward", number) for gap in _covers(name, old, new)),
        *(_told(gap, "forward", number) for gap in _covers(name, new, old)),
    ]


def _told(gap: _Gap, direction: Direction, number: int) -> Break:
    words = _WORDS[direction][gap.kind].format(
        n=number, keyword=gap.keyword, writer=gap.writer, reader=gap.reader, extra=gap.extra
    )
    return Break(direction, gap.path, words)


def _shown(name: str, released: Node, number: int, today: Node) -> Iterator[Break]:
    """Narrower breaks those who show it, wider what was promised of the past."""
    was, now = released["x-visibility"], today["x-visibility"]
    if _VISIBILITY.index(now) < _VISIBILITY.index(was):
        yield Break("forward", name, f"became {now}: readers of release {number} may show it")
    elif was != now:
        yield Break("backward", name, f"became {now}: events of release {number} were {was}")


# ── Does the reader take all that the writer writes? ─────────────────────────────────────────────


def _covers(path: str, writer: Node, reader: Node) -> Iterator[_Gap]:
    takes = alternatives(reader)
    for writes in alternatives(writer):
        fitting = [option for option in takes if _same_type(writes, option)]
        if not fitting:
            words = {"writer": _type_words([writes]), "reader": _type_words(takes)}
            yield _Gap(path, "type", **words)
            continue
        yield from min((list(_gaps(path, writes, option)) for option in fitting), key=len)


def _gaps(path: str, writer: Node, reader: Node) -> Iterator[_Gap]:
    """What the reader does not take of one alternative of the same type."""
    yield from _values(path, writer, reader)
    for keyword in (*_LEAST, *_MOST):
        least = keyword in _LEAST
        bound, theirs = reader.get(keyword), writer.get(keyword)
        if bound is None or _within(theirs, bound, least=least):
            continue
        yield _Gap(path, "least" if least else "most", keyword, reader=str(bound))
    handled = _HANDLED | _ANNOTATIONS | {*_LEAST, *_MOST}
    for keyword in sorted(reader.keys() - handled):
        if writer.get(keyword) != reader[keyword]:
            yield _Gap(path, "keyword", keyword, reader=str(reader[keyword]))
    yield from _fields(path, writer, reader)
    if "items" in reader:
        yield from _covers(f"{path}[]", writer.get("items", {}), reader["items"])


def _within(theirs: Any, bound: Any, *, least: bool) -> bool:
    return theirs is not None and (theirs >= bound if least else theirs <= bound)


def _values(path: str, writer: Node, reader: Node) -> Iterator[_Gap]:
    wrote, known = listed(writer), listed(reader)
    if known is None:
        return
    shown = ", ".join(map(repr, known))
    if wrote is None:
        yield _Gap(path, "closed", reader=shown)
    elif extra := [value for value in wrote if value not in known]:
        yield _Gap(path, "values", reader=shown, extra=", ".join(map(repr, extra)))


def _fields(path: str, writer: Node, reader: Node) -> Iterator[_Gap]:
    wrote, known = writer.get("properties", {}), reader.get("properties", {})
    for field in reader.get("required", ()):
        if field not in wrote:
            yield _Gap(f"{path}.{field}", "absent")
        elif field not in writer.get("required", ()):
            yield _Gap(f"{path}.{field}", "omitted")
    rest = reader.get("additionalProperties", True)
    for field, node in wrote.items():
        place = f"{path}.{field}"
        if field in known:
            yield from _default(place, node, known[field])
            yield from _covers(place, node, known[field])
        elif rest is False:
            yield _Gap(place, "unknown")
        elif rest is not True:
            yield from _covers(place, node, rest)
    if isinstance(of_map := writer.get("additionalProperties"), Mapping) and rest is not True:
        yield from _covers(f"{path}{{}}", of_map, rest if isinstance(rest, Mapping) else {})


def _default(path: str, writer: Node, reader: Node) -> Iterator[_Gap]:
    """What is left out must mean the same to both."""
    if "default" in writer and "default" in reader and writer["default"] != reader["default"]:
        shown = {"writer": repr(writer["default"]), "reader": repr(reader["default"])}
        yield _Gap(path, "default", **shown)


def _same_type(writer: Node, reader: Node) -> bool:
    wrote, takes = type_of(writer), type_of(reader)
    return takes in ("any", wrote) or (wrote, takes) == ("integer", "number")


def _type_words(nodes: list[Node]) -> str:
    return " or ".join(dict.fromkeys(type_of(node) for node in nodes))
