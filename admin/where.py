"""Where the parts are: said by an option, else by the environment, else the local stack's."""

import os
from typing import Annotated

import typer

from admin.stack.layout import Layout, default_directory
from admin.stack.ports import DEFAULT_PORTS, LOOPBACK
from schemas.topics import PREFIX

Bootstrap = Annotated[
    str | None,
    typer.Option(
        "--bootstrap",
        metavar="HOST:PORT",
        help="The brokers; else KAFKA_BOOTSTRAP_SERVERS, else the local stack's.",
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for scripts.")]


def brokers(given: str | None) -> str:
    """The brokers to ask, comma-separated."""
    return given or os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or f"{LOOPBACK}:{_port('kafka')}"


def mongo_url(given: str | None) -> str:
    """The database to ask, with its credentials."""
    local = f"mongodb://{LOOPBACK}:{_port('mongo')}/?retryWrites=false"
    return given or os.environ.get("MONGO_URL") or local


def smtp_url() -> str:
    """The mail server that notify uses."""
    return os.environ.get("SMTP_URL") or f"smtp://{LOOPBACK}:{_port('smtp')}"


def is_idempotent() -> bool:
    """Whether the broker knows idempotent producers."""
    return os.environ.get("KAFKA_IDEMPOTENCE", "true").lower() != "false"


def topic_prefix() -> str:
    """What the names of all topics begin with."""
    return os.environ.get("TOPIC_PREFIX") or PREFIX


def service_url(service: str, given: str | None = None) -> str:
    """Where a service answers HTTP."""
    named = given or os.environ.get(f"{service.upper()}_URL")
    return named or f"http://{LOOPBACK}:{_port(service)}"


def _port(part: str) -> int:
    ports = Layout(default_directory()).recall().ports
    return ports.get(part, DEFAULT_PORTS[part])
