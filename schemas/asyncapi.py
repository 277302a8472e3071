"""The platform as one AsyncAPI 3.0 document: brokers, topics, who writes what, keys and headers.

The bodies are not in it: each message refers to the schema file of its event.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import yaml

from schemas.asyncapi_messages import (
    BINDING,
    DEAD,
    TOMBSTONE,
    Node,
    cloud_event,
    dead_letter,
    event,
    name_of,
    person_record,
    service_of,
    tombstone,
)
from schemas.base import Event
from schemas.messages import Message
from schemas.people import Person
from schemas.reliance import TeamContract
from schemas.topics import (
    SERVICES,
    SERVICES_WITH_PEOPLE,
    Topic,
    all_topics,
    dead,
    dead_people,
    people,
    stream,
)

NOTE = "# Made by `make contract` from the models in schemas/: change those, not this.\n"
VERSION = "1.0.0"
"""Of this description as a whole; every event has a major of its own."""


DESCRIPTION = """\
The topics of a national grant contest: CloudEvents 1.0 in Kafka's binary mode, the attributes in
headers (`ce_…`), the body as JSON.

* A stream has one writer. Key = `ce_subject`: the events of one subject are in order, `ce_sequence`
  counts them from 1 without gaps. A record that comes again has the same `ce_id`.
* Readers skip types they do not use, ignore fields they do not know, and stop at a major they do
  not know of a type they use. Within a major only optional fields are added.
* `x-visibility` says who may be shown an event: `internal` is for the services, `after-results` is
  under embargo until the ResultsPublished of its round, `public` is for everybody.
* Topic names begin with `zharmenke`, or with what the operator chose instead (`TOPIC_PREFIX`).
* How to subscribe, with working code: docs/subscribe.md.
"""


def document(messages: Sequence[Message], teams: Sequence[TeamContract]) -> str:
    """The document as YAML. The same messages and contracts give the same bytes."""
    events = [message for message in messages if issubclass(message.model, Event)]
    person = next(message for message in messages if message.model is Person)
    whole = {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": dict(_channels(events)),
        "operations": {**dict(_says(events)), **dict(_hears(events, teams))},
        "components": {
            "securitySchemes": _security(),
            "messageTraits": {"cloudEvent": cloud_event()},
            "messages": {
                **{message.model.__name__: event(message) for message in events},
                Person.TYPE: person_record(person),
                TOMBSTONE: tombstone(person),
                DEAD: dead_letter(),
            },
        },
    }
    text = yaml.dump(
        whole, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100, encoding=None
    )
    return NOTE + str(text)


class _Plain(yaml.CSafeDumper):
    """Without anchors, and with long texts as blocks. In C: a check makes the file many times."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _block(dumper: _Plain, text: str) -> yaml.Node:
    style = "|" if "\n" in text and not re.search(r" $", text, re.MULTILINE) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Plain.add_representer(str, _block)


def _info() -> Node:
    return {
        "title": "Zharmenke",
        "version": VERSION,
        "description": DESCRIPTION,
        "license": {"name": "MIT"},
        "tags": [{"name": name, "description": f"Said by {name}."} for name in SERVICES],
    }


def _servers() -> Node:
    return {
        "local": {
            "host": "{host}:{port}",
            "protocol": "kafka",
            "description": "A stack on one machine (`make up`, compose): plaintext, loopback only.",
            "variables": {
                "host": {"default": "127.0.0.1", "description": "Where the broker listens."},
                "port": {
                    "default": "19092",
                    "description": "Both publish this one, unless they were told another.",
                },
            },
        },
        "cluster": {
            "host": "{bootstrap}:{port}",
            "protocol": "kafka-secure",
            "description": "A site's cluster: SASL_SSL. Its operator gives address, user and ACLs.",
            "variables": {
                "bootstrap": {
                    "default": "kafka.example.org",
                    "description": "Any broker of the cluster; clients take several by commas.",
                },
                "port": {"default": "9093", "description": "The port of the SASL_SSL listener."},
            },
            "security": [{"$ref": "#/components/securitySchemes/scram"}],
        },
    }


def _security() -> Node:
    return {
        "scram": {
            "type": "scramSha512",
            "description": (
                "A user per team, over TLS. It may read the topics it asked for and its own"
                " consumer group, and write nothing."
            ),
        }
    }


# ── Channels and who writes to them ──────────────────────────────────────────────────────────────


def _channels(events: Iterable[Message]) -> Iterator[tuple[str, Node]]:
    topics = {topic.name: topic for topic in all_topics()}
    for service in SERVICES:
        said = [name_of(message) for message in events if service_of(message) == service]
        what = f"The events of {service}. It alone writes here; nothing in it ever ends."
        yield service, _channel(topics[stream(service)], what, said)
    for service in SERVICES_WITH_PEOPLE:
        what = (
            f"The people whom {service} met: personal data, compacted, erased by a tombstone."
            " Granted apart from the streams."
        )
        yield (
            f"{service}.people",
            _channel(topics[people(service)], what, [Person.TYPE, TOMBSTONE]),
        )
    for service in SERVICES:
        what = f"What {service} heard and could not read or handle, for its operators alone."
        yield f"dead.{service}", _channel(topics[dead(service)], what, [DEAD])
        what = f"The same for people records that {service} heard; kept 14 days."
        yield f"dead.{service}.people", _channel(topics[dead_people(service)], what, [DEAD])


def _channel(topic: Topic, what: str, messages: Iterable[str]) -> Node:
    settings = {
        key: [value] if key == "cleanup.policy" else _number(value)
        for key, value in topic.settings.items()
    }
    return {
        "address": topic.name,
        "description": what,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": settings,
                "bindingVersion": BINDING,
            }
        },
    }


def _number(value: str) -> int | str:
    return int(value) if re.fullmatch(r"-?\d+", value) else value


def _says(events: Iterable[Message]) -> Iterator[tuple[str, Node]]:
    for service in SERVICES:
        said = [name_of(message) for message in events if service_of(message) == service]
        yield f"{service}.says", _operation("send", service, f"What {service} says", said)
    for service in SERVICES_WITH_PEOPLE:
        names = [Person.TYPE, TOMBSTONE]
        yield (
            f"{service}.people.says",
            _operation("send", f"{service}.people", f"Whom {service} knows", names),
        )
    for service in SERVICES:
        for channel in (f"dead.{service}", f"dead.{service}.people"):
            yield f"{channel}.parks", _operation("send", channel, f"What {service} parks", [DEAD])


def _hears(events: Iterable[Message], teams: Iterable[TeamContract]) -> Iterator[tuple[str, Node]]:
    """What each team reads, by its contract in schemas/consumers/."""
    said = {name_of(message): service_of(message) for message in events}
    for team in teams:
        heard: dict[str, list[str]] = {}
        for name in (relied.type for relied in team.reads):
            if name == Person.TYPE:
                for service in SERVICES_WITH_PEOPLE:
                    heard[f"{service}.people"] = [Person.TYPE, TOMBSTONE]
            elif name in said:
                heard.setdefault(said[name], []).append(name)
        for channel, names in heard.items():
            what = f"What {team.team} hears of {channel}"
            group = {"type": "string", "enum": [team.group]}
            kafka = {"groupId": group, "bindingVersion": BINDING}
            yield (
                f"{team.team}.hears.{channel}",
                _operation("receive", channel, what, names) | {"bindings": {"kafka": kafka}},
            )


def _operation(action: str, channel: str, summary: str, names: Iterable[str]) -> Node:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": f"{summary}.",
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names],
    }
