"""How commands speak: results on stdout, everything else on stderr, and exit codes for scripts."""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from admin.stack.errors import StackError

FINDING = 1
"""Exit code: the command did its work, and what it found is not as it should be."""
INTERRUPTED = 130
TROUBLE = 2
"""Exit code: it was called wrongly, or could not do its work."""


class Trouble(Exception):
    """Why a command can't go on, in one line for a person."""


@contextmanager
def trouble_told() -> Iterator[None]:
    """Trouble becomes one line on stderr and exit code 2. An interrupted command exits 130."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(INTERRUPTED) from interrupt
    except (Trouble, StackError) as error:
        typer.echo(f"error: {plain(str(error))}", err=True)
        raise typer.Exit(TROUBLE) from error
    except BrokenPipeError as error:  # whoever read our output, such as `head`, has enough
        # Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from error


def plain(text: str) -> str:
    """Text from outside, made harmless: it may hold a terminal's control codes."""
    return "".join(one if one.isprintable() or one in "\n\t" else ascii(one)[1:-1] for one in text)


def plain_markup(text: str) -> str:
    """The same for what rich prints, which reads markup."""
    return escape(plain(text))


def note(text: str) -> None:
    """A line for a person, beside the result."""
    typer.echo(plain(text), err=True)


def answer(found: Any, say: Callable[[Any], None], as_json: bool) -> None:
    """Print the result: as one JSON document, or as `say` prints it for a person."""
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        say(found)


@contextmanager
def progress(
    what: str, total: int, *, beside_output: bool = False
) -> Iterator[Callable[[int], None]]:
    """A bar on stderr while the block runs, if that is a terminal; call with the units done.

    With `beside_output` the result is printed meanwhile: no bar then if that goes to a terminal.
    """
    console = Console(stderr=True)
    if not console.is_terminal or (beside_output and sys.stdout.isatty()):
        yield lambda done: None
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


def age(seconds: float) -> str:
    """A span of time in its largest unit."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 or seconds == 0 else f"{seconds:.1f} s"


def quiet_client() -> None:
    """Say in our own words what the Kafka client would say at length."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
