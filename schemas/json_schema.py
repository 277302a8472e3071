"""Models to JSON Schema, Draft 2020-12: the body on the wire, with every field described."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from schemas.base import Contract
from schemas.field_text import description_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _WireSchema(GenerateJsonSchema):
    """Pydantic's generator, without titles on fields and with the fields' descriptions.

    Objects say aloud that further properties are allowed: a minor version may add some.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        for name, field in made.get("properties", {}).items():
            if text := description_of(schema["cls"], name):
                field["description"] = text
        made.setdefault("additionalProperties", True)
        return made


def json_schema(model: type[Contract], identifier: str, visibility: str) -> dict[str, Any]:
    """The schema of a message's body, its keys in a stable order, identified by `identifier`."""
    made = model.model_json_schema(mode="validation", schema_generator=_WireSchema)
    head = {
        "$schema": DIALECT,
        "$id": identifier,
        "title": made.pop("title"),
        "description": made.pop("description"),
        "x-visibility": visibility,
        "type": made.pop("type"),
    }
    parts = made.pop("$defs", {})
    return head | made | ({"$defs": dict(sorted(parts.items()))} if parts else {})
