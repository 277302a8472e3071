"""The result: a table for people, line.json for programs, and where it was measured."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from admin.rehearsal.report import describe_broker, describe_database
from admin.stack.stack import Stack
from bench.ratio import Ratio

PACKAGES = (
    "aiokafka",
    "aiosmtplib",
    "fastapi",
    "faststream",
    "httpx",
    "motor",
    "pydantic",
    "pymongo",
    "uvicorn",
)


async def describe_machine(stack: Stack) -> dict[str, Any]:
    """Where and when this is measured, on which versions."""
    environment = stack.environment()
    broker = await describe_broker(stack, environment["KAFKA_BOOTSTRAP_SERVERS"])
    database = describe_database(stack, environment["MONGO_URL"])
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 1),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "broker": broker["process"],
        "database": f"{database['process']} {database['process_version']}",
        "packages": {name: version(name) for name in PACKAGES},
    }


def write_json(path: Path, ratios: Mapping[str, Ratio], machine: Mapping[str, Any]) -> None:
    """Write line.json, whole or not at all."""
    result = {
        "ratios": {name: ratio.as_json() for name, ratio in ratios.items()},
        "machine": dict(machine) | {"load_after": round(os.getloadavg()[0], 1)},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".tmp")
    fresh.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n")
    fresh.replace(path)


def print_table(console: Console, ratios: Mapping[str, Ratio], machine: Mapping[str, Any]) -> None:
    """The ratios, and the machine below."""
    table = Table(title="The line beside its limit", title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in ("ours/limit", "ours", "the limit", "rounds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for ratio in ratios.values():
        table.add_row(
            f"{ratio.name}\n[dim]{ratio.unit}/s[/]",
            _spread(ratio.ratios, 2),
            _spread(ratio.ours),
            _spread(ratio.limit),
            f"{len(ratio.ours)} × {ratio.units}",
        )
    console.print(table)
    versions = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    console.print(
        f"{machine['cores']} cores (load {machine['load_before']} before), "
        f"Python {machine['python']}, {machine['broker']}, {machine['database']}\n{versions}",
        style="dim",
        highlight=False,
    )


def _spread(values: list[float], digits: int = 0) -> str:
    """The median, and below it the smallest and the largest."""
    low, middle, high = (f"{pick(values):.{digits}f}" for pick in (min, median, max))
    return f"[bold]{middle}[/]\n[dim]{low}–{high}[/]"
