"""The real parts for the webinar tests: a database of their own, keys, replicas of the service."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from pymongo import MongoClient

from admin.stack.stack import Stack
from services.kit.service import Service, Topics
from services.webinar.seats import Seats
from services.webinar.settings import Settings
from services.webinar.store import Webinars

from .keys import Keys, new_keys
from .running import Running, running


@dataclass(frozen=True, slots=True)
class Replica:
    """One process's worth of the service, without its Kafka side."""

    service: Service
    webinars: Webinars
    seats: Seats


@pytest.fixture(scope="session")
def mongo_url(parts: Stack) -> str:
    """A server that speaks Mongo's wire protocol."""
    return parts.environment()["MONGO_URL"]


@pytest.fixture(scope="session")
def kafka_bootstrap_servers(parts: Stack) -> str:
    """A Kafka broker."""
    return parts.environment()["KAFKA_BOOTSTRAP_SERVERS"]


@pytest.fixture(scope="module")
def mongo_database(mongo_url: str) -> Iterator[str]:
    """The name of a database that is dropped when the module's tests are done."""
    name = f"webinar_test_{uuid4().hex[:12]}"
    yield name
    client: MongoClient[dict[str, object]] = MongoClient(mongo_url)
    client.drop_database(name)
    client.close()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Fresh keys."""
    return new_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def settings(
    mongo_url: str, mongo_database: str, kafka_bootstrap_servers: str, keys: Keys
) -> Settings:
    """The service's settings for this module's database."""
    return Settings(
        mongo_url=mongo_url,
        mongo_database=mongo_database,
        kafka_bootstrap_servers=kafka_bootstrap_servers,
        operator_public_key_file=keys.operator_public_file,
        link_public_key_file=keys.links_public_file,
    )


@pytest.fixture
async def new_replica(settings: Settings) -> AsyncIterator[Callable[[], Replica]]:
    """Makes replicas that share the module's database."""
    made: list[Replica] = []

    def make() -> Replica:
        service = Service("webinar", settings, Topics("events", "people", "dead", "dead-people"))
        webinars = Webinars(service)
        made.append(Replica(service, webinars, Seats(webinars)))
        return made[-1]

    yield make
    for replica in made:
        replica.service.client.close()


@pytest.fixture(scope="module")
async def service(settings: Settings, keys: Keys) -> AsyncIterator[Running]:
    """The whole service, running for this module's tests."""
    async with running(settings, keys) as service:
        yield service
