"""Crash points end a process where they are named, and are nothing otherwise."""

import os
import subprocess
import sys

from services.kit.crash import EXIT_CODE, VARIABLE

PROGRAM = """
from services.kit.crash import crash_point
for passing in range(3):
    crash_point("here")
    print(passing, flush=True)
"""


def run(crash_at: str) -> tuple[int, str]:
    environment = dict(os.environ) | {VARIABLE: crash_at}
    ended = subprocess.run(  # noqa: S603 - this interpreter, our own program
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout


def test_named_point_ends_the_process_at_the_passing_asked_for() -> None:
    assert run("here") == (EXIT_CODE, "")
    assert run("here:3") == (EXIT_CODE, "0\n1\n")


def test_other_points_are_passed() -> None:
    assert run("elsewhere") == (0, "0\n1\n2\n")
