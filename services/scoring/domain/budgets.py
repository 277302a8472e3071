"""Finalists' budgets as they were defended: what each line asks for after every revision."""

from collections.abc import Mapping

from schemas.base import Line, Tiyn, Uuid
from schemas.scoring import BudgetRevised, RevisedLine
from services.scoring.domain.base import State
from services.scoring.domain.heard import HeardProject


class Revision(State):
    """What a member had changed in a budget, and why."""

    revision_id: Uuid
    project_version: int
    asked_by: Uuid
    lines: tuple[RevisedLine, ...]
    requested_tiyn: Tiyn
    reason: Line


Revisions = Mapping[str, tuple[Revision, ...]]


def revisions_after(revisions: Revisions, event: BudgetRevised) -> Revisions:
    """All revisions after one more."""
    revision = Revision.model_validate(event.model_dump())
    return {**revisions, event.project_id: (*revisions.get(event.project_id, ()), revision)}


def defended_lines(revisions: Revisions, project: HeardProject) -> list[int]:
    """What each line asks for now, in the order of the budget."""
    lines = [line.requested_tiyn for line in project.content.budget.lines]
    for revision in revisions.get(project.project_id, ()):
        if revision.project_version == project.version:
            for changed in revision.lines:
                lines[changed.line - 1] = changed.requested_tiyn
    return lines


def defended_tiyn(revisions: Revisions, project: HeardProject) -> int:
    """The defended budget: what all lines ask for now. No award is above it."""
    return sum(defended_lines(revisions, project))
