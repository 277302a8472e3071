"""Events of `zharmenke.scoring`: panels, draws, score sheets, rankings, decisions, awards."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.base import (
    Contract,
    Count,
    Event,
    Line,
    Localised,
    Ordinal,
    Points,
    Sequence,
    Sha256,
    SignedPoints,
    Slug,
    Tiyn,
    Uuid,
    Visibility,
)
from schemas.season import PanelName

Cut = dict[str, Sequence]
"""Where a fold ends: the last sequence taken into account of each `<service>/<kind>/<id>`."""

EventId = Annotated[str, StringConstraints(max_length=200)]


class ScoringEvent(Event):
    """Said by the scoring service."""

    SERVICE: ClassVar[str] = "scoring"


class Member(Contract):
    """A member of a panel. Name and post are public record; the address is in `people`."""

    person_id: Uuid
    name: Line
    post: Localised
    role: Literal["chair", "member", "secretary"]


class CommissionAppointed(ScoringEvent):
    """The jury or the commission of a season was appointed."""

    KIND: ClassVar[str] = "commission"
    VISIBILITY: ClassVar[Visibility] = "public"
    SAID_WHEN: ClassVar[str] = "an admin appoints the members of a panel"
    season_id: Slug
    panel: PanelName
    members: Annotated[tuple[Member, ...], Field(min_length=1, max_length=60)]


class SignInLinkRequested(ScoringEvent):
    """A member of a panel is sent another sign-in link."""

    KIND: ClassVar[str] = "commission"
    SAID_WHEN: ClassVar[str] = "the secretary has a judge's sign-in link sent again"
    season_id: Slug
    panel: PanelName
    person_id: Uuid
    post: Localised


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
    """SHA-256 of the canonical JSON of seed, judges, projects and judges_per_project."""


class JudgeAssigned(ScoringEvent):
    """One judge was given one project to score."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "a draw, or the secretary, gives a project to a judge"
    season_id: Slug
    round_id: Slug
    project_id: Uuid
    judge_id: Uuid


class CriterionPoints(Contract):
    """The points given on one criterion."""

    criterion: Slug
    points: Points


class ScoreRecorded(ScoringEvent):
    """A judge handed in a score sheet; a later one of the same judge replaces it."""

    KIND: ClassVar[str] = "evaluation"
    VISIBILITY: ClassVar[Visibility] = "after-results"
    SAID_WHEN: ClassVar[str] = "an assigned judge hands in a score sheet"
    round_id: Slug
    project_id: Uuid
    judge_id: Uuid
    project_version: Ordinal
    points: Annotated[tuple[CriterionPoints, ...], Field(min_length=1, max_length=20)]


class ScoreVoided(ScoringEvent):
    """A score sheet no longer counts. It stays in the log."""

    KIND: ClassVar[str] = "evaluation"
    VISIBILITY: ClassVar[Visibility] = "after-results"
    SAID_WHEN: ClassVar[str] = "a score sheet is voided, with a reason"
    round_id: Slug
    project_id: Uuid
    judge_id: Uuid
    score_event_id: EventId
    reason: Line


class ScoresSealed(ScoringEvent):
    """From here on no score is accepted for this project in this round."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "closing a round reaches this evaluation"
    round_id: Slug
    project_id: Uuid
    sheets: Count


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


class DecidedProject(Contract):
    """What the panel decided of one project."""

    project_id: Uuid
    rank: Ordinal
    chosen: bool


class DecisionRecorded(ScoringEvent):
    """A sitting decided on the outcome of a round. Pending until the results are published."""

    KIND: ClassVar[str] = "decision"
    VISIBILITY: ClassVar[Visibility] = "after-results"
    SAID_WHEN: ClassVar[str] = "the secretary records a sitting's decision on a round"
    round_id: Slug
    season_id: Slug
    ranking_event_id: EventId
    table_hash: Sha256
    attended: tuple[Uuid, ...]
    quorum: Ordinal
    heard: Cut
    """How far scoring had heard each project when the decision was taken."""
    projects: tuple[DecidedProject, ...]
    chair_reason: Line | None = None
    """Why the chair put tied projects in the order they have; null when no tie was left."""


class ResultsPublished(ScoringEvent):
    """Lifts the embargo on a round's results.

    Said by `decision/<round>` for a shortlist and by `awards/<season>` for the final, so that in
    both cases it comes before the outcomes it lets out.
    """

    KIND: ClassVar[str] = "decision"
    ALSO_KINDS: ClassVar[tuple[str, ...]] = ("awards",)
    VISIBILITY: ClassVar[Visibility] = "public"
    SAID_WHEN: ClassVar[str] = "a round's results are published, before the outcomes themselves"
    season_id: Slug
    round_id: Slug
    chosen: Count
    not_chosen: Count


class ProjectOutcome(ScoringEvent):
    """What an outcome event carries for readers that know only this event."""

    season_id: Slug
    round_id: Slug
    project_id: Uuid
    title: Line
    nomination: Slug
    contact_person_id: Uuid


class ProjectShortlisted(ProjectOutcome):
    """The project goes on to the final."""

    KIND: ClassVar[str] = "decision"
    VISIBILITY: ClassVar[Visibility] = "public"
    SAID_WHEN: ClassVar[str] = "the shortlist is published, once per finalist"
    rank: Ordinal
    final_days: tuple[date, ...]
    """The days of the final, for those who are invited to it."""


class ProjectNotShortlisted(ProjectOutcome):
    """The project does not go on to the final."""

    KIND: ClassVar[str] = "decision"
    SAID_WHEN: ClassVar[str] = "the shortlist is published, once per project not on it"


class AwardConfirmed(ScoringEvent):
    """An award was decided within the funds. Pending until the results are published."""

    KIND: ClassVar[str] = "awards"
    VISIBILITY: ClassVar[Visibility] = "after-results"
    SAID_WHEN: ClassVar[str] = "the secretary confirms a finalist's award"
    season_id: Slug
    project_id: Uuid
    nomination: Slug
    amount_tiyn: Tiyn


class AwardDeclined(ScoringEvent):
    """An award fell away; its amount is free again."""

    KIND: ClassVar[str] = "awards"
    VISIBILITY: ClassVar[Visibility] = "after-results"
    SAID_WHEN: ClassVar[str] = "the winner withdraws, or the award is refused"
    season_id: Slug
    project_id: Uuid
    nomination: Slug
    amount_tiyn: Tiyn
    reason: Line


class WinnerAnnounced(ProjectOutcome):
    """A project gets a grant."""

    KIND: ClassVar[str] = "awards"
    VISIBILITY: ClassVar[Visibility] = "public"
    SAID_WHEN: ClassVar[str] = "the winners are announced, once per winning project"
    organisation: Line
    region: Slug
    amount_tiyn: Tiyn


class ProjectNotAwarded(ProjectOutcome):
    """A finalist that gets no grant."""

    KIND: ClassVar[str] = "awards"
    SAID_WHEN: ClassVar[str] = "the winners are announced, once per finalist without an award"
