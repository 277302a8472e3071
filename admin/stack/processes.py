"""Processes of this machine: starting them apart from us, and never taking one for another.

A process is known by its id *and* its start, so that a recycled id is never signalled.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

_PROC = Path("/proc")

# Our own children, kept so that one that ended can be reaped and is not taken for alive.
_children: dict[int, subprocess.Popen[bytes]] = {}


class Process(BaseModel):
    """One process as it was started: enough to find it again, also after a reboot."""

    model_config = ConfigDict(frozen=True)

    pid: int
    started: str
    """Opaque; equal only for the very same process."""
    fingerprint: str = ""
    """Of what it was started with: a change means it must be started again."""
    log_offset: int = 0
    """Where in its log file this run begins."""

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return start_of(self.pid) == self.started

    def send(self, number: int) -> bool:
        """Send a signal, if it still runs; whether it did."""
        if not self.alive:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
        return True

    def rss_bytes(self) -> int:
        """Resident memory now; 0 when it doesn't run."""
        if not self.alive:
            return 0
        try:
            pages = int((_PROC / str(self.pid) / "statm").read_text().split()[1])
        except OSError:
            return int(_ps(self.pid, "rss") or 0) * 1024
        return pages * os.sysconf("SC_PAGE_SIZE")


def start_of(pid: int) -> str | None:
    """What tells this process from all others that ever had its id; None when it doesn't run."""
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]
        return None
    if not (_PROC / "self").exists():
        return _ps(pid, "lstart")
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    # The name, in parentheses, may hold anything; the state is the first field after it.
    fields = stat.rpartition(")")[2].split()
    if fields[0] == "X" or (fields[0] == "Z" and not _has_threads(pid)):
        return None
    return f"{boot}/{fields[19]}"


def _has_threads(pid: int) -> bool:
    """Whether threads outlive the first one: its ports and files are then still held."""
    try:
        return len(list((_PROC / str(pid) / "task").iterdir())) > 1
    except OSError:
        return False


def _ps(pid: int, column: str) -> str | None:
    shown = subprocess.run(
        ["ps", "-o", f"{column}=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() or None


def start(
    command: Sequence[str], environment: Mapping[str, str], log: Path, fingerprint: str, cwd: Path
) -> Process:
    """Start it in a session of its own, so that it outlives us; its output is added to the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        output.write(f"--- {now} starting {command[0]}\n".encode())
        output.flush()
        offset = output.tell()
        child = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[child.pid] = child
    return Process(
        pid=child.pid,
        started=start_of(child.pid) or "ended at once",
        fingerprint=fingerprint,
        log_offset=offset,
    )


def stop(processes: Sequence[Process], patience: float = 15.0) -> list[Process]:
    """End them all together: SIGTERM, then SIGKILL after `patience` seconds.

    Returns those that had to be killed. All are gone afterwards.
    """
    for process in processes:
        process.send(signal.SIGTERM)
        process.send(signal.SIGCONT)  # a stopped process could not hear it
    _wait(processes, patience)
    stubborn = [process for process in processes if process.send(signal.SIGKILL)]
    _wait(stubborn, 10.0)
    return stubborn


def _wait(processes: Sequence[Process], patience: float) -> None:
    deadline = time.monotonic() + patience
    while any(process.alive for process in processes) and time.monotonic() < deadline:
        time.sleep(0.02)
