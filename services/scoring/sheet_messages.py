"""The bodies of requests and answers about score sheets, with examples for OpenAPI."""

from typing import Annotated, Self

from pydantic import Field

from schemas.base import Line, Moment, Slug, Uuid
from schemas.scoring import CriterionComment, CriterionPoints
from schemas.scoring.base import EventId
from schemas.season import RoundDefinition
from services.kit.http import Command
from services.scoring import examples
from services.scoring.domain.base import State
from services.scoring.domain.evaluation import Evaluation, Sheet, SheetDraft
from services.scoring.domain.sight import SeenContent

Comments = Annotated[tuple[CriterionComment, ...], Field(max_length=20)]


class RecordScore(Command):
    """A score sheet on the version that the judge has seen.

    Who changes a sheet names it in `replaces`, by the id of its event, and says why in `reason`.
    """

    model_config = examples.of_request(
        {
            "project_version": 1,
            "points": examples.POINTS,
            "comments": examples.COMMENTS,
            "reason": "Учтены приложенные сметы",
            "replaces": f"{examples.EVALUATION}:3",
        }
    )
    project_version: Annotated[int, Field(ge=1)]
    points: Annotated[tuple[CriterionPoints, ...], Field(min_length=1, max_length=20)]
    comments: Comments = ()
    reason: Line | None = None
    replaces: EventId | None = None


class SaveDraft(Command):
    """What there is of a sheet so far; all of it may be missing."""

    model_config = examples.of_request(
        {
            "project_version": 1,
            "points": examples.POINTS[:1],
            "comments": [],
            "replaces": f"{examples.EVALUATION}:3",
        }
    )
    project_version: Annotated[int, Field(ge=1)]
    points: Annotated[tuple[CriterionPoints, ...], Field(max_length=20)] = ()
    comments: Comments = ()
    reason: Line | None = None
    replaces: EventId | None = None

    def draft(self) -> SheetDraft:
        """As it is kept."""
        return SheetDraft(
            project_version=self.project_version,
            points=self.points,
            comments=self.comments or None,
            reason=self.reason,
        )


class SheetRecord(State):
    """A sheet that was handed in. `voided` is why it no longer counts, when it was voided."""

    event_id: str
    project_version: int
    points: tuple[CriterionPoints, ...]
    comments: tuple[CriterionComment, ...]
    reason: str | None = None
    replaces: str | None = None
    voided: str | None = None
    at: Moment | None = None
    """When it was handed in."""

    @classmethod
    def of(cls, found: Evaluation, sheet: Sheet) -> Self:
        """A sheet with what became of it."""
        voids = {void.score_sequence: void.reason for void in found.voids}
        return cls(
            event_id=found.event_id(sheet.sequence),
            project_version=sheet.project_version,
            points=sheet.points,
            comments=sheet.comments or (),
            reason=sheet.reason,
            replaces=sheet.replaces,
            voided=voids.get(sheet.sequence),
            at=sheet.at,
        )


class DraftAnswer(State):
    """What a judge has of a sheet so far."""

    model_config = examples.of_answer(examples.DRAFT)
    project_version: int
    points: tuple[CriterionPoints, ...]
    comments: tuple[CriterionComment, ...]
    reason: str | None = None

    @classmethod
    def of(cls, draft: SheetDraft) -> Self:
        """The draft as its judge sees it."""
        return cls(
            project_version=draft.project_version,
            points=draft.points,
            comments=draft.comments or (),
            reason=draft.reason,
        )


class ProjectToScore(State):
    """What an assigned judge sees of a project: no other judge, no score but the own one.

    `stage` has the criteria of the project's nomination; in a blind round `content` does not tell
    whose the project is. `own_points` are those that count; `own_sheet` is the last one, also when
    it was voided.
    """

    model_config = examples.of_answer(examples.TO_SCORE)
    round_id: Slug
    project_id: Uuid
    project_version: int
    content: SeenContent
    stage: RoundDefinition
    own_points: tuple[CriterionPoints, ...] | None
    own_sheet: SheetRecord | None = None
    draft: DraftAnswer | None = None


class SheetAnswer(State):
    """The event that says the sheet which counts; a repeat has the same answer."""

    model_config = examples.of_answer(examples.SCORED)
    round_id: Slug
    project_id: Uuid
    judge_id: Uuid
    event_id: str


class SheetHistory(State):
    """Every sheet of a judge on a project, the oldest first; the last one counts unless voided."""

    model_config = examples.of_answer(
        {
            "round_id": examples.ROUND,
            "project_id": examples.PROJECT,
            "judge_id": examples.JUDGE,
            "sheets": [examples.SHEET],
        }
    )
    round_id: Slug
    project_id: Uuid
    judge_id: Uuid
    sheets: tuple[SheetRecord, ...]


class JudgeSheet(State):
    """A judge's sheet that counts."""

    judge_id: Uuid
    sheet: SheetRecord


class SheetsAnswer(State):
    """Every judge's sheet that counts, in the order of the judges' ids."""

    model_config = examples.of_answer(
        {
            "round_id": examples.ROUND,
            "project_id": examples.PROJECT,
            "sheets": [{"judge_id": examples.JUDGE, "sheet": examples.SHEET}],
        }
    )
    round_id: Slug
    project_id: Uuid
    sheets: tuple[JudgeSheet, ...]


class VoidScore(Command):
    """Why a sheet no longer counts."""

    model_config = examples.of_request({"reason": "A conflict of interest was found later."})
    reason: Line
