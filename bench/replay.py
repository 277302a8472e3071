"""`python -m bench.replay`: reading a long record, beside loops written by hand for it."""

import contextlib
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console

from admin.stack.display import print_failure
from admin.stack.errors import StackError
from admin.stack.layout import REPOSITORY
from admin.stack.stack import Stack
from bench.growth import Growth
from bench.ratio import Ratio, compare
from bench.rebuilding import Rebuilding
from bench.report import describe_machine, print_table, write_json
from bench.surroundings import own_environment
from bench.verifying import Verifying
from services.kit.logs import configure_logs

LINES = ("verify", "rebuild")
PREFIX = "bench"
OUTPUT = REPOSITORY / ".local" / "bench" / "replay.json"
HELP = """Compare the reading of a long record with hand-written loops on the same broker.

verify: events a second of `zharmenke verify` (bench/verifying.py), which must find that everything
holds. rebuild: events a second of scoring's stream folded into a shadow generation, as `zharmenke
replay run` does (bench/rebuilding.py). What is on each side is said at the top of those files.

Ours and the limit take turns; a ratio is the median of the rounds' ratios. Then time and peak
memory of ours for a tenth of the events are set beside those for all. Nothing fails for being slow.

Kafka and the database are started in a temporary directory on free ports; all of it is gone at the
end. A million events take some ten minutes on two cores, a good part of it to write them.
"""
console = Console()


def run(
    events: Annotated[int, typer.Option(min=200_000, help="Events on the topics.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each side, 3 or more.")] = 3,
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
    try:
        ratios, growths, machine = _measure(wanted, events, rounds)
    except StackError as error:
        print_failure(error)
        raise typer.Exit(1) from error
    grown = {growth.name: growth.as_json() for growth in growths}
    write_json(output, ratios, machine | {"growth": grown})
    print_table(console, ratios, machine)
    for growth in growths:
        console.print(str(growth), highlight=False)
    console.print(f"written to {output}", style="dim")


def _measure(
    wanted: set[str], events: int, rounds: int
) -> tuple[dict[str, Ratio], list[Growth], dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="zharmenke-bench-") as directory:
        stack = Stack(directory, free_ports=True, environment=own_environment(PREFIX))
        try:
            console.print("starting Kafka and the database …", style="dim")
            stack.up(["kafka", "mongo"])
            with (Path(directory) / "bench.log").open("w") as log:
                with contextlib.redirect_stdout(log):  # as a service's logs go to a file
                    configure_logs("bench")
                machine = uvloop.run(describe_machine(stack))
                return *uvloop.run(_compare(stack, wanted, events, rounds)), machine
        finally:
            stack.down()


async def _compare(
    stack: Stack, wanted: set[str], events: int, rounds: int
) -> tuple[dict[str, Ratio], list[Growth]]:
    servers = stack.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    ratios: dict[str, Ratio] = {}
    growths: list[Growth] = []
    if "verify" in wanted:
        verifying = Verifying(servers, f"{PREFIX}-verify", events, events // 10)
        console.print(f"writing {events} events, and {events // 10} …", style="dim")
        await verifying.produce()
        ratios["verify"] = await compare(verifying.comparison(), rounds, _say("verify"))
        growths.append(await verifying.growth())
    if "rebuild" in wanted:
        rebuilding = Rebuilding(stack, f"{PREFIX}-rebuild", events, events // 10)
        console.print(f"writing {events} events, and {events // 10} …", style="dim")
        await rebuilding.produce()
        ratios["rebuild"] = await compare(rebuilding.comparison(), rounds, _say("rebuild"))
        growths.append(await rebuilding.growth())
    return ratios, growths


def _say(name: str) -> Callable[[str, float], None]:
    return lambda side, rate: console.print(f"{name}: {side} {rate:.0f}/s", style="dim")


run.__doc__ = "\n\n".join(" ".join(part.split()) for part in HELP.split("\n\n"))

if __name__ == "__main__":
    typer.run(run)
