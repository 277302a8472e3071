"""A database and topics of the kit's own tests, on the real parts."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from motor.motor_asyncio import AsyncIOMotorClient

from admin.stack.stack import Stack
from tests.rooms import eventually

NewTopicNamed = Callable[..., Awaitable[str]]


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[structlog.typing.EventDict]]:
    """What the kit logs during a test."""
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture(scope="module")
async def database(parts: Stack) -> AsyncIterator[Any]:
    """A database of this module's own, gone at the end."""
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(
        parts.environment()["MONGO_URL"], tz_aware=True
    )
    name = f"kit_{secrets.token_hex(4)}"
    yield client[name]
    await client.drop_database(name)
    client.close()


@pytest.fixture
def collection(database: Any) -> Any:
    """A collection of this test's own."""
    return database[secrets.token_hex(4)]


@pytest.fixture
def servers(parts: Stack) -> str:
    """Where Kafka is."""
    return parts.environment()["KAFKA_BOOTSTRAP_SERVERS"]


@pytest.fixture
def idempotent(parts: Stack) -> bool:
    """Whether this broker knows idempotent producers."""
    return parts.environment()["KAFKA_IDEMPOTENCE"] == "true"


@pytest.fixture(scope="module")
async def new_topic(parts: Stack) -> AsyncIterator[NewTopicNamed]:
    """Makes topics with so many partitions, gone at the end."""
    admin = AIOKafkaAdminClient(bootstrap_servers=parts.environment()["KAFKA_BOOTSTRAP_SERVERS"])
    await admin.start()
    made: list[str] = []

    async def make(partitions: int, ending: str = "") -> str:
        name = f"kit.{secrets.token_hex(4)}{ending}"
        await admin.create_topics([NewTopic(name, partitions, 1)])
        made.append(name)

        async def led() -> bool:
            (about,) = await admin.describe_topics([name])
            found = about["partitions"]
            return len(found) == partitions and all(p["leader"] >= 0 for p in found)

        await eventually(led, f"{name} has leaders")
        return name

    yield make
    await admin.delete_topics(made)
    await admin.close()
