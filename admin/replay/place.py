"""Where one service's history and documents are: topics, database, and its room's `replay.py`."""

import importlib
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import WriteConcern
from pymongo.errors import ConfigurationError, InvalidURI, PyMongoError

from admin.log.reading import Log, open_log
from admin.terminal import Trouble
from schemas.topics import SERVICES, SERVICES_WITH_PEOPLE, people, stream
from services.kit.clock import DatabaseClock
from services.kit.generations import Pointer
from services.kit.history import History
from services.kit.parking import Parking
from services.kit.redrive import Claims
from services.kit.settings import consumer_group

Document = dict[str, Any]
ANSWER_MS = 5_000


@dataclass(frozen=True, slots=True)
class Address:
    """Whose documents, and where everything is."""

    service: str
    servers: str
    prefix: str
    mongo_url: str
    database: str


@dataclass(frozen=True, slots=True)
class Place:
    """One service's history and documents, open."""

    at: Address
    history: History
    log: Log
    database: "AsyncIOMotorDatabase[Document]"
    clock: DatabaseClock
    pointer: Pointer
    parking: Parking
    claims: Claims

    @property
    def own_topic(self) -> str:
        """The service's own stream."""
        return stream(self.at.service, self.at.prefix)

    @property
    def people_topic(self) -> str | None:
        """The persons whom the service met itself."""
        if self.at.service not in SERVICES_WITH_PEOPLE:
            return None
        return people(self.at.service, self.at.prefix)

    @property
    def heard_topics(self) -> Sequence[str]:
        """What its heard state follows from."""
        return tuple(self.history.topics(self.at.prefix))

    @property
    def group(self) -> str:
        """The consumer group in which the service hears."""
        return group_of(self.at)


def group_of(at: Address) -> str:
    """The consumer group in which a service hears."""
    return os.environ.get("CONSUMER_GROUP") or consumer_group(at.service, at.prefix)


def check_service(service: str) -> None:
    """Raise Trouble for a service that there is not."""
    if service not in SERVICES:
        raise Trouble(f"There is no service {service!r}; choose one of: {', '.join(SERVICES)}.")


@contextmanager
def database_told(mongo_url: str) -> Iterator[None]:
    """A database that goes away becomes Trouble; what was noted until then stays."""
    try:
        yield
    except PyMongoError as error:
        why = str(error).partition(",")[0][:200]
        raise Trouble(f"The database at {shown(mongo_url)} does not answer: {why}") from error


@asynccontextmanager
async def open_place(at: Address) -> AsyncIterator[Place]:
    """Raises Trouble for an unknown service, a missing topic, and parts that do not answer."""
    check_service(at.service)
    history: History = importlib.import_module(f"services.{at.service}.replay").HISTORY
    try:
        client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            at.mongo_url, tz_aware=True, serverSelectionTimeoutMS=ANSWER_MS, appname="replay"
        )
    except (InvalidURI, ConfigurationError, ValueError) as error:
        raise Trouble(f"{shown(at.mongo_url)} is no address of a database: {error}") from error
    try:
        with database_told(at.mongo_url):
            await client.admin.command("ping")
            async with open_log(at.servers) as log:
                yield _place(at, history, log, client)
    finally:
        client.close()


def _place(at: Address, history: History, log: Log, client: Any) -> Place:
    database = client.get_database(at.database, write_concern=WriteConcern("majority", j=True))
    clock = DatabaseClock(database)
    topics = history.topics(at.prefix)
    place = Place(
        at,
        history,
        log,
        database,
        clock,
        Pointer(database, clock),
        Parking(
            database["parked"], group_of(at), [name for name in topics if name.endswith(".people")]
        ),
        Claims(database["replays"], clock),
    )
    for topic in filter(None, (place.own_topic, place.people_topic, *topics)):
        log.partitions(topic)
    return place


def shown(url: str) -> str:
    """An address without its password."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or url.rpartition("@")[2]
    except ValueError:
        return url.rpartition("@")[2]
