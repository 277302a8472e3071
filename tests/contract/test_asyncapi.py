"""The AsyncAPI file: valid by the AsyncAPI project's own parser, and true to models and topics."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.base import Event
from schemas.contract import ROOT
from schemas.people import Person
from schemas.registry import EVENTS
from schemas.reliance import team_contracts
from schemas.topics import all_topics, stream
from tests.node import DIRECTORY, chromium

from .files import MESSAGES

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "asyncapi.yaml").read_text(encoding="utf-8"))

SECONDS = 240
"""More than Node or Chromium need on a machine that is busy with much else."""


def node(script: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    command = ["node", str(DIRECTORY / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


@pytest.mark.needs_node
@pytest.mark.usefixtures("node_modules")
def test_asyncapi_projects_own_parser_finds_nothing_wrong() -> None:
    found = node("validate.mjs", ROOT / "asyncapi.yaml")

    assert found.returncode == 0, found.stdout + found.stderr
    said = f"{len(DOCUMENT['components']['messages'])} messages, 0 errors and warnings"
    assert said in found.stdout


@pytest.mark.needs_node
@pytest.mark.usefixtures("node_modules")
def test_asyncapi_projects_own_parser_names_what_is_wrong(tmp_path: Path) -> None:
    shutil.copytree(ROOT, tmp_path / "schemas", ignore=shutil.ignore_patterns("*.py", "__*"))
    path = tmp_path / "schemas" / "asyncapi.yaml"
    text = path.read_text(encoding="utf-8")
    misspelt = text.replace("protocol: kafka\n", "protocole: kafka\n", 1)
    path.write_text(misspelt.replace("SeasonOpened/v1.schema", "SeasonOpened/v7.schema", 1))

    found = node("validate.mjs", path)

    assert found.returncode == 1
    assert 'must have required property "protocol"' in found.stdout
    assert "SeasonOpened/v7.schema.json" in found.stdout


def test_every_topic_is_a_channel_with_its_settings() -> None:
    channels = {channel["address"]: channel for channel in DOCUMENT["channels"].values()}

    assert set(channels) == {topic.name for topic in all_topics()}
    for topic in all_topics():
        kafka = channels[topic.name]["bindings"]["kafka"]
        shown = {
            key: ",".join(value) if isinstance(value, list) else str(value)
            for key, value in kafka["topicConfiguration"].items()
        }
        assert (kafka["partitions"], shown) == (topic.partitions, dict(topic.settings))


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_has_key_headers_body_and_visibility(name: str) -> None:
    message, model = DOCUMENT["components"]["messages"][name], EVENTS[name]
    headers = message["headers"]["properties"]
    kinds = message["bindings"]["kafka"]["key"]["pattern"]

    assert message["x-visibility"] == model.VISIBILITY
    assert message["payload"] == {"$ref": f"events/{name}/v{model.MAJOR}.schema.json"}
    assert headers["ce_type"]["const"] == name
    assert headers["ce_dataschema"]["const"] == MESSAGES[name].dataschema
    assert kinds == f"^({'|'.join(model.kinds())})/.+$"
    assert {"ce_id", "ce_sequence", "ce_subject"} <= set(
        DOCUMENT["components"]["messageTraits"]["cloudEvent"]["headers"]["required"]
    )


def test_each_event_is_in_the_stream_of_its_service_alone() -> None:
    places = {
        name: [
            channel["address"]
            for channel in DOCUMENT["channels"].values()
            if name in channel["messages"]
        ]
        for name in DOCUMENT["components"]["messages"]
    }
    for name, model in EVENTS.items():
        assert places[name] == [stream(model.SERVICE)]
    assert all(address.endswith(".people") for address in places[Person.TYPE])


def test_who_hears_what_is_as_the_contracts_say() -> None:
    heard: dict[str, set[str]] = {}
    for operation in DOCUMENT["operations"].values():
        if operation["action"] == "receive":
            (group,) = operation["bindings"]["kafka"]["groupId"]["enum"]
            names = {message["$ref"].rpartition("/")[2] for message in operation["messages"]}
            heard[group] = heard.get(group, set()) | names

    assert {group: names - {"PersonTombstone"} for group, names in heard.items()} == {
        contract.group: contract.types() for contract in team_contracts(ROOT)
    }


def test_schemas_that_it_refers_to_are_there() -> None:
    files = [target for target in references(DOCUMENT) if not target.startswith("#")]

    assert len(files) == len(MESSAGES)
    assert [target for target in files if not (ROOT / target).is_file()] == []


def test_a_cluster_asks_for_a_user_and_the_local_stack_does_not() -> None:
    servers = DOCUMENT["servers"]

    assert "security" not in servers["local"]
    assert servers["cluster"]["protocol"] == "kafka-secure"
    (security,) = servers["cluster"]["security"]
    assert security == {"$ref": "#/components/securitySchemes/scram"}


@pytest.mark.needs_node
@pytest.mark.needs_chromium
@pytest.mark.usefixtures("node_modules")
def test_catalogue_shows_every_event_in_a_browser(tmp_path: Path) -> None:
    made = node("catalogue.mjs", ROOT / "asyncapi.yaml", tmp_path)
    assert made.returncode == 0, made.stderr

    seen = subprocess.run(
        [
            str(chromium()),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=20000",
            "--dump-dom",
            (tmp_path / "index.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    ).stdout
    shown = seen.partition('<div id="catalogue">')[2].partition("<script")[0]

    for name, model in EVENTS.items():
        assert issubclass(model, Event)
        assert f">{name}<" in shown
    assert "zharmenke.scoring" in shown
    assert "SASL_SSL" in shown
