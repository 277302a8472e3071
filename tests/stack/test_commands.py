"""The command line: exit codes and the answers scripts read."""

import json
from pathlib import Path

from typer.testing import CliRunner

from admin.stack.commands import stack_app
from admin.stack.stack import Stack
from tests.stack.conftest import bare_environment

RUNNER = CliRunner(env={"ZHARMENKE_LOCAL": "", "KAFKA_BOOTSTRAP_SERVERS": ""})


def test_status_of_a_running_stack_is_read_by_scripts(infra: Stack) -> None:
    told = RUNNER.invoke(
        stack_app,
        ["status", "--dir", str(infra.directory), "--only", "kafka,smtp", "--json"],
        env=bare_environment(),
    )
    assert told.exit_code == 0
    answer = json.loads(told.stdout)
    assert [part["part"] for part in answer["parts"]] == ["kafka", "smtp"]
    assert answer["broker"] == infra.broker
    assert answer["environment"]["MAILDIR"] == str(infra.maildir)


def test_status_exits_3_when_something_does_not_run(infra: Stack) -> None:
    told = RUNNER.invoke(stack_app, ["status", "--dir", str(infra.directory)])
    assert told.exit_code == 3
    assert "stopped" in told.stdout


def test_logs_shows_the_last_lines_of_a_part(infra: Stack) -> None:
    told = RUNNER.invoke(stack_app, ["logs", "smtp", "--dir", str(infra.directory), "-n", "1"])
    assert told.exit_code == 0
    assert told.stdout.startswith("taking mail on 127.0.0.1:")
    assert len(told.stdout.splitlines()) == 1


def test_an_unknown_part_is_named(tmp_path: Path) -> None:
    told = RUNNER.invoke(stack_app, ["up", "--dir", str(tmp_path), "--only", "kafak"])
    assert told.exit_code == 1
    assert "kafak is no part of the stack" in told.stderr


def test_a_damaged_memory_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text('{"ports": 7}')
    told = RUNNER.invoke(stack_app, ["down", "--dir", str(tmp_path)])
    assert told.exit_code == 1
    assert "stack.json can't be read" in told.stderr.replace("\n", "")
