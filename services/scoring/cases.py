"""A judge and a project in a round, as conflicts, replacements and pitches are about."""

from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring.domain.conflict import Case
from services.scoring.domain.heard import HeardProject
from services.scoring.procedure import Stage, find_panel, is_public
from services.scoring.store import Judging


async def case_of(judging: Judging, stage: Stage, project_id: str, judge_id: str) -> Case:
    """The judge and the project; refused when either has nothing to do with the round."""
    panel = await find_panel(judging, stage)
    if judge_id not in {member.person_id for member in panel.voting}:
        raise Refused("missing", "not-on-the-panel", "This person does not judge here.")
    await project_of(judging, stage, project_id)
    published = await is_public(judging, stage)
    return Case(stage.season_id, stage.round_id, project_id, judge_id, published)


async def project_of(judging: Judging, stage: Stage, project_id: str) -> HeardProject:
    """The project; refused when the round's season has none by this id."""
    project = await judging.projects.get(project_id)
    if project is None or project.season_id != stage.season_id:
        raise Refused("missing", "unknown-project", f"There is no project {project_id}.")
    return project


async def project_for(
    judging: Judging, stage: Stage, project_id: str, caller: Caller
) -> HeardProject:
    """The same; an applicant is refused all but the own, whether or not they are there."""
    if caller.role == "applicant":
        own = await judging.projects.get(project_id)
        if own is None or own.applicant != caller.subject:
            raise Refused("forbidden", "not-your-project", "This is not a project of yours.")
    return await project_of(judging, stage, project_id)


async def require_member(judging: Judging, stage: Stage, person_id: str) -> None:
    """Refuse whoever does not judge on the round's panel."""
    panel = await find_panel(judging, stage)
    if person_id not in {member.person_id for member in panel.voting}:
        raise Refused("forbidden", "not-on-the-panel", "This is for the panel of the round.")
