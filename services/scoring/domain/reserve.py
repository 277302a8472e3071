"""The reserve: who moves up when an award falls away after the results.

In the place of an award that fell away comes the next of the reserve in the same nomination; when
there is none, the next at all. Passed over is who withdrew, who declined an award, and whose
nomination has nothing left. Each place is taken once.
"""

from collections.abc import Callable, Mapping, Sequence

from schemas.scoring import AwardAdded, ScoringEvent
from schemas.season import SeasonDefinition
from services.kit.refusal import Refused
from services.scoring.domain.awards import (
    Award,
    Awards,
    Vacancy,
    announced,
    require_within_budget,
    require_within_funds,
)
from services.scoring.domain.decision import Decision
from services.scoring.domain.heard import HeardProject


def promote(
    awards: Awards | None,
    *,
    season: SeasonDefinition,
    round_id: str,
    decision: Decision,
    projects: Mapping[str, HeardProject],
    project_id: str,
    in_place_of: str,
    amount_tiyn: int,
) -> list[ScoringEvent]:
    """Award the next of the reserve, and announce it at once; the same again says nothing."""
    found = require_published(awards)
    vacancy = found.vacancies.get(in_place_of)
    if vacancy is None:
        raise Refused("missing", "no-vacancy", f"No award of project {in_place_of} fell away.")
    if vacancy.taken_by is not None:
        award = found.awards.get(project_id)
        if vacancy.taken_by == project_id and award and award.amount_tiyn == amount_tiyn:
            return []
        raise Refused("conflict", "place-taken", f"Project {vacancy.taken_by} took this place.")
    due = next_up(found, season, decision, projects, vacancy)
    if due is None:
        raise Refused("conflict", "reserve-exhausted", "Nobody in the reserve can move up.")
    if project_id != due:
        raise Refused("conflict", "not-next", f"Project {due} is the next of the reserve.")
    project = projects[project_id]
    require_within_budget(found, project, amount_tiyn)
    award = Award(
        project_id=project_id, nomination=project.content.nomination, amount_tiyn=amount_tiyn
    )
    require_within_funds(found, season, award)
    cause = f"{found.origin}:{vacancy.sequence}"
    heard = {projects[id].origin: projects[id].sequence for id in sorted(decision.reserve)}
    added = AwardAdded(season_id=season.id, cause=cause, heard=heard, **award.model_dump())
    return [added, announced(project, round_id, award, cause)]


def next_up(
    awards: Awards,
    season: SeasonDefinition,
    decision: Decision,
    projects: Mapping[str, HeardProject],
    vacancy: Vacancy,
) -> str | None:
    """Who of the reserve takes this place; None when nobody can."""
    standing = {
        id: projects[id].content.nomination
        for id in decision.reserve
        if projects[id].status == "eligible" and id not in {*awards.awards, *awards.vacancies}
    }
    return next_of(
        decision.reserve, standing, vacancy.nomination, lambda part: room(awards, season, part)
    )


def next_of(
    reserve: Sequence[str],
    standing: Mapping[str, str],
    nomination: str,
    room: Callable[[str], int],
) -> str | None:
    """The rule of order. `standing` has the nomination of each project that can move up."""
    free = [id for id in reserve if id in standing and room(standing[id]) > 0]
    same = [id for id in free if standing[id] == nomination]
    return next(iter((*same, *free)), None)


def room(awards: Awards, season: SeasonDefinition, nomination: str) -> int:
    """What can still be awarded in a nomination, within its funds and the season's."""
    part = next(found.funds_tiyn for found in season.nominations if found.id == nomination)
    taken = sum(
        award.amount_tiyn for award in awards.awards.values() if award.nomination == nomination
    )
    return min(part - taken, season.funds_tiyn - awards.awarded_tiyn)


def require_published(awards: Awards | None) -> Awards:
    """Refuse before the results: until then the awards are confirmed anew."""
    if awards is None or not awards.published:
        raise Refused(
            "conflict", "not-published", "The reserve moves up only after the results are out."
        )
    return awards
