"""Every message of the contract with what is told about it: events and the people record.

Also what is wrong with a message before anything can be generated from it, in words.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from schemas.base import Contract, Event, format_utc
from schemas.field_text import description_of
from schemas.people import Person
from schemas.registry import EVENTS, dataschema
from schemas.samples import SAMPLES
from schemas.samples.people import FULL_PERSON, KAZAKH_PERSON
from schemas.samples.sample import (
    CORRELATION_ID,
    TRACEPARENT,
    Circumstances,
    Sample,
    free_text,
    left_out,
    only_required,
)

KAZAKH_LETTERS = re.compile("[әғқңөұүһі]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its model, where its files go, and its samples."""

    folder: str
    model: type[Contract]
    major: int
    dataschema: str
    visibility: str
    full: Contract
    kazakh: Contract | None
    headers: dict[str, str]

    def samples(self) -> dict[str, Any]:
        """The sample bodies as JSON values, by name."""
        made = {"minimal": only_required(self.full), "full": self.full.model_dump(mode="json")}
        if self.kazakh is not None:
            made["kazakh"] = self.kazakh.model_dump(mode="json")
        return made


def event_message(model: type[Event], sample: Sample) -> Message:
    """The message of an event, in the folder named after its type."""
    return Message(
        folder=f"events/{model.type_name()}",
        model=model,
        major=model.MAJOR,
        dataschema=dataschema(model),
        visibility=model.VISIBILITY,
        full=sample.full,
        kazakh=sample.kazakh,
        headers=_headers(
            model.SERVICE, model.type_name(), dataschema(model), model.KIND, sample.said
        ),
    )


def person_message() -> Message:
    """The record on the `people` topics."""
    identifier = f"urn:zharmenke:schema:{Person.TYPE}:v{Person.MAJOR}"
    said = Circumstances(
        FULL_PERSON.person_id, actor=f"applicant/{FULL_PERSON.person_id}", via="page"
    )
    return Message(
        folder=f"people/{Person.__name__}",
        model=Person,
        major=Person.MAJOR,
        dataschema=identifier,
        visibility="internal",
        full=FULL_PERSON,
        kazakh=KAZAKH_PERSON,
        headers=_headers("submission", Person.TYPE, identifier, "person", said),
    )


def _headers(
    service: str, type_name: str, identifier: str, kind: str, said: Circumstances
) -> dict[str, str]:
    subject = f"{kind}/{said.subject_id}"
    values = {
        "ce_specversion": "1.0",
        "ce_id": f"{service}/{subject}:{said.sequence}",
        "ce_source": f"/zharmenke/{service}",
        "ce_type": type_name,
        "ce_subject": subject,
        "ce_time": format_utc(said.at),
        "ce_dataschema": identifier,
        "content-type": "application/json",
        "ce_sequence": f"{said.sequence:010d}",
        "ce_season": "2020",
        "ce_actor": said.actor,
        "ce_via": said.via,
        "ce_causationid": said.cause,
        "ce_correlationid": CORRELATION_ID,
        "traceparent": TRACEPARENT,
    }
    return {name: value for name, value in values.items() if value}


def all_messages(
    events: Mapping[str, type[Event]] = EVENTS, samples: Mapping[str, Sample] = SAMPLES
) -> list[Message]:
    """The messages that have a sample, the people record last."""
    known = [
        event_message(model, samples[name]) for name, model in events.items() if name in samples
    ]
    return [*known, person_message()]


def faults(
    events: Mapping[str, type[Event]] = EVENTS, samples: Mapping[str, Sample] = SAMPLES
) -> list[str]:
    """What stops the contract from being generated, one sentence each; empty when all is well."""
    found = [
        f"{name} has no sample: add one to schemas/samples/ for the service {model.SERVICE}"
        for name, model in events.items()
        if name not in samples
    ]
    found += [
        f"schemas/samples/ has a sample of {name}, which is no event in schemas.registry"
        for name in samples
        if name not in events
    ]
    for message in all_messages(events, samples):
        found += _faults_of(message)
    return list(dict.fromkeys(found))


def _faults_of(message: Message) -> Iterator[str]:
    name = message.model.__name__
    for field in left_out(message.full):
        yield f"the full sample of {name} leaves out {field}: give it a value"
    yield from _wordless(message.model)
    yield from _invalid(message)
    if free_text(message.model) and message.kazakh is None:
        yield f"{name} carries free text but has no Kazakh sample"
    if message.kazakh is not None and not KAZAKH_LETTERS.search(message.kazakh.model_dump_json()):
        yield f"the Kazakh sample of {name} has not one of the letters ә ғ қ ң ө ұ ү һ і"


def _invalid(message: Message) -> Iterator[str]:
    for sample in (message.full, message.kazakh):
        if sample is None:
            continue
        try:
            message.model.model_validate_json(sample.model_dump_json())
        except ValidationError as error:
            yield f"a sample of {message.model.__name__} is not valid: {error}"


def _wordless(model: type[Contract]) -> Iterator[str]:
    for part in parts_of(model):
        if not part.__doc__:
            yield f"{part.__name__} has no docstring: say in one what it means"
        for field in part.model_fields:
            if not description_of(part, field):
                yield (
                    f"{part.__name__}.{field} is not described: write a docstring under the field"
                    " in the model (or, for a name used by many, a line in schemas/field_text.py)"
                )


def parts_of(model: type[Contract]) -> list[type[Contract]]:
    """The model and all models in it, each once."""
    found: dict[type[Contract], None] = {}
    waiting: list[object] = [model]
    while waiting:
        annotation = waiting.pop()
        waiting += getattr(annotation, "__args__", ())
        if not (isinstance(annotation, type) and issubclass(annotation, Contract)):
            continue
        if annotation not in found:
            found[annotation] = None
            waiting += [field.annotation for field in annotation.model_fields.values()]
    return list(found)
