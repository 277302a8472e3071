"""What is not of the contract is refused by the model, and by the schema where it can say so."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from schemas.base import Contract
from schemas.scoring import AwardConfirmed, CriterionPoints, ScoreRecorded
from schemas.submission import ProjectSubmitted, SeasonClosed, SeasonOpened

from .files import MESSAGES, full_body, schema_of, validator_of

VALIDATORS: dict[str, Draft202012Validator] = {
    name: validator_of(message) for name, message in MESSAGES.items()
}


def accepted_by_model(model: type[Contract], body: dict[str, Any]) -> bool:
    try:
        model.model_validate_json(_text(body))
    except ValidationError:
        return False
    return True


def accepted_by_schema(model: type[Contract], body: dict[str, Any]) -> bool:
    return VALIDATORS[model.__name__].is_valid(body)


def _text(body: dict[str, Any]) -> str:
    return json.dumps(body)


@pytest.mark.parametrize("name", MESSAGES)
def test_unknown_fields_are_ignored(name: str) -> None:
    model = MESSAGES[name].model
    body = full_body(model)
    later = body | {"said_by_a_later_minor": {"number": 1}}
    assert accepted_by_schema(model, later)
    assert model.model_validate_json(_text(later)) == model.model_validate_json(_text(body))


@pytest.mark.parametrize(
    ("name", "field"),
    [
        (name, field)
        for name, message in MESSAGES.items()
        for field in schema_of(message)["required"]
    ],
)
def test_a_missing_required_field_is_refused(name: str, field: str) -> None:
    model = MESSAGES[name].model
    body = full_body(model)
    del body[field]
    assert not accepted_by_model(model, body)
    assert not accepted_by_schema(model, body)


Change = Callable[[dict[str, Any]], None]


def _set(*path: str | int, to: object) -> Change:
    def change(body: dict[str, Any]) -> None:
        place: Any = body
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


REFUSED: dict[str, tuple[type[Contract], Change]] = {
    "a fraction of a tiyn": (AwardConfirmed, _set("amount_tiyn", to=0.5)),
    "tiyn in a string": (AwardConfirmed, _set("amount_tiyn", to="100")),
    "negative tiyn": (AwardConfirmed, _set("amount_tiyn", to=-1)),
    "a fraction of a tiyn in a budget": (
        ProjectSubmitted,
        _set("content", "budget", "lines", 0, "unit_price_tiyn", to=10.25),
    ),
    "goal 0": (ProjectSubmitted, _set("content", "goals", to=[0])),
    "goal 18": (ProjectSubmitted, _set("content", "goals", to=[1, 18])),
    "no goal": (ProjectSubmitted, _set("content", "goals", to=[])),
    "goal 18 in a season": (SeasonOpened, _set("season", "goals", to=[18])),
    "a naive time": (SeasonClosed, _set("closed_at", to="2020-04-20T12:15:00")),
    "a naive time in a season": (
        SeasonOpened,
        _set("season", "deadline", to="2020-04-20T12:00:00"),
    ),
    "a date instead of a time": (SeasonClosed, _set("closed_at", to="2020-04-20")),
    "an id that is no UUID": (ProjectSubmitted, _set("project_id", to="project-1")),
    "an upper-case UUID": (
        ProjectSubmitted,
        _set("project_id", to="A0000000-0000-4000-8000-000000000001"),
    ),
    "a slug with spaces": (ProjectSubmitted, _set("season_id", to="the fair")),
    "a BIN of 11 digits": (ProjectSubmitted, _set("content", "organisation", "bin", to="1" * 11)),
    "an empty title": (ProjectSubmitted, _set("content", "title", to="")),
    "version 0": (ProjectSubmitted, _set("version", to=0)),
    "negative points": (ScoreRecorded, _set("points", 0, "points", to="-0.50")),
    "points that are no number": (ScoreRecorded, _set("points", 0, "points", to="NaN")),
    "no points": (ScoreRecorded, _set("points", to=[])),
}


@pytest.mark.parametrize("what", REFUSED)
def test_is_refused_by_model_and_schema(what: str) -> None:
    model, change = REFUSED[what]
    body = full_body(model)
    assert accepted_by_model(model, body)
    assert accepted_by_schema(model, body)
    change(body)
    assert (accepted_by_model(model, body), accepted_by_schema(model, body)) == (False, False)


ONLY_BY_MODEL: dict[str, tuple[type[Contract], Change]] = {
    "a whole number of tiyn written as a float": (AwardConfirmed, _set("amount_tiyn", to=100.0)),
    "a title of spaces": (ProjectSubmitted, _set("content", "title", to="   ")),
    "more than 1000 points": (ScoreRecorded, _set("points", 0, "points", to="1000.5")),
    "weights that do not add up": (
        SeasonOpened,
        _set("season", "rounds", 0, "criteria", 0, "weight", to="0.3"),
    ),
}


@pytest.mark.parametrize("what", ONLY_BY_MODEL)
def test_is_refused_by_the_model_since_a_schema_cannot_say_it(what: str) -> None:
    model, change = ONLY_BY_MODEL[what]
    body = full_body(model)
    change(body)
    assert (accepted_by_model(model, body), accepted_by_schema(model, body)) == (False, True)


def test_points_in_a_float_are_outside_the_schema() -> None:
    body = full_body(ScoreRecorded)
    body["points"][0]["points"] = 7.5
    assert not accepted_by_schema(ScoreRecorded, body)


@given(st.decimals(min_value=0, max_value=1000, places=2, allow_nan=False))
def test_points_are_written_exactly_and_as_the_schema_says(points: Decimal) -> None:
    given_points = CriterionPoints(criterion="relevance", points=points)
    body = full_body(ScoreRecorded) | {"points": [given_points.model_dump(mode="json")]}
    assert accepted_by_schema(ScoreRecorded, body)
    assert ScoreRecorded.model_validate_json(_text(body)).points == (given_points,)


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_model_and_schema_agree_on_tiyn(amount: float) -> None:
    body = full_body(AwardConfirmed) | {"amount_tiyn": amount}
    agreed = accepted_by_schema(AwardConfirmed, body) and isinstance(amount, int)
    assert accepted_by_model(AwardConfirmed, body) == agreed


@given(st.integers())
def test_model_and_schema_agree_on_goals(goal: int) -> None:
    body = full_body(ProjectSubmitted)
    body["content"]["goals"] = [goal]
    expected = 1 <= goal <= 17
    assert accepted_by_model(ProjectSubmitted, body) == expected
    assert accepted_by_schema(ProjectSubmitted, body) == expected


@given(st.datetimes(datetime(1970, 1, 2), datetime(2999, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_any_aware_time_is_written_as_the_schema_says(moment: datetime) -> None:
    event = SeasonClosed(season_id="2020", closed_at=moment)
    body = event.model_dump(mode="json")
    assert body["closed_at"].endswith("Z")
    assert accepted_by_schema(SeasonClosed, body)
    assert SeasonClosed.model_validate_json(_text(body)).model_dump(mode="json") == body
