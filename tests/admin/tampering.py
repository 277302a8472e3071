"""Changing a chronicle as somebody might who can write to the topics."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from admin.verify.findings import Findings
from admin.verify.verification import Verification
from services.kit.envelope import Envelope
from tests.admin.chronicle import Chronicle, Written

Change = Callable[[Chronicle], object]


def find(told: Chronicle, type_: str, number: int = 0) -> Written:
    """The n-th record of a type."""
    return [record for record in told.records if record.header("ce_type") == type_][number]


def edit(type_: str, number: int = 0, **fields: Any) -> Change:
    """Other values in the body of the n-th event of a type; `a__b` is b in a."""

    def change(told: Chronicle) -> Written:
        record = find(told, type_, number)
        body = json.loads(record.value or b"")
        for path, value in fields.items():
            *outer, last = [int(part) if part.isdigit() else part for part in path.split("__")]
            target = body
            for part in outer:
                target = target[part]
            target[last] = value(target[last]) if callable(value) else value
        record.value = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return record

    return change


def relabel(type_: str, number: int = 0, **headers: str | None) -> Change:
    """Other headers on the n-th event of a type; None takes one away."""

    def change(told: Chronicle) -> Written:
        record = find(told, type_, number)
        values = dict(record.headers) | {
            name.replace("content_type", "content-type"): text.encode() if text else None
            for name, text in headers.items()
        }
        record.headers = tuple((name, value) for name, value in values.items() if value is not None)
        return record

    return change


def drop(type_: str, number: int = 0) -> Change:
    """Without the n-th event of a type."""
    return lambda told: told.records.remove(find(told, type_, number))


def drop_subject(type_: str, number: int = 0) -> Change:
    """Without anything of the subject that says the n-th event of a type."""

    def change(told: Chronicle) -> None:
        key = find(told, type_, number).key
        told.records[:] = [record for record in told.records if record.key != key]

    return change


def repeat(type_: str, number: int = 0, **fields: Any) -> Change:
    """The n-th event of a type once more, at the end; with other values in its body if given."""

    def change(told: Chronicle) -> None:
        record = find(told, type_, number)
        told.records.append(replace(record, offset=10_000))
        if fields:
            before = record.value
            edit(type_, number, **fields)(told)
            told.records[-1].value, record.value = record.value, before

    return change


def say_again(type_: str, number: int = 0, **fields: Any) -> Change:
    """The n-th event of a type as the next one of its subject, with other values if given."""

    def change(told: Chronicle) -> None:
        record = find(told, type_, number)
        last = max(
            int(one.header("ce_sequence"))
            for one in told.records
            if (one.topic, one.key) == (record.topic, record.key)
        )
        envelope = Envelope.from_headers(record.headers)
        told.write(envelope._replace(sequence=last + 1), record.value)
        if fields:
            edit(type_, -1, **fields)(told)

    return change


def both(*changes: Change) -> Change:
    """One change after the other."""
    return lambda told: [change(told) for change in changes]


def verified(told: Chronicle, edge: str = "") -> Findings:
    """What verification finds, record by record in the order of the chronicle."""
    with Verification(edge) as verification:
        for record in told.records:
            verification.take(record)
        return verification.settle()
