"""Budget defence: a member asks, and the secretary revises lines of a finalist's budget.

Lines may rise and fall, each up to what it costs; the sum never rises, and never falls below an
award that is confirmed. The last revision is the defended budget.
"""

from collections.abc import Mapping

from schemas.scoring import BudgetRevised, RevisedLine, ScoringEvent
from services.kit.refusal import Fault, Refused
from services.scoring.domain.awards import Awards
from services.scoring.domain.base import State, invalid
from services.scoring.domain.budgets import Revision, defended_lines
from services.scoring.domain.heard import HeardProject

MOST_REVISIONS = 50
"""Of one budget."""


class Wish(State):
    """What a member asks to have changed: new amounts by the number of the line, from 1."""

    revision_id: str
    asked_by: str
    lines: Mapping[int, int]
    reason: str


def revise(awards: Awards | None, *, project: HeardProject, wish: Wish) -> list[ScoringEvent]:
    """Revise a budget; the same revision again says nothing."""
    revisions = awards.revisions if awards else {}
    before = revisions.get(project.project_id, ())
    known = next((one for one in before if one.revision_id == wish.revision_id), None)
    if known is not None:
        if _is_same(known, wish):
            return []
        raise Refused("conflict", "revision-exists", "Another revision was made under this id.")
    if awards is not None and awards.published:
        raise Refused("conflict", "already-published", "The awards are published and stand.")
    if project.status != "eligible":
        raise Refused("conflict", "project-not-eligible", f"The project is {project.status}.")
    if len(before) >= MOST_REVISIONS:
        raise Refused(
            "conflict", "too-many-revisions", f"The budget was revised {MOST_REVISIONS} times."
        )
    current = defended_lines(revisions, project)
    if faults := _faults(project, wish.lines):
        raise invalid("revision-invalid", faults)
    total = sum(current) + sum(amount - current[line - 1] for line, amount in wish.lines.items())
    if total > sum(current):
        raise Refused(
            "conflict",
            "budget-raised",
            f"A revision never asks for more in all: {sum(current)} tiyn before, {total} after.",
        )
    award = awards.awards.get(project.project_id) if awards else None
    if award is not None and award.amount_tiyn > total:
        raise Refused(
            "conflict",
            "award-over-budget",
            f"{award.amount_tiyn} tiyn are awarded, more than the {total} tiyn of this budget; "
            "lower the award first.",
        )
    return [
        BudgetRevised(
            season_id=project.season_id,
            project_id=project.project_id,
            revision_id=wish.revision_id,
            project_version=project.version,
            asked_by=wish.asked_by,
            lines=tuple(
                RevisedLine(line=line, before_tiyn=current[line - 1], requested_tiyn=amount)
                for line, amount in sorted(wish.lines.items())
            ),
            requested_tiyn=total,
            reason=wish.reason,
        )
    ]


def _is_same(known: Revision, wish: Wish) -> bool:
    lines = {line.line: line.requested_tiyn for line in known.lines}
    return (known.asked_by, lines, known.reason) == (wish.asked_by, {**wish.lines}, wish.reason)


def _faults(project: HeardProject, lines: Mapping[int, int]) -> list[Fault]:
    budget = project.content.budget.lines
    faults = []
    for line, amount in sorted(lines.items()):
        if not 1 <= line <= len(budget):
            faults.append(
                Fault(f"lines.{line}", f"is not a line of the budget: 1 to {len(budget)}")
            )
            continue
        cost = budget[line - 1].quantity * budget[line - 1].unit_price_tiyn
        if not 0 <= amount <= cost:
            faults.append(Fault(f"lines.{line}", f"must be 0 to the {cost} tiyn that it costs"))
    return faults
