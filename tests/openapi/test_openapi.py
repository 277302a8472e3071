"""What every service's OpenAPI promises: errors on each operation, examples that are true."""

import importlib
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from schemas.topics import SERVICES
from tests.rooms import Rooms

CHECKED_ELSEWHERE = {"SeasonDefinition", "Season"}
"""A season's definition is a file: seasons/2020.yaml is its example."""

PAGES = {"GET /join", "POST /join/cancel"}
"""For people: much of what is wrong is said as a page."""


@pytest.fixture(scope="module")
def documents(rooms: Rooms) -> dict[str, dict[str, Any]]:
    """The OpenAPI document of each service; nothing has to run for it."""
    return {
        name: importlib.import_module(f"services.{name}.app")
        .create_app(rooms.settings(name))
        .openapi()
        for name in SERVICES
    }


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


@pytest.mark.parametrize("name", SERVICES)
def test_every_operation_describes_its_errors_as_problem_json(
    documents: dict[str, dict[str, Any]], name: str
) -> None:
    for where, operation in operations(documents[name]):
        errors = {s: a for s, a in operation["responses"].items() if s[0] in "45"}
        assert {"401", "403", "404", "409", "422", "503"} <= set(errors), where
        for status, answer in errors.items():
            allowed = {"application/problem+json"} | ({"text/html"} if where in PAGES else set())
            assert set(answer["content"]) <= allowed, f"{where} {status}"
        assert operation["summary"], where


@pytest.mark.parametrize("name", SERVICES)
def test_every_body_has_an_example_that_its_schema_accepts(
    documents: dict[str, dict[str, Any]], name: str
) -> None:
    document = documents[name]
    schemas = document["components"]["schemas"]
    for where, operation in operations(document):
        for used in sorted(bodies(operation)):
            if used.startswith("Body_") or used in CHECKED_ELSEWHERE:
                continue
            example = schemas[used].get("example")
            assert example is not None, f"{where}: {used} has no example"
            jsonschema.validate(example, {"$ref": f"#/components/schemas/{used}"} | document)


def bodies(operation: dict[str, Any]) -> set[str]:
    """The names of the models that a request or a good answer is made of."""
    contents = [operation.get("requestBody", {}).get("content", {})]
    contents += [a.get("content", {}) for s, a in operation["responses"].items() if s[0] == "2"]
    return {
        name
        for content in contents
        for media in content.values()
        for name in referred(media.get("schema", {}))
    }


def referred(schema: dict[str, Any]) -> Iterator[str]:
    if reference := schema.get("$ref"):
        yield reference.rpartition("/")[2]
    for part in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from referred(part)
