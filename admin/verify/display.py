"""Findings for a person at a terminal, and for scripts."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from admin.terminal import plain_markup
from admin.verify.findings import MOST_KEPT, RULES, Findings

SHOWN = 20
"""Faults that are shown to a person; --json has up to MOST_KEPT of each rule."""


def as_json(source: str, found: Findings) -> dict[str, Any]:
    """All of it, for --json and for reports."""
    return {
        "source": source,
        "holds": found.hold,
        "records": found.records,
        "repeats": found.repeats,
        "people": found.people,
        "subjects": found.subjects,
        "events": dict(sorted(found.events.items())),
        "rules": {
            rule: {
                "what": what,
                "checked": found.checked[rule],
                "failed": found.failed[rule],
                "awaited": found.awaited[rule],
            }
            for rule, what in RULES.items()
            if _is_of_interest(found, rule)
        },
        "rankings": [
            {
                "id": ranking.id,
                "same": ranking.same,
                "scores": ranking.scores,
                "projects": ranking.projects,
                "inputs_hash": ranking.inputs_hash,
                "table_hash": ranking.table_hash,
            }
            for ranking in found.rankings
        ],
        "faults": [
            {
                "rule": fault.rule,
                "record": fault.place.coordinates,
                "id": fault.place.id,
                "what": fault.what,
            }
            for fault in found.faults
        ],
    }


def print_findings(source: str, found: Findings) -> None:
    """What was checked and how much of it; then what does not hold."""
    console = Console()
    table = Table("Checked", "", "What", title=plain_markup(source), title_justify="left")
    table.columns[0].justify = "right"
    for rule, what in RULES.items():
        if _is_of_interest(found, rule):
            table.add_row(str(found.checked[rule]), _verdict(found, rule), what)
    console.print(table)
    for ranking in found.rankings:
        verdict = "[green]the same[/]" if ranking.same else "[red]not the same[/]"
        console.print(
            f"{plain_markup(ranking.id)}: {ranking.projects} projects from {ranking.scores} score "
            f"events, {verdict}",
            highlight=False,
        )
        console.print(f"  inputs_hash {ranking.inputs_hash}\n  table_hash  {ranking.table_hash}")
    _print_faults(console, found)


def _print_faults(console: Console, found: Findings) -> None:
    for fault in found.faults[:SHOWN]:
        console.print(
            f"[red]{fault.rule}[/] {plain_markup(str(fault))}", highlight=False, soft_wrap=True
        )
    count = found.failed.total()
    if count > min(len(found.faults), SHOWN):
        kept = f"--json has the first {MOST_KEPT} of each rule"
        console.print(f"… {count} faults in all; {kept}.")
    said = f"{found.records} records, {found.events.total()} events of {found.subjects} subjects"
    extra = f", {found.repeats} repeats" if found.repeats else ""
    verdict = f"[red]{count} faults[/]" if count else "[green]everything holds[/]"
    console.print(f"{said}{extra}: {verdict}", highlight=False)
    if waiting := found.awaited.total():
        console.print(
            f"{waiting} things that should follow the last events may still be under way."
        )


def _is_of_interest(found: Findings, rule: str) -> bool:
    counts: Sequence[int] = (found.checked[rule], found.failed[rule], found.awaited[rule])
    return any(counts)


def _verdict(found: Findings, rule: str) -> str:
    if found.failed[rule]:
        return f"[red]{found.failed[rule]} fail[/]"
    return "[yellow]awaited[/]" if found.awaited[rule] else "[green]hold[/]"
