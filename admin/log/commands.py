"""`zharmenke events` and `zharmenke trace`: what is on the log, and what led to what."""

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

import typer

from admin.log.choice import Choice, choose, dead_topics
from admin.log.display import event_line, print_trace
from admin.log.moments import HINT, span
from admin.log.reading import Log, open_log
from admin.log.tree import Trace, grow
from admin.log.view import Viewed, viewed
from admin.terminal import FINDING, Trouble, answer, note, progress, quiet_client, trouble_told
from admin.where import AsJson, Bootstrap, brokers, topic_prefix
from schemas.topics import all_topics
from services.kit.envelope import Record

From = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help=f"Written at this time or later. {HINT}"),
]
Times = tuple[datetime | None, datetime | None]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Written before this time.")]


def events(
    topic: Annotated[
        list[str] | None,
        typer.Option(help="A topic, or a service for its stream; may be repeated. [all streams]"),
    ] = None,
    type_: Annotated[
        list[str] | None, typer.Option("--type", help="An event type; may be repeated.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="KIND/ID", help="One subject: reads its partition alone.")
    ] = None,
    from_: From = None,
    to: To = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with new events until interrupted.")
    ] = False,
    bootstrap: Bootstrap = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, with the event's body.")
    ] = False,
) -> None:
    """Show events in the order in which they were written.

    Times are those at which Kafka took the records. A body is shown with --json, that of a people
    record or a dead letter never. Exit code 0 also when nothing matches; 2 for what there is not,
    such as an unknown topic, and for a broker that is away or goes away.

    Example: zharmenke events --type ScoreRecorded --from 2h

    Example: zharmenke events --subject project/7f0c0e4e-6f3e-5d0a-9a53-0a3c1f2b4d5e --json
    """
    quiet_client()
    with trouble_told():
        prefix = topic_prefix()
        choice = choose(topic or [], type_ or [], subject, prefix)
        times = span(from_, to, datetime.now(UTC))
        if follow and to:
            raise Trouble("--follow has no end; leave --to out.")
        showing = _Showing(choice, dead_topics(prefix), as_json)
        with suppress(*((KeyboardInterrupt,) if follow else ())):  # how one ends following
            asyncio.run(_show(brokers(bootstrap), showing, times, follow))


class _Showing:
    """Prints what was chosen, and counts."""

    def __init__(self, choice: Choice, dead: frozenset[str], as_json: bool) -> None:
        self.choice = choice
        self.shown = 0
        self._dead = dead
        self._as_json = as_json

    def take(self, record: Record) -> None:
        if not self.choice.wants(record):
            return
        self.shown += 1
        one = viewed(record, dead=record.topic in self._dead)
        if self._as_json:
            typer.echo(json.dumps(one.as_json(), ensure_ascii=False))
        else:
            typer.echo(event_line(one))


async def _show(
    servers: str,
    showing: _Showing,
    times: Times,
    follow: bool,
) -> None:
    async with open_log(servers) as log:
        ranges = await log.ranges(showing.choice.partitions(log), *times)
        total = sum(one.size for one in ranges.values())
        with progress("reading", total, beside_output=True) as advance:
            async for record in log.in_order(ranges, advance):
                showing.take(record)
        if not follow:
            note(f"{showing.shown} of {total} records match.")
            return
        async for record in log.new_ones(ranges):
            showing.take(record)


def trace(
    correlation_id: Annotated[
        str, typer.Argument(help="An answer's X-Correlation-Id, or the id of an event.")
    ],
    from_: From = None,
    to: To = None,
    whole: Annotated[
        bool, typer.Option("--all", help="Every event, also where many of a type have one cause.")
    ] = False,
    bootstrap: Bootstrap = None,
    as_json: AsJson = False,
) -> None:
    """Show what followed from one request: one tree, up to the mail server's answers.

    Made from the log alone; personal data is not shown. Reads every stream: --from and --to make it
    short. Exit code 1 when no event has the id, or something was parked on the way; 2 when the
    broker is away or goes away.

    Example: zharmenke trace http/5f0c8e1d2a3b4c5d6e7f8a9b --from 1d
    """
    quiet_client()
    with trouble_told():
        prefix, times = topic_prefix(), span(from_, to, datetime.now(UTC))
        found = asyncio.run(_trace(brokers(bootstrap), correlation_id, prefix, times))
        if found is None:
            note(f"No event has the correlation id or the id {correlation_id!r}.")
            raise typer.Exit(FINDING)
        answer(found.as_json(), lambda _: print_trace(found, whole=whole), as_json)
        if found.parked:
            raise typer.Exit(FINDING)


async def _trace(servers: str, wanted: str, prefix: str, times: Times) -> Trace | None:
    async with open_log(servers) as log:
        found = await _following(log, wanted, prefix, times)
        if found and not any(one.attribute("correlationid") == wanted for one in found):
            # It is the id of an event that follows from something else.
            wanted = found[0].attribute("correlationid") or wanted
            found = await _following(log, wanted, prefix, times)
    return grow(wanted, found) if found else None


async def _following(log: Log, wanted: str, prefix: str, times: Times) -> list[Viewed]:
    """Every record that has this correlation id, or this id."""
    names = [topic.name for topic in all_topics(prefix) if topic.name in log.topics]
    ranges = await log.ranges([one for name in names for one in log.partitions(name)], *times)
    sought, dead, found = wanted.encode(), dead_topics(prefix), []
    with progress("reading", sum(one.size for one in ranges.values())) as advance:
        async for records in log.batches(ranges, advance):
            for record in records:
                for name, value in record.headers:
                    if value == sought and name in ("ce_correlationid", "ce_id"):
                        found.append(viewed(record, dead=record.topic in dead))
                        break
    return found
