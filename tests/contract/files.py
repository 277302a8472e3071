"""The committed contract as the tests read it: schemas, samples and headers, file by file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from schemas.base import Contract
from schemas.contract import ROOT
from schemas.messages import Message, all_messages

MESSAGES = {message.model.__name__: message for message in all_messages()}


def folder(message: Message) -> Path:
    """Where the message's files are."""
    return ROOT / message.folder


def schema_of(message: Message) -> dict[str, Any]:
    """The committed JSON Schema."""
    path = folder(message) / f"v{message.major}.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def headers_of(message: Message) -> dict[str, str]:
    """The committed headers of the full sample."""
    path = folder(message) / f"v{message.major}.headers.json"
    loaded: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def validator_of(message: Message) -> Draft202012Validator:
    """A validator of the committed schema that checks formats too."""
    return Draft202012Validator(schema_of(message), format_checker=FormatChecker())


def samples_of(message: Message) -> dict[str, str]:
    """The committed sample bodies by name, as text."""
    paths = sorted((folder(message) / f"v{message.major}.samples").glob("*.json"))
    return {path.stem: path.read_text(encoding="utf-8") for path in paths}


def every_sample() -> Iterator[tuple[str, str]]:
    """(message, sample) of all committed samples."""
    for name, message in MESSAGES.items():
        for sample in samples_of(message):
            yield name, sample


def full_body(model: type[Contract]) -> dict[str, Any]:
    """The committed full sample of `model`, as JSON values, free to be changed."""
    loaded: dict[str, Any] = json.loads(samples_of(MESSAGES[model.__name__])["full"])
    return loaded
