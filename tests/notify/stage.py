"""What other services say, put on the topics as they would put it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from schemas.base import Event
from schemas.people import Person
from schemas.samples import SAMPLES
from schemas.topics import people, stream
from services.kit.envelope import IMPORTED, Envelope
from tests.rooms import Rooms


class Stage:
    """Says events and people on the streams of other services."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str) -> None:
        self._producer = producer
        self._prefix = prefix
        self.imported = ""
        """What the records are marked with, as an import would."""

    async def say(self, event: Event, aggregate_id: str, sequence: int = 1) -> Envelope:
        """Put an event on its service's stream; the same arguments are a repeat."""
        envelope = Envelope(
            service=event.SERVICE,
            type=event.type_name(),
            major=event.MAJOR,
            subject=f"{event.KIND}/{aggregate_id}",
            sequence=sequence,
            time="2020-04-10T09:00:00.000Z",
            season="2020",
            actor="test/stage",
            via="api",
            correlation_id=f"test/{aggregate_id}",
        )
        await self._send(stream(event.SERVICE, self._prefix), envelope, event.model_dump_json())
        return envelope

    async def meet(self, service: str, person: Person) -> None:
        """Put a person on a people topic."""
        body = person.model_dump_json()
        await self._send(people(service, self._prefix), _record(service, person.person_id), body)

    async def forget(self, service: str, person_id: str) -> None:
        """Put a tombstone on a people topic."""
        await self._send(people(service, self._prefix), _record(service, person_id, 2), None)

    async def _send(self, topic: str, envelope: Envelope, body: str | None) -> None:
        key = envelope.subject.removeprefix("person/")  # a person's key is the bare id
        mark = [(IMPORTED, self.imported.encode())] if self.imported else []
        await self._producer.send_and_wait(
            topic,
            key=key.encode(),
            value=body.encode() if body else None,
            headers=[(name, value.encode()) for name, value in envelope.headers()] + mark,
        )


@asynccontextmanager
async def open_stage(rooms: Rooms) -> AsyncIterator[Stage]:
    """A stage on the topics of these rooms."""
    producer = AIOKafkaProducer(
        bootstrap_servers=rooms.environment["KAFKA_BOOTSTRAP_SERVERS"], acks="all"
    )
    await producer.start()
    try:
        yield Stage(producer, rooms.prefix)
    finally:
        await producer.stop()


def _record(service: str, person_id: str, sequence: int = 1) -> Envelope:
    return Envelope(
        service=service,
        type=Person.TYPE,
        major=Person.MAJOR,
        subject=f"person/{person_id}",
        sequence=sequence,
        time="2020-04-10T09:00:00.000Z",
        season="2020",
    )


def sample(type_name: str, **changes: object) -> Event:
    """The contract's own full sample of an event, with some fields changed."""
    return SAMPLES[type_name].full.model_copy(update=changes)


def somebody(language: str = "kk") -> Person:
    """A person nobody has met before."""
    person_id = str(uuid4())
    return Person.model_validate(
        {
            "person_id": person_id,
            "name": "Айгүл Үлгі",
            "language": language,
            "email": f"{person_id[:8]}@example.org",
        }
    )
