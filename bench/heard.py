"""Events a second, from Kafka to the state of scoring.

Both sides read the same submission events (a season, then projects that are submitted, revised
three times and found eligible) from the same topic, each round under a fresh consumer group into a
fresh database with the same index, written with majority and journal. The clock runs from the
moment partitions are assigned until the last event's state is written.

Ours: the scoring room as `services/scoring/app.py` wires it, relay and leases included: FastStream
subscriber, kit Reader (headers checked, body validated, parked keys looked up), season and project
projections (read, fold, conditional upsert guarded by `version` and `heard`), offsets committed
after the write.

The limit: one aiokafka `getmany` loop that validates the bodies with the same models and reads only
the `ce_type` header, keeps the last state of each project of the batch, writes it by one unordered
`bulk_write` of upserts on `_id`, and commits. It reads nothing back, so it could not tell a repeat
from news, keeps no headers, parks nothing. It takes as many records at a time as was fastest here.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import UpdateOne, WriteConcern

from admin.stack.stack import Stack
from bench.material import EVENTS_A_PROJECT, Material
from bench.ratio import Comparison
from bench.stall import Stalled, reached
from schemas.submission import ProjectScreened, ProjectSubmitted, SeasonOpened
from schemas.topics import dead, dead_people, people, stream
from services.kit.service import Service, Topics
from services.scoring import consumers
from services.scoring.domain.heard import HEARD
from services.scoring.settings import Settings
from services.scoring.store import Judging

LIMIT_RECORDS = 2000
MODELS: Mapping[str, Any] = {model.type_name(): model for model in HEARD}


class Hearing:
    """The comparison, on a stack whose infrastructure runs. Nothing else writes to the prefix."""

    def __init__(self, stack: Stack, prefix: str, events: int) -> None:
        environment = stack.environment()
        self._servers = environment["KAFKA_BOOTSTRAP_SERVERS"]
        self._mongo_url = environment["MONGO_URL"]
        self._keys = stack.directory / "keys"
        self._prefix = prefix
        self._projects = max(1, events // EVENTS_A_PROJECT)
        self._events = 1 + self._projects * EVENTS_A_PROJECT

    def comparison(self) -> Comparison:
        """The two sides."""
        return Comparison("Kafka → scoring", "events", self._events, self.ours, self.limit)

    async def produce(self) -> None:
        """Put the events on the topic, as the relay would."""
        producer = AIOKafkaProducer(bootstrap_servers=self._servers, acks="all", linger_ms=20)
        await producer.start()
        try:
            topic = stream("submission", self._prefix)
            for said in Material(self._projects).stream():
                await producer.send(
                    topic,
                    key=said.envelope.subject.encode(),
                    value=said.event.model_dump_json().encode(),
                    headers=[(name, value.encode()) for name, value in said.envelope.headers()],
                )
        finally:
            await producer.stop()

    async def ours(self, number: int) -> float:
        """One round of the scoring room."""
        database = f"bench_scoring_{number}"
        service = Service("scoring", self._settings(database), self._topics())
        service.group = f"{self._prefix}.scoring-{number}"
        consumers.listen(service, Judging(service))
        app = service.app("bench", "")

        def assigned() -> int:
            return service.reader.assigned() if service.reader else 0

        def handled() -> int:
            return service.reader.handled if service.reader else 0

        async with app.router.lifespan_context(app):
            seconds = await clocked(assigned, handled, self._events)
        await self._check_and_drop(database)
        return seconds

    async def limit(self, number: int) -> float:
        """One round of the hand-written loop."""
        name = f"bench_limit_{number}"
        client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
            self._mongo_url, tz_aware=True
        )
        database = client.get_database(name, write_concern=WriteConcern("majority", j=True))
        await database["heard_projects"].create_index([("state.season_id", 1), ("_id", 1)])
        loop = HandWritten(
            database, self._servers, stream("submission", self._prefix), f"bench-limit-{number}"
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                clock = tasks.create_task(
                    clocked(loop.assigned, lambda: loop.handled, self._events)
                )
                tasks.create_task(loop.run(self._events))
        finally:
            client.close()
        await self._check_and_drop(name)
        return clock.result()

    def _settings(self, database: str) -> Settings:
        return Settings(
            kafka_bootstrap_servers=self._servers,
            mongo_url=self._mongo_url,
            mongo_database=database,
            topic_prefix=self._prefix,
            operator_public_key_file=self._keys / "operator.pub.pem",
        )

    def _topics(self) -> Topics:
        prefix = self._prefix
        return Topics(
            stream("scoring", prefix),
            people("scoring", prefix),
            dead("scoring", prefix),
            dead_people("scoring", prefix),
        )

    async def _check_and_drop(self, name: str) -> None:
        """Raise Stalled unless every project came to its final state; then remove the database."""
        client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(self._mongo_url)
        try:
            final = {"state.status": "eligible", "state.version": EVENTS_A_PROJECT - 1}
            found = await client[name]["heard_projects"].count_documents(final)
            if found != self._projects:
                raise Stalled(f"{name}: {found} of {self._projects} projects in their final state")
            await client.drop_database(name)
        finally:
            client.close()


class HandWritten:
    """The limit's loop."""

    def __init__(
        self,
        database: "AsyncIOMotorDatabase[dict[str, Any]]",
        servers: str,
        topic: str,
        group: str,
    ) -> None:
        self._projects = database["heard_projects"]
        self._seasons = database["heard_seasons"]
        self._consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=servers,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        self.handled = 0

    def assigned(self) -> int:
        """How many partitions it reads."""
        return len(self._consumer.assignment())

    async def run(self, total: int) -> None:
        """Hear so many events."""
        await self._consumer.start()
        try:
            while self.handled < total:
                batches = await self._consumer.getmany(timeout_ms=50, max_records=LIMIT_RECORDS)
                records = [record for batch in batches.values() for record in batch]
                if records:
                    await self._write(records)
                    self.handled += len(records)
                    await self._consumer.commit()
        finally:
            await self._consumer.stop()

    async def _write(self, records: list[Any]) -> None:
        changes: dict[str, dict[str, Any]] = {}
        for record in records:
            type_name = dict(record.headers)["ce_type"].decode()
            event = MODELS[type_name].model_validate_json(record.value)
            if isinstance(event, SeasonOpened):
                state = {"definition": event.season.model_dump(mode="json")}
                update = {"$set": {"state": state}}
                await self._seasons.update_one({"_id": event.season.id}, update, upsert=True)
                continue
            changes.setdefault(event.project_id, {}).update(_fields(event))
        if changes:
            await self._projects.bulk_write(
                [
                    UpdateOne({"_id": id}, {"$set": fields}, upsert=True)
                    for id, fields in changes.items()
                ],
                ordered=False,
            )


def _fields(event: Any) -> dict[str, Any]:
    """What one event changes. Later events of a batch override earlier ones, key by key."""
    if isinstance(event, ProjectSubmitted):
        state = event.model_dump(mode="json", exclude={"submitted_at"})
        state["first_submitted_at"] = event.submitted_at.isoformat()
        return {f"state.{name}": value for name, value in state.items()} | {
            "state.status": "submitted"
        }
    assert isinstance(event, ProjectScreened)
    return {"state.status": event.outcome}


async def clocked(assigned: Callable[[], int], handled: Callable[[], int], total: int) -> float:
    """Seconds from the first assigned partition to the last handled event."""
    await reached(1, assigned, "partitions assigned")
    begun = time.perf_counter()
    await reached(total, handled, "events handled")
    return time.perf_counter() - begun
