"""`zharmenke dead`: look at parked records, have them handled again, or give them up."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from admin.dead.display import print_queues, print_record, print_records
from admin.dead.door import Door, DoorClosed, admin_token, open_door
from admin.terminal import answer
from admin.tokens import DEFAULT_KEY
from admin.where import AsJson, service_url
from schemas.topics import SERVICES

dead_app = typer.Typer(no_args_is_help=True)

Service = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The record: <topic>/<partition>/<offset>.")]
Url = Annotated[
    str | None,
    typer.Option(help="Where it is; else SUBMISSION_URL, SCORING_URL, …, else the local stack's."),
]
OperatorKey = Annotated[
    Path,
    typer.Option(
        envvar="OPERATOR_KEY_FILE",
        help="The operator's private key (PEM); not needed with an admin's ZHARMENKE_TOKEN.",
    ),
]
By = Annotated[str | None, typer.Option(help="Your name, for the log. [default: your login]")]


@dead_app.callback()
def _dead() -> None:
    """Parked records of a service: what it could not handle, and what waits behind that."""


@dead_app.command("list")
def list_records(
    service: Service,
    url: Url = None,
    operator_key: OperatorKey = DEFAULT_KEY,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """List what is parked, without personal data.

    Example: zharmenke dead list scoring
    """
    with _door(service, url, operator_key, by) as door:
        records = door.records()
    answer(records, print_records, as_json)


@dead_app.command()
def show(
    service: Service,
    id: Id,
    with_people: Annotated[
        bool, typer.Option("--with-people", help="Personal data too; this is logged.")
    ] = False,
    url: Url = None,
    operator_key: OperatorKey = DEFAULT_KEY,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Show one record with its headers and body.

    Example: zharmenke dead show scoring zharmenke.submission/3/42
    """
    with _door(service, url, operator_key, by) as door:
        shown = door.record(_checked(id), with_people=with_people)
    answer(shown, print_record, as_json)


@dead_app.command()
def redrive(
    service: Service,
    id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A record; its whole queue is redriven.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="The queue's topic, with --key.")] = None,
    key: Annotated[str | None, typer.Option(help="The queue's key, with --topic.")] = None,
    all_queues: Annotated[bool, typer.Option("--all", help="Every queue.")] = False,
    url: Url = None,
    operator_key: OperatorKey = DEFAULT_KEY,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Have the service handle parked records again, in their order.

    A queue is the records of one topic and key. It stops at the first that fails again, and then
    the exit code is 1.

    Example: zharmenke dead redrive scoring zharmenke.submission/3/42
    """
    what = _queue_named(id, topic, key, all_queues=all_queues)
    with _door(service, url, operator_key, by) as door:
        queues = door.redrive(what)
    answer(queues, print_queues, as_json)
    if any(queue["state"] != "done" for queue in queues):
        raise typer.Exit(1)


@dead_app.command()
def discard(
    service: Service,
    id: Id,
    reason: Annotated[str, typer.Option(help="Why nobody will miss it; kept for ever.")],
    by: Annotated[
        str | None, typer.Option(help="Who decides: your name, kept with the reason.")
    ] = None,
    url: Url = None,
    operator_key: OperatorKey = DEFAULT_KEY,
    as_json: AsJson = False,
) -> None:
    """Decide that a record is never handled. It stays on record, with the reason and your name.

    What waits behind it is not handled by this: redrive it next.

    Example: zharmenke dead discard scoring zharmenke.submission/3/42 --reason "A test" --by aigul
    """
    if len(reason.strip()) < 3 or not ((by or "").strip() or _token()):
        _misused("A discard needs a --reason in words and a name (--by).")
    with _door(service, url, operator_key, by) as door:
        decision = door.discard(_checked(id), reason)
    answer(decision, lambda made: typer.echo(_sentence(made)), as_json)


def _sentence(made: dict[str, Any]) -> str:
    return f"{made['id']} was discarded by {made['by']} at {made['at']}: {made['reason']}"


def _queue_named(
    id: str | None, topic: str | None, key: str | None, *, all_queues: bool
) -> dict[str, Any]:
    by_key = topic is not None and key is not None
    if [by_key, id is not None, all_queues].count(True) != 1 or (topic is None) != (key is None):
        _misused("Name a record's ID, or --topic and --key, or --all.")
    if all_queues:
        return {"all": True}
    return {"id": _checked(id)} if id is not None else {"topic": topic, "key": key}


def _checked(id: str) -> str:
    parts = id.split("/")
    if len(parts) != 3 or not all(part.isdigit() for part in parts[1:]):
        _misused(f"{id!r} is no record's id; they look like zharmenke.submission/3/42.")
    return id


@contextmanager
def _door(service: str, url: str | None, key_file: Path, by: str | None) -> Iterator[Door]:
    if service not in SERVICES:
        _misused(f"There is no service {service!r}; choose one of: {', '.join(SERVICES)}.")
    token = _token()
    if token and by:
        _misused("ZHARMENKE_TOKEN names you already; leave --by out.")
    if not token and not key_file.is_file():
        _misused(f"There is no key at {key_file}; give --operator-key, or set ZHARMENKE_TOKEN.")
    token = token or admin_token(key_file, (by or getpass.getuser()).strip())
    try:
        with open_door(service_url(service, url), token) as door:
            yield door
    except DoorClosed as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error


def _token() -> str:
    return os.environ.get("ZHARMENKE_TOKEN", "")


def _misused(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(2)
