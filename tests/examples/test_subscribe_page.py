"""The programs of docs/subscribe.md, taken from the page itself and run on real parts."""

import os
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from admin.stack.layout import REPOSITORY
from admin.stack.stack import Stack
from schemas.topics import stream
from tests.examples.applicants import Applicants
from tests.examples.program import caught_up, running, say_again
from tests.parts import require_durable_broker
from tests.rooms import Rooms, eventually

PAGE = REPOSITORY / "docs" / "subscribe.md"
TEXT = PAGE.read_text(encoding="utf-8")


def block(language: str) -> str:
    """The page's one block of code in a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return str(found)


@dataclass(frozen=True)
class Reader:
    """One of the page's programs, written to a file."""

    language: str
    file: str
    command: tuple[str, ...]

    def lay(self, directory: Path, modules: Path | None) -> None:
        (directory / self.file).write_text(block(self.language), encoding="utf-8")
        if modules is not None:
            (directory / "node_modules").symlink_to(modules)


PYTHON = Reader("python", "subscribe.py", (sys.executable, "subscribe.py"))
NODE = Reader("js", "subscribe.mjs", ("node", "subscribe.mjs"))


@pytest.fixture(params=[PYTHON, pytest.param(NODE, marks=pytest.mark.needs_node)], ids=["py", "js"])
def reader(request: pytest.FixtureRequest, parts: Stack, tmp_path: Path) -> Reader:
    """Each program, in a folder of its own with nothing but what the page says to install."""
    found: Reader = request.param
    modules: Path | None = None
    if found is NODE:
        require_durable_broker(parts)  # the fallback does not speak enough of Kafka for it
        modules = request.getfixturevalue("node_modules")
    found.lay(tmp_path, modules)
    return found


def environment(rooms: Rooms, **more: str) -> dict[str, str]:
    """Nothing of this repository is on the program's path."""
    servers = rooms.environment["KAFKA_BOOTSTRAP_SERVERS"]
    return {"PATH": os.environ["PATH"], "KAFKA_BOOTSTRAP_SERVERS": servers, **more}


async def said(rooms: Rooms, *ids: str) -> Sequence[Any]:
    """The records of submission's stream, once these `ce_id`s are among them."""

    async def all_said() -> Sequence[Any]:
        records = await rooms.records("submission")
        there = {dict(record.headers)["ce_id"].decode() for record in records}
        return records if there >= set(ids) else ()

    records: Sequence[Any] = await eventually(all_said, f"{ids} are on the topic")
    return records


def event(project: str, sequence: int = 1) -> str:
    """The id of a project's event."""
    return f"submission/project/{project}:{sequence}"


async def test_program_of_the_page_hears_each_event_once_and_goes_on_where_it_was(
    rooms: Rooms, applicants: Applicants, reader: Reader, tmp_path: Path
) -> None:
    topic, group = stream("submission", rooms.prefix), f"team-{reader.language}"
    settings = environment(rooms, TOPIC=topic, GROUP=group)
    first, second = await applicants.hand_in("turkistan"), await applicants.hand_in("mangystau")
    await applicants.withdraw(first)
    records = await said(rooms, event(first), event(first, 2), event(second))

    async with running(reader.command, settings, tmp_path) as program:
        await caught_up(rooms, group, topic, program)
        await say_again(rooms, topic, records)
        await caught_up(rooms, group, topic, program)
        await program.stop(signal.SIGINT)
    assert sorted(line for line in program.lines if first in line or second in line) == sorted(
        [f"ProjectSubmitted {first}", f"ProjectSubmitted {second}", f"ProjectWithdrawn {first}"]
    ), program

    third = await applicants.hand_in("turkistan")
    await said(rooms, event(third))
    async with running(reader.command, settings, tmp_path) as program:
        await caught_up(rooms, group, topic, program)
        await program.stop(signal.SIGINT)
    assert program.lines == [f"ProjectSubmitted {third}"], program


async def test_program_of_the_page_stops_at_an_unknown_major_of_a_type_in_use(
    rooms: Rooms, applicants: Applicants, reader: Reader, tmp_path: Path
) -> None:
    elsewhere = stream("webinar", rooms.prefix)
    project = await applicants.hand_in("turkistan")
    record = next(
        record
        for record in await said(rooms, event(project))
        if dict(record.headers)["ce_type"] == b"ProjectSubmitted"
    )
    headers = dict(record.headers)
    headers["ce_dataschema"] = b"urn:zharmenke:schema:ProjectSubmitted:v2"
    record.headers = tuple(headers.items())
    await say_again(rooms, elsewhere, [record])

    settings = environment(rooms, TOPIC=elsewhere, GROUP=f"stops-{reader.language}")
    async with running(reader.command, settings, tmp_path) as program:
        code = await program.ended()

    assert code != 0
    assert program.lines == []
    assert any("is v2: learn it before you go on" in line for line in program.errors), program


@pytest.mark.needs_kcat
async def test_first_look_of_the_page_shows_topic_headers_and_bodies(
    rooms: Rooms, applicants: Applicants, tmp_path: Path
) -> None:
    require_durable_broker(rooms.stack)  # as above
    project = await applicants.hand_in("turkistan")
    await said(rooms, event(project))
    settings = environment(rooms, TOPIC=stream("submission", rooms.prefix))

    async with running(["bash", "-euc", block("sh")], settings, tmp_path) as program:
        code = await program.ended()

    shown = "\n".join(program.lines)
    assert code == 0, program
    assert f'topic "{rooms.prefix}.submission" with 12 partitions' in shown
    assert f"ce_id=submission/project/{project}:1" in shown
    assert f'"key":"project/{project}"' in shown


@pytest.mark.parametrize("language", ["python", "js", "sh"])
def test_program_of_the_page_is_short(language: str) -> None:
    assert len(block(language).splitlines()) < 30


def test_links_of_the_page_lead_somewhere() -> None:
    for page in (PAGE, *(REPOSITORY / "examples").rglob("README.md")):
        text = page.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\((?!https:)([^)#]*)(?:#([^)]+))?\)", text):
            path = (page.parent / target) if target else page
            assert path.is_file(), f"{page}: {target}"
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            names = [heading.lower().replace(" ", "-") for heading in headings]
            assert not anchor or anchor in names, f"{page}: {target}#{anchor}"
