"""`make bench`: how near the line comes to hand-written loops on the same servers."""

import contextlib
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console

from admin.stack.display import print_failure
from admin.stack.errors import StackError
from admin.stack.layout import REPOSITORY
from admin.stack.stack import Stack
from bench.heard import Hearing
from bench.intake import intake
from bench.mails import Mailing
from bench.ratio import Ratio, compare
from bench.report import describe_machine, print_table, write_json
from bench.surroundings import own_environment
from services.kit.logs import configure_logs

LINES = ("heard", "intake", "mails")
PREFIX = "bench"
OUTPUT = REPOSITORY / ".local" / "bench" / "line.json"
HELP = """Compare the line with hand-written loops on the same servers, and print three ratios.

heard: events a second from Kafka to scoring's state (bench/heard.py). intake: submissions a second
over HTTP (bench/intake.py). mails: mails a second from the ledger to the Maildir (bench/mails.py).
What is on each side is said at the top of those files.

Ours and the limit take turns, so that the machine's noise hits both. A ratio is the median of the
rounds' ratios; beside it stand the medians of both sides in units a second, and below each the
smallest and the largest round. Nothing fails for being slow. The local database is slow by itself,
so the absolute numbers say little of production: compare the ratios.

Kafka, the database and the SMTP server are started in a temporary directory on free ports; all of
it is gone at the end. It takes a few minutes on two cores.
"""
console = Console()


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much each round does."""

    rounds: int
    events: int
    submissions: int
    at_once: int
    mails: int


def run(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each side, 3 or more.")] = 3,
    events: Annotated[int, typer.Option(min=5, help="Events heard in a round.")] = 10_000,
    submissions: Annotated[int, typer.Option(min=1, help="Projects handed in in a round.")] = 200,
    at_once: Annotated[int, typer.Option(min=1, help="Workers that hand in.")] = 16,
    mails: Annotated[int, typer.Option(min=1, help="Mails sent in a round.")] = 300,
    only: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(LINES)}; may be repeated.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Where the result goes as JSON.")] = OUTPUT,
) -> None:
    """See HELP."""
    wanted = set(only or LINES)
    if not wanted <= set(LINES):
        raise typer.BadParameter(f"choose from {', '.join(LINES)}", param_hint="--only")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack is ended then too
    sizes = Sizes(rounds, events, submissions, at_once, mails)
    try:
        ratios, machine = _measure(wanted, sizes)
    except StackError as error:
        print_failure(error)
        raise typer.Exit(1) from error
    write_json(output, ratios, machine)
    print_table(console, ratios, machine)
    console.print(f"written to {output}", style="dim")


def _measure(wanted: set[str], sizes: Sizes) -> tuple[dict[str, Ratio], dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="zharmenke-bench-") as directory:
        stack = Stack(directory, free_ports=True, environment=own_environment(PREFIX))
        try:
            console.print("starting Kafka, the database and the SMTP server …", style="dim")
            stack.up(["infra"])
            with (Path(directory) / "bench.log").open("w") as log:
                with contextlib.redirect_stdout(log):  # as a service's logs go to a file
                    configure_logs("bench")
                machine = uvloop.run(describe_machine(stack))
                return uvloop.run(_compare(stack, wanted, sizes)), machine
        finally:
            stack.down()


async def _compare(stack: Stack, wanted: set[str], sizes: Sizes) -> dict[str, Ratio]:
    """Hearing comes first: what the others say goes to the same topics."""
    ratios: dict[str, Ratio] = {}
    if "heard" in wanted:
        hearing = Hearing(stack, PREFIX, sizes.events)
        await hearing.produce()
        ratios["heard"] = await compare(hearing.comparison(), sizes.rounds, _say("heard"))
    if "intake" in wanted:
        async with intake(stack, sizes.submissions, sizes.at_once) as taking:
            await taking.warm_up()
            ratios["intake"] = await compare(taking.comparison(), sizes.rounds, _say("intake"))
    if "mails" in wanted:
        mailing = Mailing(stack, PREFIX, sizes.mails)
        ratios["mails"] = await compare(mailing.comparison(), sizes.rounds, _say("mails"))
    return ratios


def _say(name: str) -> Callable[[str, float], None]:
    return lambda side, rate: console.print(f"{name}: {side} {rate:.0f}/s", style="dim")


run.__doc__ = "\n\n".join(" ".join(part.split()) for part in HELP.split("\n\n"))

if __name__ == "__main__":
    typer.run(run)
