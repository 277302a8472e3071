"""The whole service on its real parts, and the streams around it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from httpx import ASGITransport, AsyncClient

from schemas.submission import SeasonOpened
from schemas.topics import all_topics, people, stream
from services.kit.envelope import Envelope
from services.kit.tokens import Role, issue_bearer, issue_link
from services.webinar.app import create_app
from services.webinar.settings import Settings

from . import given
from .keys import Keys

PARTITIONS = 2
SECONDS_TO_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """A service that runs, with a season of three webinars heard."""

    client: AsyncClient
    settings: Settings
    keys: Keys

    def link(self, registration_id: str, **changes: Any) -> str:
        """A token as the mailed link carries it."""
        claims: dict[str, Any] = {
            "audience": "webinar",
            "purpose": "join",
            "subject": registration_id,
            "message_id": "webinar-link/test",
            "expires": datetime.now(UTC) + timedelta(hours=1),
        }
        return issue_link(self.keys.links, **(claims | changes))

    def bearer(self, role: Role) -> dict[str, str]:
        """Headers of a caller in this role."""
        token = issue_bearer(
            self.keys.operator,
            issuer="operator",
            subject="test",
            role=role,
            now=datetime.now(UTC),
            lifetime=timedelta(hours=1),
        )
        return {"Authorization": f"Bearer {token}"}

    async def records(self, topic: str) -> list[Any]:
        """All that is on a topic now, in the order of its partitions."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.kafka_bootstrap_servers, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
            found: list[Any] = []
            while batch := await consumer.getmany(timeout_ms=1500):
                found += [record for records in batch.values() for record in records]
            return found
        finally:
            await consumer.stop()

    @property
    def events_topic(self) -> str:
        """The service's stream."""
        return stream("webinar", self.settings.topic_prefix)

    @property
    def people_topic(self) -> str:
        """The service's people."""
        return people("webinar", self.settings.topic_prefix)


@asynccontextmanager
async def running(settings: Settings, keys: Keys) -> AsyncIterator[Running]:
    """The service with topics of its own, which are deleted afterwards."""
    settings = settings.model_copy(update={"topic_prefix": f"t{uuid4().hex[:10]}"})
    topics = [topic.name for topic in all_topics(settings.topic_prefix)]
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in topics])
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            transport = ASGITransport(app=app, raise_app_exceptions=False)
            async with AsyncClient(transport=transport, base_url="http://webinar.test") as client:
                await until(lambda: _is_ready(client))
                await say_season_opened(settings)
                await until(lambda: _knows_webinars(client, 3))
                yield Running(client, settings, keys)
    finally:
        await admin.delete_topics(topics)
        await admin.close()


async def say_season_opened(settings: Settings, sequence: int = 1) -> None:
    """What submission says: a season with an open, a small and a begun webinar."""
    now = datetime.now(UTC)
    season = given.season(
        given.definition(id="open", starts_at=now + timedelta(days=1)),
        given.definition(2, id="small", starts_at=now + timedelta(days=1)),
        given.definition(5, id="begun", starts_at=now - timedelta(minutes=10)),
    )
    envelope = Envelope(
        "submission", "SeasonOpened", 1, "season/2020", sequence, "2020-03-02T03:00:00.000Z"
    )
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers)
    await producer.start()
    await producer.send_and_wait(
        stream("submission", settings.topic_prefix),
        SeasonOpened(season=season).model_dump_json().encode(),
        key=envelope.subject.encode(),
        headers=[(name, value.encode()) for name, value in envelope.headers()],
    )
    await producer.stop()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds; an AssertionError when it does not in time."""
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while not await holds():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.1)


async def _is_ready(client: AsyncClient) -> bool:
    return (await client.get("/health/ready")).status_code == 200


async def _knows_webinars(client: AsyncClient, count: int) -> bool:
    return len((await client.get("/webinars")).json()) == count
