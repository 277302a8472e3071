"""A replay of one service, as somebody at a terminal runs it; and its documents."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from typer.testing import Result

from admin.replay.place import Address, Place, open_place
from tests.admin.terminal import LOGGED, Terminal
from tests.rooms import Rooms


@dataclass
class Replays:
    """The commands of one service on these parts."""

    rooms: Rooms
    service: str

    @property
    def terminal(self) -> Terminal:
        return Terminal(
            self.rooms.environment["KAFKA_BOOTSTRAP_SERVERS"],
            self.rooms.prefix,
            {
                "MONGO_URL": self.rooms.environment["MONGO_URL"],
                "MONGO_DATABASE": self.rooms.database(self.service),
            },
        )

    async def told(self, *words: str, exit_code: int = 0) -> Any:
        """What a command says in JSON."""
        told = await self.terminal.run(*words, "--json")
        assert told.exit_code == exit_code, told.output
        printed = [line for line in told.stdout.splitlines() if not LOGGED.match(line)]
        return json.loads("\n".join(printed))

    async def replay(self, command: str, *words: str, exit_code: int = 0) -> Any:
        """`zharmenke replay COMMAND` of this service, in JSON."""
        return await self.told("replay", command, self.service, *words, exit_code=exit_code)

    async def refused(self, *words: str) -> str:
        """The line of a command that could not do its work."""
        told: Result = await self.terminal.run(*words)
        assert told.exit_code == 2, told.output
        lines = [line for line in told.stderr.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, told.output
        return lines[0]

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Place]:
        """The same, from inside."""
        rooms = self.rooms
        address = Address(
            self.service,
            rooms.environment["KAFKA_BOOTSTRAP_SERVERS"],
            rooms.prefix,
            rooms.environment["MONGO_URL"],
            rooms.database(self.service),
        )
        async with open_place(address) as place:
            yield place

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Any]:
        """The service's database."""
        client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(
            self.rooms.environment["MONGO_URL"], tz_aware=True
        )
        try:
            yield client[self.rooms.database(self.service)]
        finally:
            client.close()

    async def documents(self, collection: str) -> dict[str, Any]:
        """All documents of a collection."""
        async with self.database() as database:
            return {doc["_id"]: doc async for doc in database[collection].find()}
