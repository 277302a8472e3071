"""What teams rely on is there, and what a service subscribes to is in its contract."""

import importlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from schemas.contract import ROOT, main
from schemas.people import Person
from schemas.registry import EVENTS
from schemas.reliance import TeamContract, relying_on, team_contracts, unmet
from schemas.topics import PREFIX, SERVICES, people, stream
from services.kit.tracing import OFF

from .files import MESSAGES

CONTRACTS = {contract.team: contract for contract in team_contracts(ROOT)}
ALL = list(MESSAGES.values())


@pytest.mark.parametrize("team", CONTRACTS)
def test_team_finds_what_it_relies_on(team: str) -> None:
    assert unmet(CONTRACTS[team], ALL) == []


# ── The four services ────────────────────────────────────────────────────────────────────────────


class Anything:
    """Stands for the stores that a service's handlers are methods of; nothing of it is called."""

    def __getattr__(self, name: str) -> "Anything":
        return self


class Listening:
    """Takes down what a service subscribes to."""

    def __init__(self) -> None:
        self.settings = type("Settings", (), {"topic_prefix": PREFIX})
        self.tracing = OFF
        self.topics: set[str] = set()
        self.types: set[str] = set()

    def hear(self, topics: Iterable[str], models: Mapping[str, Any], _handlers: object) -> None:
        self.topics |= set(topics)
        self.types |= set(models)


def subscriptions(service: str) -> Listening:
    """What the service asks for when it starts, by its own consumers.py."""
    listening = Listening()
    importlib.import_module(f"services.{service}.consumers").listen(listening, Anything())
    return listening


@pytest.mark.parametrize("service", SERVICES)
def test_contract_of_a_service_is_what_it_subscribes_to(service: str) -> None:
    heard = subscriptions(service)

    assert CONTRACTS[service].types() == heard.types
    assert CONTRACTS[service].group == service


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_subscribes_to_the_topics_of_what_it_reads(service: str) -> None:
    topics = {
        stream(EVENTS[name].SERVICE) for name in CONTRACTS[service].types() if name != Person.TYPE
    }
    if Person.TYPE in CONTRACTS[service].types():
        topics |= {people(name) for name in ("submission", "scoring", "webinar")}

    assert subscriptions(service).topics == topics


@pytest.mark.parametrize("service", SERVICES)
def test_contract_of_a_service_names_fields_of_every_message(service: str) -> None:
    assert [read.type for read in CONTRACTS[service].reads if not read.fields] == []


# ── What is missing is said in words ─────────────────────────────────────────────────────────────


def relying(message: str, pointer: str, expects: object, major: int = 1) -> TeamContract:
    read = {"type": message, "major": major, "fields": {pointer: expects}}
    return TeamContract.model_validate(
        {"team": "press", "contact": "press@example.org", "group": "press", "reads": [read]}
    )


@pytest.mark.parametrize(
    ("message", "pointer", "expects", "says"),
    [
        ("SeasonPaused", "/id", "string", "press reads SeasonPaused, which nobody says"),
        (
            "ProjectSubmitted",
            "/content/titel",
            "string",
            "press reads ProjectSubmitted/content/titel, where there is no titel",
        ),
        (
            "ProjectSubmitted",
            "/content/title/*",
            "string",
            "press reads ProjectSubmitted/content/title/*, where there is no *",
        ),
        (
            "ProjectSubmitted",
            "/content/budget/lines/*/quantity",
            "string",
            "press reads ProjectSubmitted/content/budget/lines/*/quantity, "
            "which is integer, not string",
        ),
        (
            "ProjectScreened",
            "/reason_code",
            "string",
            "press reads ProjectScreened/reason_code, where reason_code may be left out",
        ),
        (
            "ProjectSubmitted",
            "/content/language",
            {"type": "string", "values": ["kk", "ru"]},
            "press reads ProjectSubmitted/content/language, which may be en",
        ),
        (
            "ProjectSubmitted",
            "/content/title",
            {"type": "string", "values": ["One", "Two"]},
            "press reads ProjectSubmitted/content/title, which may be anything",
        ),
    ],
)
def test_what_a_team_will_not_find_is_said(
    message: str, pointer: str, expects: object, says: str
) -> None:
    assert unmet(relying(message, pointer, expects), ALL) == [says]


@pytest.mark.parametrize(
    ("message", "pointer", "expects"),
    [
        ("ProjectScreened", "/reason_code", {"type": "string", "optional": True}),
        ("SeasonOpened", "/season/webinars/*/id", "string"),
        ("RankingComputed", "/cut/*", "integer"),
        ("PersonRecorded", "/language", {"type": "string", "values": ["kk", "ru", "en", "uz"]}),
    ],
    ids=["optional", "entries of an optional list", "entries of a map", "values to spare"],
)
def test_what_a_team_expects_with_reason_is_fine(
    message: str, pointer: str, expects: object
) -> None:
    assert unmet(relying(message, pointer, expects), ALL) == []


def test_another_major_than_is_said_is_named() -> None:
    assert unmet(relying("ProjectSubmitted", "/project_id", "string", major=2), ALL) == [
        "press reads ProjectSubmitted v2, and v1 is said"
    ]


def test_who_reads_a_field_is_known() -> None:
    teams = [
        relying("ProjectSubmitted", "/content/budget/lines/*/title", "string"),
        CONTRACTS["example-subscriber"],
    ]

    assert relying_on(teams, "ProjectSubmitted.content.budget.lines[].title") == ["press"]
    assert relying_on(teams, "ProjectSubmitted.content.budget") == ["press"]
    assert relying_on(teams, "ProjectSubmitted.content.region") == ["example-subscriber"]
    assert relying_on(teams, "ProjectSubmitted.content") == ["press", "example-subscriber"]
    assert relying_on(teams, "ProjectSubmitted.content.budget.lines[].titles") == []


# ── The files ────────────────────────────────────────────────────────────────────────────────────


def planted(root: Path, folder: str, **changes: object) -> Path:
    """A copy of a contract in a folder of its own below `root`."""
    contract = CONTRACTS["example-subscriber"].model_dump(mode="json") | changes
    path = root / "consumers" / folder / "contract.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(json.loads(json.dumps(contract))), encoding="utf-8")
    return path


def test_contract_in_the_wrong_folder_is_refused(tmp_path: Path) -> None:
    planted(tmp_path, "press")

    with pytest.raises(ValueError, match="is the contract of example-subscriber"):
        team_contracts(tmp_path)


def test_misspelt_key_of_a_contract_is_refused(tmp_path: Path) -> None:
    planted(tmp_path, "press", team="press", raeds=[])

    with pytest.raises(ValidationError, match="raeds"):
        team_contracts(tmp_path)


def test_example_in_the_readme_is_a_contract_that_is_met() -> None:
    text = (ROOT / "consumers" / "README.md").read_text(encoding="utf-8")
    example = text.partition("```yaml\n")[2].partition("```")[0]

    assert unmet(TeamContract.model_validate(yaml.safe_load(example)), ALL) == []


def test_check_names_the_team_that_would_break(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = {"type": "ProjectSubmitted", "major": 1, "fields": {"/content/village": "string"}}
    planted(tmp_path, "press", team="press", reads=[read])
    monkeypatch.setattr("schemas.contract.drift", lambda root: [])

    assert main(["check", "--root", str(tmp_path)]) == 1
    said = "press reads ProjectSubmitted/content/village, where there is no village\n"
    assert capsys.readouterr().err.startswith(said)
