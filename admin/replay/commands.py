"""`zharmenke replay` and `zharmenke restore`: history folded anew by the installed code."""

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer
import uvloop

from admin.log.moments import HINT, span
from admin.replay import planning, running
from admin.replay.comparing import Compared
from admin.replay.display import (
    plan_json,
    print_plan,
    print_promoted,
    print_restored,
    print_run,
    restored_json,
    run_json,
)
from admin.replay.place import Address, Place, check_service, open_place
from admin.replay.restoring import Restored, Restoring
from admin.terminal import (
    FINDING,
    Trouble,
    answer,
    note,
    progress,
    quiet_client,
    trouble_told,
)
from admin.where import AsJson, Bootstrap, brokers, mongo_url, topic_prefix
from schemas.topics import SERVICES

replay_app = typer.Typer(no_args_is_help=True)

Service = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")]
Mongo = Annotated[
    str | None,
    typer.Option(metavar="URL", help="The database; else MONGO_URL, else the local one."),
]
Database = Annotated[
    str | None, typer.Option(help="Its name; else MONGO_DATABASE, else the service's.")
]
T = TypeVar("T")


@replay_app.callback()
def _replay() -> None:
    """Fold history anew with the installed code, beside the running service."""


@replay_app.command()
def plan(
    service: Service,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help=f"What was written since alone. {HINT}"),
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="KIND/ID", help="What follows from one subject alone.")
    ] = None,
    mongo: Mongo = None,
    database: Database = None,
    bootstrap: Bootstrap = None,
    as_json: AsJson = False,
) -> None:
    """Say what a replay would read, and which documents would change, and how. Writes nothing.

    Folds in memory: for millions of events, choose with --from or --subject, or `replay run`.
    Exit code 1 when something would change or can't be handled; 2 when it could not be told.

    Example: zharmenke replay plan scoring --from 2d
    """
    with trouble_told():
        since, _ = span(from_, None, datetime.now(UTC))
        if subject is not None and not all(subject.partition("/")):
            raise Trouble(f"{subject!r} is no subject; they look like project/7f0c0e4e-….")

        async def work(place: Place) -> planning.Plan:
            topics = [place.own_topic, *place.heard_topics]
            total = sum(
                one.size
                for one in (
                    await place.log.ranges(
                        [one for topic in topics for one in place.log.partitions(topic)]
                    )
                ).values()
            )
            with progress("reading", total) as advance:
                return await planning.plan(place, advance, since=since, subject=subject)

        found = _do(_address(service, mongo, database, bootstrap), work)
        answer(plan_json(found), lambda _: print_plan(found), as_json)
        _finding(found.compared, problems=len(found.problems))


@replay_app.command()
def run(
    service: Service,
    mongo: Mongo = None,
    database: Database = None,
    bootstrap: Bootstrap = None,
    as_json: AsJson = False,
) -> None:
    """Fold history into a shadow generation, and compare it with the live documents.

    The service may run meanwhile; nothing of it is changed, and nothing is mailed. Interrupted, it
    goes on where it was when it is run again. Exit code 1 when a document differs or a record can't
    be handled; 2 when it broke off, such as without a broker, or beside another replay.

    Example: zharmenke replay run scoring
    """
    with trouble_told():

        async def work(place: Place) -> running.Run:
            async with running.opened(place) as shadow:
                with progress("folding", await running.left(shadow)) as advance:
                    return await running.run(shadow, advance)

        try:
            found = _do(_address(service, mongo, database, bootstrap), work)
        except KeyboardInterrupt:
            note("Interrupted; it goes on from its last checkpoint when it is run again.")
            raise
        answer(run_json(found), lambda _: print_run(found), as_json)
        _finding(found.compared, problems=len(found.problems))


@replay_app.command()
def promote(
    service: Service,
    mongo: Mongo = None,
    database: Database = None,
    bootstrap: Bootstrap = None,
    as_json: AsJson = False,
) -> None:
    """Have the service read what `replay run` made of others' streams, without a restart.

    The last records are folded while the service waits with its own. What it heard before is kept
    until `replay drop`; documents that it owns are not touched. Exit code 2, with nothing changed,
    when there is nothing to promote or it is behind.

    Example: zharmenke replay promote scoring
    """
    with trouble_told():
        found = _do(_address(service, mongo, database, bootstrap), running.promote)
        told = {
            "service": found.service,
            "generation": found.generation,
            "before": found.before,
            "records": found.records,
            "documents": found.documents,
        }
        answer(told, lambda _: print_promoted(found), as_json)


@replay_app.command()
def drop(
    service: Service,
    mongo: Mongo = None,
    database: Database = None,
    bootstrap: Bootstrap = None,
    as_json: AsJson = False,
) -> None:
    """Remove every generation but the live one.

    Exit code 2 while a replay runs, or within 30 s after a promote.

    Example: zharmenke replay drop scoring
    """
    with trouble_told():
        gone = _do(_address(service, mongo, database, bootstrap), running.drop)
        answer(
            {"service": service, "dropped": gone},
            lambda _: typer.echo(f"Dropped: {', '.join(gone) or 'nothing'}."),
            as_json,
        )


def restore(
    service: Service,
    mongo: Mongo = None,
    database: Database = None,
    bootstrap: Bootstrap = None,
    as_json: AsJson = False,
) -> None:
    """Replace the documents a service owns by what its own stream tells. Stop the service first.

    Drafts, and whatever else no event says, stay where a document is. What was replaced is kept
    until `replay drop`. Nothing is mailed: notify puts messages that are missing back by itself at
    its next start, as not known to have arrived. Exit code 2, with nothing changed, when the
    service runs, has events that are not on the stream yet, or can't handle a record of its own.

    Example: zharmenke restore submission
    """
    with trouble_told():

        async def work(place: Place) -> Restored:
            async with running.opened(place) as shadow:
                total = sum(one.size for one in (await shadow.ranges([place.own_topic])).values())
                with progress("folding", total) as advance:
                    return await Restoring(shadow).run(advance)

        found = _do(_address(service, mongo, database, bootstrap), work)
        answer(restored_json(found), lambda _: print_restored(found), as_json)


def _address(
    service: str, mongo: str | None, database: str | None, bootstrap: str | None
) -> Address:
    check_service(service)
    name = database or os.environ.get("MONGO_DATABASE") or service
    return Address(service, brokers(bootstrap), topic_prefix(), mongo_url(mongo), name)


def _do(at: Address, work: Callable[[Place], Awaitable[T]]) -> T:
    quiet_client()

    async def done() -> T:
        async with open_place(at) as place:
            return await work(place)

    return uvloop.run(done())


def _finding(compared: Compared, *, problems: int) -> None:
    if compared.different or problems:
        raise typer.Exit(FINDING)
