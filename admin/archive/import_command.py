"""`zharmenke import`: a season from a file into an empty stack."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from admin.archive.importing import Destination, Imported, import_season
from admin.archive.manifest import NotOurFile
from admin.terminal import FINDING, Trouble, answer, note, quiet_client, trouble_told
from admin.where import (
    AsJson,
    Bootstrap,
    brokers,
    is_idempotent,
    mongo_url,
    smtp_url,
    topic_prefix,
)
from services.notify.settings import Settings


def import_(
    file: Annotated[Path, typer.Argument(help="What `zharmenke export` wrote.")],
    speed: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            help="Play it as a rehearsal, in the original distances of time divided by this.",
        ),
    ] = None,
    bootstrap: Bootstrap = None,
    mongo: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The databases; else MONGO_URL, else the local stack's."),
    ] = None,
    database_prefix: Annotated[
        str, typer.Option(help="What stands before a service's name in that of its database.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Bring a season from a file into an empty stack: its record, and what the services own.

    The whole file is verified before anything is written. Topics and databases must be empty and
    the services stopped; then start them: they hear it all, mail nobody, and go on with it. An
    import that was interrupted is run again and goes on where it stopped.

    With --speed the services run, and hear the season in time. Mails of a rehearsal go out, so the
    mail server (SMTP_URL, else the local stack's) must be on this machine; a file without people
    mails nobody.

    Exit code 0 when all of it is there, 1 when the file is not whole or does not hold, 2 when it
    could not be imported. Nothing is written in the last two cases, unless the broker or the
    database went away in the middle.

    Example: zharmenke import season.ndjson

    Example: zharmenke import season.ndjson --speed 100
    """
    quiet_client()
    with trouble_told():
        if speed is not None and not Settings(smtp_url=smtp_url()).mails_stay_here:
            raise Trouble(
                "A rehearsal sends mails, and the mail server is not on this machine: "
                "point SMTP_URL, here and at notify, to a local sink."
            )
        to = Destination(
            brokers(bootstrap),
            topic_prefix(),
            is_idempotent(),
            mongo_url(mongo),
            database_prefix,
        )
        try:
            found = asyncio.run(import_season(file, to, speed))
        except NotOurFile as error:
            note(f"{file}: {error}. Nothing was written.")
            raise typer.Exit(FINDING) from error
        except OSError as error:
            raise Trouble(f"{file} can't be read: {error.strerror or error}.") from error
        answer({"file": str(file)} | asdict(found), lambda _: _tell(file, found), as_json)


def _tell(file: Path, found: Imported) -> None:
    before = f" ({found.records_before} were there)" if found.records_before else ""
    typer.echo(
        f"{file}: season {found.season}, {found.records} records on the topics{before}, "
        f"{found.documents} documents in the databases."
    )
    if found.purpose == "history":
        typer.echo("Now start the services: they hear it, mail nobody, and go on with it.")
