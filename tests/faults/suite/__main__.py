"""`python -m tests.faults.suite --kills N [--rows a,b] [--seed S]`: run the rows, print one table.

Exits 1 when something was lost or doubled, or a fault was never injected.

`--sabotage NAME` (or SABOTAGE=NAME) switches one mechanism of the services off, to show that the
suite would notice: something must then be lost or doubled. Each is noticed by these rows at least:
`dedup` by everything-twice, `commit-after-write` by crash-mid-planning, `lease` and `claim` by
two-senders, `outbox` by crash-after-write. The play they are compared with has nothing switched
off, and the services hold no switch: see tests/faults/sabotage.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

import tests.faults.suite.rows  # noqa: F401 - registers them
from admin.stack.layout import REPOSITORY
from tests.faults.sabotage import VARIABLE
from tests.faults.sabotage.mistakes import MISTAKES
from tests.faults.suite.registry import FAULTS, Fault, in_order
from tests.faults.suite.running import Row, Suite
from tests.parts import caller_environment

NOT_PASSED_ON = ("KAFKA_BOOTSTRAP_SERVERS", "MONGO_URL", "SMTP_URL", VARIABLE)
KILLED_ROWS = 5
"""Rows that share the kills: one for each service, and the one for all."""


def main() -> int:
    """Run what the command line asks for; the exit code."""
    given = _arguments()
    console = Console(width=130)
    chosen = _chosen(given.rows)
    directory = REPOSITORY / ".local" / "faults"
    suite = new_suite(directory / "stack", given.seed, given.kills)
    suite.sabotage = given.sabotage
    console.print("playing the fair undisturbed")
    recording = suite.play_undisturbed()
    console.print(f"{len(recording.ids)} events, {sum(recording.mails.values())} mails")
    rows: list[Row] = []
    for number, fault in enumerate(chosen, start=1):
        rows.append(suite.run(fault))
        console.print(f"{number}/{len(chosen)} {_line(rows[-1])}")
        for detail in (*rows[-1].notes, *rows[-1].details[:6]):
            console.print(f"    {detail[:400]}", markup=False, highlight=False)
        write_report(directory / "report.json", suite, rows)
    console.print(_table(rows, suite.sabotage))
    return 0 if all(row.holds for row in rows) else 1


def new_suite(directory: Path, seed: str, kills: int) -> Suite:
    """A suite on local parts of its own; kills are shared by the rows that kill services."""
    environment = {
        name: value for name, value in caller_environment().items() if name not in NOT_PASSED_ON
    } | {"SMTP_TIMEOUT_SECONDS": "2"}  # so that a dead sender's lease ends soon
    each = max(1, kills // KILLED_ROWS)
    return Suite(directory, environment, seed, each, datetime.now(UTC).date())


def write_report(path: Path, suite: Suite, rows: Sequence[Row]) -> None:
    """Write report.json, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "seed": suite.seed,
        "kills": suite.kills,
        "sabotage": suite.sabotage,
        "rows": [asdict(row) for row in rows],
    }
    fresh = path.with_suffix(".tmp")
    fresh.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    fresh.replace(path)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.suite", description=__doc__)
    parser.add_argument("--kills", type=int, default=40, help="SIGKILLs of services, in all")
    parser.add_argument("--rows", default="", help="names, with commas between; all by default")
    parser.add_argument("--seed", default="faults", help="the same seed gives the same moments")
    parser.add_argument(
        "--sabotage",
        default=os.environ.get(VARIABLE, ""),
        help=f"a mechanism to switch off: {', '.join(MISTAKES)}",
    )
    given = parser.parse_args()
    if given.sabotage and given.sabotage not in MISTAKES:
        parser.error(f"nothing to switch off is named {given.sabotage}; see --help")
    return given


def _chosen(names: str) -> list[Fault]:
    if unknown := [name for name in names.split(",") if name and name not in FAULTS]:
        known = ", ".join(each.name for each in in_order())
        sys.exit(f"no row is named {', '.join(unknown)}; there are {known}")
    return [FAULTS[name] for name in names.split(",")] if names else in_order()


def _line(row: Row) -> str:
    if row.skipped:
        return f"{row.fault}: skipped, {row.skipped}"
    verdict = "holds" if row.holds else "DOES NOT HOLD"
    return f"{row.fault}: {verdict}, {row.injections} injections, {row.seconds:.0f} s"


def _table(rows: Sequence[Row], sabotage: str) -> Table:
    title = f"faults, with {sabotage} switched off" if sabotage else "faults"
    table = Table(title=title, title_justify="left")
    table.add_column("fault")
    columns = ("injections", "lost", "doubled", "resent unknown", "rest s", "events", "mails", "s")
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        figures = (row.injections, row.lost, row.doubled, row.resent_unknown)
        told = [row.skipped] if row.skipped else [str(figure) for figure in figures]
        told += [f"{row.rest_seconds:.1f}", str(row.events), str(row.mails), f"{row.seconds:.0f}"]
        style = "" if row.holds else "red"
        table.add_row(row.fault, *told[: len(columns)], style=style)
    return table


if __name__ == "__main__":
    sys.exit(main())
