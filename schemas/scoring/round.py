"""A round: its draw, its closing, its ranking."""

from typing import ClassVar

from schemas.base import (
    Contract,
    Count,
    Language,
    Line,
    Ordinal,
    Points,
    Sha256,
    SignedPoints,
    Slug,
    Uuid,
    Visibility,
)
from schemas.scoring.base import Cut, EventId, ScoringEvent


class DrawnProject(Contract):
    """What the draw takes into account of a project."""

    project_id: Uuid
    nomination: Slug
    region: Slug
    language: Language
    barred: tuple[Uuid, ...] = ()
    """Judges with a conflict: they don't get it."""


class JudgeTerms(Contract):
    """What the draw takes into account of a judge."""

    judge_id: Uuid
    languages: tuple[Language, ...] = ()
    """The languages the judge reads; all when none is named."""
    avoids_regions: tuple[Slug, ...] = ()
    """Regions whose projects go to others if their loads are equal."""
    reserve: bool | None = None
    """True for a judge in reserve: drawn for nothing, and there to take another's place."""


class AssignmentsDrawn(ScoringEvent):
    """The draw that gives judges to projects. Anyone can repeat it from the lists and the seed."""

    KIND: ClassVar[str] = "round"
    SAID_WHEN: ClassVar[str] = "the secretary draws the judges of a round"
    season_id: Slug
    round_id: Slug
    seed: Line
    judges_per_project: Ordinal
    judges: tuple[Uuid, ...]
    projects: tuple[Uuid, ...]
    inputs_hash: Sha256
    """SHA-256 of the canonical JSON of all the other fields but season_id and round_id."""
    about: tuple[DrawnProject, ...] | None = None
    """The projects in the order of their ids; null in a draw by nothing but the load."""
    terms: tuple[JudgeTerms, ...] | None = None
    """The judges who have terms, in the order of their ids."""


class RoundClosed(ScoringEvent):
    """Every evaluation of the round is sealed; `cut` has the last sequence of each."""

    KIND: ClassVar[str] = "round"
    SAID_WHEN: ClassVar[str] = "the secretary closes a round, after all its evaluations are sealed"
    round_id: Slug
    cut: Cut


class RankedProject(Contract):
    """One row of a ranking. `rank` is unique: ties are broken by the declared chain."""

    rank: Ordinal
    project_id: Uuid
    nomination: Slug
    total: Points
    """The weighted mean of the effective sheets, exact to 6 decimals (half even)."""
    sheets: Count
    tied_with_next: bool = False
    """True when only the chair's word separates this row from the next."""
    normalised: SignedPoints | None = None
    """The total after normalisation, to 6 decimals; null when the round has none. It ranks then."""


class JudgeScale(Contract):
    """How a judge's sheets were normalised: `scale` x points + `offset`, to 12 decimals each."""

    judge_id: Uuid
    scale: SignedPoints
    """What the judge's points are multiplied by; 1 leaves them as they are."""
    offset: SignedPoints
    """What is added to them after that."""


class FewSheets(Contract):
    """Projects that are ranked by fewer valid sheets than the round asks for, and why."""

    projects: tuple[Uuid, ...]
    """Ids of these projects, sorted."""
    reason: Line


class RankingComputed(ScoringEvent):
    """A ranking, as a pure function of the scores in the cut and the ruleset."""

    KIND: ClassVar[str] = "round"
    VISIBILITY: ClassVar[Visibility] = "after-results"
    SAID_WHEN: ClassVar[str] = "a closed round is ranked"
    round_id: Slug
    ruleset_hash: Sha256
    cut: Cut
    inputs_hash: Sha256
    """Over every ScoreRecorded and ScoreVoided of the cut, in canonical form."""
    table_hash: Sha256
    table: tuple[RankedProject, ...]
    judges: tuple[JudgeScale, ...] | None = None
    """What normalisation made of each judge; null when the round has none."""
    corrects: EventId | None = None
    """`ce_id` of the RankingComputed that it corrects on appeal; null before the results."""
    few_sheets: FewSheets | None = None
    """Whom a late void left with too few sheets; null when all have enough."""
