"""Each mechanism switched off in turn: the suite must see what is lost or doubled then.

A check that can't fail is worth nothing. The same rows, with nothing switched off, find nothing.
"""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from admin.stack.layout import REPOSITORY
from tests.faults.sabotage import switched_off
from tests.faults.sabotage.mistakes import MISTAKES
from tests.faults.suite import rows  # noqa: F401 - registers them
from tests.faults.suite.__main__ import new_suite
from tests.faults.suite.registry import FAULTS, Fault
from tests.faults.suite.rows.crashes import crash
from tests.faults.suite.running import Row
from tests.faults.test_suite_short import SIZE
from tests.parts import caller_environment


def one_crash(point: str, part: str) -> Fault:
    """A row's crash once, while links of the webinars are on their way: the play waits for none."""
    act = crash(point, part, times=1, calls="webinar", early=0.5)
    return replace(FAULTS[f"crash-{point}"], act=act)


ROWS = {
    "everything-twice": FAULTS["everything-twice"],
    "two-senders": FAULTS["two-senders"],
    "crash-mid-planning": one_crash("mid-planning", "notify"),
    "crash-after-write": one_crash("after-write", "webinar"),
}
NOTICED = {
    "dedup": ("everything-twice", "doubled: mail under another id"),
    "commit-after-write": ("crash-mid-planning", "mails due were not planned"),
    "lease": ("two-senders", "in the box"),
    "claim": ("two-senders", "in the box"),
    "outbox": ("crash-after-write", "lost: WebinarRegistered: "),
}
"""Which row notices that a mechanism is missing, and what it says."""


def play(directory: Path, name: str, sabotage: str = "") -> Row:
    suite = new_suite(directory, "sabotage", kills=5)
    suite.size, suite.sabotage = SIZE, sabotage
    return suite.run(ROWS[name])


@pytest.mark.parametrize("name", ROWS)
def test_row_finds_nothing_when_nothing_is_switched_off(tmp_path: Path, name: str) -> None:
    row = play(tmp_path, name)

    assert (row.lost, row.doubled, row.details) == (0, 0, [])
    assert row.injections > 0


@pytest.mark.parametrize("sabotage", MISTAKES)
def test_row_notices_a_mechanism_that_is_switched_off(tmp_path: Path, sabotage: str) -> None:
    name, finding = NOTICED[sabotage]

    row = play(tmp_path, name, sabotage)

    assert row.injections > 0
    assert not row.holds
    assert any(finding in detail for detail in row.details), row.details
    assert f"sabotage {sabotage}: " in (tmp_path / "logs" / "notify.log").read_text()


def imported(sabotage: str, *modules: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", f"import {', '.join(modules)}"],
        env=switched_off(sabotage, caller_environment()),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("sabotage", MISTAKES)
def test_mistake_is_made_where_its_modules_are_imported(sabotage: str) -> None:
    done = imported(sabotage, *MISTAKES[sabotage])

    assert done.returncode == 0, done.stderr
    said = {f"sabotage {sabotage}: {module}" for module in MISTAKES[sabotage]}
    assert said <= set(done.stderr.splitlines())


def test_mistake_that_nobody_knows_ends_the_process() -> None:
    done = imported("kindness", "services.kit.store")

    assert done.returncode != 0
    assert "KeyError: 'kindness'" in done.stderr


@pytest.mark.parametrize(
    ("sabotage", "module"), [(name, module) for name, made in MISTAKES.items() for module in made]
)
def test_mistake_fails_loudly_when_what_it_replaces_is_gone(sabotage: str, module: str) -> None:
    with pytest.raises(AttributeError):
        MISTAKES[sabotage][module](ModuleType(module))
