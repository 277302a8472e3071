"""`zharmenke lag`: who is behind, by how much, and since when."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from admin.lag.groups import Group, look_at_groups
from admin.lag.outboxes import Outbox, look_at_outboxes
from admin.log.reading import open_log
from admin.terminal import FINDING, age, answer, plain_markup, quiet_client, trouble_told
from admin.where import AsJson, Bootstrap, brokers, service_url, topic_prefix
from schemas.topics import SERVICES
from services.kit.settings import consumer_group

PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found, and in words what of it is not as it should be."""

    groups: Sequence[Group]
    outboxes: Sequence[Outbox]
    findings: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "groups": [
                asdict(group) | {"records": group.records, "seconds": round(group.seconds, 3)}
                for group in self.groups
            ],
            "outboxes": [asdict(outbox) for outbox in self.outboxes],
            "findings": list(self.findings),
        }


def lag(
    group: Annotated[
        list[str] | None,
        typer.Option(help="A consumer group; may be repeated.", show_default="the services'"),
    ] = None,
    patience: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="A record or event may wait for so long."),
    ] = PATIENCE,
    all_: Annotated[
        bool, typer.Option("--all", help="Also the partitions in which nothing waits.")
    ] = False,
    bootstrap: Bootstrap = None,
    as_json: AsJson = False,
) -> None:
    """Show how far behind each group is, by topic and partition, and how old unsent events are.

    The outboxes are told by the services' own /metrics (SUBMISSION_URL, SCORING_URL, …, else the
    local stack's). Exit code 1 when something waits for longer than --patience, a group has no
    members, or a service does not answer; 2 when the broker is away.

    Example: zharmenke lag --patience 300 --json
    """
    quiet_client()
    with trouble_told():
        prefix = topic_prefix()
        names = group or [consumer_group(name, prefix) for name in SERVICES]
        report = asyncio.run(_look(brokers(bootstrap), names, patience))
        answer(report.as_json(), lambda _: _print(report, all_), as_json)
        if report.findings:
            raise typer.Exit(FINDING)


async def _look(servers: str, names: Sequence[str], patience: float) -> Report:
    asked = asyncio.create_task(look_at_outboxes({name: service_url(name) for name in SERVICES}))
    try:
        async with open_log(servers) as log:
            groups = await look_at_groups(log, names)
        outboxes = await asked
    finally:
        asked.cancel()
    return Report(groups, outboxes, _findings(groups, outboxes, patience))


def _findings(groups: Sequence[Group], outboxes: Sequence[Outbox], patience: float) -> list[str]:
    found = []
    for group in groups:
        if not group.members:
            found.append(f"Nobody reads for the group {group.name} now.")
        if group.seconds > patience:
            found.append(
                f"{group.name} is {group.records} records behind; "
                f"the first has been waiting for {age(group.seconds)}."
            )
    for outbox in outboxes:
        if outbox.trouble:
            found.append(f"{outbox.service} at {outbox.url}: {outbox.trouble}.")
        elif (oldest := outbox.oldest_seconds or 0.0) > patience:
            found.append(f"{outbox.service} has had unsent events for {age(oldest)}.")
    return found


def _print(report: Report, all_: bool) -> None:
    console = Console()
    console.print(_group_table(report.groups, all_))
    console.print(_outbox_table(report.outboxes))
    for finding in report.findings:
        console.print(plain_markup(finding), style="red", soft_wrap=True, highlight=False)


def _group_table(groups: Sequence[Group], all_: bool) -> Table:
    table = Table("Group", "Topic", "Partition", "Records", "Waiting", box=SIMPLE_HEAD)
    for number in (2, 3, 4):
        table.columns[number].justify = "right"
    for group in groups:
        members = f"{group.members} member{'' if group.members == 1 else 's'}"
        table.add_row(
            plain_markup(group.name), members, "all", str(group.records), age(group.seconds)
        )
        for one in group.partitions:
            if all_ or one.records:
                waits = age(one.seconds) if one.records else "-"
                table.add_row(
                    "", plain_markup(one.topic), str(one.partition), str(one.records), waits
                )
    return table


def _outbox_table(outboxes: Sequence[Outbox]) -> Table:
    table = Table("Outbox", "Documents", "Oldest event", "Parked", box=SIMPLE_HEAD)
    for one in outboxes:
        told = "?", "?", "?"
        if not one.trouble:
            told = str(one.depth), age(one.oldest_seconds or 0.0), str(one.parked)
        table.add_row(one.service, *told)
    return table
