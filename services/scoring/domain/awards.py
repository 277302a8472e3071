"""The season's awards, all in one aggregate, so that the funds hold by construction."""

from collections.abc import Mapping
from datetime import datetime

from schemas.base import Moment, Slug, Tiyn, Uuid
from schemas.scoring import (
    AwardConfirmed,
    AwardDeclined,
    ProjectNotAwarded,
    ResultsPublished,
    ScoringEvent,
    WinnerAnnounced,
)
from schemas.season import SeasonDefinition
from services.kit.refusal import Refused
from services.scoring.domain.base import State
from services.scoring.domain.decision import Decision, outcome_fields
from services.scoring.domain.heard import HeardProject

WITHDRAWN = "The applicant withdrew the project."


class Award(State):
    """What a project is to get."""

    project_id: Uuid
    nomination: Slug
    amount_tiyn: Tiyn


class Awards(State):
    """Every award of the season, confirmed and not declined."""

    season_id: Slug
    awards: Mapping[str, Award] = {}
    published: bool = False
    published_at: Moment | None = None

    @property
    def awarded_tiyn(self) -> int:
        """The sum of all awards."""
        return sum(award.amount_tiyn for award in self.awards.values())


def confirm(
    awards: Awards | None,
    *,
    season: SeasonDefinition,
    decision: Decision | None,
    project: HeardProject,
    amount_tiyn: int,
) -> list[ScoringEvent]:
    """Confirm an award within the budget and the funds; the same again says nothing."""
    if awards is not None and awards.published:
        raise Refused("conflict", "already-published", "The awards are published and stand.")
    if decision is None or project.project_id not in decision.chosen:
        raise Refused("conflict", "not-chosen", "The final did not choose this project.")
    if project.status != "eligible":
        raise Refused("conflict", "project-not-eligible", f"The project is {project.status}.")
    budget = project.content.budget.requested_tiyn
    if not 0 < amount_tiyn <= budget:
        raise Refused(
            "conflict",
            "award-over-budget",
            f"The award must be above 0 and at most the {budget} tiyn of the defended budget.",
        )
    others = [
        award for id, award in (awards.awards if awards else {}).items() if id != project.project_id
    ]
    nomination = project.content.nomination
    _within("season-funds", season.funds_tiyn, others, amount_tiyn)
    part = next(found for found in season.nominations if found.id == nomination)
    same = [award for award in others if award.nomination == nomination]
    _within("nomination-funds", part.funds_tiyn, same, amount_tiyn)
    award = Award(project_id=project.project_id, nomination=nomination, amount_tiyn=amount_tiyn)
    if awards is not None and awards.awards.get(project.project_id) == award:
        return []
    return [AwardConfirmed(season_id=season.id, **award.model_dump())]


def decline(awards: Awards | None, project_id: str, reason: str) -> list[ScoringEvent]:
    """Free a project's award; without one, nothing is said."""
    award = awards.awards.get(project_id) if awards else None
    if awards is None or award is None:
        return []
    return [AwardDeclined(season_id=awards.season_id, reason=reason, **award.model_dump())]


def publish(
    awards: Awards | None,
    *,
    season: SeasonDefinition,
    round_id: str,
    decision: Decision | None,
    projects: Mapping[str, HeardProject],
    at: datetime | None = None,
) -> list[ScoringEvent]:
    """Lift the embargo, then announce each winner and each finalist without an award.

    An award of a project that has withdrawn falls away before that.
    """
    if awards is not None and awards.published:
        return []
    standing = [
        projects[row.project_id]
        for row in (decision.recorded.projects if decision else ())
        if projects[row.project_id].status == "eligible"
    ]
    winners = [project for project in standing if awards and project.project_id in awards.awards]
    if decision is None or awards is None or not winners:
        raise Refused("conflict", "not-decided", "The final is not decided, or nothing is awarded.")
    if outside := {found.project_id for found in winners} - set(decision.chosen):
        raise Refused(
            "conflict",
            "not-chosen",
            "The final was decided anew and no longer chooses: " + ", ".join(sorted(outside)),
        )
    events: list[ScoringEvent] = [
        event
        for id in sorted(set(awards.awards) - {found.project_id for found in winners})
        for event in decline(awards, id, WITHDRAWN)
    ]
    events.append(
        ResultsPublished(
            season_id=season.id,
            round_id=round_id,
            chosen=len(winners),
            not_chosen=len(standing) - len(winners),
            published_at=at,
        )
    )
    for project in standing:
        common = outcome_fields(project, round_id)
        award = awards.awards.get(project.project_id)
        if award is None:
            events.append(ProjectNotAwarded.model_validate(common))
            continue
        winner = {
            "organisation": project.content.organisation.name,
            "region": project.content.region,
            "amount_tiyn": award.amount_tiyn,
        }
        events.append(WinnerAnnounced.model_validate(common | winner))
    return events


def evolve(awards: Awards | None, event: ScoringEvent) -> Awards:
    """The awards after an event of their own."""
    match event:
        case AwardConfirmed():
            base = awards or Awards(season_id=event.season_id)
            award = Award(
                project_id=event.project_id,
                nomination=event.nomination,
                amount_tiyn=event.amount_tiyn,
            )
            return base.model_copy(update={"awards": {**base.awards, event.project_id: award}})
        case AwardDeclined() if awards is not None:
            left = {id: award for id, award in awards.awards.items() if id != event.project_id}
            return awards.model_copy(update={"awards": left})
        case ResultsPublished() if awards is not None:
            return awards.model_copy(update={"published": True, "published_at": event.published_at})
        case WinnerAnnounced() | ProjectNotAwarded() if awards is not None:
            return awards
    raise ValueError(f"awards do not say {type(event).__name__}")


def _within(rule: str, funds: int, others: list[Award], amount: int) -> None:
    taken = sum(award.amount_tiyn for award in others)
    if taken + amount > funds:
        raise Refused(
            "conflict",
            f"over-{rule}",
            f"{taken} of {funds} tiyn are awarded; {amount} more do not fit.",
        )
