"""Where the tests' parts come from."""

import time
from pathlib import Path

import pytest

from tests.containers import NoContainers, check_engine, compose_service, running_containers


def test_a_docker_client_without_an_engine_is_noticed_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    began = time.monotonic()
    with pytest.raises(NoContainers, match="no Docker engine answers"):
        check_engine()
    with (
        pytest.raises(NoContainers, match="no Docker engine answers"),
        running_containers(["kafka"]),
    ):
        pass
    assert time.monotonic() - began < 5


def test_containers_are_of_the_images_of_compose() -> None:
    assert compose_service("kafka")["image"].startswith("apache/kafka:4.")
    assert compose_service("mongo")["image"].startswith("mongo:8.")
