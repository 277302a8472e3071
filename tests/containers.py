"""Kafka and MongoDB in containers for the tests, of the very images that docker-compose.yml names.

They listen on the loopback only and end with the tests. A test run that is killed leaves its
containers to testcontainers' own reaper (unless TESTCONTAINERS_RYUK_DISABLED is set).
"""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import docker
import yaml
from docker.errors import DockerException
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from admin.stack.errors import PartFailed
from admin.stack.layout import REPOSITORY
from admin.stack.ports import LOOPBACK
from admin.stack.probes import NotAnswering, probe
from tests.ports import free_port

COMPOSE = REPOSITORY / "docker-compose.yml"
_ENGINE_SECONDS = 3
_START_SECONDS = 180.0
_CONTROLLER_PORT = 9093


class NoContainers(Exception):
    """No container can be had here; the text says why."""


@contextmanager
def running_containers(parts: Collection[str]) -> Iterator[dict[str, str]]:
    """Start `kafka` and `mongo`, as asked; the variables that name them, once they answer.

    Raises NoContainers when no engine of this machine answers or it can't have an image.
    """
    check_engine()
    makers: dict[str, Callable[[int], tuple[DockerContainer, str]]] = {
        "kafka": _kafka,
        "mongo": _mongo,
    }
    with contextlib.ExitStack() as exits:
        started: dict[str, tuple[DockerContainer, str]] = {}
        for part in parts:
            container, address = makers[part](free_port())
            try:
                exits.enter_context(container)
            except DockerException as error:
                raise NoContainers(
                    f"no container of {container.image} ({_brief(error)})"
                ) from error
            started[part] = container, address
        for part, (container, address) in started.items():
            _wait(part, container, address)
        names = {"kafka": "KAFKA_BOOTSTRAP_SERVERS", "mongo": "MONGO_URL"}
        yield {names[part]: address for part, (_, address) in started.items()}


def docker_is_meant() -> bool:
    """Whether somebody wants Docker here: its client is installed, or an engine is named."""
    return bool(os.environ.get("DOCKER_HOST") or shutil.which("docker"))


def check_engine() -> None:
    """Raises NoContainers unless an engine of this machine answers within a few seconds."""
    try:
        with contextlib.closing(docker.from_env(timeout=_ENGINE_SECONDS)) as client:
            client.ping()
    except (DockerException, OSError) as error:
        raise NoContainers(f"no Docker engine answers ({_brief(error)})") from error
    host = DockerClient().host()
    if host not in ("localhost", LOOPBACK):
        raise NoContainers(f"the Docker engine runs on another machine ({host})")


def _brief(error: Exception) -> str:
    return str(error).splitlines()[0][:200]


def compose_service(name: str) -> Mapping[str, Any]:
    """A service as docker-compose.yml describes it."""
    service: Mapping[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"][name]
    return service


def _kafka(port: int) -> tuple[DockerContainer, str]:
    """Compose's settings, but one listener, on the port that clients see."""
    service = compose_service("kafka")
    settings = {name: str(value) for name, value in service["environment"].items()}
    settings |= {
        "CLUSTER_ID": "nxbVkXvRQyeQ2BVt7Kc1xw",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@localhost:{_CONTROLLER_PORT}",
        "KAFKA_LISTENERS": f"HOST://:{port},CONTROLLER://:{_CONTROLLER_PORT}",
        "KAFKA_ADVERTISED_LISTENERS": f"HOST://{LOOPBACK}:{port}",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "HOST",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "HOST:PLAINTEXT,CONTROLLER:PLAINTEXT",
    }
    container = DockerContainer(service["image"], env=settings)
    return _published(container, port, port), f"{LOOPBACK}:{port}"


def _mongo(port: int) -> tuple[DockerContainer, str]:
    container = DockerContainer(compose_service("mongo")["image"])
    return _published(container, 27017, port), f"mongodb://{LOOPBACK}:{port}/?directConnection=true"


def _published(container: DockerContainer, inside: int, outside: int) -> DockerContainer:
    # Docker takes an address here too, which with_bind_ports can't say.
    container.ports[f"{inside}/tcp"] = (LOOPBACK, outside)  # type: ignore[assignment]
    return container


def _wait(part: str, container: DockerContainer, address: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            return probe(part, address)
        except NotAnswering as error:
            if time.monotonic() > deadline:
                lines = b"\n".join(container.get_logs()).decode("utf-8", "replace").splitlines()
                raise PartFailed(
                    part, f"its container does not answer: {error}", lines[-25:]
                ) from error
        time.sleep(0.2)
