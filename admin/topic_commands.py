"""`zharmenke topics`: list the topics on the broker, or create those that are missing."""

import asyncio
from typing import Annotated

import typer
from aiokafka.errors import KafkaError
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from admin.terminal import age, answer, note, plain_markup, quiet_client, trouble_told
from admin.topic_list import Found, list_topics
from admin.topics import BrokerAway, TopicRefused, create_topics
from admin.where import AsJson, Bootstrap, brokers, topic_prefix

topics_app = typer.Typer()


@topics_app.callback(invoke_without_command=True)
def topics(
    context: typer.Context,
    all_: Annotated[
        bool, typer.Option("--all", help="Also those that do not begin with TOPIC_PREFIX.")
    ] = False,
    bootstrap: Bootstrap = None,
    as_json: AsJson = False,
) -> None:
    """List the topics on the broker: partitions, records, what is removed from them, size.

    12 × 3 partitions: 12, each in three copies; the size is that of all copies, where the broker
    tells it. Of a compacted topic the number of records is an upper limit. Exit code 2 when the
    broker is away.

    Example: zharmenke topics --json
    """
    if context.invoked_subcommand is not None:
        return
    quiet_client()
    with trouble_told():
        prefix = "" if all_ else f"{topic_prefix()}."
        found = asyncio.run(list_topics(brokers(bootstrap), prefix))
        answer([one.as_json() for one in found], lambda _: _print(found), as_json)
        if not found:
            note(f"No topic begins with {prefix!r}; `zharmenke topics create` makes ours.")


def _print(found: list[Found]) -> None:
    console = Console()
    table = Table("Topic", "Partitions", "Records", "Kept", "Size", box=SIMPLE_HEAD)
    table.columns[0].no_wrap = True
    for number in (1, 2, 4):
        table.columns[number].justify = "right"
    for one in found:
        table.add_row(
            plain_markup(one.name),
            f"{one.partitions} × {one.copies}",
            f"{'≤ ' if one.compacted else ''}{one.records}",
            _kept(one),
            _size(one.bytes),
        )
    if found:
        console.print(table)


def _kept(one: Found) -> str:
    if one.kept_ms is None:
        return "?"
    if one.compacted:
        return "compacted"
    return "for ever" if one.kept_ms < 0 else age(one.kept_ms / 1000)


def _size(size: int | None) -> str:
    if size is None:
        return "?"
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 1024:.1f} KiB"


@topics_app.command("create")
def create(
    replication_factor: Annotated[
        int, typer.Option(min=1, help="Copies of each partition; 3 on a cluster.")
    ] = 1,
    min_insync: Annotated[
        int | None, typer.Option(min=1, help="Copies that must have a write; 2 on a cluster.")
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the broker.")] = 60.0,
) -> None:
    """Create what is missing (names begin with TOPIC_PREFIX) on KAFKA_BOOTSTRAP_SERVERS.

    Exits 1 when the broker is away or an existing topic is not as it must be.
    """
    quiet_client()
    servers = brokers(None)
    prefix = topic_prefix()
    try:
        report = asyncio.run(
            create_topics(
                servers,
                prefix=prefix,
                replication_factor=replication_factor,
                min_insync=min_insync,
                within=wait,
            )
        )
    except (BrokerAway, TopicRefused, KafkaError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{len(report.created)} topics created, {len(report.present)} were there.")
    if report.without_settings:
        names = ", ".join(report.without_settings)
        typer.echo(f"warning: the broker refused the settings of {names}", err=True)
    for difference in report.differences:
        typer.echo(f"error: {difference}", err=True)
    if report.differences:
        raise typer.Exit(1)
