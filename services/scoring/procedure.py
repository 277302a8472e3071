"""The steps that touch many aggregates: closing, ranking. Each can be repeated safely.

A step that was interrupted half way is finished by asking for it again: what is done already says
nothing, and the step's own event is said last.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from schemas.scoring import ScoringEvent
from schemas.season import PanelDefinition, RoundDefinition
from services.kit.aggregate import CommandKey, Decision, Result
from services.kit.envelope import Context
from services.kit.http import server_now
from services.kit.refusal import Refused
from services.scoring.domain import (
    commission,
    evaluation,
    ranking,
    round,
    sheets,
    shortfall,
    sitting,
)
from services.scoring.domain.base import evaluation_id
from services.scoring.domain.heard import HeardProject, HeardSeason
from services.scoring.store import Judging

AT_ONCE = 16

Found = evaluation.Evaluation | None
Rule = Callable[[Found], list[ScoringEvent]]


class Stage:
    """A round's definition with the season it is part of."""

    def __init__(self, season: HeardSeason, definition: RoundDefinition, round_id: str) -> None:
        self.season = season
        self.definition = definition
        self.round_id = round_id
        self.season_id = season.definition.id

    @property
    def panel(self) -> PanelDefinition:
        """The season's definition of the panel that scores this stage."""
        panels = self.season.definition.panels
        return next(panel for panel in panels if panel.name == self.definition.panel)

    @property
    def is_first(self) -> bool:
        """The first stage takes the eligible projects; a later one what the one before chose."""
        return self.season.definition.rounds[0].id == self.definition.id

    @property
    def is_last(self) -> bool:
        """The last stage's decision proposes awards."""
        return self.season.definition.rounds[-1].id == self.definition.id

    @property
    def after(self) -> str | None:
        """The id of the round after this one, or None."""
        stages = self.season.definition.rounds
        index = [stage.id for stage in stages].index(self.definition.id) + 1
        return self.season.round_id(stages[index].id) if index < len(stages) else None

    @property
    def before(self) -> str:
        """The id of the round before this one."""
        stages = self.season.definition.rounds
        index = [stage.id for stage in stages].index(self.definition.id)
        return self.season.round_id(stages[index - 1].id)


async def find_stage(judging: Judging, round_id: str) -> Stage:
    """The stage behind a round's id; refused as missing when no open season defines it."""
    for season in await judging.seasons.find({}):
        definition = season.stage_of(round_id)
        if definition is not None:
            return Stage(season, definition, round_id)
    raise round.unknown_round(round_id)


async def find_rubric(judging: Judging, round_id: str) -> RoundDefinition:
    """A round's rubric, remembered: it is fixed once its season is open."""
    known = judging.rubrics.get(round_id)
    if known is None:
        known = judging.rubrics[round_id] = (await find_stage(judging, round_id)).definition
    return known


async def find_project(judging: Judging, project_id: str) -> HeardProject:
    """A project as it was heard of; refused as missing when it was not."""
    project = await judging.projects.get(project_id)
    if project is None:
        raise Refused("missing", "unknown-project", f"There is no project {project_id}.")
    return project


async def close_round(
    judging: Judging, stage: Stage, context: Context, key: CommandKey | None
) -> Result[round.Round]:
    """Seal every evaluation, so that late scores are refused, then say RoundClosed."""
    evaluations = await judging.evaluations_of(stage.round_id)
    round.require_finished_draw(
        await judging.rounds.get(stage.round_id), stage.round_id, evaluations
    )
    round.require_sheets(stage.definition, await still_standing(judging, stage, evaluations))
    await each(
        [
            partial(
                change_evaluation,
                judging,
                stage.round_id,
                found.project_id,
                context,
                sheets.seal,
            )
            for found in evaluations
            if not found.sealed
        ]
    )
    sealed = await judging.evaluations_of(stage.round_id)
    return await judging.rounds.execute(
        stage.round_id,
        lambda found: Decision(round.close(found, stage.round_id, sealed)),
        context,
        now=server_now(),
        key=key,
    )


async def closed_round(
    judging: Judging, stage: Stage
) -> tuple[round.Round, list[ranking.Candidate]]:
    """A closed round with what it is ranked from; refused while scores may still come."""
    found = await judging.rounds.get(stage.round_id)
    if found is None:
        raise round.unknown_round(stage.round_id)
    if found.cut is None:
        raise Refused("conflict", "round-open", "Only a closed round can be ranked.")
    evaluations = await judging.evaluations_of(stage.round_id)
    return found, await judging.candidates(evaluations, stage.season_id)


async def rank_round(
    judging: Judging, stage: Stage, reason: str | None, context: Context, key: CommandKey | None
) -> Result[round.Round]:
    """Rank a closed round from its sealed evaluations.

    `reason` is for ranking those that a late void left with too few sheets.
    """
    found, candidates = await closed_round(judging, stage)
    few = shortfall.accept_few_sheets(found, stage.definition, candidates, reason)
    computed = ranking.compute_ranking(found.drawn, stage.definition, candidates, few)
    published = await is_public(judging, stage)
    return await judging.rounds.execute(
        stage.round_id,
        lambda found: Decision(round.record_ranking(found, computed, published=published)),
        context,
        now=server_now(),
        key=key,
    )


async def correct_ranking(
    judging: Judging, stage: Stage, reason: str, context: Context
) -> Result[round.Round]:
    """Rank a published round anew when appeals have voided sheets of it.

    The appeal's reason stands for the projects that this leaves with too few.
    """
    found, candidates = await closed_round(judging, stage)
    evaluations = await judging.evaluations_of(stage.round_id)
    few = shortfall.accept_few_sheets(found, stage.definition, candidates, reason)
    computed = ranking.compute_ranking(found.drawn, stage.definition, candidates, few)
    return await judging.rounds.execute(
        stage.round_id,
        lambda found: Decision(round.correct_ranking(found, computed, evaluations)),
        context,
        now=server_now(),
    )


async def is_on_appeal(judging: Judging, stage: Stage, project_id: str) -> bool:
    """Whether the project came into this round on appeal, possibly after its draw."""
    if stage.is_first or await judging.rounds.get(stage.round_id) is None:
        return False
    before = await judging.decisions.get(stage.before)
    return before is not None and project_id in before.corrected


async def change_evaluation(
    judging: Judging,
    round_id: str,
    project_id: str,
    context: Context,
    rule: Rule,
    key: CommandKey | None = None,
) -> Result[evaluation.Evaluation]:
    """Carry out one rule on one evaluation."""
    return await judging.evaluations.execute(
        evaluation_id(round_id, project_id),
        lambda found: Decision(rule(found)),
        context,
        now=server_now(),
        key=key,
    )


async def find_attendance(
    judging: Judging, stage: Stage, attended: Sequence[str] | None, sitting_id: str | None
) -> Sequence[str]:
    """Who takes part in a decision: those present at its sitting, or those who are named."""
    if sitting_id is None:
        return attended or ()
    return sitting.attended(await judging.sittings.get(sitting_id), stage.round_id)


async def is_public(judging: Judging, stage: Stage) -> bool:
    """A shortlist is public with its decision, the final with the awards."""
    if stage.is_last:
        found = await judging.awards.get(stage.season_id)
        return found is not None and found.published
    decided = await judging.decisions.get(stage.round_id)
    return decided is not None and decided.published


async def find_panel(judging: Judging, stage: Stage) -> commission.Commission:
    """The panel that a stage is scored by; refused while nobody is appointed."""
    name = stage.definition.panel
    panel = await judging.commissions.get(commission.commission_id(stage.season_id, name))
    if panel is None:
        raise Refused("conflict", "panel-not-appointed", f"The {name} is not appointed yet.")
    return panel


async def still_standing(
    judging: Judging, stage: Stage, evaluations: Sequence[evaluation.Evaluation]
) -> list[evaluation.Evaluation]:
    """Those of projects that have not withdrawn."""
    projects = await judging.projects_of(stage.season_id)
    return [found for found in evaluations if projects[found.project_id].status == "eligible"]


async def each(steps: Sequence[Callable[[], Awaitable[object]]]) -> None:
    """Run the steps, some at once; the first error ends them all and is raised."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(step: Callable[[], Awaitable[object]]) -> None:
        async with gate:
            await step()

    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(one(step))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
