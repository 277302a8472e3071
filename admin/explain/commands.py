"""`zharmenke explain`: why a project has its rank, line by line, with the events behind it."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from admin.archive.manifest import NotOurFile
from admin.explain.reading import Told, told_by_file, told_by_topics
from admin.terminal import FINDING, Trouble, answer, note, plain_markup, quiet_client, trouble_told
from admin.where import AsJson, Bootstrap, brokers, topic_prefix
from services.kit.refusal import Refused
from services.scoring.domain.explained import for_applicant
from services.scoring.explaining import lines_of


class Reader(StrEnum):
    """For whom it is explained."""

    STAFF = "staff"
    APPLICANT = "applicant"


class Lang(StrEnum):
    """The languages of the lines."""

    KK = "kk"
    RU = "ru"
    EN = "en"


def explain(
    project: Annotated[str, typer.Argument(help="The project's id.")],
    round_id: Annotated[
        str | None,
        typer.Option("--round", help="Such as 2020-first. [default: the last that ranked it]"),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="An exported season. [default: the topics]")
    ] = None,
    bootstrap: Bootstrap = None,
    reader: Annotated[
        Reader, typer.Option("--for", help="Applicants don't see who judged, nor others' sheets.")
    ] = Reader.STAFF,
    lang: Annotated[Lang, typer.Option(help="The language of the lines.")] = Lang.EN,
    as_json: AsJson = False,
) -> None:
    """Explain a project's rank: every sheet, the total, ties, the line, the decision.

    Computed anew from the record, by the rules of the ranking itself; each line names the events
    that it rests on. Of the topics, those of submission and scoring are read.

    Exit code 0 when it is explained, 1 when the record gives no such rank or another ranking than
    the one on record, 2 when it could not be read, such as without a broker.

    Example: zharmenke explain 7f0c0e4e-6f3e-5d0a-9a53-0a3c1f2b4d5e --round 2020-first

    Example: zharmenke explain 7f0c0e4e-6f3e-5d0a-9a53-0a3c1f2b4d5e --file season.ndjson --lang kk
    """
    with trouble_told():
        if file is not None and bootstrap is not None:
            raise Trouble("Give --file or --bootstrap, not both.")
        told = _told(file, bootstrap)
        try:
            whole, stage = told.explain(project, round_id)
        except Refused as refused:
            note(f"{refused.rule}: {refused.detail}")
            raise typer.Exit(FINDING) from refused
        names = told.names()
        if reader is Reader.APPLICANT:
            whole, names = for_applicant(whole), {}
        lines = lines_of(whole, stage, lang.value, names)
        found = whole.model_dump(mode="json")
        found |= {"language": lang.value, "lines": [one.model_dump() for one in lines]}
        answer(found, _print, as_json)


def _told(file: Path | None, bootstrap: str | None) -> Told:
    if file is None:
        quiet_client()
        return asyncio.run(told_by_topics(brokers(bootstrap), topic_prefix()))
    try:
        return told_by_file(file)
    except NotOurFile as error:
        note(f"{file}: {error}. `zharmenke verify --ignore-manifest` says more.")
        raise typer.Exit(FINDING) from error
    except OSError as error:
        raise Trouble(f"{file} can't be read: {error.strerror}.") from error


def _print(found: dict[str, Any]) -> None:
    """Two columns: what is so, and which events say so."""
    table = Table.grid(padding=(0, 2))
    table.add_column(ratio=3)
    table.add_column(style="dim", ratio=2)
    for line in found["lines"]:
        text = "    " * line["level"] + plain_markup(line["text"])
        table.add_row(text, plain_markup(_short(found, line["event_ids"])))
    console = Console()
    console.print(f"[bold]{found['round_id']}[/] {plain_markup(found['project_id'])}")
    console.print(table)
    for name in ("ruleset_hash", "inputs_hash", "table_hash"):
        console.print(f"{name} {found[name]}")


def _short(found: dict[str, Any], event_ids: list[str]) -> str:
    """Ids of the project's own evaluation by their number: there are many of those."""
    own = f"scoring/evaluation/{found['round_id']}~{found['project_id']}"
    return " ".join(f"evaluation{id.removeprefix(own)}" if own in id else id for id in event_ids)
