"""Bringing parts up: start what is not alive, wait until it answers, say so."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from admin.stack import processes
from admin.stack.broker import prepare_kafka
from admin.stack.errors import PartFailed
from admin.stack.layout import REPOSITORY, Memory
from admin.stack.parts import Plan
from admin.stack.probes import NotAnswering, probe
from admin.stack.processes import Process

START_SECONDS = 90.0
EXTERNAL_SECONDS = 20.0
TAIL_LINES = 25

Stage = Literal["waiting", "starting", "ready", "failed", "notice"]


@dataclass(frozen=True)
class Progress:
    """One thing that happened while the stack was brought up."""

    part: str
    """Empty for a notice that concerns the whole stack."""
    stage: Stage
    text: str = ""
    seconds: float = 0.0


Watch = Callable[[Progress], None]


class Startup:
    """One run of `up`: its plan, what the stack remembers, and who watches."""

    def __init__(self, plan: Plan, memory: Memory, watch: Watch) -> None:
        self._plan = plan
        self._memory = memory
        self._watch = watch
        self._remembering = threading.Lock()
        self._given_up = threading.Event()

    def bring_up(self, parts: Sequence[str]) -> None:
        """All of them side by side; returns when all answer. Raises the first PartFailed."""
        if not parts:
            return
        with ThreadPoolExecutor(max_workers=len(parts)) as pool:
            tasks = [pool.submit(self._bring_up, part) for part in parts]
            try:
                failures = [error for task in tasks if (error := task.exception())]
            except KeyboardInterrupt:
                self._given_up.set()
                raise
        if failures:
            raise failures[0]

    def start(self, part: str) -> tuple[Process, str]:
        """Make it run with what the plan says, without waiting; how that was reached."""
        launch = self._plan.launch(part)
        known = self._memory.processes.get(part)
        if known and known.alive:
            if known.fingerprint == launch.fingerprint:
                return known, "was running"
            processes.stop([known])
        try:
            self._prepare(part)
            process = processes.start(
                launch.command,
                {**self._plan.caller, **launch.variables},
                self._plan.layout.log(part),
                launch.fingerprint,
                REPOSITORY,
            )
        except OSError as error:
            raise PartFailed(part, f"it can't be started: {error}") from error
        with self._remembering:
            self._memory.processes[part] = process
            self._plan.layout.remember(self._memory)
        return process, "started again" if known else "started"

    def wait(self, part: str, process: Process | None, within: float) -> None:
        """Return when it answers. Raises PartFailed when it ends before, or takes too long."""
        deadline = time.monotonic() + within
        while True:
            try:
                return probe(part, self._plan.address(part))
            except NotAnswering as error:
                reason = str(error)
            if process and not process.alive:
                raise PartFailed(part, "it ended while starting", self._tail(part, process))
            if time.monotonic() > deadline or self._given_up.is_set():
                where = self._plan.shown_address(part)
                raise PartFailed(
                    part,
                    f"no good answer from {where} within {within:.0f} s: {reason}",
                    self._tail(part, process),
                )
            self._given_up.wait(0.1)

    def _bring_up(self, part: str) -> None:
        began = time.monotonic()
        self._watch(Progress(part, "starting"))
        try:
            if self._plan.is_external(part):
                how = "elsewhere"
                self.wait(part, None, EXTERNAL_SECONDS)
            else:
                process, how = self.start(part)
                self.wait(part, process, START_SECONDS)
        except PartFailed as error:
            self._watch(Progress(part, "failed", error.reason, time.monotonic() - began))
            raise
        self._watch(Progress(part, "ready", how, time.monotonic() - began))

    def _prepare(self, part: str) -> None:
        plan = self._plan
        if part == "kafka" and plan.broker == "kafka":
            prepare_kafka(plan.layout, plan.ports, self._memory.cluster_id, plan.caller)
        elif part == "mongo":
            plan.layout.mongo.mkdir(parents=True, exist_ok=True)

    def _tail(self, part: str, process: Process | None) -> list[str]:
        if process is None:
            return []
        return tail(self._plan.layout.log(part), TAIL_LINES, process.log_offset)


def tail(log: Path, count: int, offset: int = 0) -> list[str]:
    """The last lines of a log, from `offset` bytes on; none when there is no log."""
    try:
        with log.open("rb") as content:
            end = content.seek(0, 2)
            content.seek(max(offset, end - 256 * 1024))
            lines = content.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []
    return lines[-count:] if count else []
