"""docs/guarantees.md and docs/invariants.md name tests and rows: each of them must exist."""

import ast
import re
from collections.abc import Iterator

import pytest

from admin.stack.layout import REPOSITORY
from tests.admin.tamper_cases import CASES
from tests.faults.suite import rows  # noqa: F401 - registers them
from tests.faults.suite.registry import FAULTS

DOCS = REPOSITORY / "docs"
GUARANTEES, INVARIANTS = ((DOCS / name).read_text() for name in ("guarantees.md", "invariants.md"))
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROWS = re.compile(r"\brows?\s+((?:`[a-z0-9-]+`,?\s*)+)")
GUARANTEE = re.compile(r"^\*\*G(\d+)\..*?(?=^\*\*G\d|^## )", re.MULTILINE | re.DOTALL)
TRIED = re.compile(r"^\| on I(\d+) \| (.*?) \| (.*?) \| (.*?) \|$", re.MULTILINE)
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


def test_every_rule_of_judging_and_decisions_is_tried_from_three_sides() -> None:
    judged = INVARIANTS.partition("## Judging")[2].partition("## Tried from three sides")[0]
    rules = {int(found[1]) for found in INVARIANT.finditer(judged)}
    tried = {int(found[1]): found for found in TRIED.finditer(INVARIANTS)}

    assert set(tried) == rules
    for request, event, at_once in (found.groups()[1:] for found in tried.values()):
        assert NODE.search(request)
        assert NODE.search(at_once)
        assert event.strip("“”") in CASES, event
