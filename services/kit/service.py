"""A service's process: its database, its relay, its reader, and probes that tell the truth."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from fastapi import FastAPI
from faststream.kafka import KafkaBroker
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import WriteConcern
from pymongo.errors import PyMongoError

from services.kit import http, readiness
from services.kit.aggregate import Aggregate, S
from services.kit.clock import DatabaseClock
from services.kit.fold import Fold
from services.kit.generations import Pointer
from services.kit.lease import SlotLeases
from services.kit.loops import Finish, Loops, Run
from services.kit.metrics import Figure, Metrics, unsent
from services.kit.parked_api import routes as parked_routes
from services.kit.parking import Parking
from services.kit.probes import add_probes
from services.kit.projection import Projection
from services.kit.pulse import Pulse, Reading
from services.kit.reader import Hear, Reader
from services.kit.redrive import Claims, Redrive
from services.kit.relay import Relay
from services.kit.settings import ServiceSettings, consumer_group
from services.kit.store import Store
from services.kit.tracing import Tracing, exported

log = structlog.get_logger(__name__)

Document = dict[str, Any]
FINISH_SECONDS = 3.0
"""For the batch in hand and the loops at work, side by side, when the service ends."""
RELAY_SECONDS = 1.5
"""After that for the events that came of it; what is not said then is said after the next start."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The names of the topics a service writes: its stream, its people, its dead letters."""

    events: str
    people: str
    dead: str
    dead_people: str

    def by_stream(self) -> dict[str, str]:
        """Topic names as outbox entries call them."""
        return {
            "events": self.events,
            "people": self.people,
            "dead": self.dead,
            "dead-people": self.dead_people,
        }


@dataclass(slots=True)
class _Hearing:
    topics: Sequence[str]
    models: Mapping[str, Any]
    hears: list[Hear] = field(default_factory=list)


class Service:
    """Everything a room is wired from. Nothing connects before `run`."""

    def __init__(self, name: str, settings: ServiceSettings, topics: Topics) -> None:
        self.name = name
        self.settings = settings
        self._topics = topics
        self.client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            settings.mongo_url, tz_aware=True, serverSelectionTimeoutMS=3000, appname=name
        )
        self.database = self.client.get_database(
            settings.mongo_database or name, write_concern=WriteConcern("majority", j=True)
        )
        self.clock = DatabaseClock(self.database)
        self.group = settings.consumer_group or consumer_group(name, settings.topic_prefix)
        self.replica = f"{socket.gethostname()}-{os.getpid()}-{id(self):x}"
        self._outboxes: list[AsyncIOMotorCollection[Document]] = []
        self._stores: list[Store[Any]] = []
        self.pointer = Pointer(self.database, self.clock)
        self._prepare: list[Any] = [self.pointer.look]
        self._hearing: _Hearing | None = None
        self.relay: Relay | None = None
        self.reader: Reader | None = None
        self.parking: Parking | None = None
        self.redrive: Redrive | None = None
        self.broker: KafkaBroker | None = None
        self.pulse: Pulse | None = None
        self.metrics = Metrics(name)
        self.tracing = Tracing()
        self._relaying = Loops()
        self._background = Loops()
        self._figures: list[Callable[[], Awaitable[Figure]]] = []
        self.prepared = False
        """The indexes are there that the rules rely on; before that nothing is accepted."""
        self.started = False

    def store(self, collection: str, aggregate: Aggregate[S]) -> Store[S]:
        """A store whose outboxes this service's relay publishes."""
        store = Store(self.database[collection], aggregate, self._written, self.tracing)
        self._stores.append(store)
        self._outboxes.append(store.collection)
        self._prepare.append(store.prepare)
        return store

    def projection(self, collection: str, fold: Fold[S]) -> Projection[S]:
        """A collection of heard state, in the generation that the pointer names."""
        return Projection(self.database[collection], fold, self.pointer)

    def hear(self, topics: Sequence[str], models: Mapping[str, Any], hears: Sequence[Hear]) -> None:
        """What this service's consumer group (of the service's name) reads, and who handles it."""
        self._hearing = _Hearing(topics, models, list(hears))
        self.background(self.pointer.watch)

    def prepare(self, step: Any) -> None:
        """A coroutine function to run before the service starts, such as creating an index."""
        self._prepare.append(step)

    def background(self, loop: Run, finish: Finish | None = None) -> None:
        """A coroutine function that runs as long as the service does.

        At the end `finish` asks it to end by itself; without it, it is cancelled.
        """
        self._background.add("background", loop, finish)

    def figure(self, look: Callable[[], Awaitable[Figure]]) -> None:
        """A coroutine function that looks up a figure of this service's own for each scrape."""
        self._figures.append(look)

    def app(self, title: str, description: str) -> FastAPI:
        """A FastAPI app whose lifespan is the service's, with probes and metrics."""

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            endpoint = self.settings.otel_exporter_otlp_endpoint
            async with exported(self.tracing, self.name, self.replica, endpoint):
                starting = asyncio.create_task(self._start())
                try:
                    yield
                finally:
                    starting.cancel()
                    await asyncio.gather(starting, return_exceptions=True)
                    await self._stop()

        app = FastAPI(
            title=title,
            description=description,
            version="1.0.0",
            lifespan=lifespan,
            responses=http.PROBLEMS,
            telemetry=http.NO_TELEMETRY,
        )
        app.state.tracing = self.tracing
        app.add_middleware(http.Starting, prepared=lambda: self.prepared)
        http.install(app, self.metrics.answered, self.tracing)
        add_probes(app, self)
        if self._hearing:
            key_file = self.settings.operator_public_key_file
            app.include_router(parked_routes(lambda: self.redrive, key_file))
        return app

    def _written(self) -> None:
        if self.relay:
            self.relay.wake()

    async def _start(self) -> None:
        """Start in the background: the process lives and says why it is not ready meanwhile."""
        self._assemble()
        await self._until_done("prepare", self._prepare_all)
        self.prepared = True
        assert self.relay is not None
        self._relaying.add("relay", self.relay.run, self.relay.stop)
        self._relaying.start()
        self._background.start()
        if self._hearing:
            await self._until_done("broker", self._start_broker)
        self.started = True
        log.info("started", replica=self.replica)

    def _assemble(self) -> None:
        people_topics = [
            name
            for name in (self._hearing.topics if self._hearing else ())
            if name.endswith(".people")
        ]
        parking = Parking(self.database["parked"], self.group, people_topics)
        leases = SlotLeases(self.database["leases"], self.replica, self.clock)
        self.relay = Relay(
            [*self._outboxes, parking.collection, parking.discarded],
            leases,
            self._topics.by_stream(),
            self.settings.kafka_bootstrap_servers,
            idempotent=self.settings.kafka_idempotence,
            tracing=self.tracing,
        )
        self.parking = parking
        self._prepare += [parking.prepare, leases.prepare]
        if self._hearing:
            self.reader = Reader(
                self._hearing.models,
                self._hearing.hears,
                parking,
                self.metrics.handled,
                self.tracing,
            )
            claims = Claims(self.database["redrives"], self.clock)
            self.redrive = Redrive(parking, claims, self.reader.attempt)
            self.reader.resume = self.redrive.resume
            self.pulse = Pulse(self._look, self._restart_reader)
            self._background.add("pulse", self.pulse.run)

    async def _prepare_all(self) -> None:
        for step in self._prepare:
            await step()

    async def _start_broker(self) -> None:
        assert self.reader is not None
        assert self._hearing is not None
        broker = KafkaBroker(
            self.settings.kafka_bootstrap_servers,
            allow_auto_create_topics=False,
            logger=None,
            graceful_timeout=FINISH_SECONDS - 1,  # leaving the group takes a moment too
            client_id=f"{self.name}-{self.replica}",
        )
        self.reader.subscribe(broker, self._hearing.topics, self.group)
        try:
            await broker.start()
        except BaseException:
            await broker.stop()
            raise
        self.broker = broker

    async def _look(self) -> Reading | None:
        """Where the reader stands; None before it runs, and while the relay finds no broker."""
        if not self.reader or not self.broker or readiness.of_relay(self.relay) != readiness.OK:
            return None
        return await self.reader.look()

    async def _restart_reader(self) -> None:
        await self._stop_broker()
        self.broker = None
        await self._until_done("broker", self._start_broker)

    async def _until_done(self, what: str, step: Any) -> None:
        pause = 0.2
        while True:
            try:
                await step()
            except (PyMongoError, KafkaError, OSError) as error:
                log.warning("start_waits", step=what, error=str(error)[:300])
            except Exception:
                log.exception("start_failed", step=what)
            else:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)

    async def _stop(self) -> None:
        """End in order, in a time that all steps together keep (see the runbook)."""
        log.info("stopping", replica=self.replica)
        if self.reader:
            self.reader.stop()
        await asyncio.gather(self._background.end(FINISH_SECONDS), self._stop_broker())
        await self._relaying.end(RELAY_SECONDS)
        await asyncio.to_thread(self.client.close)  # it says goodbye to the server, and waits
        log.info("stopped", replica=self.replica)

    async def _stop_broker(self) -> None:
        if self.broker:
            try:
                await asyncio.wait_for(self.broker.stop(), FINISH_SECONDS)
            except TimeoutError:
                log.warning("batch_cut_off")  # it is not committed, and comes again

    async def checks(self) -> dict[str, str]:
        """What readiness looks at: each part "ok" or what is wrong with it."""
        found = {
            "started": "ok" if self.started else "still starting",
            "mongo": await readiness.of_database(self.database),
            "relay": readiness.of_relay(self.relay),
        }
        if self._hearing:
            found["reader"] = readiness.of_reader(self.reader if self.broker else None)
        return found

    async def outbox(self) -> tuple[int, float]:
        """How many documents have unsent events, and the age in seconds of the oldest of those."""
        return await unsent(self._outboxes)

    async def own_figures(self) -> list[Figure]:
        """What this service tells Prometheus beside the kit's figures."""
        return [await look() for look in self._figures]
