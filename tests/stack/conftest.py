"""One running infrastructure for the tests that don't hurt it; each stack ends with its test."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from admin.stack.parts import OVERRIDES
from admin.stack.stack import Stack
from admin.stack.startup import Progress, Watch

MakeStack = Callable[..., Stack]


def bare_environment() -> dict[str, str]:
    """The caller's, without what would change the stack under test."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in OVERRIDES.values()
        and (name == "ZHARMENKE_CACHE" or not name.startswith("ZHARMENKE_"))
        and name not in ("TOPIC_PREFIX", "KAFKA_IDEMPOTENCE")
    }


def _ignore(progress: Progress) -> None:
    """Nobody watches."""


@pytest.fixture(scope="session")
def infra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Kafka, the database and the mail sink, up."""
    directory = tmp_path_factory.mktemp("infra")
    stack = Stack(directory, free_ports=True, environment=bare_environment())
    stack.up(["infra"])
    yield stack
    stack.down()


@pytest.fixture
def make_stack(tmp_path: Path) -> Iterator[MakeStack]:
    """Makes stacks in directories of their own, not yet up."""
    made: list[Stack] = []

    def make(name: str = "local", watch: Watch = _ignore, **variables: str) -> Stack:
        environment = {**bare_environment(), **variables}
        stack = Stack(tmp_path / name, free_ports=True, environment=environment, watch=watch)
        made.append(stack)
        return stack

    yield make
    for stack in made:
        stack.down()
