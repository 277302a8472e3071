"""Models, JSON Schemas and samples say the same."""

import json
import re

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator

from schemas.base import Event
from schemas.contract import ROOT
from schemas.messages import KAZAKH_LETTERS
from schemas.registry import EVENTS
from schemas.samples.sample import free_text
from services.kit.envelope import Envelope

from .files import (
    MESSAGES,
    every_sample,
    headers_of,
    samples_of,
    schema_of,
    validator_of,
)

each_message = pytest.mark.parametrize("name", MESSAGES)
each_sample = pytest.mark.parametrize(("name", "sample"), list(every_sample()))


def test_every_event_and_the_people_record_are_in_the_contract() -> None:
    assert set(MESSAGES) == {*EVENTS, "Person"}


@each_message
def test_schema_passes_the_meta_schema(name: str) -> None:
    Draft202012Validator.check_schema(schema_of(MESSAGES[name]))
    assert jsonschema_rs.meta.is_valid(schema_of(MESSAGES[name]))


@each_message
def test_schema_says_what_it_is(name: str) -> None:
    message, schema = MESSAGES[name], schema_of(MESSAGES[name])
    said = {key: schema[key] for key in ("$schema", "$id", "title", "x-visibility", "type")}
    assert said == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": message.dataschema,
        "title": name,
        "x-visibility": getattr(message.model, "VISIBILITY", "internal"),
        "type": "object",
    }
    assert schema["description"]
    assert schema["additionalProperties"] is True


@each_message
def test_schema_describes_every_field(name: str) -> None:
    schema = schema_of(MESSAGES[name])
    for part in (schema, *schema.get("$defs", {}).values()):
        for field, node in part["properties"].items():
            assert node.get("description"), f"{part['title']}.{field}"


@each_sample
def test_sample_is_valid_under_its_schema(name: str, sample: str) -> None:
    body = json.loads(samples_of(MESSAGES[name])[sample])
    assert [error.message for error in validator_of(MESSAGES[name]).iter_errors(body)] == []


@each_sample
def test_a_second_validator_agrees(name: str, sample: str) -> None:
    """jsonschema-rs shares no code with the first: a schema must not lean on one's kindness."""
    second = jsonschema_rs.Draft202012Validator(schema_of(MESSAGES[name]), validate_formats=True)
    body = json.loads(samples_of(MESSAGES[name])[sample])

    assert [error.message for error in second.iter_errors(body)] == []
    for field in schema_of(MESSAGES[name])["required"]:
        assert not second.is_valid({key: body[key] for key in body if key != field})


@each_sample
def test_sample_survives_reading_and_writing(name: str, sample: str) -> None:
    text = samples_of(MESSAGES[name])[sample]
    event = MESSAGES[name].model.model_validate_json(text)
    written = event.model_dump_json(exclude_unset=sample == "minimal")
    assert json.loads(written) == json.loads(text)
    assert list(json.loads(written)) == list(json.loads(text))


@each_message
def test_minimal_sample_read_and_written_is_valid_with_its_defaults(name: str) -> None:
    message = MESSAGES[name]
    written = message.model.model_validate_json(samples_of(message)["minimal"]).model_dump_json()
    assert message.model.model_validate_json(written).model_dump_json() == written
    assert list(validator_of(message).iter_errors(json.loads(written))) == []


@each_message
def test_minimal_sample_has_the_required_fields_alone(name: str) -> None:
    message = MESSAGES[name]
    assert set(json.loads(samples_of(message)["minimal"])) == set(schema_of(message)["required"])


@each_message
def test_full_sample_has_every_field(name: str) -> None:
    message = MESSAGES[name]
    assert set(json.loads(samples_of(message)["full"])) == set(schema_of(message)["properties"])


@each_message
def test_kazakh_sample_is_there_where_there_is_free_text(name: str) -> None:
    message = MESSAGES[name]
    text = samples_of(message).get("kazakh")
    assert (text is not None) == free_text(message.model)
    if text is not None:
        assert KAZAKH_LETTERS.search(text)


@each_message
def test_headers_are_read_and_written_by_the_kit_alike(name: str) -> None:
    message, headers = MESSAGES[name], headers_of(MESSAGES[name])
    wire = [(key, value.encode()) for key, value in headers.items()]
    envelope = Envelope.from_headers(wire)
    assert dict(envelope.headers()) == headers
    assert headers["ce_dataschema"] == message.dataschema
    if issubclass(message.model, Event):
        model = message.model
        assert (envelope.service, envelope.type) == (model.SERVICE, name)
        assert envelope.subject.partition("/")[0] in model.kinds()


def test_links_of_the_pages_lead_somewhere() -> None:
    pages = [*(ROOT / "events").rglob("README.md"), *(ROOT / "people").rglob("README.md")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (page.parent / target).is_file(), f"{page}: {target}"
        for anchor in re.findall(r"\]\(#([^)]+)\)", text):
            assert re.search(rf"^### {anchor}$", text, re.MULTILINE | re.IGNORECASE)


def test_addresses_in_the_samples_are_at_example_org() -> None:
    for name, sample in every_sample():
        for word in samples_of(MESSAGES[name])[sample].split('"'):
            assert "@" not in word or word.endswith("@example.org"), f"{name} {sample}: {word}"
