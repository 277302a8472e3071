"""A season's YAML file: every error names the line and the key."""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from pydantic import ValidationError
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

from schemas.season import Misfit, SeasonDefinition
from services.kit.refusal import Fault, Refused

Path = tuple[str | int, ...]


def parse_season(text: str) -> SeasonDefinition:
    """The season that a YAML text defines; raises Refused with `line N: key` for each error."""
    tree: yaml.Node | None = None
    try:
        tree = yaml.compose(text, Loader=_Loader)
        if not isinstance(tree, yaml.MappingNode):
            raise _refused([Fault("line 1", "a season is a mapping of keys to values")])
        if wrong := list(_wrong_keys(tree, ())):
            raise _refused(wrong)
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise _refused([_syntax_fault(text, tree, error)]) from error
    except RecursionError:
        raise _refused([Fault("line 1", "the file is nested too deep")]) from None
    try:
        return SeasonDefinition.model_validate(data, extra="forbid")
    except ValidationError as error:
        raise _refused(
            [
                _fault(tree, _path_of(item), item["msg"])
                for item in error.errors(include_url=False, include_input=False)
            ]
        ) from error


class _Loader(yaml.SafeLoader):
    """A safe loader without aliases (a few of them can stand for gigabytes).

    A value that looks like a date or a number but is none, such as 2020-02-30, keeps its line.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise ComposerError(None, None, "a season has no aliases", mark)
        return super().compose_node(parent, index)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise ConstructorError(None, None, str(error), node.start_mark) from error


def _refused(faults: Sequence[Fault]) -> Refused:
    detail = "; ".join(f"{fault.where}: {fault.what}" for fault in faults)
    return Refused("invalid", "season-invalid", detail, faults)


def _syntax_fault(text: str, tree: yaml.Node | None, error: yaml.YAMLError) -> Fault:
    what = str(getattr(error, "problem", None) or error)
    mark = getattr(error, "problem_mark", None)
    if mark is None:  # a character that YAML does not allow; the reader knows its position
        before = text[: getattr(error, "position", 0)]
        return Fault(f"line {before.count(chr(10)) + 1}", what)
    key = ".".join(str(part) for part in _path_to(tree, mark, ())) if tree else ""
    return Fault(f"line {mark.line + 1}" + (f": {key}" if key else ""), what)


def _path_of(item: Any) -> Path:
    """Where the error is; a rule that spans several values says itself which one to mend."""
    path: Path = item["loc"]
    misfit = item.get("ctx", {}).get("error")
    return (*path, *misfit.path) if isinstance(misfit, Misfit) else path


def _fault(tree: yaml.Node, path: Path, message: str) -> Fault:
    line, found = _line_of(tree, path)
    if message == "Field required":
        message = f"key {path[-1]!r} is missing"
    else:
        path = path[:found]  # pydantic adds which variant of a value it tried
    key = ".".join(str(part) for part in path) or "(whole file)"
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
    for name, key, value in _children(node):
        if str(name) == str(part):
            return key, value
    return None


def _children(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node, yaml.Node]]:
    """(name, node that has its line, value) of each entry of a mapping or a list."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), key, value
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield index, value, value


def _path_to(node: yaml.Node, mark: yaml.Mark, path: Path) -> Path:
    """The path to the value that begins at `mark`; empty when none does."""
    for name, _, value in _children(node):
        here = (*path, name)
        if value.start_mark.index == mark.index and isinstance(value, yaml.ScalarNode):
            return here
        if found := _path_to(value, mark, here):
            return found
    return ()


def _wrong_keys(node: yaml.Node, path: Path) -> Iterator[Fault]:
    seen: set[str | int] = set()
    for name, key, value in _children(node):
        here = (*path, name)
        where = f"line {key.start_mark.line + 1}: {'.'.join(str(part) for part in here)}"
        if isinstance(node, yaml.MappingNode) and not isinstance(key, yaml.ScalarNode):
            yield Fault(f"line {key.start_mark.line + 1}", "a key is a single word")
            continue
        if name in seen:
            yield Fault(where, "the key appears twice")
        seen.add(name)
        yield from _wrong_keys(value, here)
