"""Running rows: a fresh stack for each, the play and the fault beside it, rest, the verdict."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import httpx
from aiokafka.errors import KafkaError

from admin.rehearsal.cast import FairSize
from admin.rehearsal.checks import check_fair
from admin.rehearsal.mailbox import Mailbox
from admin.rehearsal.outside import read_log
from admin.rehearsal.rest import NotAtRest, wait_for_rest
from admin.stack.parts import PARTS
from admin.stack.stack import Stack
from schemas.topics import SERVICES
from tests.faults.sabotage import switched_off
from tests.faults.sabotage.mistakes import MISTAKES
from tests.faults.suite.arena import SMALL, Arena
from tests.faults.suite.fair import play_phases, small_fair
from tests.faults.suite.record import Recording, record
from tests.faults.suite.registry import Fault
from tests.faults.suite.verdict import Verdict, judge

PLAY_SECONDS = 600.0
REST_SECONDS = 150.0


@dataclass(slots=True)
class Row:
    """A row of the report."""

    fault: str
    injections: int = 0
    lost: int = 0
    doubled: int = 0
    resent_unknown: int = 0
    rest_seconds: float = 0.0
    events: int = 0
    mails: int = 0
    seconds: float = 0.0
    details: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was done, where the number of injections does not tell it all."""
    skipped: str = ""

    @property
    def holds(self) -> bool:
        """Nothing was lost or doubled, and something was really done to it."""
        return bool(self.skipped) or (self.injections > 0 and not self.lost and not self.doubled)


@dataclass(slots=True)
class Suite:
    """All rows of one run: same seed, same day, same directory, one after the other."""

    directory: Path
    environment: Mapping[str, str]
    seed: str
    kills: int
    today: date
    size: FairSize = SMALL
    undisturbed: Recording | None = None
    sabotage: str = ""
    """The mechanism that is switched off in the rows, and not in the undisturbed play."""

    def run(self, fault: Fault) -> Row:
        """Play this row on a fresh stack; never raises for what the row finds."""
        began = time.monotonic()
        arena = self._arena(self.sabotage)
        arena.stack.reset()
        try:
            arena.stack.up()
            if lacking := fault.lacks(arena.stack.broker):
                return Row(fault.name, skipped=lacking)
            _require_sabotage(arena, self.sabotage)
            row = asyncio.run(self._run(arena, fault))
        finally:
            arena.close()
            _discard(arena.stack)
        row.seconds = time.monotonic() - began
        return row

    def play_undisturbed(self) -> Recording:
        """The play that the rows are compared with."""
        arena = self._arena()
        arena.stack.reset()
        try:
            arena.stack.up()
            self.undisturbed = asyncio.run(_undisturbed(arena))
        finally:
            _discard(arena.stack)
        return self.undisturbed

    def _arena(self, sabotage: str = "") -> Arena:
        environment = self.environment
        if sabotage:
            environment = switched_off(sabotage, environment)
        return Arena(self.directory, environment, self.seed, self.kills, self.today, self.size)

    async def _run(self, arena: Arena, fault: Fault) -> Row:
        row = Row(fault.name)
        arena.open()
        try:
            await _play_beside(arena, fault)
            row.rest_seconds = await _come_to_rest(arena)
            recording = await record(arena.stack)
            compared = None if fault.own_play else self.undisturbed
            verdict = judge(recording, compared, arena.bounced_expected)
            if compared is None and not fault.own_play:
                arena.findings += await _does_not_hold(arena)
            if recording.parked_marked < arena.parked_expected:
                parked, put = recording.parked_marked, arena.parked_expected
                arena.findings.append(f"{parked} of {put} unreadable records parked")
        except (Exception, ExceptionGroup) as error:  # noqa: BLE001 - the row's own finding
            recording, verdict = Recording(), Verdict(_told(error))
        finally:
            await arena.client.close()
        verdict.lost += arena.findings
        for judged in arena.verdicts:
            verdict.add(judged)
        row.injections, row.notes = arena.injections, arena.notes
        row.lost, row.doubled = len(verdict.lost), len(verdict.doubled)
        row.resent_unknown = verdict.resent_unknown
        row.events, row.mails = len(recording.ids), sum(recording.mails.values())
        row.details = [f"lost: {text}" for text in verdict.lost[:20]]
        row.details += [f"doubled: {text}" for text in verdict.doubled[:20]]
        return row


def _discard(stack: Stack) -> None:
    """End all of it at once: nothing that it could still put in order is looked at any more."""
    for part in PARTS:
        if stack.pid(part) is not None:
            stack.kill(part)
    stack.down()


def _require_sabotage(arena: Arena, name: str) -> None:
    """Raise unless the services say that they make the mistake, in each module it belongs in."""
    for module in MISTAKES[name] if name else ():
        service = module.split(".")[1]
        for part in SERVICES if service == "kit" else (service,):
            if not arena.count_in_log(part, f"sabotage {name}: {module}"):
                raise RuntimeError(f"{part} does not say that {module} is sabotaged")


def _told(error: Exception | ExceptionGroup[Exception]) -> list[str]:
    """Each error by itself, also of several tasks'."""
    if isinstance(error, ExceptionGroup):
        return [text for each in error.exceptions for text in _told(each)]
    return [f"{type(error).__name__}: {error}"]


async def _does_not_hold(arena: Arena) -> list[str]:
    """The demo's own checks of a fair, in the place of an undisturbed play."""
    cast, _ = small_fair(arena)
    log = await read_log(arena.stack.environment()["KAFKA_BOOTSTRAP_SERVERS"])
    return check_fair(log, Mailbox(arena.stack.maildir).mails(), cast).failures


async def _play_beside(arena: Arena, fault: Fault) -> None:
    async with asyncio.timeout(PLAY_SECONDS):
        if fault.own_play:
            arena.moments.go_on()
            await fault.act(arena)
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(_act(arena, fault))
            group.create_task(_play(arena))


async def _act(arena: Arena, fault: Fault) -> None:
    try:
        await fault.act(arena)
    finally:
        arena.moments.go_on()


async def _play(arena: Arena) -> None:
    try:
        _, play = small_fair(arena)
        await play_phases(play)
    finally:
        arena.moments.finish()


async def _undisturbed(arena: Arena) -> Recording:
    arena.open()
    arena.moments.go_on()
    await _play(arena)
    await _come_to_rest(arena)
    await arena.client.close()
    return await record(arena.stack)


async def _come_to_rest(arena: Arena) -> float:
    """Rest; then what the row does at rest; then what the staff does about unknown mails."""
    seconds = await _rest(arena)
    for step in arena.at_rest:
        await step()
    if arena.at_rest:
        seconds += await _rest(arena)
    if await _resend_unknown(arena):
        seconds += await _rest(arena)
    return seconds


async def _rest(arena: Arena) -> float:
    """Wait for rest, also while something is still coming back."""
    began = time.monotonic()
    token = arena.client.operator("admin", "faults")
    trouble: Exception | None = None
    while (left := REST_SECONDS - (time.monotonic() - began)) > 0:
        try:
            environment = arena.stack.environment()
            await wait_for_rest(environment, token, within=left, groups=arena.groups)
            return time.monotonic() - began
        except (httpx.HTTPError, KafkaError, ValueError) as error:
            trouble = error
            await asyncio.sleep(0.25)
    raise NotAtRest(f"services do not answer: {trouble}")


async def _resend_unknown(arena: Arena) -> int:
    """As the staff would: what nobody can know is sent again, each with its same Message-ID."""
    token = arena.client.operator("admin", "faults")
    page = await arena.client.call(
        "GET", "notify", "/messages?status=unknown&limit=500", token=token
    )
    for message in page["items"]:
        path = f"/messages/{message['message_id']}/resend"
        await arena.client.call("POST", "notify", path, token=token)
    return len(page["items"])
