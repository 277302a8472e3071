"""A whole small fair on a stack of its own: every service a process, everything over sockets."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from admin.rehearsal.cast import FairSize
from admin.rehearsal.commands import Fair
from admin.rehearsal.outside import read_topic
from admin.stack.stack import Stack
from schemas.topics import SERVICES_WITH_PEOPLE, people
from schemas.topics import stream as stream_of
from tests.parts import caller_environment
from tests.rooms import eventually

SMALL = FairSize(projects=12, shortlist=4, jury=5, judges_per_project=3, registrants=10)
HAPPENS = (
    "conflicts",
    "late_conflicts",
    "declines",
    "replacements",
    "amendments",
    "ties_at_line",
    "no_shows",
    "failed_quorums",
    "appeals",
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(
        tmp_path_factory.mktemp("flow"), free_ports=True, environment=caller_environment()
    )
    stack.up()
    yield stack
    stack.down()


async def test_small_fair_gives_everybody_exactly_the_mails_due(stack: Stack) -> None:
    fair = Fair(stack, "flow", SMALL, datetime.now(UTC).date())

    await fair.play(ignore)
    found = await fair.check()

    assert found.failures == []
    assert (found.submitted, found.shortlisted, found.parked) == (12, 4, 0)
    assert found.mails["in_maildir"] == found.mails["planned"] == 12 + 12 + 4 + 15 + 20
    assert found.winners >= 1
    judging = {name: count for name, count in found.judging.items() if name != "hashes"}
    assert fair.happened is not None
    assert judging == fair.happened.counts()
    assert all(judging[name] for name in HAPPENS), judging


async def test_record_of_the_fair_verifies_on_the_topics_and_in_its_file(
    stack: Stack, tmp_path: Path
) -> None:
    fair = Fair(stack, "flow", SMALL, datetime.now(UTC).date())
    found = await fair.check()

    await fair.verify(tmp_path / "season.ndjson", found)

    assert found.failures == []
    events = sum(found.events.values())
    assert found.verified["topics"]["records"] == found.verified["file"]["records"] == events  # type: ignore[index]
    assert found.ranking_hash in found.verified["rankings"].values()  # type: ignore[attr-defined]


async def test_commands_repeated_say_nothing_and_mail_nobody(stack: Stack) -> None:
    fair = Fair(stack, "flow", SMALL, datetime.now(UTC).date())
    before = await fair.check()

    await fair.play(ignore, only=("open", "webinars"))
    after = await fair.check()

    assert after.failures == []
    assert (after.events, after.mails) == (before.events, before.mails)


async def test_replay_of_all_topics_to_notify_mails_nobody(stack: Stack) -> None:
    fair = Fair(stack, "flow", SMALL, datetime.now(UTC).date())
    before = await fair.check()
    servers = stack.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    topics = [name(service) for service in SERVICES_WITH_PEOPLE for name in (stream_of, people)]
    there = sum([len(await read_topic(servers, topic)) for topic in topics])

    await asyncio.to_thread(stack.kill, "notify")
    as_new_group = caller_environment() | {"CONSUMER_GROUP": "notify-once-more"}
    again = Stack(stack.directory, environment=as_new_group)
    await asyncio.to_thread(again.up, ["notify"])

    async def heard_everything() -> bool:
        return await metric(again, "handled_total") + await metric(again, "skipped_total") >= there

    await eventually(heard_everything, f"notify heard {there} records again", within=60)
    await fair.play(ignore, only=("open",))  # comes to rest
    after = await fair.check()
    assert after.failures == []
    assert (after.events, after.mails) == (before.events, before.mails)


async def metric(stack: Stack, name: str) -> float:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{stack.environment()['NOTIFY_URL']}/metrics")
    found = re.search(rf"^zharmenke_{name}{{.*}} (.*)$", answer.text, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def ignore(phase: str, done: int, total: int) -> None:
    """Nobody watches."""
