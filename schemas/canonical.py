"""Canonical JSON and the hashes over it: what anybody needs to recompute a result from the log."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from schemas.base import Contract


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys, no spaces and no escapes, as UTF-8. Floats are refused."""
    _refuse_floats(value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def canonical_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def contract_hash(model: Contract) -> str:
    """The hash of a message as it is on the wire."""
    return canonical_hash(model.model_dump(mode="json"))


def inputs_hash(events: Iterable[tuple[str, int, str, Contract]]) -> str:
    """The hash over score events, each (subject, sequence, type, body), in any order, any repeats.

    They are taken once each, ordered by subject and sequence; no time is part of it.
    """
    unique = {
        (subject, sequence): (type_name, body) for subject, sequence, type_name, body in events
    }
    digest = hashlib.sha256()
    for (subject, sequence), (type_name, body) in sorted(unique.items(), key=lambda item: item[0]):
        line = [subject, sequence, type_name, body.model_dump(mode="json")]
        digest.update(canonical_json(line) + b"\n")
    return digest.hexdigest()


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError(f"a float has no canonical form: {value!r}")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)
