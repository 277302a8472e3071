"""The form of a score sheet: what was typed, what it says, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from schemas.base import Language
from schemas.season import Criterion
from services.kit.http import Command
from services.kit.refusal import Fault, Refused
from services.scoring.room_words import WORDS
from services.scoring.sheet_messages import ProjectToScore

C = TypeVar("C", bound=Command)
POINTS, COMMENT = "points.", "comment."


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields of the form by their names, as they are or were typed."""

    fields: Mapping[str, str]

    @classmethod
    def shown(cls, project: ProjectToScore) -> "Typed":
        """What the page begins with: the draft, else the sheet that is in."""
        source = project.draft or project.own_sheet
        fields = {
            "project_version": str(project.project_version),
            "replaces": project.own_sheet.event_id if project.own_sheet else "",
            "reason": (project.draft.reason or "") if project.draft else "",
        }
        if source is not None:
            fields |= {POINTS + one.criterion: f"{one.points:f}" for one in source.points}
            fields |= {COMMENT + one.criterion: one.comment for one in source.comments}
        return cls(fields)

    def command(self, model: type[C]) -> C:
        """The command that the form says; fields that are empty are left out.

        Raises Refused with the fields that can't be read.
        """
        points = [
            {"criterion": name.removeprefix(POINTS), "points": value.strip().replace(",", ".")}
            for name, value in self.fields.items()
            if name.startswith(POINTS) and value.strip()
        ]
        comments = [
            {"criterion": name.removeprefix(COMMENT), "comment": value.replace("\r\n", "\n")}
            for name, value in self.fields.items()
            if name.startswith(COMMENT) and value.strip()
        ]
        body: dict[str, object] = {"points": points, "comments": comments}
        body |= {
            name: self.fields[name]
            for name in ("project_version", "reason", "replaces")
            if self.fields.get(name, "").strip()
        }
        try:
            return model.model_validate(body)
        except ValidationError as error:
            raise Refused("invalid", "sheet-invalid", "", _faults(error, body)) from error


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a form was not taken, in words, and the fields that are to be mended."""

    text: str
    faults: tuple[tuple[str, str], ...] = ()
    """(field, what is wrong with it)"""
    field: str = ""
    """The one field that all of it is about."""


def trouble(refused: Refused, criteria: tuple[Criterion, ...], language: Language) -> Trouble:
    """A refusal as the page says it: what to mend, by the criteria's names."""
    words = WORDS[language]
    if refused.rule == "sheet-invalid":
        names = {one.id: one for one in criteria}
        told = {_fault_text(fault, names, language): _field(fault) for fault in refused.faults}
        return Trouble(words["faults"], tuple((field, text) for text, field in told.items()))
    text = words.get(f"rule-{refused.rule}") or f"{words['rule-other']}: {refused.detail}"
    return Trouble(text, field="reason" if refused.rule == "reason-missing" else "")


def _field(fault: Fault) -> str:
    """The form's name for what a fault is about."""
    return fault.where.replace("comments.", "comment.", 1)


def _fault_text(fault: Fault, criteria: Mapping[str, Criterion], language: Language) -> str:
    words = WORDS[language]
    part, _, id = fault.where.partition(".")
    criterion = criteria.get(id)
    name = criterion.name.get(language) if criterion else fault.where
    if part == "points" and criterion is not None:
        scale = words["range"].format(criterion.minimum, criterion.maximum, criterion.step)
        return f"{name}: {words['fault_points']} {scale}"
    if part == "comments":
        return f"{name}: {words['fault_comment']}"
    return f"{name}: {fault.what}"


def _faults(error: ValidationError, body: Mapping[str, object]) -> list[Fault]:
    """The fields that can't be read, named as the rubric's own faults are."""
    faults = []
    for item in error.errors(include_url=False, include_input=False):
        part, index = str(item["loc"][0]), item["loc"][1] if len(item["loc"]) > 1 else None
        listed = body.get(part)
        if isinstance(listed, list) and isinstance(index, int):
            part = f"{part}.{listed[index]['criterion']}"
        faults.append(Fault(part, item["msg"]))
    return faults
