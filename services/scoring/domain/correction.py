"""What an upheld appeal corrects: a place is added, or an award. Nobody loses what was published.

A place or an award is due by the corrected ranking when fewer projects than the limit are above, or
by the carried motion of a sitting.
"""

from collections.abc import Sequence
from datetime import date

from schemas.scoring import (
    AppealResolved,
    AwardAdded,
    DecisionCorrected,
    DecisionRecorded,
    ProjectShortlisted,
    RankedProject,
    RankingComputed,
    ScoringEvent,
)
from schemas.season import SeasonDefinition
from services.kit.refusal import Refused
from services.scoring.domain.appeal import Appeal, require_upheld
from services.scoring.domain.awards import (
    Award,
    Awards,
    announced,
    require_within_budget,
    require_within_funds,
)
from services.scoring.domain.decision import Decision, outcome_fields
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.round import Round


def correct_shortlist(
    decision: Decision | None,
    *,
    appeal: Appeal | None,
    round_: Round,
    limit: int,
    project: HeardProject,
    final_days: Sequence[date],
    next_closed: bool,
) -> list[ScoringEvent]:
    """Give the project a place beside those published; again says nothing."""
    if decision is None or not decision.published:
        raise _not_published()
    if project.project_id in decision.corrected:
        return []
    resolved = require_upheld(appeal)
    ranking = _require_due(resolved, round_, decision.recorded, limit, project.project_id)
    _require_eligible(project)
    if next_closed:
        raise Refused("conflict", "too-late", "The round after this one is closed already.")
    assert appeal is not None
    corrected = DecisionCorrected(
        season_id=decision.season_id,
        round_id=decision.round_id,
        project_id=project.project_id,
        corrects=decision.recorded_event_id,
        cause=appeal.resolved_id,
        ranking_event_id=round_.ranking_event_id,
        table_hash=ranking.table_hash,
        rank=_row(ranking.table, project.project_id).rank,
    )
    told: dict[str, object] = {
        "rank": corrected.rank,
        "final_days": tuple(final_days),
        "corrects": f"{decision.origin}:{decision.outcomes[project.project_id]}",
    }
    fields = outcome_fields(project, decision.round_id) | told
    return [corrected, ProjectShortlisted.model_validate(fields)]


def add_award(
    awards: Awards | None,
    *,
    season: SeasonDefinition,
    decision: Decision,
    appeal: Appeal | None,
    round_: Round,
    limit: int,
    project: HeardProject,
    amount_tiyn: int,
) -> list[ScoringEvent]:
    """Award the project within budget and funds, and announce it; the same again says nothing."""
    if awards is None or not awards.published:
        raise _not_published()
    resolved = require_upheld(appeal)
    assert appeal is not None
    project_id = project.project_id
    award = Award(
        project_id=project_id, nomination=project.content.nomination, amount_tiyn=amount_tiyn
    )
    if (known := awards.awards.get(project_id)) is not None:
        if known == award:
            return []
        raise Refused("conflict", "already-awarded", "This project has an award.")
    if project_id in awards.vacancies:
        raise Refused("conflict", "declined-before", "An award of this project fell away.")
    _require_due(resolved, round_, decision.recorded, limit, project_id)
    _require_eligible(project)
    require_within_budget(awards, project, amount_tiyn)
    require_within_funds(awards, season, award)
    cause = appeal.resolved_id
    added = AwardAdded(
        season_id=season.id,
        cause=cause,
        ranking_event_id=round_.ranking_event_id,
        **award.model_dump(),
    )
    corrects = f"{awards.origin}:{awards.outcomes[project_id]}"
    return [added, announced(project, appeal.round_id, award, cause, corrects)]


def is_above_the_line(
    table: Sequence[RankedProject], decided: DecisionRecorded, limit: int, project_id: str
) -> bool:
    """Whether fewer than `limit` of the projects that were decided on rank better than this one.

    What only the chair's word could part from it does not rank better.
    """
    taking_part = {row.project_id for row in decided.projects}
    better: list[str] = []
    tied: list[str] = []
    for row in table:
        if row.project_id == project_id:
            return len([id for id in better if id in taking_part]) < limit
        tied.append(row.project_id)
        if not row.tied_with_next:
            better, tied = [*better, *tied], []
    return False


def _require_due(
    resolved: AppealResolved,
    round_: Round,
    decided: DecisionRecorded,
    limit: int,
    project_id: str,
) -> RankingComputed:
    ranking = round_.ranking
    if ranking is None or project_id not in {row.project_id for row in decided.projects}:
        raise Refused("conflict", "not-decided-on", "This project took no part in the decision.")
    by_motion = resolved.motion_id is not None
    if not by_motion and not is_above_the_line(ranking.table, decided, limit, project_id):
        raise Refused(
            "conflict",
            "below-the-line",
            "By the corrected ranking it is still below the line; a place takes a motion.",
        )
    return ranking


def _require_eligible(project: HeardProject) -> None:
    if project.status != "eligible":
        raise Refused("conflict", "project-not-eligible", f"The project is {project.status}.")


def _not_published() -> Refused:
    return Refused("conflict", "not-published", "Until the results are out, decide anew.")


def _row(table: Sequence[RankedProject], project_id: str) -> RankedProject:
    return next(row for row in table if row.project_id == project_id)
