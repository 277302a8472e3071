"""The HTTP API of explanations: why a project has its rank."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query

from schemas.base import UUID_PATTERN, Language
from services.kit.access import Access
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.scoring import examples, procedure
from services.scoring.domain.explained import Explanation, for_applicant
from services.scoring.domain.explanation import explain
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.ranking import Candidate
from services.scoring.explaining import ExplainedLine, lines_of
from services.scoring.procedure import Stage
from services.scoring.store import Judging
from services.scoring.wording import preferred

RoundId = Annotated[str, Path(examples=[examples.ROUND])]
ProjectId = Annotated[str, Path(pattern=UUID_PATTERN, examples=[examples.PROJECT])]
Lang = Annotated[
    Language | None, Query(description="The language of the lines; else Accept-Language, else kk.")
]
AsPublished = Annotated[
    bool, Query(description="The ranking that was published first, before an appeal corrected it.")
]
AcceptLanguage = Annotated[str, Header()]


class ExplanationAnswer(Explanation):
    """The numbers, and the same in words; the applicant is not told who judged."""

    model_config = examples.of_answer(examples.EXPLANATION)
    language: Language
    lines: tuple[ExplainedLine, ...]


def routes(judging: Judging, access: Access) -> APIRouter:
    """The endpoint; it says and stores nothing."""
    router = APIRouter(prefix="/evaluations", tags=["explanations"])
    Reader = Annotated[Caller, Depends(access.require("applicant", "secretary", "admin"))]

    @router.get(
        "/{round_id}/{project_id}/explanation",
        summary="Why a project has its rank; to its applicant once the results are out",
    )
    async def read(
        round_id: RoundId,
        project_id: ProjectId,
        caller: Reader,
        lang: Lang = None,
        as_published: AsPublished = False,
        accept_language: AcceptLanguage = "",
    ) -> ExplanationAnswer:
        stage = await procedure.find_stage(judging, round_id)
        await require_reader(judging, stage, project_id, caller)
        whole = await explained(judging, stage, project_id, as_published=as_published)
        names: dict[str, str] = {}
        if caller.role == "applicant":
            whole = for_applicant(whole)
        else:
            panel = await procedure.find_panel(judging, stage)
            names = {member.person_id: member.name for member in panel.members}
        language = lang or preferred(accept_language)
        lines = lines_of(whole, stage.definition, language, names)
        return ExplanationAnswer(**dict(whole), language=language, lines=lines)

    return router


async def explained(
    judging: Judging, stage: Stage, project_id: str, *, as_published: bool = False
) -> Explanation:
    """The explanation as the staff sees it."""
    found = await judging.rounds.get(stage.round_id)
    projects = await judging.projects_of(stage.season_id)
    evaluations = await judging.evaluations_of(stage.round_id)
    return explain(
        project_id,
        stage=stage.definition,
        round_=found.as_published if found and as_published else found,
        round_id=stage.round_id,
        candidates=[
            Candidate(evaluation=one, project=projects[one.project_id]) for one in evaluations
        ],
        decision=await judging.decisions.get(stage.round_id),
    )


async def require_reader(
    judging: Judging, stage: Stage, project_id: str, caller: Caller
) -> HeardProject:
    """The project; refused to an applicant of another one, and before the results to any."""
    project = await judging.projects.get(project_id)
    if project is None or project.season_id != stage.season_id:
        raise Refused("missing", "unknown-project", f"There is no project {project_id}.")
    if caller.role == "applicant":
        if project.applicant != caller.subject:
            raise Refused("forbidden", "not-your-project", "This project belongs to somebody else.")
        if not await procedure.is_public(judging, stage):
            raise Refused("forbidden", "under-embargo", "The results are not published yet.")
    return project
