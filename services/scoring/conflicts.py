"""Detecting conflicts from what is on record, and what the draw has to know of each project."""

import re
from collections.abc import Sequence

from schemas.scoring import ConflictGround, DrawnProject, Member
from services.kit.aggregate import Decision
from services.kit.envelope import Context
from services.kit.http import server_now
from services.scoring.domain import conflict
from services.scoring.domain.base import evaluation_id
from services.scoring.domain.commission import Commission
from services.scoring.domain.heard import HeardProject
from services.scoring.store import Judging


def ground_of(member: Member, project: HeardProject) -> ConflictGround | None:
    """Why a member may not judge a project, as far as it can be seen; None when nothing is seen.

    The same person, or the same organisation: by its number, or by its name whatever the
    quotation marks, the spaces and the case; or an organisation that the member is related to, as
    the panel's appointment states.
    """
    organisation = project.content.organisation
    if member.person_id == project.contact_person_id:
        return "same-person"
    if member.bin is not None and member.bin == organisation.bin:
        return "organisation"
    if organisation.bin in (member.related_bins or ()):
        return "other"
    if member.organisation and _plain(member.organisation) == _plain(organisation.name):
        return "organisation"
    return None


async def projects_to_draw(
    judging: Judging,
    round_id: str,
    panel: Commission,
    project_ids: Sequence[str],
    context: Context,
) -> list[DrawnProject]:
    """What the draw takes into account of these projects, after detecting conflicts."""
    projects = await judging.projects_of(panel.season_id)
    wanted = [projects[id] for id in project_ids]
    await detect(judging, round_id, panel, wanted, context)
    known = {one.project_id: one for one in await judging.conflicts_of(round_id)}
    return [
        DrawnProject(
            project_id=project.project_id,
            nomination=project.content.nomination,
            region=project.content.region,
            language=project.content.language,
            barred=tuple(
                judge
                for judge in sorted(known[project.project_id].conflicts)
                if known[project.project_id].barred(judge)
            )
            if project.project_id in known
            else (),
        )
        for project in wanted
    ]


async def detect(
    judging: Judging,
    round_id: str,
    panel: Commission,
    projects: Sequence[HeardProject],
    context: Context,
) -> list[tuple[str, str]]:
    """Declare what can be seen; says (project, judge) of each that was not known before."""
    fresh = []
    for project in projects:
        for member in panel.voting:
            ground = ground_of(member, project)
            if ground is None:
                continue
            case = conflict.Case(panel.season_id, round_id, project.project_id, member.person_id)
            result = await judging.evaluations.execute(
                evaluation_id(round_id, project.project_id),
                lambda found, case=case, ground=ground: Decision(  # type: ignore[misc]
                    conflict.declare(found, case, ground, "detected")
                ),
                context,
                now=server_now(),
            )
            if result.event_ids:
                fresh.append((project.project_id, member.person_id))
    return fresh


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[«»\"“”„'‘’]", " ", name).casefold().split())
