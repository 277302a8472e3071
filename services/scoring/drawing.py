"""Drawing the judges of a round: the draw is said first, then each project is given to its judges.

A draw that was interrupted half way is finished by asking for it again.
"""

from collections.abc import Sequence
from functools import partial

from schemas.scoring import DrawnProject, JudgeTerms
from services.kit.aggregate import CommandKey, Decision, Result
from services.kit.envelope import Context
from services.kit.http import server_now
from services.kit.refusal import Refused
from services.scoring import conflicts
from services.scoring.domain import assignment, draw, round
from services.scoring.procedure import (
    Stage,
    change_evaluation,
    each,
    find_panel,
)
from services.scoring.store import Judging


async def draw_judges(
    judging: Judging,
    stage: Stage,
    seed: str,
    terms: Sequence[JudgeTerms],
    context: Context,
    key: CommandKey | None,
) -> Result[round.Round]:
    """Draw the judges of a round, then assign every project as the draw says.

    Conflicts that can be detected are declared first, and the draw respects all that are known.
    """
    panel = await find_panel(judging, stage)
    about: list[DrawnProject] = []
    if await judging.rounds.get(stage.round_id) is None:
        ids = await _projects_to_score(judging, stage)
        about = await conflicts.projects_to_draw(judging, stage.round_id, panel, ids, context)
    now = server_now()
    result = await judging.rounds.execute(
        stage.round_id,
        lambda found: Decision(
            round.draw(
                found,
                season_id=stage.season_id,
                round_id=stage.round_id,
                stage=stage.definition,
                seed=seed,
                judges=[member.person_id for member in panel.voting],
                about=about,
                terms=terms,
            )
        ),
        context,
        now=now,
        key=key,
    )

    async def assign(project_id: str, judges: Sequence[str]) -> None:
        await change_evaluation(
            judging,
            stage.round_id,
            project_id,
            context,
            lambda found: assignment.assign(
                found,
                season_id=stage.season_id,
                round_id=stage.round_id,
                project_id=project_id,
                judges=judges,
            ),
        )

    drawn = draw.assignments(result.state.drawn)
    await each([partial(assign, project_id, judges) for project_id, judges in drawn.items()])
    return result


async def _projects_to_score(judging: Judging, stage: Stage) -> list[str]:
    projects = await judging.projects_of(stage.season_id)
    if stage.is_first:
        if stage.season.closed_at is None:
            raise Refused(
                "conflict", "season-open", "The call must be closed before judges are drawn."
            )
        if len(projects) < stage.season.submitted:
            raise Refused(
                "conflict",
                "not-heard-yet",
                f"Scoring has heard of {len(projects)} of {stage.season.submitted} projects so "
                "far; please try again in a moment.",
            )
        unscreened = [id for id, found in projects.items() if found.status == "submitted"]
        if unscreened:
            raise Refused(
                "conflict",
                "not-screened",
                f"{len(unscreened)} projects are not screened yet: {', '.join(unscreened[:5])}",
            )
        return [id for id, found in projects.items() if found.status == "eligible"]
    before = await judging.decisions.get(stage.before)
    if before is None or not before.published:
        raise Refused("conflict", "not-published", "The round before must be published first.")
    return [id for id in before.chosen if projects[id].status == "eligible"]
