"""Processes: found again, ended, and never mistaken for another."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.stack import processes
from admin.stack.processes import Process

_DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
while True:
    signal.pause()
"""


_HEADLESS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Process]:
    """A process that does nothing."""
    process = processes.start(["sleep", "60"], os.environ, tmp_path / "log", "", tmp_path)
    yield process
    process.send(signal.SIGKILL)


def test_a_recycled_pid_is_never_signalled(sleeper: Process) -> None:
    before_it = sleeper.model_copy(update={"started": "an earlier process of the same id"})
    assert not before_it.alive
    assert not before_it.send(signal.SIGKILL)
    assert processes.stop([before_it], patience=0.1) == []
    assert before_it.rss_bytes() == 0
    assert sleeper.alive


def test_a_process_is_found_again_from_what_was_written_down(sleeper: Process) -> None:
    assert Process.model_validate_json(sleeper.model_dump_json()).alive
    assert sleeper.rss_bytes() > 0


def test_an_ended_child_that_nobody_waited_for_is_not_alive(sleeper: Process) -> None:
    os.kill(sleeper.pid, signal.SIGKILL)
    processes.stop([sleeper])
    assert not sleeper.alive


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_process_whose_first_thread_ended_is_still_alive(tmp_path: Path) -> None:
    process = processes.start(
        [sys.executable, "-c", _HEADLESS], os.environ, tmp_path / "log", "", tmp_path
    )
    state = Path(f"/proc/{process.pid}/stat")
    deadline = time.monotonic() + 20
    while state.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.alive
    processes.stop([process], patience=0.0)
    assert not process.alive


def test_stop_kills_what_ignores_being_asked(tmp_path: Path) -> None:
    log = tmp_path / "log"
    deaf = processes.start([sys.executable, "-c", _DEAF], os.environ, log, "", tmp_path)
    deadline = time.monotonic() + 20
    while "deaf\n" not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert processes.stop([deaf], patience=0.1) == [deaf]
    assert not deaf.alive


def test_stop_ends_a_suspended_process(sleeper: Process) -> None:
    sleeper.send(signal.SIGSTOP)
    assert processes.stop([sleeper]) == []
    assert not sleeper.alive
