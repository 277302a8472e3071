"""A season's YAML file: every error names the line and the key."""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from schemas.season import SeasonDefinition
from services.kit.refusal import Fault, Refused

Path = tuple[str | int, ...]


def parse_season(text: str) -> SeasonDefinition:
    """The season that a YAML text defines; raises Refused with `line N: key` for each error."""
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(tree, yaml.MappingNode):
            raise _refused([Fault("line 1", "a season is a mapping of keys to values")])
        if doubled := list(_doubled_keys(tree, ())):
            raise _refused(doubled)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _refused([_syntax_fault(error)]) from error
    try:
        return SeasonDefinition.model_validate(data, extra="forbid")
    except ValidationError as error:
        raise _refused(
            [_fault(tree, item["loc"], item["msg"]) for item in error.errors(include_url=False)]
        ) from error


def _refused(faults: Sequence[Fault]) -> Refused:
    detail = "; ".join(f"{fault.where}: {fault.what}" for fault in faults)
    return Refused("invalid", "season-invalid", detail, faults)


def _syntax_fault(error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    return Fault(f"line {line}", str(getattr(error, "problem", None) or error))


def _fault(tree: yaml.Node, path: Path, message: str) -> Fault:
    line, found = _line_of(tree, path)
    key = ".".join(str(part) for part in path) or "(whole file)"
    if found < len(path) and message == "Field required":
        message = f"key {path[-1]!r} is missing"
    return Fault(f"line {line}: {key}", message)


def _line_of(tree: yaml.Node, path: Path) -> tuple[int, int]:
    """The line of the deepest part of `path` that the file has, and how deep that is."""
    node, line, depth = tree, tree.start_mark.line + 1, 0
    for part in path:
        child = _child(node, part)
        if child is None:
            break
        key, node = child
        line, depth = key.start_mark.line + 1, depth + 1
    return line, depth


def _child(node: yaml.Node, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _doubled_keys(node: yaml.Node, path: tuple[Any, ...]) -> Iterator[Fault]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            here = (*path, key.value)
            if key.value in seen:
                where = ".".join(str(part) for part in here)
                yield Fault(f"line {key.start_mark.line + 1}: {where}", "the key appears twice")
            seen.add(key.value)
            yield from _doubled_keys(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _doubled_keys(value, (*path, index))
