"""The record on the compacted `people` topics: the only place in Kafka that holds personal data.

Key = person id; a record without a value is a tombstone: the person was erased. One record per
registration, not per human, so that erasing one does not touch another.
"""

from typing import Annotated, ClassVar

from pydantic import EmailStr, Field

from schemas.base import Contract, Event, Language, Line, Uuid

Email = Annotated[EmailStr, Field(max_length=254)]


class Person(Contract):
    """Who a message is for, where, and in which language."""

    TYPE: ClassVar[str] = "PersonRecorded"
    MAJOR: ClassVar[int] = 1
    person_id: Uuid
    name: Line
    email: Email
    language: Language
    consents: tuple[Line, ...] = ()
    organisation: Line | None = None


class PersonErasedBody(Event):
    """The fields of every service's PersonErased: the id alone."""

    person_id: Uuid
