"""Somebody at a terminal: runs commands against the parts, and reads what they print."""

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner, Result

from admin.cli import app
from services.kit.envelope import Envelope

RUNNER = CliRunner()
LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")


@dataclass
class Terminal:
    """Commands of this user find the broker and the topics by the environment."""

    servers: str
    prefix: str
    environment: dict[str, str] = field(default_factory=dict)

    async def run(self, *words: str) -> Result:
        """Run a command to its end."""
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": self.servers,
            "TOPIC_PREFIX": self.prefix,
            "COLUMNS": "200",
        } | self.environment
        return await asyncio.to_thread(lambda: RUNNER.invoke(app, words, env=environment))

    async def lines(self, *words: str) -> list[dict[str, Any]]:
        """What a command that must succeed prints with --json, a line each."""
        told = await self.run(*words, "--json")
        assert told.exit_code == 0, told.output
        return [json.loads(line) for line in told.stdout.splitlines()]

    async def document(self, *words: str) -> Any:
        """The one JSON document that a command which must succeed prints with --json.

        Services that run in the test's own process log to the same place meanwhile.
        """
        told = await self.run(*words, "--json")
        assert told.exit_code == 0, told.output
        printed = [line for line in told.stdout.splitlines() if not LOGGED.match(line)]
        return json.loads("\n".join(printed))

    async def refused(self, *words: str) -> str:
        """The one line with which a command says why it can't."""
        told = await self.run(*words)
        assert told.exit_code == 2, told.output
        assert told.stdout == ""
        (line,) = told.stderr.splitlines()
        return line


async def put(
    producer: AIOKafkaProducer,
    topic: str,
    envelope: Envelope,
    body: bytes | None = b"{}",
    *,
    at: int | None = None,
    more: tuple[tuple[str, bytes], ...] = (),
) -> Any:
    """Write an event as its service would, at a time (ms since 1970) when one is given."""
    key = envelope.subject.removeprefix("person/").encode()
    headers = [(name, value.encode()) for name, value in envelope.headers()]
    return await producer.send_and_wait(
        topic, body, key=key, headers=[*headers, *more], timestamp_ms=at
    )


def event(
    subject: str,
    sequence: int = 1,
    *,
    service: str = "submission",
    type_name: str = "ProjectSubmitted",
    **more: str,
) -> Envelope:
    """An event of this subject; what is not said has a value of its kind."""
    time = more.pop("time", f"2026-07-01T12:00:{sequence:02d}.000Z")
    return Envelope(service, type_name, 1, subject, sequence, time, **more)
