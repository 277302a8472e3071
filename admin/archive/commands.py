"""`zharmenke export`: a season from the topics into a file."""

import asyncio
import logging
from pathlib import Path
from typing import Annotated, Any

import typer

from admin.archive.exporting import export_season, names_of
from admin.archive.manifest import Manifest
from admin.terminal import Trouble, answer, note, trouble_told
from admin.where import AsJson, Bootstrap, brokers, topic_prefix


def export(
    season: Annotated[str, typer.Argument(help="The season's id, such as 2020.")],
    file: Annotated[Path, typer.Argument(help="Written whole or not at all; replaced if there.")],
    with_people: Annotated[
        bool,
        typer.Option(
            "--with-people", help="Personal data too: the last record of each, none of the erased."
        ),
    ] = False,
    bootstrap: Bootstrap = None,
    as_json: AsJson = False,
) -> None:
    """Write a season's events into a file: one CloudEvent in JSON a line, after a manifest.

    In order of time, each subject's events in theirs, a cause before what follows from it; the
    same record gives the same lines. Repeats are written once. Ids of persons are in it, nothing
    else of them unless --with-people is given. `zharmenke verify FILE` checks it anywhere.

    Exit code 0 when it is written, 2 when it could not be.

    Example: zharmenke export 2020 season.ndjson
    """
    with trouble_told():
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # said in our own words
        if not file.parent.is_dir() or file.is_dir():
            raise Trouble(f"{file} can't be a file: its directory is missing, or it is one itself.")
        manifest = asyncio.run(
            export_season(brokers(bootstrap), topic_prefix(), season, file, with_people=with_people)
        )
        if manifest.left_out:
            note(
                f"warning: {len(manifest.left_out)} records can't be read, so nobody knows their "
                f"season; they are not in the file: {names_of(manifest.left_out)}"
            )
        answer(_summary(file, manifest), lambda _: _tell(file, manifest), as_json)


def _summary(file: Path, manifest: Manifest) -> dict[str, Any]:
    told = manifest.model_dump(mode="json", exclude={"zharmenke_export", "subjects"})
    return {"file": str(file), **told, "subjects": len(manifest.subjects)}


def _tell(file: Path, manifest: Manifest) -> None:
    people = f"{manifest.people} people records" if manifest.people else "no personal data"
    typer.echo(
        f"{file}: season {manifest.season}, {manifest.events} events of "
        f"{len(manifest.subjects)} subjects, {people}\nSHA-256 {manifest.sha256}"
    )
