"""The score register of a round: every sheet there ever was, and what became of it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from schemas.base import Line, Ordinal, Points, SignedPoints, Slug, Uuid
from schemas.scoring import EventId
from schemas.season import RoundDefinition
from services.scoring.domain.base import State
from services.scoring.domain.evaluation import Evaluation, Sheet
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.ranking import sheet_total, shown


class RegisterRow(State):
    """One sheet. `points` are by criterion; what was left out has none."""

    project_id: Uuid
    title: Line
    nomination: Slug
    region: Slug
    judge_id: Uuid
    judge: Line
    project_version: Ordinal
    status: Literal["effective", "replaced", "voided"]
    points: Mapping[Slug, Points]
    total: SignedPoints
    """The weighted mean of the points, to 6 decimals."""
    event_id: EventId
    by_event_id: EventId | None = None
    """What put the sheet aside; null while it counts."""
    reason: Line | None = None


def register(
    stage: RoundDefinition,
    evaluations: Sequence[Evaluation],
    projects: Mapping[str, HeardProject],
    names: Mapping[str, str],
) -> tuple[RegisterRow, ...]:
    """Every sheet, by project and then as they came. `names` are the judges'."""
    return tuple(
        row
        for found in sorted(evaluations, key=lambda one: one.project_id)
        for row in _rows(stage, found, projects[found.project_id], names)
    )


def set_aside(found: Evaluation, sheet: Sheet) -> int | None:
    """The sequence of the event that put a sheet aside: its void, or the judge's next sheet."""
    for void in found.voids:
        if void.score_sequence == sheet.sequence:
            return void.sequence
    later = [
        one.sequence
        for one in found.sheets
        if one.judge_id == sheet.judge_id and one.sequence > sheet.sequence
    ]
    return min(later, default=None)


def why_set_aside(found: Evaluation, sheet: Sheet) -> str | None:
    """The reason of the void, or of the sheet that took its place; None while it counts."""
    by = set_aside(found, sheet)
    voids = {one.sequence: one.reason for one in found.voids}
    changes = {one.sequence: one.reason for one in found.sheets}
    return None if by is None else (voids | changes).get(by)


def _rows(
    stage: RoundDefinition, found: Evaluation, project: HeardProject, names: Mapping[str, str]
) -> Iterator[RegisterRow]:
    voids = {one.score_sequence: one for one in found.voids}
    for sheet in found.sheets:
        void, by = voids.get(sheet.sequence), set_aside(found, sheet)
        yield RegisterRow(
            project_id=found.project_id,
            title=project.content.title,
            nomination=project.content.nomination,
            region=project.content.region,
            judge_id=sheet.judge_id,
            judge=names.get(sheet.judge_id, sheet.judge_id),
            project_version=sheet.project_version,
            status="voided" if void else "replaced" if by else "effective",
            points={item.criterion: item.points for item in sheet.points},
            total=shown(sheet_total(sheet, stage.within(project.content.nomination))),
            event_id=f"{found.origin}:{sheet.sequence}",
            by_event_id=f"{found.origin}:{by}" if by else None,
            reason=why_set_aside(found, sheet),
        )
