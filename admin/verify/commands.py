"""`zharmenke verify`: is the record whole, and is every result what it must be?"""

import asyncio
import logging
from pathlib import Path
from typing import Annotated

import typer

from admin.archive.manifest import NotOurFile
from admin.terminal import FINDING, Trouble, answer, note, trouble_told
from admin.verify.display import as_json as findings_json
from admin.verify.display import print_findings
from admin.verify.findings import Findings
from admin.verify.sources import verify_file, verify_topics
from admin.where import AsJson, Bootstrap, brokers, topic_prefix


def verify(
    file: Annotated[
        Path | None, typer.Argument(help="An exported season. [default: the topics]")
    ] = None,
    bootstrap: Bootstrap = None,
    ignore_manifest: Annotated[
        bool, typer.Option(help="Check a file although it is not what its manifest says.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check the record by itself: from the brokers' address or a file, and nothing else.

    Every record against its schema, every subject for gaps, every id for a second content, every
    rule that the events can show, and every ranking computed anew from the scores of its cut. Reads
    all streams from the beginning; the topics with personal data are not read.

    Exit code 0 when all holds, 1 when something does not (each fault names its record), 2 when it
    could not be checked, such as without a broker.

    Example: zharmenke verify --bootstrap 127.0.0.1:19092

    Example: zharmenke verify season.ndjson
    """
    with trouble_told():
        if file is None:
            if ignore_manifest:
                raise Trouble("--ignore-manifest is for a file.")
            logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # said in our own words
            servers = brokers(bootstrap)
            source, found = servers, asyncio.run(verify_topics(servers, topic_prefix()))
        elif bootstrap is not None:
            raise Trouble("Give a file or --bootstrap, not both.")
        else:
            source, found = str(file), _of_file(file, ignore_manifest=ignore_manifest)
        answer(findings_json(source, found), lambda _: print_findings(source, found), as_json)
        if not found.hold:
            raise typer.Exit(FINDING)


def _of_file(path: Path, *, ignore_manifest: bool) -> Findings:
    try:
        return verify_file(path, ignore_manifest=ignore_manifest)
    except NotOurFile as error:
        note(f"{path}: {error}. --ignore-manifest checks its events all the same.")
        raise typer.Exit(FINDING) from error
    except OSError as error:
        raise Trouble(f"{path} can't be read: {error.strerror}.") from error
