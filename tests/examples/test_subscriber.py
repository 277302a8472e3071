"""The example subscriber on real parts: right counts, whatever comes again, whoever is killed."""

import importlib.util
import json
import os
import signal
import sqlite3
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cloudevents.core.v1.event import CloudEvent

from admin.stack.layout import REPOSITORY
from schemas.samples import SAMPLES
from schemas.topics import stream
from tests.examples.applicants import Applicants
from tests.examples.program import Program, caught_up, running, say_again
from tests.rooms import Rooms, eventually

FOLDER = REPOSITORY / "examples" / "subscriber"
COMMAND = (sys.executable, str(FOLDER / "subscriber.py"))


async def counts(program: Program, expected: dict[str, int]) -> None:
    """Wait until these are the counts it has printed last."""

    async def printed() -> bool:
        return bool(program.lines) and json.loads(program.lines[-1]) == expected

    await eventually(printed, f"{expected}; {program}", within=60)


async def test_subscriber_counts_by_region_through_repeats_kills_and_a_new_group(
    rooms: Rooms, applicants: Applicants, tmp_path: Path
) -> None:
    topic = stream("submission", rooms.prefix)
    settings = {
        "PATH": os.environ["PATH"],
        "KAFKA_BOOTSTRAP_SERVERS": rooms.environment["KAFKA_BOOTSTRAP_SERVERS"],
        "TOPIC_PREFIX": rooms.prefix,
        "GROUP": "regions",
    }
    first, second = await applicants.hand_in("turkistan"), await applicants.hand_in("turkistan")
    await applicants.hand_in("mangystau")

    async with running(COMMAND, settings, tmp_path) as program:
        await counts(program, {"mangystau": 1, "turkistan": 2})
        await caught_up(rooms, "regions", topic, program)
        assert await program.stop(signal.SIGTERM) == 0, program

    await applicants.hand_in("mangystau", project=first)
    await say_again(rooms, topic, await rooms.records("submission"))
    async with running(COMMAND, settings, tmp_path) as program:
        await counts(program, {"mangystau": 2, "turkistan": 1})
        await caught_up(rooms, "regions", topic, program)
        assert await program.stop(signal.SIGKILL) != 0

    await applicants.withdraw(second)
    async with running(COMMAND, settings | {"GROUP": "regions-again"}, tmp_path) as program:
        await counts(program, {"mangystau": 2})
        await caught_up(rooms, "regions-again", topic, program)
        assert await program.stop(signal.SIGTERM) == 0
        assert program.errors == [], program


def test_subscriber_is_short() -> None:
    assert len((FOLDER / "subscriber.py").read_text(encoding="utf-8").splitlines()) < 100


# ── Its rules, without a broker ──────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def subscriber() -> ModuleType:
    spec = importlib.util.spec_from_file_location("subscriber", FOLDER / "subscriber.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def db(subscriber: ModuleType) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute(subscriber.TABLE)
    return connection


def event(name: str, sequence: int, *, major: int = 1, **body: Any) -> CloudEvent:
    """The full sample of an event as the CloudEvents SDK gives it."""
    attributes = {
        "id": f"submission/project/p:{sequence}",
        "source": "/zharmenke/submission",
        "type": name,
        "specversion": "1.0",
        "subject": "project/p",
        "dataschema": f"urn:zharmenke:schema:{name}:v{major}",
        "sequence": f"{sequence:010d}",
    }
    return CloudEvent(attributes, SAMPLES[name].full.model_dump(mode="json") | body)


def test_event_that_comes_again_changes_nothing(
    subscriber: ModuleType, db: sqlite3.Connection
) -> None:
    assert subscriber.hear(db, event("ProjectSubmitted", 1))
    assert subscriber.hear(db, event("ProjectWithdrawn", 2))
    assert not subscriber.hear(db, event("ProjectSubmitted", 1))

    assert subscriber.counts(db) == {}


def test_type_that_is_not_used_counts_for_the_order_alone(
    subscriber: ModuleType, db: sqlite3.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    subscriber.hear(db, event("ProjectSubmitted", 1))
    subscriber.hear(db, event("ProjectScreened", 2, major=7))
    subscriber.hear(db, event("ProjectRevised", 3))

    assert subscriber.counts(db) == {"almaty-region": 1}
    assert capsys.readouterr().err == ""


def test_gap_is_said_aloud_and_not_waited_for(
    subscriber: ModuleType, db: sqlite3.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    subscriber.hear(db, event("ProjectSubmitted", 1))
    subscriber.hear(db, event("ProjectWithdrawn", 3))

    assert subscriber.counts(db) == {}
    assert capsys.readouterr().err == "gap: project/p goes from 1 to 3\n"


def test_unknown_major_of_a_type_in_use_stops_it_with_nothing_written(
    subscriber: ModuleType, db: sqlite3.Connection
) -> None:
    with db:
        subscriber.hear(db, event("ProjectSubmitted", 1))

    with pytest.raises(subscriber.UnknownMajor, match="ProjectWithdrawn v2: learn it"), db:
        subscriber.hear(db, event("ProjectWithdrawn", 2, major=2))
    assert subscriber.counts(db) == {"almaty-region": 1}


def test_field_that_a_later_minor_added_is_ignored(
    subscriber: ModuleType, db: sqlite3.Connection
) -> None:
    assert subscriber.hear(db, event("ProjectSubmitted", 1, mood="hopeful"))
