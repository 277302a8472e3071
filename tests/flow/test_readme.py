"""Every command of the README is run: the two long ones by .ci/run, the others here."""

import os
import re
import subprocess
from pathlib import Path

from admin.stack.layout import REPOSITORY
from tests.parts import caller_environment

BY_CI = {"make demo", "make test"}


def commands() -> list[str]:
    """The commands in the README's sh blocks, without their comments."""
    text = (REPOSITORY / "README.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def test_readme_begins_with_the_two_commands_that_ci_runs() -> None:
    ci = (REPOSITORY / ".ci" / "run").read_text().splitlines()

    assert set(commands()[:2]) == BY_CI <= set(ci)


def test_every_other_command_of_the_readme_works(tmp_path: Path) -> None:
    environment = caller_environment() | {
        "ZHARMENKE_LOCAL": str(tmp_path),
        "OPERATOR_KEY_FILE": str(tmp_path / "keys" / "operator.pem"),
        "PATH": os.environ["PATH"],
    }
    others = [command for command in commands() if command not in BY_CI]
    try:
        for command in others:
            done = subprocess.run(
                command, shell=True, cwd=REPOSITORY, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    finally:
        subprocess.run(["make", "down"], cwd=REPOSITORY, env=environment, capture_output=True)

    assert "make up" in others
