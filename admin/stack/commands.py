"""`zharmenke stack`: the local stack for people and scripts."""

import json
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from admin.stack.display import (
    follow,
    print_failure,
    print_lines,
    print_status,
    progress_display,
)
from admin.stack.errors import StackError
from admin.stack.parts import PARTS
from admin.stack.stack import PartStatus, Stack, select_parts

stack_app = typer.Typer(no_args_is_help=True)

Directory = Annotated[
    Path | None,
    typer.Option(
        "--dir", envvar="ZHARMENKE_LOCAL", help="Where it keeps everything. [default: .local]"
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(help="infra, services or names of parts, comma-separated. [default: all]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for scripts.")]


@stack_app.callback()
def _stack() -> None:
    """The whole platform as processes of this machine, without containers."""
    # A broker that is still starting is no news: the progress display says what matters.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@stack_app.command()
def up(
    directory: Directory = None,
    only: Only = None,
    port_base: Annotated[
        int | None,
        typer.Option(envvar="ZHARMENKE_PORT_BASE", help="Count all ports from this one."),
    ] = None,
    free_ports: Annotated[
        bool, typer.Option(help="Take any free ports instead of the usual ones.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start what does not run and return when everything answers."""
    try:
        parts = select_parts(_names(only))
        with progress_display(parts) as watch:
            stack = Stack(directory, free_ports=free_ports, port_base=port_base, watch=watch)
            stack.up(parts)
        statuses = stack.status(parts)
    except StackError as error:
        _fail(error)
    if as_json:
        _print_json(stack, statuses)
    else:
        for status in statuses:
            typer.echo(f"{status.part:<11} {status.address}")
        typer.echo(f"{'mails':<11} {stack.maildir}")


@stack_app.command()
def down(directory: Directory = None) -> None:
    """End all parts, services first. Data stays."""
    try:
        killed = Stack(directory).down()
    except StackError as error:
        _fail(error)
    for name in killed:
        typer.echo(f"{name} did not end by itself and was killed.", err=True)


@stack_app.command()
def status(directory: Directory = None, only: Only = None, as_json: AsJson = False) -> None:
    """Show each part. Exits 3 if one of them does not run or does not answer."""
    try:
        stack = Stack(directory)
        statuses = stack.status(_names(only))
    except StackError as error:
        _fail(error)
    if as_json:
        _print_json(stack, statuses)
    else:
        print_status(statuses)
    if not all(status.good for status in statuses):
        raise typer.Exit(3)


@stack_app.command()
def logs(
    name: Annotated[str | None, typer.Argument(help="One part. [default: all]")] = None,
    directory: Directory = None,
    following: Annotated[
        bool, typer.Option("-f", "--follow", help="Go on with what comes.")
    ] = False,
    count: Annotated[int, typer.Option("-n", "--lines", min=0, help="Last lines of each.")] = 50,
) -> None:
    """Show what the parts said."""
    if name is not None and name not in PARTS:
        _fail(StackError(f"{name} is no part of the stack; the parts are {', '.join(PARTS)}."))
    stack = Stack(directory)
    names = [name] if name else list(PARTS)
    # From before the tail is read, so that nothing said in between is lost.
    readers = {part: _new_lines(stack.log_file(part)) for part in names}
    for part in names:
        print_lines(part if len(names) > 1 else "", stack.log_lines(part, count))
    if following:
        try:
            follow(names, lambda part: readers[part]())
        except KeyboardInterrupt:
            raise typer.Exit(0) from None


@stack_app.command()
def reset(
    directory: Directory = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
) -> None:
    """End all parts and remove their data: events, documents, mails, logs. Keys and ports stay."""
    stack = Stack(directory)
    if not yes:
        typer.confirm(f"Remove all data under {stack.directory}?", abort=True)
    try:
        stack.reset()
    except StackError as error:
        _fail(error)


def _names(only: Sequence[str] | None) -> list[str] | None:
    if not only:
        return None
    return [name.strip() for given in only for name in given.split(",") if name.strip()]


def _new_lines(log: Path) -> Callable[[], list[str]]:
    """A function that gives the whole lines written since it was last called."""
    position = log.stat().st_size if log.exists() else 0
    rest = b""

    def read() -> list[str]:
        nonlocal position, rest
        if not log.exists():
            return []
        if log.stat().st_size < position:  # it was removed and begun again
            position, rest = 0, b""
        with log.open("rb") as content:
            content.seek(position)
            *lines, rest = (rest + content.read()).split(b"\n")
            position = content.tell()
        return [line.decode("utf-8", "replace") for line in lines]

    return read


def _print_json(stack: Stack, statuses: Sequence[PartStatus]) -> None:
    answer = {
        "directory": str(stack.directory),
        "broker": stack.broker,
        "parts": [asdict(status) for status in statuses],
        "environment": stack.environment(),
    }
    json.dump(answer, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def _fail(error: StackError) -> NoReturn:
    print_failure(error)
    raise typer.Exit(1)
