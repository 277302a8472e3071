"""The database's clock, which all replicas share: leases are timed by it, never by their own."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from motor.motor_asyncio import AsyncIOMotorDatabase

RESYNC_SECONDS = 5.0


class DatabaseClock:
    """The server's time, asked for every few seconds and carried on by a monotonic clock between.

    A jump of this machine's own clock changes nothing. Off by at most one round trip.
    """

    def __init__(self, database: "AsyncIOMotorDatabase[dict[str, Any]]") -> None:
        self._database = database
        self._server: datetime | None = None
        self._asked = 0.0

    async def now(self) -> datetime:
        """The database's present time, in UTC."""
        if self._server is None or time.monotonic() - self._asked > RESYNC_SECONDS:
            answer = await self._database.command("hello")
            self._server = answer["localTime"].replace(tzinfo=UTC)
            self._asked = time.monotonic()
        return self._server + timedelta(seconds=time.monotonic() - self._asked)
