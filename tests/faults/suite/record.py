"""All that a play has come to: events, people, documents and mails, in a form to be compared."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient

from admin.rehearsal.mailbox import Mailbox
from admin.rehearsal.outside import read_topic
from admin.stack.stack import Stack
from schemas.topics import (
    PREFIX,
    SERVICES,
    SERVICES_WITH_PEOPLE,
    dead,
    dead_people,
    people,
    stream,
)

MARK = "x-fault"
"""The header of a record that a row put on a topic itself: it is no part of the fair."""

NOT_STATE = frozenset({"leases", "parked", "rebuilt", "recipients"})
MOMENTS = ("_at", "_time", "_until")
"""How the names of moments end; a play has its own."""
VOLATILE = frozenset({"sequence", "cut", "inputs_hash", "heard", "at"}) | frozenset(
    {"seat", "ticket", "tickets", "smtp_reply", "attempt", "attempts", "resending"}
    | {"correlation_id", "traceparent"}
)
"""What may differ between two plays of one fair: it follows the order in which calls arrived, and
where a crash fell: a ticket that was drawn just before it is used by nobody."""


@dataclass(slots=True)
class Recording:
    """What is compared. Contents are JSON without times and without what is VOLATILE."""

    ids: set[str] = field(default_factory=set)
    contents: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How often each (subject, type, content) was said under different ids; not by notify."""
    messages: dict[str, list[str]] = field(default_factory=dict)
    """What notify said of each message, in order."""
    plans: dict[tuple[str, ...], set[str]] = field(default_factory=lambda: defaultdict(set))
    """The messages by purpose, about, person and the event that called for them: one each."""
    two_contents: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    mails: Counter[str] = field(default_factory=Counter)
    seats: Counter[str] = field(default_factory=Counter)
    """Who sits where: no seat may be given twice."""
    parked: int = 0
    parked_marked: int = 0
    repeats: int = 0


async def record(stack: Stack, prefix: str = PREFIX) -> Recording:
    """Read everything there is now, on the topics that begin with this."""
    found = Recording()
    environment = stack.environment()
    servers = environment["KAFKA_BOOTSTRAP_SERVERS"]
    bodies: dict[str, bytes] = {}
    for service in SERVICES:
        for event in await read_topic(servers, stream(service, prefix)):
            _add_event(found, bodies, event)
        for topic in (dead(service, prefix), dead_people(service, prefix)):
            letters = await read_topic(servers, topic)
            marked = sum(1 for letter in letters if _marked(letter))
            found.parked_marked += marked
            found.parked += len(letters) - marked
    for service in SERVICES_WITH_PEOPLE:
        for person in await read_topic(servers, people(service, prefix)):
            if not _marked(person):
                found.people[f"{service}/{person.key.decode()}"] = str(person.value)
    found.gaps = _gaps(found.ids)
    await _add_documents(found, environment["MONGO_URL"])
    found.mails = Counter(
        mail.message_id.partition("@")[0] for mail in Mailbox(stack.maildir).mails()
    )
    return found


def _marked(kafka_record: Any) -> bool:
    return any(name == MARK for name, _ in kafka_record.headers)


def _add_event(found: Recording, bodies: dict[str, bytes], kafka_record: Any) -> None:
    if _marked(kafka_record):
        return
    headers = {name: value.decode() for name, value in kafka_record.headers}
    id, subject, type_name = headers["ce_id"], headers["ce_subject"], headers["ce_type"]
    if id in bodies:
        found.repeats += 1
        if bodies[id] != kafka_record.value:
            found.two_contents.append(id)
        return
    bodies[id] = kafka_record.value
    found.ids.add(id)
    if id.startswith("notify/message/"):
        message = subject.partition("/")[2]
        found.messages.setdefault(message, []).append(type_name)
        if type_name == "MessagePlanned":
            plan = json.loads(kafka_record.value)
            occasion = (plan["purpose"], plan["about"], plan["person_id"])
            found.plans[*occasion, headers["ce_causationid"]].add(message)
    elif not id.startswith("notify/"):
        found.contents[subject, type_name, lasting(json.loads(kafka_record.value))] += 1


def _gaps(ids: set[str]) -> list[str]:
    sequences: dict[str, set[int]] = {}
    for id in ids:
        origin, _, number = id.rpartition(":")
        sequences.setdefault(origin, set()).add(int(number))
    return [origin for origin, seen in sequences.items() if seen != set(range(1, len(seen) + 1))]


async def _add_documents(found: Recording, url: str) -> None:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(url)
    try:
        for service in SERVICES:
            for name in await client[service].list_collection_names():
                if name in NOT_STATE:
                    continue
                async for doc in client[service][name].find({}):
                    state = doc.get("state", {})
                    found.documents[f"{service}/{name}/{doc['_id']}"] = lasting(state)
                    if name == "registrations" and state.get("seat") is not None:
                        found.seats[f"{state['webinar_id']} {state['seat']}"] += 1
    finally:
        client.close()


def lasting(value: Any) -> str:
    """Canonical JSON of what must be the same in every play of the same fair."""
    return json.dumps(_lasting(value), sort_keys=True, ensure_ascii=False, default=str)


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _lasting(item)
            for key, item in value.items()
            if key not in VOLATILE and not key.endswith(MOMENTS)
        }
    if isinstance(value, list):
        return sorted((_lasting(item) for item in value), key=lambda item: str(item))
    return value
