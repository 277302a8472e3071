"""The messages of the AsyncAPI document: headers, key and body of each event and record."""

from collections.abc import Iterable
from typing import Any

from schemas.base import Event
from schemas.messages import Message
from schemas.people import Person
from schemas.topics import SERVICES_WITH_PEOPLE

Node = dict[str, Any]

BINDING = "0.5.0"
"""The version of AsyncAPI's Kafka bindings."""
TOMBSTONE = "PersonTombstone"
DEAD = "DeadLetter"
MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"


def service_of(message: Message) -> str:
    """The service that says it; of a person, the one of the sample."""
    return message.headers["ce_source"].rpartition("/")[2]


def name_of(message: Message) -> str:
    """Its `ce_type`."""
    return message.headers["ce_type"]


def event(message: Message) -> Node:
    """An event: its key, its own headers, its body by reference, and the full sample."""
    model = message.model
    assert issubclass(model, Event)
    kinds = "|".join(model.kinds())
    key = {
        "type": "string",
        "pattern": f"^({kinds})/.+$",
        "description": "`ce_subject`: the events of one subject are in order.",
    }
    return {
        "name": name_of(message),
        "title": name_of(message),
        "summary": f"Said when {model.SAID_WHEN}.",
        "description": model.__doc__,
        "tags": [{"name": model.SERVICE}],
        **_described(message, key, [model.SERVICE]),
    }


def person_record(message: Message) -> Node:
    """The record on the `people` topics."""
    return {
        "name": Person.TYPE,
        "title": Person.TYPE,
        "summary": "Written when a service meets a person, or knows something new of one.",
        "description": Person.__doc__,
        **_described(message, _PERSON_KEY, SERVICES_WITH_PEOPLE),
    }


_PERSON_KEY = {"type": "string", "description": "The person's id alone."}


def _described(message: Message, key: Node, services: Iterable[str]) -> Node:
    payload = f"{message.folder}/v{message.major}.schema.json"
    body = message.full.model_dump(mode="json")
    return {
        "x-visibility": message.visibility,
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "headers": _own_headers(message, services),
        "payload": {"$ref": payload},
        "bindings": {"kafka": {"key": key, "bindingVersion": BINDING}},
        "examples": [{"name": "full", "headers": message.headers, "payload": body}],
    }


def _own_headers(message: Message, services: Iterable[str]) -> Node:
    """What tells this message from the others; the trait has the rest."""
    sources = [f"/zharmenke/{service}" for service in services]
    return {
        "type": "object",
        "properties": {
            "ce_type": {"type": "string", "const": name_of(message)},
            "ce_source": {"type": "string", "enum": sources},
            "ce_dataschema": {"type": "string", "const": message.dataschema},
        },
    }


def tombstone(person: Message) -> Node:
    """The record without a value that erases a person."""
    return {
        "name": TOMBSTONE,
        "title": "A person was erased",
        "summary": "A record with the person's key and no value: forget the person.",
        "x-visibility": person.visibility,
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "headers": _own_headers(person, SERVICES_WITH_PEOPLE),
        "payload": {"type": "null"},
        "bindings": {"kafka": {"key": _PERSON_KEY, "bindingVersion": BINDING}},
    }


def dead_letter() -> Node:
    """A parked record."""
    notes = {
        "dead-topic": "Where the record was read.",
        "dead-partition": "Its partition there.",
        "dead-offset": "Its offset there.",
        "dead-group": "The consumer group that parked it.",
        "dead-reason": "Why, in one line.",
    }
    return {
        "name": DEAD,
        "title": "A parked record",
        "summary": "The record as it was read, with notes in its headers.",
        "x-visibility": "internal",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "required": list(notes),
            "properties": {
                name: {"type": "string", "description": what} for name, what in notes.items()
            },
        },
        "payload": {"description": "The original bytes: whatever could not be read."},
    }


def cloud_event() -> Node:
    """The headers that every event has, and those that it may have."""
    required = {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {
            "pattern": r"^[a-z]+/[a-z]+/.+:[1-9][0-9]*$",
            "description": "`<service>/<kind>/<id>:<sequence>`: the same on every repeat.",
        },
        "ce_source": {"description": "The service that says it."},
        "ce_type": {"description": "What happened."},
        "ce_subject": {
            "pattern": "^[a-z]+/.+$",
            "description": "`<kind>/<id>`: what it happened to.",
        },
        "ce_time": {"pattern": f"^{MOMENT}$", "description": "When: UTC with milliseconds."},
        "ce_dataschema": {
            "pattern": r"^urn:zharmenke:schema:[A-Za-z]+:v[1-9][0-9]*$",
            "description": "Type and major of the body.",
        },
        "content-type": {"const": "application/json"},
        "ce_sequence": {
            "pattern": "^[0-9]{10}$",
            "description": "Counts the subject's events from 1 without gaps: ten digits.",
        },
    }
    optional = {
        "ce_season": "The season.",
        "ce_actor": "Who did it: `<role>/<id>`.",
        "ce_via": "By what way: page, api, admin, schedule or import.",
        "ce_causationid": "`ce_id` of the event that led to this one.",
        "ce_correlationid": "What all consequences of one request have in common.",
        "traceparent": "W3C trace context.",
    }
    properties: Node = {name: {"type": "string", **rule} for name, rule in required.items()}
    for name, what in optional.items():
        properties[name] = {"type": "string", "description": what}
    return {
        "headers": {"type": "object", "required": list(required), "properties": properties},
        "contentType": "application/json",
    }
