"""What the scoring tests begin with: a rubric, projects, evaluations, a ranked round, a panel."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from schemas.base import Localised
from schemas.scoring import (
    AssignmentsDrawn,
    CriterionPoints,
    DrawnProject,
    Member,
    ScoringEvent,
)
from schemas.season import Criterion, Nomination, RoundDefinition, SeasonDefinition
from schemas.submission import Budget, BudgetLine, Organisation, ProjectContent
from services.scoring.domain import assignment, commission, decision, evolution, round, sheets
from services.scoring.domain.awards import Awards
from services.scoring.domain.awards import evolve as evolve_awards
from services.scoring.domain.commission import Commission
from services.scoring.domain.decision import Decision
from services.scoring.domain.evaluation import Evaluation
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.ranking import Candidate, compute_ranking
from services.scoring.domain.round import Round
from tests.submission.given import definition

ROUND, SEASON = "2020-first", "2020"
SUBMITTED = datetime(2020, 3, 3, 4, 5, 6, tzinfo=UTC)
NAME = Localised(kk="Атау", ru="Название", en="Name")


def id_of(*parts: object) -> str:
    """The id of the n-th judge or project."""
    return str(uuid5(NAMESPACE_URL, "/".join(map(str, parts))))


JUDGES = tuple(sorted(id_of("judge", n) for n in range(3)))
PROJECTS = tuple(sorted(id_of("project", n) for n in range(6)))
JUDGE, PROJECT = JUDGES[0], PROJECTS[0]


def criterion(id: str, weight: str, **changes: Any) -> Criterion:
    """A criterion of 0 to 10 in halves."""
    return Criterion(id=id, name=NAME, weight=Decimal(weight), **changes)


def stage(*criteria: Criterion, **changes: Any) -> RoundDefinition:
    """A round with three judges a project, on this rubric."""
    fields: dict[str, Any] = {
        "id": "first",
        "name": NAME,
        "panel": "jury",
        "judges_per_project": 3,
        "minimum_sheets": 1,
        "limit": 3,
        "criteria": criteria or (criterion("idea", "0.6"), criterion("budget", "0.4")),
        "tie_break": ("criterion:idea", "median"),
    }
    return RoundDefinition(**(fields | changes))


def points(**given: str) -> tuple[CriterionPoints, ...]:
    """Points by criterion."""
    return tuple(
        CriterionPoints(criterion=id, points=Decimal(value)) for id, value in given.items()
    )


def project(id: str = PROJECT, *, requested: int = 700, **changes: Any) -> HeardProject:
    """An eligible project that asks for `requested` tiyn."""
    line = BudgetLine(
        title="Сөрелер",
        quantity=1,
        unit_price_tiyn=requested,
        requested_tiyn=requested,
        own_tiyn=0,
    )
    content = ProjectContent(
        title=f"Жоба {id[:4]}",
        summary="Ойдан шығарылған жоба.",
        organisation=Organisation(name="Үлгі ҚҚ", bin="000000000001"),
        nomination=changes.pop("nomination", "environment"),
        goals=(4,),
        region="turkistan",
        settlement_kind="village",
        language="kk",
        budget=Budget(lines=(line,), total_tiyn=requested, requested_tiyn=requested),
    )
    fields: dict[str, Any] = {
        "project_id": id,
        "season_id": SEASON,
        "status": "eligible",
        "version": 1,
        "first_submitted_at": SUBMITTED,
        "content": content,
        "contact_person_id": id_of("contact", id),
        "sequence": 2,
    }
    return HeardProject(**(fields | changes))


def projects(*ids: str, **changes: Any) -> dict[str, HeardProject]:
    """Projects by id."""
    return {id: project(id, **changes) for id in ids or PROJECTS}


# ── Evaluations ──────────────────────────────────────────────────────────────────────────────────


def assigned(project_id: str = PROJECT, judges: Sequence[str] = JUDGES) -> Evaluation:
    """A project given to these judges."""
    events = assignment.assign(
        None, season_id=SEASON, round_id=ROUND, project_id=project_id, judges=judges
    )
    return after(None, events)


def record(
    found: Evaluation | None, judge: str = JUDGE, on: RoundDefinition | None = None, **given: Any
) -> list[ScoringEvent]:
    """What a judge's sheet says; one that takes another's place names it and says why."""
    last = found.last_sheet_of(judge) if found else None
    return sheets.record_score(
        found,
        stage=on or stage(),
        project=project(found.project_id if found else PROJECT),
        judge_id=judge,
        project_version=1,
        points=points(**given),
        reason="Қайта оқыдым" if last else None,
        replaces=found.event_id(last.sequence) if found and last else None,
    )


def scored(found: Evaluation, judge: str = JUDGE, **given: Any) -> Evaluation:
    """The evaluation with this sheet."""
    return after(found, record(found, judge, **given))


def void(found: Evaluation, judge: str = JUDGE) -> Evaluation:
    """The evaluation without the judge's sheet."""
    return after(found, sheets.void_score(found, judge_id=judge, reason="Мүдделер қақтығысы"))


def after(found: Evaluation | None, events: Sequence[ScoringEvent]) -> Evaluation:
    """The evaluation after these events."""
    for event in events:
        found = evolution.evolve(found, event)
    assert found is not None
    return found


# ── Rounds ───────────────────────────────────────────────────────────────────────────────────────


def about(ids: Sequence[str]) -> list[DrawnProject]:
    """Projects as the draw sees them, alike in all but their ids."""
    return [
        DrawnProject(project_id=id, nomination="environment", region="turkistan", language="kk")
        for id in ids
    ]


def drawn(on: RoundDefinition | None = None, ids: Sequence[str] = PROJECTS) -> Round:
    """A round whose judges are drawn."""
    (event,) = round.draw(
        None,
        season_id=SEASON,
        round_id=ROUND,
        stage=on or stage(),
        seed="seed",
        judges=JUDGES,
        about=about(ids),
    )
    assert isinstance(event, AssignmentsDrawn)
    return round.evolve(None, event)


def sealed_evaluations(totals: Mapping[str, str]) -> list[Evaluation]:
    """Sealed evaluations in which one judge gave the same points on every criterion."""
    found = []
    for id, value in totals.items():
        one = scored(assigned(id), idea=value, budget=value)
        found.append(after(one, sheets.seal(one)))
    return found


def ranked(
    totals: Mapping[str, str],
    on: RoundDefinition | None = None,
    known: Mapping[str, HeardProject] | None = None,
) -> Round:
    """A closed round, ranked by these points."""
    definition, known = on or stage(), known or projects(*totals)
    sealed = sealed_evaluations(totals)
    state = drawn(definition, tuple(totals))
    for event in round.close(state, ROUND, sealed):
        state = round.evolve(state, event)
    ranking = compute_ranking(
        state.drawn,
        definition,
        [Candidate(evaluation=one, project=known[one.project_id]) for one in sealed],
    )
    for event in round.record_ranking(state, ranking):
        state = round.evolve(state, event)
    return state


# ── Panels and decisions ─────────────────────────────────────────────────────────────────────────


def panel(size: int = 3) -> Commission:
    """A panel of so many voting members and a secretary."""
    roles = ["chair", *["member"] * (size - 1), "secretary"]
    members = tuple(
        Member.model_validate(
            {"person_id": id_of("member", n), "name": f"Мүше {n}", "post": NAME, "role": role}
        )
        for n, role in enumerate(roles)
    )
    return commission.Commission(season_id=SEASON, panel="jury", members=members)


def voters(size: int = 3) -> list[str]:
    """The voting members' ids."""
    return [member.person_id for member in panel(size).voting]


def decide(
    known: Round,
    on: RoundDefinition | None = None,
    before: Decision | None = None,
    **changes: Any,
) -> list[ScoringEvent]:
    """What a sitting with everybody present says."""
    arguments: dict[str, Any] = {
        "round_": known,
        "stage": on or stage(),
        "season_id": SEASON,
        "commission": panel(),
        "attended": voters(),
        "projects": projects(*known.drawn.projects),
    }
    return decision.decide(before, **(arguments | changes))


def decided(known: Round, on: RoundDefinition | None = None, **changes: Any) -> Decision:
    """The decision of such a sitting."""
    (event,) = decide(known, on, **changes)
    return decision.evolve(None, event)


# ── Awards ───────────────────────────────────────────────────────────────────────────────────────


@cache
def season(funds: int = 1000, **nominations: int) -> SeasonDefinition:
    """The season with these funds, in all and by nomination."""
    parts = nominations or {"environment": funds}
    return definition().model_copy(
        update={
            "funds_tiyn": funds,
            "nominations": tuple(
                Nomination(id=id.replace("_", "-"), name=NAME, funds_tiyn=part)
                for id, part in parts.items()
            ),
        }
    )


def awarded(awards: Awards | None, events: Sequence[ScoringEvent]) -> Awards | None:
    """The awards after these events."""
    for event in events:
        awards = evolve_awards(awards, event)
    return awards
