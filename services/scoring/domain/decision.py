"""A sitting's decision on a round: who is chosen, pending until it is published."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from schemas.base import Moment, Slug, Uuid
from schemas.scoring import (
    DecidedProject,
    DecisionCorrected,
    DecisionRecorded,
    ProjectNotShortlisted,
    ProjectShortlisted,
    RankedProject,
    ResultsPublished,
    ScoringEvent,
)
from schemas.season import RoundDefinition
from services.kit.refusal import Refused
from services.scoring.domain.base import State
from services.scoring.domain.commission import Commission
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.line import ChairWord, in_order, is_chosen, reserve_of, standing_of
from services.scoring.domain.round import Round

Projects = Mapping[str, HeardProject]


class Decision(State):
    """The decision on a round, and whether it is public."""

    round_id: Slug
    season_id: Slug
    recorded: DecisionRecorded
    published: bool = False
    published_at: Moment | None = None
    appeals_until: Moment | None = None
    outcomes: Mapping[Uuid, int] = {}
    """Projects not on the published shortlist, and the sequence of the event that told them."""
    corrected: tuple[Uuid, ...] = ()
    """Projects that got their place on appeal."""
    recorded_sequence: int = 0
    """The sequence of the last DecisionRecorded."""
    said: int = 0

    @property
    def origin(self) -> str:
        """How event ids name this aggregate."""
        return f"scoring/decision/{self.round_id}"

    @property
    def chosen(self) -> tuple[str, ...]:
        """The chosen projects, best first; then those who got their place on appeal."""
        best = tuple(row.project_id for row in self.recorded.projects if row.chosen)
        return (*best, *self.corrected)

    @property
    def recorded_event_id(self) -> str:
        """The id of the last DecisionRecorded."""
        return f"{self.origin}:{self.recorded_sequence}"

    @property
    def reserve(self) -> tuple[str, ...]:
        """The projects that move up when an award falls away, in their order."""
        return self.recorded.reserve or ()


def decide(
    decision: Decision | None,
    *,
    round_: Round,
    stage: RoundDefinition,
    season_id: str,
    commission: Commission,
    attended: Sequence[str],
    projects: Projects,
    quorum: int | None = None,
    sitting_id: str | None = None,
    chair: ChairWord | None = None,
    reserve: int = 0,
    published: bool = False,
) -> list[ScoringEvent]:
    """Record who goes on: the best `limit` that have not withdrawn and that somebody scored; the
    next `reserve` are in reserve. `quorum` members must have attended, two thirds when it is not
    said.

    `published` says that the round's results are out, by whatever event: then the decision stands.
    """
    if round_.ranking is None:
        raise Refused("conflict", "not-ranked", "The round must be ranked before it is decided.")
    quorum = commission.quorum if quorum is None else quorum
    present = _present(commission, attended, quorum)
    standing = standing_of(
        round_.ranking.table, lambda project_id: projects[project_id].status == "eligible"
    )
    ordered = in_order(standing, stage.limit, chair, reserve)
    recorded = DecisionRecorded(
        round_id=round_.round_id,
        season_id=season_id,
        ranking_event_id=round_.ranking_event_id,
        table_hash=round_.ranking.table_hash,
        attended=present,
        quorum=quorum,
        sitting_id=sitting_id,
        heard={project.origin: project.sequence for _, project in sorted(projects.items())},
        projects=_decided(ordered, stage.limit),
        chair_reason=chair.reason if chair else None,
        reserve=reserve_of(ordered, stage.limit, reserve),
    )
    if decision is None:
        return [recorded]
    if decision.recorded == recorded:
        return []
    if published or decision.published:
        raise Refused("conflict", "already-published", "The decision is published and stands.")
    return [recorded]


def _present(commission: Commission, attended: Sequence[str], quorum: int) -> tuple[str, ...]:
    """Who of the voting members attended; refused below the quorum."""
    voting = {member.person_id for member in commission.voting}
    present = tuple(sorted(voting.intersection(attended)))
    if len(present) < quorum:
        raise Refused(
            "conflict",
            "no-quorum",
            f"{len(present)} of {len(voting)} voting members attended, {quorum} must.",
        )
    return present


def _decided(ordered: Sequence[RankedProject], limit: int) -> tuple[DecidedProject, ...]:
    """The projects in their order, and which of them go on."""
    return tuple(
        DecidedProject(
            project_id=row.project_id, rank=row.rank, chosen=is_chosen(row, index, limit)
        )
        for index, row in enumerate(ordered)
    )


def reserve_size(stage: RoundDefinition, asked: int | None, *, is_last: bool) -> int:
    """How many are in reserve: as the season says, else as the decision does; only in the final."""
    if not is_last:
        if asked:
            raise Refused("conflict", "no-reserve-here", "Only the final has a reserve.")
        return 0
    if stage.reserve is None:
        return asked or 0
    if asked not in (None, stage.reserve):
        raise Refused(
            "conflict", "reserve-fixed", f"The season fixes the reserve at {stage.reserve}."
        )
    return stage.reserve


def publish_shortlist(
    decision: Decision | None,
    round_id: str,
    projects: Projects,
    final_days: Sequence[date],
    at: datetime | None = None,
    appeals_until: Moment | None = None,
) -> list[ScoringEvent]:
    """Lift the embargo and say each project's outcome, in one write; again says nothing."""
    if decision is None:
        raise Refused("conflict", "not-decided", f"Round {round_id} is not decided yet.")
    if decision.published:
        return []
    standing = [
        row for row in decision.recorded.projects if projects[row.project_id].status == "eligible"
    ]
    chosen = sum(1 for row in standing if row.chosen)
    events: list[ScoringEvent] = [
        ResultsPublished(
            season_id=decision.season_id,
            round_id=round_id,
            chosen=chosen,
            not_chosen=len(standing) - chosen,
            published_at=at,
            appeals_until=appeals_until,
        )
    ]
    for row in standing:
        common = outcome_fields(projects[row.project_id], round_id)
        if row.chosen:
            finalist = {"rank": row.rank, "final_days": tuple(final_days)}
            events.append(ProjectShortlisted.model_validate(common | finalist))
        else:
            events.append(ProjectNotShortlisted.model_validate(common))
    return events


def outcome_fields(project: HeardProject, round_id: str) -> dict[str, object]:
    """What every outcome event says of its project."""
    return {
        "season_id": project.season_id,
        "round_id": round_id,
        "project_id": project.project_id,
        "title": project.content.title,
        "nomination": project.content.nomination,
        "contact_person_id": project.contact_person_id,
    }


def evolve(decision: Decision | None, event: ScoringEvent) -> Decision:
    """The decision after an event of its own."""
    said = decision.said + 1 if decision else 1
    if isinstance(event, DecisionRecorded):
        return Decision(
            round_id=event.round_id,
            season_id=event.season_id,
            recorded=event,
            recorded_sequence=said,
            said=said,
        )
    if decision is None:
        raise ValueError("a decision begins with DecisionRecorded")
    return decision.model_copy(update={**_change(decision, event, said), "said": said})


def _change(decision: Decision, event: ScoringEvent, said: int) -> dict[str, object]:
    match event:
        case ResultsPublished():
            return {
                "published": True,
                "published_at": event.published_at,
                "appeals_until": event.appeals_until,
            }
        case ProjectNotShortlisted():
            return {"outcomes": {**decision.outcomes, event.project_id: said}}
        case DecisionCorrected():
            return {"corrected": (*decision.corrected, event.project_id)}
        case ProjectShortlisted():
            return {}
    raise ValueError(f"a decision does not say {type(event).__name__}")
