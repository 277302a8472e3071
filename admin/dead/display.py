"""Parked records and what became of them, for a person at a terminal."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from admin.terminal import age, plain_markup

WAITS = "waits behind"


def print_records(records: Sequence[dict[str, Any]]) -> None:
    """A table of parked records; those that only wait are dim."""
    console = Console()
    if not records:
        console.print("Nothing is parked.")
        return
    table = Table("Record", "Key", "Type", "Age", "Tries", "Reason")
    table.columns[0].overflow = "fold"
    for one in records:
        table.add_row(
            plain_markup(one["id"]),
            plain_markup(one["key"] or "-"),
            plain_markup(one["type"] or "-"),
            age(one["age_seconds"]),
            str(one["attempts"]),
            plain_markup(one["reason"]),
            style="dim" if one["reason"].startswith(WAITS) else None,
        )
    console.print(table)
    stuck = sum(1 for one in records if not one["reason"].startswith(WAITS))
    console.print(f"{len(records)} parked: {stuck} failed, {len(records) - stuck} wait behind.")


def print_record(shown: dict[str, Any]) -> None:
    """One record with its headers and body."""
    console = Console()
    for name, value in shown["record"].items():
        _say(console, f"{name:<12} {value if value is not None else '-'}")
    if shown["hidden"]:
        console.print("\nThis is a person's record. --with-people shows it; that is logged.")
        return
    console.print("\nHeaders:")
    for header in shown["headers"]:
        _say(console, f"  {header['name']}: {_text(header['text'], header['hex'])}")
    console.print(f"\nBody ({shown['body_bytes']} bytes):")
    _say(console, _text(shown["body"], shown["body_hex"]))


def print_queues(queues: Sequence[dict[str, Any]]) -> None:
    """What a redrive came to, a line a queue."""
    console = Console()
    if not queues:
        console.print("Nothing is parked.")
    for queue in queues:
        name = f"{queue['topic']} {queue['key'] or '-'}"
        did = f"{name}: {queue['handled']} handled, {queue['left']} left"
        if queue["state"] == "stopped":
            did += (
                f"; stopped at {queue['stopped_at']}, which failed again "
                f"(redrive {queue['attempts']}): {queue['reason']}"
            )
        elif queue["state"] == "busy":
            did += "; another redrive has it just now"
        _say(console, did)


def _say(console: Console, text: str) -> None:
    console.print(plain_markup(text), soft_wrap=True, highlight=False)


def _text(text: str | None, hex: str | None) -> str:
    if text is not None:
        return text
    return f"(not UTF-8) {hex}" if hex is not None else "(null)"
