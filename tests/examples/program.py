"""A reader in a process of its own, as another team would run it: what it prints, how it ends."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.topics import PARTITIONS
from tests.rooms import Rooms, eventually
from tests.signals import as_at_a_terminal


class Program:
    """A running program and the lines it has printed so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._reading = [
            asyncio.create_task(_collect(process.stdout, self.lines)),
            asyncio.create_task(_collect(process.stderr, self.errors)),
        ]

    def __str__(self) -> str:
        return "\n".join(["printed:", *self.lines, "said on stderr:", *self.errors])

    async def ended(self, within: float = 30.0) -> int:
        """Its exit code, once it has ended by itself and all it printed is read."""
        code = await asyncio.wait_for(self._process.wait(), within)
        await asyncio.gather(*self._reading)
        return code

    async def stop(self, how: signal.Signals = signal.SIGKILL) -> int:
        """End it, if it has not ended, and wait for that."""
        if self._process.returncode is None:
            self._process.send_signal(how)
        return await self.ended()


async def _collect(stream: asyncio.StreamReader | None, lines: list[str]) -> None:
    assert stream is not None
    async for line in stream:
        lines.append(line.decode().rstrip("\n"))


@asynccontextmanager
async def running(
    command: Sequence[str], environment: Mapping[str, str], directory: Path
) -> AsyncIterator[Program]:
    """Start it; it is killed at the end of the block if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=directory,
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=as_at_a_terminal,
    )
    program = Program(process)
    try:
        yield program
    finally:
        await program.stop()


async def caught_up(rooms: Rooms, group: str, topic: str, program: Program) -> None:
    """Wait until the group has committed everything that is on the topic."""
    servers = rooms.environment["KAFKA_BOOTSTRAP_SERVERS"]
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    async with AIOKafkaConsumer(
        bootstrap_servers=servers, group_id=group, enable_auto_commit=False
    ) as watching:

        async def nothing_left() -> bool:
            ends = await watching.end_offsets(partitions)
            return all([(await watching.committed(at) or 0) >= ends[at] for at in partitions])

        await eventually(nothing_left, f"{group} has read all of {topic}; {program}", within=60)


async def say_again(rooms: Rooms, topic: str, records: Sequence[Any]) -> None:
    """Put copies of the records on the topic, as a relay does that was cut off after sending."""
    servers = rooms.environment["KAFKA_BOOTSTRAP_SERVERS"]
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for record in records:
            await producer.send_and_wait(
                topic, record.value, key=record.key, headers=list(record.headers)
            )
