"""What readiness looks at: each part "ok", or what is wrong with it."""

import time

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo.errors import PyMongoError

from services.kit.aggregate import Document
from services.kit.reader import Reader
from services.kit.relay import Relay

OK = "ok"
STALE_SECONDS = 15.0


async def of_database(database: AsyncIOMotorDatabase[Document]) -> str:
    """Whether it answers."""
    try:
        await database.command("ping")
    except PyMongoError as error:
        return str(error)[:200]
    return OK


def of_relay(relay: Relay | None) -> str:
    """Whether it moves; it looks at its outboxes now and then even when nothing is said."""
    if relay and relay.failing:
        return relay.failing
    if relay and relay.moved_at and time.monotonic() - relay.moved_at < STALE_SECONDS:
        return OK
    return "has not moved lately"


def of_reader(reader: Reader | None) -> str:
    """Whether it has anything to read."""
    return OK if reader and reader.assigned() else "no partitions assigned"
