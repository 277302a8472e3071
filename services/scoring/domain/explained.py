"""What an explanation says: the lines that a rank is made of, each with the events it rests on."""

from typing import Literal

from schemas.base import Localised, Ordinal, Points, Sha256, SignedPoints, Slug, Uuid
from schemas.scoring import EventId
from schemas.season import Aggregation
from services.scoring.domain.base import State


class Part(State):
    """One criterion on one sheet: `points` x `weight` = `weighted`, exactly."""

    criterion: Slug
    name: Localised
    points: Points
    weight: Points
    weighted: SignedPoints


class SheetLine(State):
    """One effective sheet. `total` is the weighted mean of its points."""

    number: Ordinal
    """In the order in which the sheets were handed in; so a sheet can be spoken of."""
    judge_id: Uuid | None = None
    event_id: EventId
    project_version: Ordinal
    parts: tuple[Part, ...]
    weight: Points
    """What the weights of these criteria add up to."""
    weighted: SignedPoints
    """What the weighted points add up to; `total` is this divided by `weight`."""
    total: SignedPoints
    total_exact: str
    counts: bool
    """False where the median or the trimmed mean leaves this sheet's total out."""
    scale: SignedPoints | None = None
    offset: SignedPoints | None = None
    normalised: SignedPoints | None = None
    """`scale` x `total` + `offset`; null where the round does not normalise."""
    normalised_exact: str | None = None
    normalised_counts: bool | None = None


class AsideLine(State):
    """A sheet that does not count, and the event that put it aside."""

    judge_id: Uuid | None = None
    event_id: EventId
    why: Literal["replaced", "voided"]
    by_event_id: EventId
    reason: str | None = None


class TieStep(State):
    """One step of the tie-break chain against a project with the same total."""

    step: str
    own: str
    theirs: str | None = None
    parts: bool
    """Whether it parts the two; later steps are not looked at then."""


class Tie(State):
    """A project beside this one in the table that has the same total."""

    project_id: Uuid
    rank: Ordinal
    steps: tuple[TieStep, ...]
    left_to_chair: bool
    """Every declared step is equal: only the chair's word can part them."""


class LineOf(State):
    """Where the line is: after `limit` projects."""

    limit: Ordinal
    above: bool
    last_above: SignedPoints | None = None
    """What counts of the last project above the line; null when there are not so many."""
    first_below: SignedPoints | None = None


class Outcome(State):
    """What was decided of the project."""

    event_id: EventId
    ranking_event_id: EventId
    rank: Ordinal
    chosen: bool
    on_appeal: bool
    """Whether the project got its place by a correction, after the results."""
    chair_reason: str | None = None


class Sources(State):
    """The events that this rests on beside the sheets."""

    season: EventId
    """SeasonOpened: the criteria, weights and rules."""
    draw: EventId
    """AssignmentsDrawn: the seed."""
    submission: EventId
    """The project's first ProjectSubmitted: when it was handed in."""
    ranking: EventId


class Explanation(State):
    """A project's row of a ranking, with all that it is made of."""

    round_id: Slug
    project_id: Uuid
    sources: Sources
    ruleset_hash: Sha256
    inputs_hash: Sha256
    table_hash: Sha256
    sheets: tuple[SheetLine, ...]
    aside: tuple[AsideLine, ...]
    aggregation: Aggregation
    normalisation: str | None = None
    total: SignedPoints
    total_exact: str
    normalised: SignedPoints | None = None
    normalised_exact: str | None = None
    rank: Ordinal
    of: Ordinal
    ties: tuple[Tie, ...]
    line: LineOf
    outcome: Outcome | None = None
    changed_since: tuple[EventId, ...]
    """Sheets that changed after this ranking; the round must be ranked anew where there are any."""


def for_applicant(whole: Explanation) -> Explanation:
    """What the applicant may see: no judge's name, no reason, nothing of other projects' sheets."""
    return whole.model_copy(
        update={
            "sheets": tuple(_nameless(one) for one in whole.sheets),
            "aside": tuple(
                one.model_copy(update={"judge_id": None, "reason": None}) for one in whole.aside
            ),
            "ties": tuple(
                tie.model_copy(
                    update={
                        "steps": tuple(
                            step.model_copy(update={"theirs": None}) for step in tie.steps
                        )
                    }
                )
                for tie in whole.ties
            ),
            "outcome": whole.outcome and whole.outcome.model_copy(update={"chair_reason": None}),
        }
    )


def _nameless(sheet: SheetLine) -> SheetLine:
    return sheet.model_copy(update={"judge_id": None})
