"""How a live document differs from what history says of it, field by field. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from services.kit.history import Owned, Projected, unsaid_apart

Document = Mapping[str, Any]
Fold = tuple[BaseModel, Mapping[str, int]]
"""A heard document: its state, and the last sequence heard of each subject."""


class Absent:
    """Stands for what is not there."""


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class Field:
    """One field; on a side where it is not, it is ABSENT. `hidden` when it may name people."""

    path: str
    live: Any
    told: Any
    hidden: bool = False

    def as_json(self) -> dict[str, Any]:
        """For `--json`; a side without the field is left out."""
        shown: dict[str, Any] = {"field": self.path}
        for name, value in (("live", self.live), ("told", self.told)):
            if value is not ABSENT:
                shown[name] = "(personal data)" if self.hidden else value
        return shown


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison comes to. `moving`: one side is ahead, so it is too early to tell."""

    kind: Literal["same", "moving", "differs"]
    fields: tuple[Field, ...] = ()


SAME = Verdict("same")


def judge_owned(owned: Owned[Any], live: Document | None, told: Document | None) -> Verdict:
    """A document of the service's own beside the one that its stream tells.

    A live document was read after the stream: one that is ahead may be right. One that has said
    nothing yet is a draft.
    """
    if told is None:
        assert live is not None
        if live["sequence"] == 0:
            return SAME
        return Verdict("moving", (Field("", _said(live["state"], owned), ABSENT),))
    if live is None:
        return Verdict("differs", (Field("", ABSENT, _said(told["state"], owned)),))
    if live["sequence"] != told["sequence"]:
        ahead = live["sequence"] > told["sequence"]
        field = Field("sequence", live["sequence"], told["sequence"])
        more = () if ahead else _state_fields(owned, live, told)
        return Verdict("moving" if ahead else "differs", (field, *more))
    fields = [*_state_fields(owned, live, told), *_marks(live["heard"], told["heard"])]
    moving, people = _people(live["people"], told["people"])
    if fields or people:
        return Verdict("moving" if moving and not fields else "differs", (*fields, *people))
    return SAME


def judge_heard(part: Projected[Any], live: Document | None, told: Fold | None) -> Verdict:
    """A heard document beside the one that others' streams tell."""
    hidden = part.personal
    if told is None:
        assert live is not None
        return Verdict("moving", (Field("", dict(live["state"]), ABSENT, hidden),))
    said = told[0].model_dump(mode="json")
    if live is None:
        return Verdict("moving", (Field("", ABSENT, said, hidden),))
    if marks := tuple(_uneven(live["heard"], told[1])):
        return Verdict("moving", marks)
    fields = _read_fields(part.fold.state, live["state"], said)
    if not fields:
        return SAME
    return Verdict("differs", tuple(replace(one, hidden=hidden) for one in fields))


def fields_of(live: Any, told: Any, path: str = "") -> list[Field]:
    """Every field in which two values differ, at the greatest depth."""
    if isinstance(live, Mapping) and isinstance(told, Mapping):
        found = []
        for name in sorted({*live, *told}):
            inner = f"{path}.{name}" if path else str(name)
            found += fields_of(live.get(name, ABSENT), told.get(name, ABSENT), inner)
        return found
    if _are_lists(live, told):
        found = []
        for number in range(max(len(live), len(told))):
            one, other = (side[number] if number < len(side) else ABSENT for side in (live, told))
            found += fields_of(one, other, f"{path}[{number}]")
        return found
    return [] if live == told and type(live) is type(told) else [Field(path, live, told)]


def _state_fields(owned: Owned[Any], live: Document, told: Document) -> list[Field]:
    said = _said(told["state"], owned)
    return _read_fields(owned.aggregate.state, live["state"], said, owned)


def _read_fields(
    model: type[BaseModel], live: Any, said: Any, owned: Owned[Any] | None = None
) -> list[Field]:
    """The fields in which a state differs, as the installed code reads it."""
    try:
        read = model.model_validate(live).model_dump(mode="json")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return [Field(f"state.{where}", f"can't be read: {first['msg']}", ABSENT)]
    return fields_of(_said(read, owned) if owned else read, said, "state")


def _said(state: Document, owned: Owned[Any]) -> Document:
    return unsaid_apart(state, owned.unsaid)


def _marks(live: Mapping[str, int], told: Mapping[str, int]) -> list[Field]:
    """What it reacted to, as far as it said something: the service may have marked more."""
    return [
        Field(f"heard.{origin}", live.get(origin, ABSENT), sequence)
        for origin, sequence in sorted(told.items())
        if live.get(origin, 0) < sequence
    ]


def _uneven(live: Mapping[str, int], told: Mapping[str, int]) -> list[Field]:
    return [
        Field(f"heard.{origin}", live.get(origin, ABSENT), told.get(origin, ABSENT))
        for origin in sorted({*live, *told})
        if live.get(origin) != told.get(origin)
    ]


def _people(live: Document, told: Document) -> tuple[bool, list[Field]]:
    """Persons whose record differs, and whether each of those is just ahead."""
    found, ahead = [], True
    for person in sorted({*live, *told}):
        one, other = live.get(person), told.get(person)
        if one == other:
            continue
        found.append(Field(f"people.{person}", one or ABSENT, other or ABSENT, hidden=True))
        ahead &= one is not None and (other is None or one["sequence"] > other["sequence"])
    return ahead, found


def _are_lists(*sides: Any) -> bool:
    return all(isinstance(side, Sequence) and not isinstance(side, str | bytes) for side in sides)
