"""Where the tests' parts come from.

KAFKA_BOOTSTRAP_SERVERS, MONGO_URL and SMTP_URL name parts that run already. What they do not name
is started in containers when a Docker engine answers (the images of docker-compose.yml), else as
processes of the local stack. The mail server is always the local one unless it is named: tests read
its Maildir.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from admin.stack.parts import OVERRIDES
from admin.stack.stack import Stack
from tests.containers import NoContainers, docker_is_meant, running_containers

Say = Callable[[str], None]


@contextmanager
def running_parts(directory: Path, say: Say = print) -> Iterator[Stack]:
    """A stack whose infrastructure answers; ended when the block is left.

    `say` is told in one line when Docker is installed here and can't be used.
    """
    environment = caller_environment()
    with contextlib.ExitStack() as exits:
        environment |= exits.enter_context(_containers(environment, say))
        stack = Stack(directory, free_ports=True, environment=environment)
        exits.callback(stack.down)
        stack.up(["infra"])
        yield stack


def caller_environment() -> dict[str, str]:
    """The caller's environment without what is meant for another stack."""
    meant_for_another = ("ZHARMENKE_LOCAL", "ZHARMENKE_PORT_BASE", "TOPIC_PREFIX")
    return {name: value for name, value in os.environ.items() if name not in meant_for_another}


def require_durable_broker(stack: Stack) -> None:
    """Skip, by name, what the fallback broker can't do: it keeps its events in memory."""
    if stack.broker == "tansu":
        pytest.skip("needs a durable broker")


@contextmanager
def _containers(environment: dict[str, str], say: Say) -> Iterator[dict[str, str]]:
    """What can be had in containers of what the environment does not name."""
    parts = [part for part in ("kafka", "mongo") if not environment.get(OVERRIDES[part])]
    if not parts or not docker_is_meant():
        yield {}
        return
    with contextlib.ExitStack() as exits:
        try:
            found = exits.enter_context(running_containers(parts))
        except NoContainers as reason:
            say(f"{reason}: {' and '.join(parts)} run as processes of the local stack")
            found = {}
        yield found
