"""The HTTP API of webinars and registrations."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from schemas.base import UUID_PATTERN, Slug
from services.kit.access import Access
from services.kit.aggregate import Decision
from services.kit.http import context_of, server_now
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.webinar import messages
from services.webinar.domain import registrations as rules
from services.webinar.domain.webinars import Webinar, phase, unknown_webinar
from services.webinar.links import JoinLinks
from services.webinar.seats import Seats
from services.webinar.store import Webinars

WebinarId = Annotated[str, Path(max_length=60, examples=[messages.EXAMPLE_WEBINAR])]
RegistrationId = Annotated[
    str, Path(pattern=UUID_PATTERN, examples=[messages.EXAMPLE_REGISTRATION])
]
STAFF = ("secretary", "admin")


def routes(webinars: Webinars, seats: Seats, access: Access, links: JoinLinks) -> APIRouter:
    """All endpoints; who may call each is said in its signature."""
    router = APIRouter()
    router.include_router(_webinar_reads(webinars))
    router.include_router(_registering(seats))
    router.include_router(_cancelling(webinars, seats, access, links))
    router.include_router(_registration_reads(webinars, access))
    return router


def _webinar_reads(webinars: Webinars) -> APIRouter:
    router = APIRouter(prefix="/webinars", tags=["webinars"])

    async def details(webinar: Webinar) -> messages.WebinarDetails:
        return messages.webinar_details(
            webinar,
            phase(webinar, server_now()),
            await webinars.count(webinar.webinar_id, "confirmed"),
            await webinars.count(webinar.webinar_id, "waitlisted"),
        )

    @router.get("", summary="All webinars, or those of a season")
    async def list_webinars(season_id: Slug | None = None) -> list[messages.WebinarDetails]:
        return [await details(webinar) for webinar in await webinars.list_webinars(season_id)]

    @router.get("/{webinar_id}", summary="One webinar")
    async def read_webinar(webinar_id: WebinarId) -> messages.WebinarDetails:
        webinar = await webinars.webinar(webinar_id)
        if webinar is None:
            raise unknown_webinar(webinar_id)
        return await details(webinar)

    return router


def _registering(seats: Seats) -> APIRouter:
    router = APIRouter(prefix="/webinars", tags=["registrations"])

    @router.put(
        "/{webinar_id}/registrations/{registration_id}",
        summary="Register; the client chooses the id, and a repeat changes nothing",
    )
    async def register(
        webinar_id: WebinarId,
        registration_id: RegistrationId,
        body: messages.Register,
        request: Request,
    ) -> messages.RegistrationAnswer:
        registration = await seats.register(
            registration_id, webinar_id, body.request(), context_of(request, None), server_now()
        )
        return messages.registration_answer(registration)

    return router


def _cancelling(webinars: Webinars, seats: Seats, access: Access, links: JoinLinks) -> APIRouter:
    router = APIRouter(prefix="/webinars", tags=["registrations"])
    Anyone = Annotated[Caller | None, Depends(access.optional())]

    @router.delete(
        "/{webinar_id}/registrations/{registration_id}",
        summary="Cancel; takes the personal link's token, or a secretary or admin",
    )
    async def cancel(
        webinar_id: WebinarId,
        registration_id: RegistrationId,
        request: Request,
        caller: Anyone,
        token: Annotated[str | None, Query(description="The token of the mailed link.")] = None,
    ) -> messages.RegistrationAnswer:
        _require_proof(links, caller, token, registration_id)
        registration = await webinars.decide(
            registration_id,
            lambda found: Decision(rules.cancel_registration(found, webinar_id, registration_id)),
            context_of(request, caller),
            server_now(),
        )
        seats.wake()
        return messages.registration_answer(registration)

    return router


def _registration_reads(webinars: Webinars, access: Access) -> APIRouter:
    router = APIRouter(prefix="/webinars", tags=["registrations"])
    Staff = Annotated[Caller, Depends(access.require("secretary", "admin"))]

    @router.get(
        "/{webinar_id}/registrations", summary="Who registered, by id: no names or addresses"
    )
    async def list_registrations(
        webinar_id: WebinarId,
        _: Staff,
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> messages.RegistrationPage:
        if await webinars.webinar(webinar_id) is None:
            raise unknown_webinar(webinar_id)
        found = await webinars.list_registrations(webinar_id, after, limit)
        items = tuple(messages.registration_answer(registration) for registration in found)
        return messages.RegistrationPage(
            items=items, next=items[-1].registration_id if len(items) == limit else None
        )

    @router.get(
        "/{webinar_id}/registrations/{registration_id}", summary="The status of a registration"
    )
    async def read_registration(
        webinar_id: WebinarId, registration_id: RegistrationId
    ) -> messages.RegistrationStatus:
        found = await webinars.registration(registration_id)
        return messages.registration_status(
            rules.require_registration(found, webinar_id, registration_id)
        )

    return router


def _require_proof(
    links: JoinLinks, caller: Caller | None, token: str | None, registration_id: str
) -> None:
    """Pass for the owner of the link and for staff; else raises Refused (401 or 403)."""
    if token is not None:
        links.require(token, registration_id)
    elif caller is None:
        raise Refused(
            "unauthenticated", "proof-missing", "This needs the link's token, or a bearer token."
        )
    elif caller.role not in STAFF:
        raise Refused(
            "forbidden",
            "role-not-allowed",
            f"A {caller.role} may not do this; it takes one of: {', '.join(STAFF)}.",
        )
