"""`zharmenke dead` against a service on a real port: what it prints, and its exit codes."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
import uvicorn
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner, Result

from admin.cli import app
from schemas.contract import ROOT
from schemas.topics import stream
from services.kit.envelope import Envelope
from services.scoring.app import create_app
from tests.ports import free_port
from tests.rooms import Rooms, eventually

SEASON = (ROOT / "events" / "SeasonOpened" / "v1.samples" / "minimal.json").read_bytes()


RUNNER = CliRunner()


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """The service runs in this process: what it logs is not what the command prints."""
    with structlog.testing.capture_logs():
        yield


@dataclass
class Operator:
    """Somebody at a terminal, and the service's stream that holds the poison."""

    url: str
    rooms: Rooms

    async def run(self, *words: str, token: str = "") -> Result:
        """Run a command; the service answers meanwhile."""
        environment = {
            "SCORING_URL": self.url,
            "OPERATOR_KEY_FILE": self.rooms.environment["OPERATOR_KEY_FILE"],
            "ZHARMENKE_TOKEN": token,
            "COLUMNS": "200",
        }
        return await asyncio.to_thread(
            lambda: RUNNER.invoke(app, ["dead", *words], env=environment)
        )

    async def listed(self) -> list[dict[str, Any]]:
        """What is parked, as a script reads it."""
        answer = await self.run("list", "scoring", "--json")
        assert answer.exit_code == 0, answer.output
        found: list[dict[str, Any]] = json.loads(answer.stdout)
        return found

    async def say(self, key: str, bodies: Sequence[bytes]) -> None:
        """Put seasons of one key on the stream that scoring hears."""
        servers = self.rooms.environment["KAFKA_BOOTSTRAP_SERVERS"]
        async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
            for number, body in enumerate(bodies, 1):
                about = Envelope(
                    "submission",
                    "SeasonOpened",
                    1,
                    f"season/{key}",
                    number,
                    "2020-04-01T09:00:00.000Z",
                )
                headers = [(name, value.encode()) for name, value in about.headers()]
                await producer.send_and_wait(
                    stream("submission", self.rooms.prefix), body, key.encode(), headers=headers
                )


@pytest.fixture(scope="module")
async def operator(rooms: Rooms) -> AsyncIterator[Operator]:
    """An operator of a running scoring service."""
    port = free_port()
    service = create_app(rooms.settings("scoring"))
    config = uvicorn.Config(service, port=port, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())

    async def started() -> bool:
        return server.started

    await eventually(started, "the service listens")
    made = Operator(f"http://127.0.0.1:{port}", rooms)

    async def answers() -> bool:
        return (await made.run("list", "scoring")).exit_code == 0

    await eventually(answers, "the service is prepared")
    yield made
    server.should_exit = True
    await serving


@pytest.fixture
async def stuck(operator: Operator) -> list[str]:
    """Ids of three parked records of season 2020: poison, and two that wait behind it."""
    for one in await operator.listed():
        words = ("discard", "scoring", one["id"], "--reason", "of another test", "--by", "test")
        assert (await operator.run(*words)).exit_code == 0
    await operator.say("2020", [b"\x1b[2J not json", SEASON, SEASON])

    async def all_parked() -> list[dict[str, Any]] | None:
        found = await operator.listed()
        return found if len(found) == 3 else None

    return [one["id"] for one in await eventually(all_parked, "three are parked")]


async def test_list_says_what_failed_and_what_waits(operator: Operator, stuck: list[str]) -> None:
    told = await operator.run("list", "scoring")
    assert told.exit_code == 0
    assert all(id in told.output for id in stuck)
    assert "body is not valid" in told.output
    assert "3 parked: 1 failed, 2 wait behind." in told.output
    first, second, _ = await operator.listed()
    assert (first["key"], first["type"], first["attempts"]) == ("2020", "SeasonOpened", 0)
    assert second["reason"] == "waits behind an earlier record of the same key"


async def test_show_prints_content_without_its_control_codes(
    operator: Operator, stuck: list[str]
) -> None:
    told = await operator.run("show", "scoring", stuck[0])
    assert told.exit_code == 0
    assert "ce_id: submission/season/2020:1" in told.output
    assert "\\x1b[2J not json" in told.output
    assert "\x1b" not in told.output
    script = await operator.run("show", "scoring", stuck[1], "--json")
    assert json.loads(script.stdout)["body"] == SEASON.decode()


async def test_redrive_exits_1_while_something_fails_and_0_when_all_is_done(
    operator: Operator, stuck: list[str]
) -> None:
    failed = await operator.run("redrive", "scoring", "--all")
    assert failed.exit_code == 1
    assert "0 handled, 3 left; stopped at " + stuck[0] in failed.output
    assert "(redrive 1)" in failed.output
    again = await operator.run("redrive", "scoring", stuck[2], "--json")
    assert again.exit_code == 1
    assert json.loads(again.stdout)[0]["attempts"] == 2
    words = ("discard", "scoring", stuck[0], "--reason", "[bold]not JSON", "--by", "aigul")
    discarded = await operator.run(*words)
    assert discarded.exit_code == 0
    assert f"{stuck[0]} was discarded by admin/aigul" in discarded.output
    topic = stream("submission", operator.rooms.prefix)
    done = await operator.run("redrive", "scoring", "--topic", topic, "--key", "2020")
    assert (done.exit_code, await operator.listed()) == (0, [])
    assert "2 handled, 0 left" in done.output
    assert "Nothing is parked." in (await operator.run("redrive", "scoring", "--all")).output


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["list", "nowhere"], "There is no service"),
        (["list", "scoring", "--operator-key", "nowhere.pem"], "There is no key"),
        (["show", "scoring", "no-id"], "is no record's id"),
        (["redrive", "scoring"], "Name a record's ID"),
        (["redrive", "scoring", "--topic", "t"], "Name a record's ID"),
        (["redrive", "scoring", "t/0/0", "--all"], "Name a record's ID"),
        (["discard", "scoring", "t/0/0", "--by", "aigul"], "--reason"),
        (["discard", "scoring", "t/0/0", "--reason", "a test"], "--by"),
        (["discard", "scoring", "t/0/0", "--reason", " ", "--by", "aigul"], "--reason"),
        (["discard", "scoring", "t/0/0", "--reason", "a test", "--by", " "], "--by"),
    ],
)
async def test_misuse_exits_2_and_says_why(operator: Operator, words: list[str], why: str) -> None:
    told = await operator.run(*words)
    assert told.exit_code == 2
    assert why in told.output


async def test_refusal_exits_1_with_the_service_s_own_words(operator: Operator) -> None:
    for words in (
        ["show", "scoring", "t/0/0"],
        ["redrive", "scoring", "t/0/0"],
        ["discard", "scoring", "t/0/0", "--reason", "a test", "--by", "aigul"],
    ):
        told = await operator.run(*words)
        assert (told.exit_code, told.output) == (1, "error: No record t/0/0 is parked.\n")


async def test_token_stands_in_for_the_key_and_names_who_decides(
    operator: Operator, rooms: Rooms, stuck: list[str]
) -> None:
    bearer = rooms.token("admin", "dana")["Authorization"].removeprefix("Bearer ")
    words = ("discard", "scoring", stuck[0], "--reason", "a test", "--operator-key", "none.pem")
    both = await operator.run(*words, "--by", "aigul", token=bearer)
    assert (both.exit_code, "leave --by out" in both.output) == (2, True)
    done = await operator.run(*words, token=bearer)
    assert done.exit_code == 0
    assert "by admin/dana" in done.output
    weak = rooms.token("secretary")["Authorization"].removeprefix("Bearer ")
    refused = await operator.run("list", "scoring", token=weak)
    assert (refused.exit_code, "A secretary may not do this" in refused.output) == (1, True)


async def test_service_that_does_not_answer_exits_1_and_says_where(operator: Operator) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    told = await operator.run("list", "scoring", "--url", url)
    assert told.exit_code == 1
    assert f"No answer from {url}" in told.output


@pytest.mark.parametrize("command", ["list", "show", "redrive", "discard"])
async def test_help_has_an_example(operator: Operator, command: str) -> None:
    told = await operator.run(command, "--help")
    assert told.exit_code == 0
    assert f"Example: zharmenke dead {command} scoring" in told.output
