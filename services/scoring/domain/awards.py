"""The season's awards, all in one aggregate, so that the funds hold by construction."""

from collections.abc import Mapping
from datetime import datetime

from schemas.base import Moment, Slug, Tiyn, Uuid
from schemas.scoring import (
    AwardAdded,
    AwardConfirmed,
    AwardDeclined,
    BudgetRevised,
    ProjectNotAwarded,
    ResultsPublished,
    ScoringEvent,
    WinnerAnnounced,
)
from schemas.season import SeasonDefinition
from services.kit.refusal import Refused
from services.scoring.domain.base import State
from services.scoring.domain.budgets import Revision, defended_tiyn, revisions_after
from services.scoring.domain.decision import Decision, outcome_fields
from services.scoring.domain.heard import HeardProject

WITHDRAWN = "The applicant withdrew the project."


class Award(State):
    """What a project is to get."""

    project_id: Uuid
    nomination: Slug
    amount_tiyn: Tiyn


class Vacancy(State):
    """An award that fell away: after the results the next of the reserve may take its place."""

    nomination: Slug
    amount_tiyn: Tiyn
    sequence: int
    """That of its AwardDeclined."""
    taken_by: Uuid | None = None


class Awards(State):
    """Every award of the season, confirmed and not declined."""

    season_id: Slug
    awards: Mapping[str, Award] = {}
    vacancies: Mapping[str, Vacancy] = {}
    """By the project whose award fell away."""
    revisions: Mapping[str, tuple[Revision, ...]] = {}
    """How the finalists' budgets were revised, by project: here, so that no award exceeds its
    budget whichever of the two comes first."""
    published: bool = False
    published_at: Moment | None = None
    appeals_until: Moment | None = None
    outcomes: Mapping[str, int] = {}
    """Finalists without an award, and the sequence of the event that told them."""
    said: int = 0

    @property
    def origin(self) -> str:
        """How event ids name this aggregate."""
        return f"scoring/awards/{self.season_id}"

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
    require_within_budget(awards, project, amount_tiyn)
    award = Award(
        project_id=project.project_id,
        nomination=project.content.nomination,
        amount_tiyn=amount_tiyn,
    )
    require_within_funds(awards, season, award)
    if awards is not None and awards.awards.get(project.project_id) == award:
        return []
    return [AwardConfirmed(season_id=season.id, **award.model_dump())]


def decline(awards: Awards | None, project_id: str, reason: str) -> list[ScoringEvent]:
    """Free a project's award; without one, nothing is said."""
    award = awards.awards.get(project_id) if awards else None
    if awards is None or award is None:
        return []
    return [AwardDeclined(season_id=awards.season_id, reason=reason, **award.model_dump())]


def give_back(awards: Awards | None, project_id: str, reason: str) -> list[ScoringEvent]:
    """Decline an award by a word of its applicant or the secretary; again says nothing."""
    if awards is None or project_id not in {*awards.awards, *awards.vacancies}:
        raise Refused("missing", "no-award", "This project has no award.")
    return decline(awards, project_id, reason)


def publish(
    awards: Awards | None,
    *,
    season: SeasonDefinition,
    round_id: str,
    decision: Decision | None,
    projects: Mapping[str, HeardProject],
    at: datetime | None = None,
    appeals_until: Moment | None = None,
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
            appeals_until=appeals_until,
        )
    )
    places = {id: place for place, id in enumerate(decision.reserve, start=1)}
    for project in standing:
        common = outcome_fields(project, round_id)
        award = awards.awards.get(project.project_id)
        if award is None:
            place = places.get(project.project_id)
            events.append(ProjectNotAwarded.model_validate(common | {"reserve": place}))
            continue
        events.append(announced(project, round_id, award))
    return events


def announced(
    project: HeardProject,
    round_id: str,
    award: Award,
    cause: str | None = None,
    corrects: str | None = None,
) -> WinnerAnnounced:
    """The announcement of an award; `cause` is what led to it after the results."""
    winner = {
        "organisation": project.content.organisation.name,
        "region": project.content.region,
        "amount_tiyn": award.amount_tiyn,
        "cause": cause,
        "corrects": corrects,
    }
    return WinnerAnnounced.model_validate(outcome_fields(project, round_id) | winner)


def evolve(awards: Awards | None, event: ScoringEvent) -> Awards:
    """The awards after an event of their own."""
    if isinstance(event, AwardConfirmed | BudgetRevised) and awards is None:
        awards = Awards(season_id=event.season_id)
    if awards is None:
        raise ValueError("awards begin with AwardConfirmed or BudgetRevised")
    said = awards.said + 1
    return awards.model_copy(update={**_change(awards, event, said), "said": said})


def _change(awards: Awards, event: ScoringEvent, said: int) -> dict[str, object]:
    match event:
        case AwardConfirmed() | AwardAdded():
            award = Award(
                project_id=event.project_id,
                nomination=event.nomination,
                amount_tiyn=event.amount_tiyn,
            )
            return {
                "awards": {**awards.awards, event.project_id: award},
                "vacancies": _vacancies_after(awards, event),
            }
        case AwardDeclined():
            left = {id: award for id, award in awards.awards.items() if id != event.project_id}
            vacancy = Vacancy(
                nomination=event.nomination, amount_tiyn=event.amount_tiyn, sequence=said
            )
            return {"awards": left, "vacancies": {**awards.vacancies, event.project_id: vacancy}}
        case BudgetRevised():
            return {"revisions": revisions_after(awards.revisions, event)}
        case ResultsPublished():
            return {
                "published": True,
                "published_at": event.published_at,
                "appeals_until": event.appeals_until,
            }
        case ProjectNotAwarded():
            return {"outcomes": {**awards.outcomes, event.project_id: said}}
        case WinnerAnnounced():
            return {}
    raise ValueError(f"awards do not say {type(event).__name__}")


def _vacancies_after(awards: Awards, event: AwardConfirmed | AwardAdded) -> dict[str, Vacancy]:
    """Who is awarded again leaves no place; who moves up takes the place of its cause."""
    left = {id: found for id, found in awards.vacancies.items() if id != event.project_id}
    if isinstance(event, AwardAdded):
        for id, found in left.items():
            if event.cause == f"{awards.origin}:{found.sequence}":
                left[id] = found.model_copy(update={"taken_by": event.project_id})
    return left


def require_within_budget(awards: Awards | None, project: HeardProject, amount_tiyn: int) -> None:
    """Refuse an award of nothing, or of more than the project's defended budget asks for."""
    budget = defended_tiyn(awards.revisions if awards else {}, project)
    if not 0 < amount_tiyn <= budget:
        raise Refused(
            "conflict",
            "award-over-budget",
            f"The award must be above 0 and at most the {budget} tiyn of the defended budget.",
        )


def require_within_funds(awards: Awards | None, season: SeasonDefinition, award: Award) -> None:
    """Refuse an award that, beside all others, exceeds the season's or its nomination's funds."""
    others = [
        other for id, other in (awards.awards if awards else {}).items() if id != award.project_id
    ]
    _within("season-funds", season.funds_tiyn, others, award.amount_tiyn)
    part = next(found for found in season.nominations if found.id == award.nomination)
    same = [other for other in others if other.nomination == award.nomination]
    _within("nomination-funds", part.funds_tiyn, same, award.amount_tiyn)


def _within(rule: str, funds: int, others: list[Award], amount: int) -> None:
    taken = sum(award.amount_tiyn for award in others)
    if taken + amount > funds:
        raise Refused(
            "conflict",
            f"over-{rule}",
            f"{taken} of {funds} tiyn are awarded; {amount} more do not fit.",
        )
