"""`zharmenke demo`: start the stack, play the fair of 2020, check it from outside, report, stop."""

import asyncio
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from admin.rehearsal.cast import Cast, FairSize, season_text
from admin.rehearsal.checks import Findings, check_fair
from admin.rehearsal.client import Client
from admin.rehearsal.eventful import EventfulPlay
from admin.rehearsal.happened import Happened
from admin.rehearsal.mailbox import Mailbox
from admin.rehearsal.outside import read_log
from admin.rehearsal.record import verify_record
from admin.rehearsal.report import (
    describe_broker,
    describe_database,
    print_report,
    write_report,
)
from admin.rehearsal.rest import wait_for_rest
from admin.rehearsal.steps import Step
from admin.stack.display import print_failure, progress_display
from admin.stack.errors import StackError
from admin.stack.layout import REPOSITORY, default_directory
from admin.stack.parts import PARTS
from admin.stack.stack import Stack
from admin.terminal import Trouble
from schemas.season import SeasonDefinition
from schemas.topics import SERVICES
from services.submission.season_file import parse_season

SEASON_FILE = REPOSITORY / "seasons" / "2020.yaml"


class Fair:
    """One rehearsal on a stack that runs."""

    def __init__(self, stack: Stack, seed: str, size: FairSize, today: date) -> None:
        self._stack = stack
        self._environment = stack.environment()
        self._yaml = season_text(SEASON_FILE, today, size)
        season: SeasonDefinition = parse_season(self._yaml)
        self.cast = Cast(seed, size, season)
        self.happened: Happened | None = None
        """What was played besides; None as long as nothing was."""
        self.seconds: dict[str, float] = {}

    async def play(self, step: Step, only: Collection[str] = ()) -> None:
        """Play all phases, or only these, then wait for rest."""
        key = self._stack.directory / "keys" / "operator.pem"
        client = Client(self._environment, key)
        try:
            play = EventfulPlay(client, self.cast, self._yaml, self._stack.maildir, step)
            for name, phase in play.phases():
                if only and name not in only:
                    continue
                with self._timed(name):
                    await phase()
            self.happened = None if only else play.happened
            with self._timed("rest"):
                token = client.operator("admin", "rehearsal")
                await wait_for_rest(self._environment, token)
        finally:
            await client.close()

    async def check(self) -> Findings:
        """Read the topics and the mailbox from outside and judge."""
        with self._timed("check"):
            log = await read_log(self._environment["KAFKA_BOOTSTRAP_SERVERS"])
            mails = Mailbox(self._stack.maildir).mails()
            return check_fair(log, mails, self.cast, self.happened)

    async def verify(self, file: Path, found: Findings) -> None:
        """Export the season to `file`, verify it there and on the topics, and add what is found."""
        with self._timed("verify"):
            servers = self._environment["KAFKA_BOOTSTRAP_SERVERS"]
            verified = await verify_record(servers, self.cast.season.id, file)
        found.verified = verified.report()
        found.failures += verified.failures()

    async def parts(self) -> dict[str, object]:
        """What the fair ran on."""
        return {
            "broker": await describe_broker(
                self._stack, self._environment["KAFKA_BOOTSTRAP_SERVERS"]
            ),
            "database": describe_database(self._stack, self._environment["MONGO_URL"]),
        }

    def memory_mb(self) -> dict[str, float]:
        """Resident memory of each service and of the four together."""
        each = {name: self._stack.rss_bytes(name) / 1e6 for name in SERVICES}
        return each | {"services": sum(each.values())}

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[phase] = time.monotonic() - began


def demo(
    seed: Annotated[str, typer.Option(help="The same seed gives the same fair.")] = "2020",
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Instead of .local; its demo/ is emptied first.")
    ] = None,
    keep: Annotated[bool, typer.Option(help="Leave the stack running.")] = False,
) -> None:
    """Play the whole fair of 2020 on a fresh local stack and check it from outside.

    The stack is one of its own, in .local/demo, emptied first; a site started by `make up` is left
    alone. Writes .local/demo/report.json, and the season's events to .local/demo/season.ndjson,
    which `zharmenke verify` checks anywhere. Exits 0 only if every check holds.

    Example: zharmenke demo --seed 2020
    """
    console = Console(stderr=not sys.stdout.isatty())
    stack = Stack((directory or default_directory()) / "demo")
    report, season = stack.directory / "report.json", stack.directory / "season.ndjson"
    for before in (report, season):
        before.unlink(missing_ok=True)
    began = time.monotonic()
    try:
        stack.reset()
        with progress_display(PARTS) as watch:
            Stack(stack.directory, watch=watch).up()
        fair = Fair(stack, seed, FairSize(), datetime.now(UTC).date())
        fair.seconds["stack"] = time.monotonic() - began
        found, parts, memory = asyncio.run(_run(fair, console, season))
    except (StackError, Trouble) as error:
        print_failure(error if isinstance(error, StackError) else StackError(str(error)))
        raise typer.Exit(1) from error
    finally:
        if not keep:
            stack.down()
    fair.seconds["total"] = time.monotonic() - began
    write_report(report, found, parts, fair.seconds, memory)
    print_report(Console(), found, parts, fair.seconds, memory)
    if found.failures:
        raise typer.Exit(1)


async def _run(
    fair: Fair, console: Console, season: Path
) -> tuple[Findings, dict[str, object], dict[str, float]]:
    with _bars(console) as step:
        await fair.play(step)
    memory = fair.memory_mb()
    found = await fair.check()
    await fair.verify(season, found)
    return found, await fair.parts(), memory


@contextmanager
def _bars(console: Console) -> Iterator[Step]:
    """A bar per phase on a terminal; a line per finished phase elsewhere."""
    columns = (
        TextColumn("{task.description:12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks: dict[str, object] = {}

        def step(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = progress.add_task(phase, total=total)
            progress.update(tasks[phase], completed=done)  # type: ignore[arg-type]
            if done == total and not console.is_terminal:
                console.print(f"{phase}: {done}")

        yield step
