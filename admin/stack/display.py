"""What people see of the stack: progress while it comes up, tables, the end of a failed log.

Progress goes to standard error; the answer to a command goes to standard output.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from admin.stack.errors import PartFailed, StackError
from admin.stack.stack import PartStatus
from admin.stack.startup import Progress, Watch

_STYLES = {"running": "green", "elsewhere": "cyan", "not answering": "yellow", "stopped": "red"}


@contextmanager
def progress_display(parts: Sequence[str]) -> Iterator[Watch]:
    """A live table on a terminal, else one plain line for each thing that happens."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain_line
        return
    table = _LiveTable(parts)
    with Live(get_renderable=table.render, console=console, refresh_per_second=12) as live:
        yield table.watch(live.console)


def _plain_line(progress: Progress) -> None:
    if progress.stage == "notice":
        line = f"!!! {progress.text}"
    elif progress.stage == "starting":
        line = f"{progress.part}: {progress.text or 'starting'}"
    else:
        line = f"{progress.part}: {progress.stage} ({progress.seconds:.1f} s) {progress.text}"
    print(line.rstrip(), file=sys.stderr, flush=True)


class _LiveTable:
    """The state of each part, drawn again and again while threads report."""

    def __init__(self, parts: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._last = {part: Progress(part, "waiting") for part in parts}
        self._began: dict[str, float] = {}
        self._spinner = Spinner("dots", style="cyan")

    def watch(self, console: Console) -> Watch:
        """The function to report to; notices are printed above the table and stay."""

        def see(progress: Progress) -> None:
            if progress.stage == "notice":
                console.print(Text(progress.text, style="bold yellow"))
                return
            with self._lock:
                self._last[progress.part] = progress
                if progress.stage == "starting":
                    self._began[progress.part] = time.monotonic()

        return see

    def render(self) -> Table:
        table = Table.grid(padding=(0, 2))
        with self._lock:
            for part, last in self._last.items():
                table.add_row(*self._row(part, last))
        return table

    def _row(self, part: str, last: Progress) -> tuple[Text | Spinner, Text, Text, Text]:
        match last.stage:
            case "starting":
                seconds = time.monotonic() - self._began[part]
                doing = Text(last.text or "starting", "cyan")
                return self._spinner, Text(part), doing, _seconds(seconds)
            case "ready":
                done = Text("ready", "green") + Text(f"  {last.text}", "dim")
                return Text("✓", "green"), Text(part), done, _seconds(last.seconds)
            case "failed":
                return Text("✗", "red"), Text(part), Text(last.text, "red"), _seconds(last.seconds)
            case _:
                return Text("·", "dim"), Text(part, "dim"), Text("waiting", "dim"), Text("")


def _seconds(value: float) -> Text:
    return Text(f"{value:.1f} s", "dim", justify="right")


def print_status(statuses: Sequence[PartStatus]) -> None:
    """The table of `status`."""
    table = Table("part", "state", box=None, pad_edge=False, header_style="bold")
    for name in ("pid", "port", "MB"):
        table.add_column(name, justify="right")
    table.add_column("address", overflow="fold")
    for status in statuses:
        state = Text(status.state, _STYLES[status.state])
        if status.detail:
            state.append(f": {status.detail}", "dim")
        megabytes = f"{status.rss_bytes / 1e6:.0f}" if status.rss_bytes else ""
        pid, port = (str(number or "") for number in (status.pid, status.port))
        table.add_row(status.part, state, pid, port, megabytes, status.address)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 200)  # a file or pipe has no edge to fold addresses at
    console.print(table)


def print_failure(error: StackError) -> None:
    """Why it failed, and the last lines that the failed part wrote."""
    console = Console(stderr=True, highlight=False)
    console.print(Text(f"error: {error}", "bold red"), soft_wrap=True)
    if isinstance(error, PartFailed) and error.log_lines:
        console.print(Text(f"the last lines of {error.part}:", "dim"))
        for line in error.log_lines:
            console.print(Text(f"  {line}"), soft_wrap=True)


def follow(names: Sequence[str], read: Callable[[str], Sequence[str]]) -> None:
    """Print new log lines as they come, until interrupted; `read` gives those of one part."""
    while True:
        for name in names:
            print_lines(name if len(names) > 1 else "", read(name))
        time.sleep(0.2)


def print_lines(label: str, lines: Sequence[str]) -> None:
    """Log lines as they are, each after the part it is from if a label is given."""
    prefix = f"{label:<10} | " if label else ""
    for line in lines:
        print(f"{prefix}{line}", flush=True)
