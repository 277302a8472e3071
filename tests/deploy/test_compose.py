"""docker-compose.yml keeps its promises: pinned, checked, on the loopback, secrets apart."""

import importlib
import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from admin.keys import PRIVATE, PUBLIC
from admin.stack.layout import REPOSITORY
from schemas.topics import SERVICES

COMPOSE: Mapping[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
PARTS: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
INFRA = ("kafka", "mongo", "mailpit")
ONE_SHOTS = ("keys", "topics", "operator")
OWN = (*SERVICES, *ONE_SHOTS)


def default(text: str) -> str:
    """The text with `${NAME:-default}` replaced by the default."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_these_are_all_the_parts() -> None:
    assert set(PARTS) == {*INFRA, *OWN}


def test_the_file_says_nothing_that_an_old_compose_refuses() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"services", "volumes"}
    assert set(PARTS["operator"]["profiles"]) == {"operator"}


@pytest.mark.parametrize("name", PARTS)
def test_every_image_is_pinned_to_a_version(name: str) -> None:
    _, _, tag = default(PARTS[name]["image"]).rpartition(":")
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag), tag


def test_own_parts_share_one_image() -> None:
    assert {(PARTS[name]["image"], PARTS[name]["build"]) for name in OWN} == {
        ("zharmenke:${ZHARMENKE_VERSION:-0.1.0}", ".")
    }


@pytest.mark.parametrize("name", [*INFRA, *SERVICES])
def test_what_runs_on_is_checked_and_started_again(name: str) -> None:
    check = PARTS[name]["healthcheck"]
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)
    # The services' question is the image's own; see test_image.py.
    assert ("test" in check) == (name in INFRA)
    assert PARTS[name]["restart"] == "unless-stopped"
    assert re.fullmatch(r"\d+[mg]", PARTS[name]["mem_limit"])


@pytest.mark.parametrize("name", ONE_SHOTS)
def test_a_one_shot_ends_for_good(name: str) -> None:
    assert PARTS[name]["restart"] == "no"
    assert PARTS[name]["healthcheck"] == {"disable": True}


@pytest.mark.parametrize("name", PARTS)
def test_parts_wait_for_the_state_they_need(name: str) -> None:
    for other, how in PARTS[name].get("depends_on", {}).items():
        ends = other in ONE_SHOTS
        wanted = "service_completed_successfully" if ends else "service_healthy"
        assert how == {"condition": wanted}


def test_services_wait_for_keys_topics_and_what_they_speak_to() -> None:
    waited = {name: set(PARTS[name]["depends_on"]) for name in SERVICES}
    usual = {"keys", "topics", "mongo"}
    assert waited == dict.fromkeys(SERVICES, usual) | {"notify": usual | {"mailpit"}}


def test_nothing_sleeps() -> None:
    assert "sleep" not in (REPOSITORY / "docker-compose.yml").read_text()


@pytest.mark.parametrize("name", PARTS)
def test_ports_are_published_on_the_loopback_only(name: str) -> None:
    for port in PARTS[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", default(port)), port


def test_published_ports_differ() -> None:
    published = [
        default(port).split(":")[1] for part in PARTS.values() for port in part.get("ports", [])
    ]
    assert len(published) == len(set(published)) == len(SERVICES) + len(INFRA)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_told_only_what_its_settings_know(name: str) -> None:
    settings = importlib.import_module(f"services.{name}.settings").Settings
    known = {field.upper() for field in settings.model_fields}
    assert set(PARTS[name]["environment"]) <= known
    # Every key file that it knows is at a place of its own.
    files = {key for key in known if key.endswith("_KEY_FILE")}
    assert files <= set(PARTS[name]["environment"])


def test_a_service_sees_its_own_keys_only_and_cannot_write_them() -> None:
    for name in SERVICES:
        assert PARTS[name]["volumes"] == [f"{name}-keys:/keys/{name}:ro"]
        given = {
            value for key, value in PARTS[name]["environment"].items() if key.endswith("_KEY_FILE")
        }
        private = {f"/keys/{file}" for file in PRIVATE.values() if file.startswith(f"{name}/")}
        public = {f"/keys/{name}/{key}.pub.pem" for key, who in PUBLIC.items() if name in who}
        assert given == private | public


def test_only_notify_signs_links_and_no_service_signs_as_operator() -> None:
    holders = {
        volume.partition(":")[0]: [
            name
            for name in PARTS
            if any(v.startswith(f"{volume}:") for v in PARTS[name].get("volumes", []))
        ]
        for volume in COMPOSE["volumes"]
        if volume.endswith("-keys")
    }
    assert holders == {
        "operator-keys": ["keys", "operator"],
        "submission-keys": ["keys", "submission"],
        "scoring-keys": ["keys", "scoring"],
        "webinar-keys": ["keys", "webinar"],
        "notify-keys": ["keys", "notify"],
    }


@pytest.mark.parametrize("name", ["keys", "operator"])
def test_who_holds_the_operators_key_has_no_network(name: str) -> None:
    assert PARTS[name]["network_mode"] == "none"


@pytest.mark.parametrize("name", OWN)
def test_own_containers_can_do_little(name: str) -> None:
    part = PARTS[name]
    assert part["read_only"] is True
    assert part["cap_drop"] == ["ALL"]
    assert part["security_opt"] == ["no-new-privileges:true"]


def test_kafka_makes_no_topic_by_itself_and_data_outlives_its_containers() -> None:
    assert PARTS["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    log_directory = PARTS["kafka"]["environment"]["KAFKA_LOG_DIRS"]
    assert f"kafka:{log_directory}" in PARTS["kafka"]["volumes"]
    assert "mongo:/data/db" in PARTS["mongo"]["volumes"]
    assert {"kafka", "mongo"} <= set(COMPOSE["volumes"])


def test_kafka_is_of_the_version_of_the_local_stack() -> None:
    pom = (REPOSITORY / "deploy" / "kafka" / "pom.xml").read_text()
    version = re.search(r"<kafka\.version>([^<]+)<", pom)
    assert version
    assert PARTS["kafka"]["image"] == f"apache/kafka:{version[1]}"
