"""The HTTP API of seasons and projects."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from schemas.base import UUID_PATTERN, Slug
from schemas.season import SeasonDefinition
from services.kit.access import Access, command_key
from services.kit.aggregate import CommandKey, Decision
from services.kit.http import context_of, server_now
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.submission import domain, messages
from services.submission.season_file import parse_season
from services.submission.store import ProjectQuery, Submissions, person_record

ProjectId = Annotated[str, Path(pattern=UUID_PATTERN, examples=[messages.EXAMPLE_PROJECT])]
Key = Annotated[CommandKey | None, Depends(command_key)]


def routes(submissions: Submissions, access: Access) -> APIRouter:
    """All endpoints; who may call each is said in its signature."""
    router = APIRouter()
    router.include_router(_seasons(submissions, access))
    router.include_router(_applying(submissions, access))
    router.include_router(_screening(submissions, access))
    router.include_router(_project_reads(submissions, access))
    return router


def _seasons(submissions: Submissions, access: Access) -> APIRouter:
    router = APIRouter(prefix="/seasons", tags=["seasons"])
    Admin = Annotated[Caller, Depends(access.require("admin"))]

    @router.put(
        "/{season_id}",
        summary="Open a season from its YAML (or JSON) definition",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/yaml": {"schema": {"type": "string"}},
                    "application/json": {"schema": {"type": "object"}},
                },
            }
        },
    )
    async def open_season(
        season_id: Annotated[str, Path(examples=["2020"])], request: Request, caller: Admin
    ) -> domain.Season:
        try:
            text = (await request.body()).decode()
        except UnicodeDecodeError:
            raise Refused("invalid", "season-invalid", "The file is not UTF-8 text.") from None
        definition = parse_season(text)
        if definition.id != season_id:
            raise Refused(
                "invalid",
                "season-invalid",
                f"The file defines season {definition.id!r}, the address says {season_id!r}.",
            )
        result = await submissions.seasons.execute(
            season_id,
            lambda season: Decision(domain.open_season(season, definition)),
            context_of(request, caller),
            now=server_now(),
        )
        return result.state

    @router.post("/{season_id}/close", summary="Close the call of a season")
    async def close_season(
        season_id: str, request: Request, caller: Admin, key: Key
    ) -> domain.Season:
        now, projects = server_now(), await submissions.count_submitted(season_id)
        result = await submissions.seasons.execute(
            season_id,
            lambda season: Decision(domain.close_season(season, season_id, now, projects)),
            context_of(request, caller),
            now=now,
            key=key,
        )
        return result.state

    @router.get("", summary="All seasons")
    async def list_seasons() -> list[SeasonDefinition]:
        return [season.definition for _, season in await submissions.seasons.find({})]

    @router.get("/{season_id}", summary="One season")
    async def read_season(season_id: str) -> domain.Season:
        return await _season(submissions, season_id)

    return router


def _applying(submissions: Submissions, access: Access) -> APIRouter:
    router = APIRouter(prefix="/projects", tags=["projects"])
    Applicant = Annotated[Caller, Depends(access.require("applicant"))]

    @router.put("/{project_id}", summary="Save the draft of a project")
    async def save_draft(
        project_id: ProjectId, body: messages.SaveDraft, request: Request, caller: Applicant
    ) -> messages.ProjectDetails:
        now, season = server_now(), await _season(submissions, body.season_id)
        fields = {name: getattr(body, name) for name in domain.Draft.model_fields}
        draft = domain.Draft.model_validate(fields)
        contact = body.contact

        def decide(project: domain.Project | None) -> Decision[domain.Project]:
            saved = domain.save_draft(
                project,
                project_id=project_id,
                season=season,
                applicant=caller.subject,
                draft=draft,
                has_contact=contact is not None,
                now=now,
            )
            return Decision(draft=saved.model_copy(update={"contact": contact or saved.contact}))

        result = await submissions.projects.execute(
            project_id, decide, context_of(request, caller), now=now
        )
        return messages.project_details(result.state, await submissions.outcomes.get(project_id))

    @router.post("/{project_id}/submit", summary="Hand the draft in; answers with the event id")
    async def submit(
        project_id: ProjectId, request: Request, caller: Applicant, key: Key
    ) -> messages.Receipt:
        now = server_now()
        project = await submissions.projects.get(project_id)
        if project is None:
            raise domain.unknown_project(project_id)
        season = await _season(submissions, project.season_id)

        def decide(found: domain.Project | None) -> Decision[domain.Project]:
            events = domain.submit_project(
                found, project_id=project_id, season=season, applicant=caller.subject, now=now
            )
            contact = found.contact if found else None
            person = domain.contact_person(project_id, contact) if contact else None
            return Decision(events, people=[person_record(person)] if person else ())

        result = await submissions.projects.execute(
            project_id, decide, context_of(request, caller), now=now, key=key
        )
        return messages.submission_receipt(result.state, result.event_ids)

    @router.post("/{project_id}/withdrawal", summary="Take a submitted project back")
    async def withdraw(
        project_id: ProjectId, request: Request, caller: Applicant, key: Key
    ) -> messages.Receipt:
        result = await submissions.projects.execute(
            project_id,
            lambda project: Decision(
                domain.withdraw_project(project, project_id=project_id, applicant=caller.subject)
            ),
            context_of(request, caller),
            now=server_now(),
            key=key,
        )
        return messages.Receipt(
            project_id=project_id,
            status=result.state.status,
            event_id=next(iter(result.event_ids), None),
        )

    return router


def _screening(submissions: Submissions, access: Access) -> APIRouter:
    router = APIRouter(prefix="/projects", tags=["projects"])
    Secretary = Annotated[Caller, Depends(access.require("secretary"))]

    @router.post("/{project_id}/screening", summary="Record the formal check of a version")
    async def screen(
        project_id: ProjectId,
        body: messages.ScreenProject,
        request: Request,
        caller: Secretary,
        key: Key,
    ) -> messages.Receipt:
        result = await submissions.projects.execute(
            project_id,
            lambda project: Decision(
                domain.screen_project(
                    project,
                    project_id=project_id,
                    version=body.version,
                    outcome=body.outcome,
                    reason_code=body.reason_code,
                )
            ),
            context_of(request, caller),
            now=server_now(),
            key=key,
        )
        return messages.Receipt(
            project_id=project_id,
            status=result.state.status,
            version=body.version,
            event_id=next(iter(result.event_ids), None),
        )

    return router


def _project_reads(submissions: Submissions, access: Access) -> APIRouter:
    router = APIRouter(prefix="/projects", tags=["projects"])
    Anyone = Annotated[Caller | None, Depends(access.optional())]

    @router.get("", summary="Submitted projects; with mine=true an applicant's own, drafts too")
    async def list_projects(
        caller: Anyone,
        season_id: Slug | None = None,
        nomination: Slug | None = None,
        region: Slug | None = None,
        mine: bool = False,
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> messages.ProjectPage:
        if mine and caller is None:
            raise Refused("unauthenticated", "token-missing", "mine=true needs a bearer token.")
        if mine and caller and caller.role != "applicant":
            raise Refused("forbidden", "role-not-allowed", "Only an applicant has own projects.")
        query = ProjectQuery(
            season_id=season_id,
            nomination=nomination,
            region=region,
            after=after,
            limit=limit,
            applicant=caller.subject if mine and caller else None,
        )
        inside = mine or _is_staff(caller)
        found = await submissions.list_projects(query)
        items = tuple(
            messages.public_project(project, outcome, to_staff_or_owner=inside)
            for project, outcome in found
        )
        return messages.ProjectPage(
            items=items, next=items[-1].project_id if len(items) == limit else None
        )

    @router.get("/{project_id}", summary="One project; more of it to its applicant and the staff")
    async def read_project(
        project_id: ProjectId, caller: Anyone
    ) -> messages.ProjectDetails | messages.PublicProject:
        project = await submissions.projects.get(project_id)
        own = (
            project is not None
            and caller is not None
            and caller.role == "applicant"
            and (project.applicant == caller.subject)
        )
        if project is None or (project.status == "draft" and not own):
            raise domain.unknown_project(project_id)
        outcome = await submissions.outcomes.get(project_id)
        if own or _is_staff(caller):
            return messages.project_details(project, outcome)
        return messages.public_project(project, outcome)

    return router


def _is_staff(caller: Caller | None) -> bool:
    return caller is not None and caller.role in ("secretary", "admin")


async def _season(submissions: Submissions, season_id: str) -> domain.Season:
    season = await submissions.seasons.get(season_id)
    if season is None:
        raise domain.unknown_season(season_id)
    return season
