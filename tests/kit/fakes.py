"""Fakes that fail on purpose: a collection, a clock, a wire that can be cut."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import AutoReconnect


class Unreliable:
    """A collection before whose calls, or after which, something happens. All else is real."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self._before: dict[str, list[Callable[[], Awaitable[None]]]] = {}
        self._after: dict[str, list[Callable[[], Awaitable[None]]]] = {}
        self.calls: dict[str, int] = {}

    def before(self, method: str, *steps: Callable[[], Awaitable[None]]) -> None:
        """Run one step before each of the next calls of a method."""
        self._before.setdefault(method, []).extend(steps)

    def after(self, method: str, *steps: Callable[[], Awaitable[None]]) -> None:
        """Run one step after each of the next calls of a method went through."""
        self._after.setdefault(method, []).extend(steps)

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        if name not in ("insert_one", "update_one", "insert_many", "bulk_write", "find_one"):
            return real

        async def call(*args: Any, **kwargs: Any) -> Any:
            self.calls[name] = self.calls.get(name, 0) + 1
            await _next(self._before.get(name))
            answer = await real(*args, **kwargs)
            await _next(self._after.get(name))
            return answer

        return call


async def _next(steps: list[Callable[[], Awaitable[None]]] | None) -> None:
    if steps:
        await steps.pop(0)()


async def connection_lost() -> None:
    """What pymongo says when the connection breaks under a call."""
    raise AutoReconnect("connection closed")


class Killed(BaseException):
    """The process ends here: nothing may catch it."""


async def killed() -> None:
    raise Killed


class SetClock:
    """A database clock that a test turns."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    async def now(self) -> datetime:
        return self.moment

    def turn(self, seconds: float) -> None:
        """Let time go by."""
        self.moment += timedelta(seconds=seconds)


class Wire:
    """A TCP port that leads to a real server while it is open, and to nothing while it is cut."""

    def __init__(self, address: str) -> None:
        host, _, port = address.partition(":")
        self._host, self._port = host, int(port)
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def reserve(self) -> None:
        """Choose the port, without opening it."""
        await self.open()
        await self.cut()

    async def open(self) -> None:
        """Lead to the server from now on, by the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection and refuse new ones."""
        if self._server:
            self._server.close()
            self._server = None
        for pipe in list(self._pipes):
            pipe.transport.abort()
        self._pipes.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        self._pipes |= {writer, far_writer}
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
