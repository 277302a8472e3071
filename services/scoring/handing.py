"""What a judge does with a project, behind both doors: the API and the pages."""

from services.kit.aggregate import Decision
from services.kit.envelope import Context
from services.kit.http import server_now
from services.scoring import messages, procedure, sheet_messages
from services.scoring.domain import assignment, evaluation, sheets, sight
from services.scoring.domain.base import evaluation_id
from services.scoring.store import Judging


async def assignments_of(
    judging: Judging, round_id: str, judge_id: str
) -> list[messages.Assignment]:
    """The projects of a round that a judge has to score."""
    evaluations = await judging.evaluations_of(round_id, judge_id)
    if not evaluations:
        return []
    rubric = await procedure.find_rubric(judging, round_id)
    projects = await judging.projects_of(evaluations[0].season_id)
    return [
        messages.Assignment(
            round_id=round_id,
            project_id=found.project_id,
            title=sight.seen(rubric, projects[found.project_id].content).title,
            nomination=projects[found.project_id].content.nomination,
            project_version=projects[found.project_id].version,
            scored=found.sheet_of(judge_id) is not None,
        )
        for found in evaluations
        if projects[found.project_id].status == "eligible"
    ]


async def project_to_score(
    judging: Judging, round_id: str, project_id: str, judge_id: str
) -> sheet_messages.ProjectToScore:
    """A project as its assigned judge sees it; refused to everybody else."""
    rubric = await procedure.find_rubric(judging, round_id)
    found = await judging.evaluation_of(round_id, project_id)
    found = assignment.require_active(found, judge_id)
    project = await procedure.find_project(judging, project_id)
    own, last = found.sheet_of(judge_id), found.last_sheet_of(judge_id)
    draft = found.drafts.get(judge_id)
    return sheet_messages.ProjectToScore(
        round_id=round_id,
        project_id=project_id,
        project_version=project.version,
        content=sight.seen(rubric, project.content),
        stage=rubric.within(project.content.nomination),
        own_points=own.points if own else None,
        own_sheet=sheet_messages.SheetRecord.of(found, last) if last else None,
        draft=sheet_messages.DraftAnswer.of(draft) if draft else None,
    )


async def hand_in(
    judging: Judging,
    round_id: str,
    project_id: str,
    judge_id: str,
    sheet: sheet_messages.RecordScore,
    context: Context,
) -> evaluation.Evaluation:
    """Hand in a judge's sheet, or change it; the evaluation after that."""
    rubric = await procedure.find_rubric(judging, round_id)
    project = await procedure.find_project(judging, project_id)
    result = await procedure.change_evaluation(
        judging,
        round_id,
        project_id,
        context,
        lambda found: sheets.record_score(
            found,
            stage=rubric,
            project=project,
            judge_id=judge_id,
            project_version=sheet.project_version,
            points=sheet.points,
            comments=sheet.comments,
            reason=sheet.reason,
            replaces=sheet.replaces,
        ),
    )
    return result.state


async def keep_draft(
    judging: Judging,
    round_id: str,
    project_id: str,
    judge_id: str,
    draft: sheet_messages.SaveDraft,
    context: Context,
) -> evaluation.Evaluation:
    """Keep what a judge has of a sheet so far; no event says it."""
    rubric = await procedure.find_rubric(judging, round_id)
    project = await procedure.find_project(judging, project_id)
    result = await judging.evaluations.execute(
        evaluation_id(round_id, project_id),
        lambda found: Decision(
            draft=sheets.save_draft(
                found,
                stage=rubric,
                project=project,
                judge_id=judge_id,
                draft=draft.draft(),
                replaces=draft.replaces,
            )
        ),
        context,
        now=server_now(),
    )
    return result.state
