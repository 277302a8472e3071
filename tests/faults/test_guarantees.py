"""docs/guarantees.md names tests and rows: each of them must exist."""

import ast
import re
from collections.abc import Iterator

import pytest

from admin.stack.layout import REPOSITORY
from tests.faults.suite import rows  # noqa: F401 - registers them
from tests.faults.suite.registry import FAULTS

PAGE = (REPOSITORY / "docs" / "guarantees.md").read_text()
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROWS = re.compile(r"\brows?\s+((?:`[a-z0-9-]+`,?\s*)+)")


def rows_named() -> Iterator[str]:
    for group in ROWS.findall(PAGE):
        yield from re.findall(r"`([a-z0-9-]+)`", group)


@pytest.mark.parametrize(("file", "name"), sorted(set(NODE.findall(PAGE))))
def test_guarantee_names_a_test_that_exists(file: str, name: str) -> None:
    tree = ast.parse((REPOSITORY / file).read_text())
    defined = {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert name in defined


def test_guarantees_name_every_row_of_the_suite_and_no_other() -> None:
    assert set(rows_named()) == set(FAULTS)


def test_guarantees_are_numbered_without_gaps() -> None:
    numbers = [int(number) for number in re.findall(r"^\*\*G(\d+)\.", PAGE, re.MULTILINE)]

    assert numbers == list(range(1, len(numbers) + 1))
