"""An exported season on disk, and a terminal to check it from."""

from functools import cache
from pathlib import Path

from typer.testing import CliRunner, Result

from admin.archive.exporting import Gathering
from admin.archive.manifest import Manifest
from admin.cli import app
from tests.admin.chronicle import BEGIN, Chronicle, Written
from tests.admin.season_told import chronicle

RUNNER = CliRunner()


@cache
def season() -> Chronicle:
    """A season that nobody changes."""
    return chronicle()


def gathered(path: Path, told: list[Written], persons: tuple[Written, ...] = ()) -> Manifest:
    """The file of these records, as they might come from the topics: partition by partition."""
    work = path.with_name(f"{path.name}.work")
    work.mkdir()
    gathering = Gathering("2020", work, "zharmenke")
    for record in sorted(told, key=lambda one: (one.topic, one.partition)):
        gathering.add(record)
    for record in persons:
        gathering.add_person(record)
    return gathering.write(path, BEGIN, {})


def run(*words: object) -> Result:
    """Run a command."""
    return RUNNER.invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def replace_in(path: Path, before: str, after: str, number: int | None = None) -> None:
    """Change a line: the given one, or the first that has the text."""
    lines = path.read_text().splitlines(keepends=True)
    if number is None:
        number = next(n for n, line in enumerate(lines) if n and before in line)
    assert before in lines[number]
    lines[number] = lines[number].replace(before, after, 1)
    path.write_text("".join(lines))
