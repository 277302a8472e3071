"""Where the tests' parts come from.

KAFKA_BOOTSTRAP_SERVERS, MONGO_URL and SMTP_URL name parts that run already. What they do not name
is started in containers when a Docker engine answers (the images of docker-compose.yml), else as
processes of the local stack.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from admin.stack.stack import Stack


@contextmanager
def running_parts(directory: Path) -> Iterator[Stack]:
    """A stack whose infrastructure answers; ended when the block is left."""
    stack = Stack(directory, free_ports=True, environment=caller_environment())
    try:
        stack.up(["infra"])
        yield stack
    finally:
        stack.down()


def caller_environment() -> dict[str, str]:
    """The caller's environment without what is meant for another stack."""
    meant_for_another = ("ZHARMENKE_LOCAL", "ZHARMENKE_PORT_BASE", "TOPIC_PREFIX")
    return {name: value for name, value in os.environ.items() if name not in meant_for_another}
