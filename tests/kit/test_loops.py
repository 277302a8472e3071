"""Loops that a service runs: kept going, let finish, and cut off when they take too long."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.kit import loops as kit_loops
from services.kit.loops import Loops
from tests.rooms import eventually


@dataclass
class Work:
    """A loop that a test looks at."""

    told: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    log: list[str] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    async def run(self) -> None:
        """Work until told to finish; then finish when `done` is set."""
        self.log.append("begun")
        if self.failures:
            raise self.failures.pop()
        try:
            await self.told.wait()
            await self.done.wait()
        except asyncio.CancelledError:
            self.log.append("cancelled")
            raise
        self.log.append("finished")


async def begun(work: Work, times: int = 1) -> None:
    async def often_enough() -> bool:
        return work.log.count("begun") >= times

    await eventually(often_enough, "the loop has begun")


async def test_loop_that_can_finish_is_let_finish() -> None:
    work, loops = Work(), Loops()
    work.done.set()
    loops.add("work", work.run, work.told.set)
    loops.start()
    await begun(work)
    await loops.end(within=10)
    assert work.log == ["begun", "finished"]


async def test_loop_that_can_not_finish_is_cancelled_at_once() -> None:
    work, loops = Work(), Loops()
    loops.add("work", work.run)
    loops.start()
    await begun(work)
    await asyncio.wait_for(loops.end(within=1000), 10)
    assert work.log == ["begun", "cancelled"]


async def test_loop_that_takes_too_long_is_cut_off_and_named(logged: list[Any]) -> None:
    work, loops = Work(), Loops()
    loops.add("mails", work.run, work.told.set)
    loops.start()
    await begun(work)
    await loops.end(within=0.01)
    assert work.log == ["begun", "cancelled"]
    assert [entry["loop"] for entry in logged if entry["event"] == "loop_cut_off"] == ["mails"]


async def test_loop_that_fails_is_told_of_and_begins_again(
    logged: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit_loops, "PAUSE_SECONDS", 0)
    work, loops = Work(failures=[RuntimeError("nobody expected it")]), Loops()
    loops.add("work", work.run)
    loops.start()
    await begun(work, times=2)
    await loops.end(within=1)
    failed = [entry for entry in logged if entry["event"] == "loop_failed"]
    assert [(entry["loop"], entry["log_level"]) for entry in failed] == [("work", "error")]


async def test_loops_that_never_started_end_at_once() -> None:
    work, loops = Work(), Loops()
    loops.add("work", work.run)
    await loops.end(within=1)
    assert work.log == []
