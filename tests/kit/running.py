"""A service made of the kit alone, run inside the test on real parts."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient

from admin.stack.stack import Stack
from services.kit.fold import Heard
from services.kit.service import Service, Topics
from services.kit.settings import ServiceSettings
from services.kit.store import Store
from tests.kit.conftest import NewTopicNamed
from tests.kit.jars import JARS, MODELS, Jar, Owner, Record
from tests.rooms import eventually


@dataclass
class Ears:
    """A handler that a test can hold, fail, and ask what it heard."""

    heard: list[str] = field(default_factory=list)
    failure: Callable[[Heard], Exception | None] = lambda heard: None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, batch: Sequence[Heard]) -> None:
        self.entered.set()
        await self.gate.wait()
        for heard in batch:
            if error := self.failure(heard):
                raise error
        self.heard += [heard.envelope.id for heard in batch]


class Place:
    """The topics of a kit service and those it hears, and a database's name."""

    def __init__(self, parts: Stack, stream: str, people: str, topics: Topics) -> None:
        self.environment = parts.environment()
        self.servers = self.environment["KAFKA_BOOTSTRAP_SERVERS"]
        self.stream, self.people, self.topics = stream, people, topics
        self.database = f"kit_{secrets.token_hex(4)}"

    def service(self, ears: Ears, **overrides: Any) -> Service:
        settings: dict[str, Any] = {
            "kafka_bootstrap_servers": self.servers,
            "kafka_idempotence": self.environment["KAFKA_IDEMPOTENCE"] == "true",
            "mongo_url": self.environment["MONGO_URL"],
            "mongo_database": self.database,
            "topic_prefix": self.database,
        }
        service = Service("kit", ServiceSettings(**(settings | overrides)), self.topics)
        service.hear([self.stream, self.people], {**MODELS, "Owner": Owner}, [ears.hear])
        return service

    async def say(self, *records: Record) -> None:
        """Put records on the stream (or the topic they name), each acknowledged in turn."""
        async with AIOKafkaProducer(
            bootstrap_servers=self.servers, acks="all", max_request_size=2_000_000
        ) as producer:
            for record in records:
                topic = self.people if record.topic == "people" else self.stream
                await producer.send_and_wait(
                    topic, record.value, key=record.key, headers=list(record.headers)
                )

    async def committed(self) -> int:
        """Up to where the service's group has committed, over all partitions."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(f"{self.database}.kit")
            return sum(max(0, found.offset) for found in offsets.values())
        finally:
            await admin.close()


@asynccontextmanager
async def running(
    service: Service, *, ready: bool = True
) -> AsyncIterator[tuple[httpx.AsyncClient, FastAPI]]:
    """The service's app inside its lifespan, ready when asked for."""
    app = service.app("Kit", "A service of the kit alone.")
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://kit.test") as client,
    ):
        if ready:
            await eventually(lambda: is_ready(client), "the service is ready")
        yield client, app


async def is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/health/ready")).status_code == httpx.codes.OK


@asynccontextmanager
async def new_place(parts: Stack, new_topic: NewTopicNamed) -> AsyncIterator[Place]:
    """Fresh topics, small ones; the database is gone at the end."""
    stream = await new_topic(1)
    people = await new_topic(1, ".people")
    topics = Topics(*[await new_topic(1) for _ in range(4)])
    place = Place(parts, stream, people, topics)
    yield place
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(place.environment["MONGO_URL"])
    await client.drop_database(place.database)
    client.close()


def jars_of(service: Service) -> Store[Jar]:
    return service.store("jars", JARS)
