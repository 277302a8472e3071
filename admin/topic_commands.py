"""`zharmenke topics`: list the topics on the broker, or create those that are missing."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer
from aiokafka.errors import KafkaError
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from admin.generation import Filled, fill, size
from admin.log.reading import open_log
from admin.terminal import (
    FINDING,
    age,
    answer,
    note,
    plain_markup,
    progress,
    quiet_client,
    trouble_told,
)
from admin.topic_list import Found, list_topics
from admin.topics import BrokerAway, TopicRefused, create_topics
from admin.where import AsJson, Bootstrap, brokers, is_idempotent, topic_prefix
from schemas.topics import PARTITIONS

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
    partitions: Annotated[
        int,
        typer.Option(min=1, envvar="TOPIC_PARTITIONS", help="Of each topic; fixed for its life."),
    ] = PARTITIONS,
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
                partitions=partitions,
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


@topics_app.command("fill")
def fill_generation(
    new_prefix: Annotated[str, typer.Argument(help="What the names of the new topics begin with.")],
    bootstrap: Bootstrap = None,
    as_json: AsJson = False,
) -> None:
    """Fill a new generation of the topics, which may have more partitions, from those there are.

    The services under TOPIC_PREFIX must be stopped and the new topics empty. Every record is copied
    with its key, headers and time, each key's in order; then both sides are compared. Exit code 1
    when they differ; 2 when it can't be done, or broke off.

    Example: zharmenke topics fill zharmenke.g2
    """
    quiet_client()
    with trouble_told():
        filled = asyncio.run(_fill(brokers(bootstrap), topic_prefix(), new_prefix))
        answer([asdict(one) for one in filled], lambda _: _tell(filled), as_json)
        if any(one.different for one in filled):
            raise typer.Exit(FINDING)


async def _fill(servers: str, old: str, new: str) -> list[Filled]:
    async with open_log(servers) as log:
        total = await size(log, old)
        with progress("copying, comparing", 2 * total) as advance:
            return await fill(log, old, new, idempotent=is_idempotent(), advance=advance)


def _tell(filled: list[Filled]) -> None:
    for one in filled:
        told = f"{one.old} → {one.new}: {one.records} records of {one.keys} keys"
        typer.echo(f"{told}, {f'{one.different} keys DIFFER' if one.different else 'the same'}")
