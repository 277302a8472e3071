"""How replays are told to a person, and to scripts."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from admin.replay.comparing import Compared, Difference
from admin.replay.differences import ABSENT, Field
from admin.replay.planning import Plan
from admin.replay.restoring import Restored
from admin.replay.running import Promoted, Run
from admin.replay.source import Problem
from admin.terminal import plain, plain_markup

MOST_DOCUMENTS = 20
MOST_FIELDS = 12
WIDEST = 70


def plan_json(found: Plan) -> dict[str, Any]:
    """For `--json`."""
    return {
        "service": found.service,
        "records": found.records,
        "mails": found.mails,
        "parked": found.parked,
        **_compared_json(found.compared, found.problems),
    }


def run_json(found: Run) -> dict[str, Any]:
    """For `--json`."""
    return {
        "service": found.service,
        "generation": found.generation,
        "resumed": found.resumed,
        "records": found.records,
        "mails": found.mails,
        "parked": found.parked,
        **_compared_json(found.compared, found.problems),
    }


def restored_json(found: Restored) -> dict[str, Any]:
    """For `--json`."""
    counts = ("same", "replaced", "added", "removed", "drafts", "left")
    return {
        "service": found.service,
        "generation": found.generation,
        **{name: dict(getattr(found, name)) for name in counts},
    }


def _compared_json(compared: Compared, problems: Sequence[Problem]) -> dict[str, Any]:
    return {
        "documents": dict(compared.documents),
        "different": dict(compared.different),
        "differences": [one.as_json() for one in compared.differences],
        "waiting": compared.waiting,
        "problems": [{"record": one.id, "reason": one.reason} for one in problems],
    }


def print_plan(found: Plan) -> None:
    """What a replay would come to."""
    for topic, records in sorted(found.records.items()):
        typer.echo(f"{topic}: {records} records to read.")
    if found.parked:
        typer.echo(f"{found.parked} parked records, which stay out until they are redriven.")
    _print_compared(found.compared, found.problems)
    typer.echo(f"{found.mails} mails would be sent.")


def print_run(found: Run) -> None:
    """What a run came to."""
    how = "went on" if found.resumed else "new"
    typer.echo(f"Generation {found.generation} ({how}): {found.records} records read.")
    if found.parked:
        typer.echo("What is parked, and what waits behind it, is not in it.")
    _print_compared(found.compared, found.problems)
    typer.echo(f"{found.mails} mails were sent.")


def print_promoted(found: Promoted) -> None:
    """What was switched."""
    told = ", ".join(f"{count} {name}" for name, count in found.documents.items())
    typer.echo(
        f"{found.service} reads generation {found.generation} now ({told}); "
        f"{found.records} records were folded while it waited. Generation {found.before} is kept "
        f"until: zharmenke replay drop {found.service}"
    )


def print_restored(found: Restored) -> None:
    """What was replaced."""
    table = Table(
        "Collection", "Same", "Replaced", "Added", "Removed", "Drafts", "Left", box=SIMPLE_HEAD
    )
    columns: list[Counter[str]] = [
        found.same,
        found.replaced,
        found.added,
        found.removed,
        found.drafts,
        found.left,
    ]
    for name in sorted({name for column in columns for name in column}):
        table.add_row(plain_markup(name), *(str(column[name]) for column in columns))
    Console().print(table)
    if found.left:
        typer.echo(
            "What was left, the service puts back itself at its next start, or it says nothing "
            "that would be done again."
        )


def _print_compared(compared: Compared, problems: Sequence[Problem]) -> None:
    table = Table("Collection", "Documents", "Different", box=SIMPLE_HEAD)
    for number in (1, 2):
        table.columns[number].justify = "right"
    for name, count in compared.documents.items():
        table.add_row(plain_markup(name), str(count), str(compared.different[name]))
    Console().print(table)
    for difference in compared.differences[:MOST_DOCUMENTS]:
        _print_difference(difference)
    if (more := compared.different.total() - MOST_DOCUMENTS) > 0:
        typer.echo(f"… and {more} more documents; --json has them.")
    if compared.waiting:
        typer.echo(f"{compared.waiting} documents have events under way, and can't be told yet.")
    for problem in problems[:MOST_DOCUMENTS]:
        typer.echo(plain(f"{problem.id} can't be handled: {problem.reason}"))


def _print_difference(difference: Difference) -> None:
    typer.echo(plain(f"{difference.collection}/{difference.id}"))
    for one in difference.fields[:MOST_FIELDS]:
        typer.echo(plain(f"  {one.path or '(whole)'}: {_side(one, one.live)} → {_told(one)}"))
    if (more := len(difference.fields) - MOST_FIELDS) > 0:
        typer.echo(f"  … and {more} more fields")


def _told(one: Field) -> str:
    return _side(one, one.told)


def _side(one: Field, value: Any) -> str:
    if value is ABSENT:
        return "(nothing)"
    if one.hidden:
        return "(personal data)"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
