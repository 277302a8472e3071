"""Canonical JSON and the hashes over it: what anybody needs to recompute a result from the log."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from schemas.base import Contract


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys, no spaces, no escapes and no null members, as UTF-8; no floats.

    Members that are null are left out, so that an optional field which a later version adds does
    not change the hash of what was said before it.
    """
    text = json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
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
        digest.update(input_line(subject, sequence, type_name, body))
    return digest.hexdigest()


def input_line(subject: str, sequence: int, type_name: str, body: Contract) -> bytes:
    """One score event as `inputs_hash` takes it; its hash is that of all lines, one after another.

    For who has more of them than fit into memory: lines go by subject, then by sequence.
    """
    return canonical_json([subject, sequence, type_name, body.model_dump(mode="json")]) + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        raise TypeError(f"a float has no canonical form: {value!r}")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
