"""What other rules would have chosen, side by side. Pure; nothing is said or stored."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from schemas.base import Line, Points, SignedPoints, Slug, Tiyn, Uuid
from schemas.season import Aggregation, Criterion, Normalisation, RoundDefinition
from services.kit.refusal import Fault
from services.scoring.domain.base import State, invalid
from services.scoring.domain.budgets import Revisions, defended_tiyn
from services.scoring.domain.ranking import Candidate, ranked_ids, shown, tally


class Scenario(State):
    """Rules that differ from the round's; what is not named stays as it is."""

    name: Line
    limit: Annotated[int, Field(ge=1, le=50)] | None = None
    threshold: Points | None = None
    """Projects whose total is below this are not chosen."""
    weights: Mapping[Slug, Points] | None = None
    """New weights of all criteria of the round; they must add up to 1.

    A nomination that has a rubric of its own keeps it.
    """
    aggregation: Aggregation | None = None
    normalisation: Normalisation | None = None
    without_normalisation: bool = False
    funds_tiyn: Mapping[Slug, Tiyn] | None = None
    """Funds by nomination: projects get their defended budget, best first, while funds last."""


class ScenarioRow(State):
    """One chosen project."""

    project_id: Uuid
    rank: int
    total: SignedPoints
    amount_tiyn: int | None


class ScenarioResult(State):
    """What a scenario chooses, and what that changes."""

    name: Line
    chosen: tuple[ScenarioRow, ...]
    comes_in: tuple[Uuid, ...]
    falls_out: tuple[Uuid, ...]
    funds_left_tiyn: Mapping[Slug, int] | None


def compare(
    scenarios: Sequence[Scenario],
    *,
    stage: RoundDefinition,
    seed: str,
    candidates: Sequence[Candidate],
    revisions: Revisions | None = None,
) -> tuple[ScenarioResult, ...]:
    """The round's own rules first, then each scenario against them.

    `revisions` are those of the budgets; without any, projects get what they asked for first.
    """
    asked = {
        one.project.project_id: defended_tiyn(revisions or {}, one.project) for one in candidates
    }
    own = Scenario(name="The round's own rules")
    base = _play(own, stage, seed, candidates, asked, None)
    before = tuple(row.project_id for row in base.chosen)
    return (base, *(_play(one, stage, seed, candidates, asked, before) for one in scenarios))


def _play(
    scenario: Scenario,
    stage: RoundDefinition,
    seed: str,
    candidates: Sequence[Candidate],
    asked: Mapping[str, int],
    before: Sequence[str] | None,
) -> ScenarioResult:
    rules = _rules(scenario, stage)
    tallied = tally(rules, [one.entrant for one in candidates])
    total = {
        one.project_id: tallied.counting[number] for number, one in enumerate(tallied.entrants)
    }
    projects = {one.project.project_id: one.project.content for one in candidates}
    scored = {one.project_id for one in tallied.entrants if one.sheets}
    left = dict(scenario.funds_tiyn) if scenario.funds_tiyn is not None else None
    rows: list[ScenarioRow] = []
    for rank, id in enumerate(ranked_ids(tallied, rules, seed), start=1):
        if len(rows) == rules.limit or id not in scored or total[id] < _threshold(scenario):
            break
        amount = None
        if left is not None:
            amount = asked[id]
            nomination = projects[id].nomination
            if amount > left.get(nomination, 0):
                continue
            left[nomination] -= amount
        rows.append(
            ScenarioRow(project_id=id, rank=rank, total=shown(total[id]), amount_tiyn=amount)
        )
    now = [row.project_id for row in rows]
    before = now if before is None else before
    return ScenarioResult(
        name=scenario.name,
        chosen=tuple(rows),
        comes_in=tuple(id for id in now if id not in before),
        falls_out=tuple(id for id in before if id not in now),
        funds_left_tiyn=left,
    )


def _threshold(scenario: Scenario) -> Fraction:
    """Below every total there can be when there is none: normalised totals may be negative."""
    return Fraction(Decimal(-(10**9)) if scenario.threshold is None else scenario.threshold)


def _rules(scenario: Scenario, stage: RoundDefinition) -> RoundDefinition:
    change: dict[str, object] = {}
    if scenario.limit is not None:
        change["limit"] = scenario.limit
    if scenario.aggregation is not None:
        change["aggregation"] = scenario.aggregation
    if scenario.normalisation is not None or scenario.without_normalisation:
        change["normalisation"] = scenario.normalisation
    if scenario.weights is not None:
        change["criteria"] = _reweighted(scenario.weights, stage.criteria)
    return stage.model_copy(update=change)


def _reweighted(
    weights: Mapping[str, Decimal], criteria: Sequence[Criterion]
) -> tuple[Criterion, ...]:
    faults = []
    ids = {criterion.id for criterion in criteria}
    if set(weights) != ids:
        faults.append(Fault("weights", f"must name all of: {', '.join(sorted(ids))}"))
    elif sum(weights.values()) != 1 or min(weights.values()) <= 0:
        faults.append(Fault("weights", "must be above 0 and add up to 1"))
    if faults:
        raise invalid("scenario-invalid", faults)
    return tuple(
        criterion.model_copy(update={"weight": weights[criterion.id]}) for criterion in criteria
    )
