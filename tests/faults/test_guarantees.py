"""docs/guarantees.md and docs/invariants.md name tests and rows: each of them must exist."""

import ast
import re
from collections.abc import Iterator

import pytest

from admin.stack.layout import REPOSITORY
from tests.faults.suite import rows  # noqa: F401 - registers them
from tests.faults.suite.registry import FAULTS

DOCS = REPOSITORY / "docs"
GUARANTEES, INVARIANTS = ((DOCS / name).read_text() for name in ("guarantees.md", "invariants.md"))
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROWS = re.compile(r"\brows?\s+((?:`[a-z0-9-]+`,?\s*)+)")
GUARANTEE = re.compile(r"^\*\*G(\d+)\..*?(?=^\*\*G\d|^## )", re.MULTILINE | re.DOTALL)
INVARIANT = re.compile(r"^\| I(\d+) \|.*$", re.MULTILINE)


def rows_named() -> Iterator[str]:
    for group in ROWS.findall(GUARANTEES):
        yield from re.findall(r"`([a-z0-9-]+)`", group)


def collected(file: str) -> set[str]:
    """The tests that pytest collects from a file, as far as can be told without importing it."""
    found = set()
    for node in ast.parse((REPOSITORY / file).read_text()).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found.add(node.name)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Attribute(attr="TestCase")):
                found.add(name)
    return {name for name in found if name.startswith(("test_", "Test"))}


@pytest.mark.parametrize(("file", "name"), sorted({*NODE.findall(GUARANTEES + INVARIANTS)}))
def test_page_names_a_test_that_exists(file: str, name: str) -> None:
    assert name in collected(file)


def test_guarantees_name_every_row_of_the_suite_and_no_other() -> None:
    assert set(rows_named()) == set(FAULTS)


@pytest.mark.parametrize(
    ("page", "entry"), [(GUARANTEES, GUARANTEE), (INVARIANTS, INVARIANT)], ids=["G", "I"]
)
def test_entries_are_numbered_without_gaps(page: str, entry: re.Pattern[str]) -> None:
    numbers = [int(number) for number in entry.findall(page)]

    assert len(numbers) > 20
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_invariant_is_shown_by_a_test() -> None:
    silent = [found[1] for found in INVARIANT.finditer(INVARIANTS) if not NODE.search(found[0])]

    assert silent == []


def test_every_guarantee_is_shown_by_a_test() -> None:
    silent = [found[1] for found in GUARANTEE.finditer(GUARANTEES) if not NODE.search(found[0])]

    assert silent == []
