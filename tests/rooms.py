"""Services opened inside the test process, on real parts, each test module under its own prefix."""

import asyncio
import importlib
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from aiokafka.admin import AIOKafkaAdminClient
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient

from admin.rehearsal.outside import read_topic
from admin.stack.stack import Stack
from admin.tokens import operator_token
from admin.topics import create_topics
from schemas.topics import SERVICES, all_topics, stream
from services.kit.tokens import Role


class Rooms:
    """What a test does with services: open them, call them, read what they say."""

    def __init__(self, stack: Stack, prefix: str, exits: AsyncExitStack) -> None:
        self.stack = stack
        self.prefix = prefix
        self.environment = stack.environment()
        self._exits = exits

    async def open(self, name: str, **overrides: Any) -> httpx.AsyncClient:
        """Start a service and return a client of it once it is ready; closed with the module."""
        client, _ = await self.open_with_app(name, **overrides)
        return client

    async def open_with_app(self, name: str, **overrides: Any) -> tuple[httpx.AsyncClient, FastAPI]:
        """The same, with the app."""
        app = importlib.import_module(f"services.{name}.app").create_app(
            self.settings(name, **overrides)
        )
        await self._exits.enter_async_context(app.router.lifespan_context(app))
        client = await self._exits.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{name}.test")
        )
        await eventually(lambda: _is_ready(client), f"{name} is ready")
        return client, app

    def settings(self, name: str, **overrides: Any) -> Any:
        """The settings of a service on these parts."""
        keys = self.stack.directory / "keys"
        values = {
            "kafka_bootstrap_servers": self.environment["KAFKA_BOOTSTRAP_SERVERS"],
            "kafka_idempotence": self.environment["KAFKA_IDEMPOTENCE"] == "true",
            "mongo_url": self.environment["MONGO_URL"],
            "mongo_database": self.database(name),
            "topic_prefix": self.prefix,
            "operator_public_key_file": keys / "operator.pub.pem",
            "session_key_file": keys / f"{name}-session.pem",
            "link_public_key_file": keys / "links.pub.pem",
            "link_private_key_file": keys / "links.pem",
            "smtp_url": self.environment["SMTP_URL"],
        }
        return importlib.import_module(f"services.{name}.settings").Settings(**(values | overrides))

    def database(self, name: str) -> str:
        """The name of a service's database under this prefix."""
        return f"{self.prefix}_{name}"

    def token(self, role: Role, subject: str = "somebody") -> dict[str, str]:
        """Headers with a bearer token of the operator."""
        key = Path(self.environment["OPERATOR_KEY_FILE"])
        return {"Authorization": f"Bearer {operator_token(key, role, subject, timedelta(1))}"}

    async def records(self, service: str) -> list[Any]:
        """Every record of a service's stream up to now."""
        return await read_topic(
            self.environment["KAFKA_BOOTSTRAP_SERVERS"], stream(service, self.prefix)
        )

    async def said(self, service: str, *types: str) -> list[tuple[str, bytes]]:
        """(ce_id, body) of what a service has said up to now, of these types when named."""
        found = []
        for record in await self.records(service):
            headers = {name: value.decode() for name, value in record.headers}
            if not types or headers["ce_type"] in types:
                found.append((headers["ce_id"], record.value))
        return found


@asynccontextmanager
async def new_rooms(stack: Stack) -> AsyncIterator[Rooms]:
    """Rooms under a fresh prefix; topics and databases are removed at the end."""
    prefix = f"t{secrets.token_hex(4)}"
    servers = stack.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    await create_topics(servers, prefix=prefix)
    try:
        async with AsyncExitStack() as exits:
            yield Rooms(stack, prefix, exits)
    finally:
        await _remove(stack, prefix)


async def eventually(holds: Callable[[], Awaitable[Any]], what: str, within: float = 30.0) -> Any:
    """Wait for a condition; its value once it is true. Says what was waited for when it is not."""
    deadline = time.monotonic() + within
    while True:
        value = await holds()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what}")
        await asyncio.sleep(0.05)


async def _is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/health/ready")).status_code == httpx.codes.OK


async def _remove(stack: Stack, prefix: str) -> None:
    environment = stack.environment()
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(environment["MONGO_URL"])
    for name in SERVICES:
        await client.drop_database(f"{prefix}_{name}")
    client.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"])
    await admin.start()
    try:
        await admin.delete_topics([topic.name for topic in all_topics(prefix)])
    finally:
        await admin.close()
