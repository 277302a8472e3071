"""The page behind a personal link, for people and (as JSON) for programs.

A GET changes nothing, so that a mail scanner that follows the link does no harm; cancelling takes
the button. The pages work without JavaScript and load nothing from elsewhere.
"""

from collections.abc import Callable
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from schemas.base import Language
from services.kit.aggregate import Decision
from services.kit.http import STATUS, context_of, server_now
from services.kit.refusal import Refused
from services.webinar.domain import registrations as rules
from services.webinar.domain.registrations import Registration
from services.webinar.domain.webinars import Webinar, phase, unknown_webinar
from services.webinar.links import JoinLinks
from services.webinar.messages import JoinDetails
from services.webinar.seats import Seats
from services.webinar.store import Webinars
from services.webinar.wording import WORDS, preferred, when

_templates = Environment(
    loader=PackageLoader("services.webinar"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}
_NOTICES = {401: "denied", 404: "missing", 410: "gone"}
_PAGES: dict[int | str, dict[str, object]] = {
    status: {"content": {"text/html": {}}, "description": "The same, as a readable page"}
    for status in _NOTICES
}
Token = Annotated[str, Query(description="The token of the mailed link.")]


def routes(
    webinars: Webinars, seats: Seats, links: JoinLinks, room_url: Callable[[str], str]
) -> APIRouter:
    """The join page, its JSON, and the page's own button to cancel."""
    router = APIRouter(tags=["join"])
    router.include_router(_joining(webinars, links, room_url))
    router.include_router(_cancelling(webinars, seats, links))
    return router


def _joining(webinars: Webinars, links: JoinLinks, room_url: Callable[[str], str]) -> APIRouter:
    router = APIRouter()

    @router.get(
        "/join",
        summary="The page of a personal link",
        response_class=HTMLResponse,
        responses=_PAGES,
    )
    async def join(request: Request, token: Token = "") -> Response:
        language = preferred(request.headers.get("accept-language", ""))
        try:
            registration, webinar = await _found(webinars, links, token)
            language = registration.language
            details = join_details(_standing(registration), webinar, room_url)
        except Refused as refused:
            return _notice(refused, language)
        return _page("join.html", language, 200, **_facts(details, webinar), token=token)

    @router.get("/join.json", summary="The same for programs")
    async def join_as_json(response: Response, token: Token = "") -> JoinDetails:
        response.headers["Cache-Control"] = "no-store"
        registration, webinar = await _found(webinars, links, token)
        return join_details(_standing(registration), webinar, room_url)

    return router


def _cancelling(webinars: Webinars, seats: Seats, links: JoinLinks) -> APIRouter:
    router = APIRouter()

    @router.post(
        "/join/cancel", summary="The page's button to cancel", status_code=303, responses=_PAGES
    )
    async def cancel(request: Request, token: Annotated[str, Form()] = "") -> Response:
        language = preferred(request.headers.get("accept-language", ""))
        try:
            registration, webinar = await _found(webinars, links, token)
        except Refused as refused:
            return _notice(refused, language)
        id, webinar_id = registration.registration_id, webinar.webinar_id
        await webinars.decide(
            id,
            lambda found: Decision(rules.cancel_registration(found, webinar_id, id)),
            context_of(request, None, "page"),
            server_now(),
        )
        seats.wake()
        return RedirectResponse(f"../join?token={token}", 303, headers=_HEADERS)

    return router


async def _found(webinars: Webinars, links: JoinLinks, token: str) -> tuple[Registration, Webinar]:
    id = links.registration_id(token)
    registration = await webinars.registration(id)
    if registration is None:
        raise rules.unknown_registration(id)
    webinar = await webinars.webinar(registration.webinar_id)
    if webinar is None:
        raise unknown_webinar(registration.webinar_id)
    return registration, webinar


def _standing(registration: Registration) -> Registration:
    if registration.status == "cancelled":
        raise Refused("gone", "registration-cancelled", "The registration was cancelled.")
    return registration


def join_details(
    registration: Registration, webinar: Webinar, room_url: Callable[[str], str]
) -> JoinDetails:
    """What the link leads to now, in the registration's language and the webinar's zone."""
    language, zone = registration.language, ZoneInfo(webinar.timezone)
    now = phase(webinar, server_now())
    entitled = registration.status == "confirmed" and now != "over"
    return JoinDetails(
        registration_id=registration.registration_id,
        webinar_id=webinar.webinar_id,
        status=registration.status,
        phase=now,
        title=webinar.title.get(language),
        speaker=webinar.speaker.get(language),
        language=language,
        starts_at=webinar.starts_at.astimezone(zone).isoformat(),
        ends_at=webinar.ends_at.astimezone(zone).isoformat(),
        timezone=webinar.timezone,
        room_url=room_url(webinar.webinar_id) if entitled else None,
    )


def _facts(details: JoinDetails, webinar: Webinar) -> dict[str, object]:
    moments = when(webinar.starts_at, webinar.ends_at, webinar.timezone, details.language)
    return {"join": details, "when": moments}


def _notice(refused: Refused, language: Language) -> Response:
    status = STATUS[refused.kind]
    return _page("notice.html", language, status, notice=_NOTICES.get(status, "denied"))


def _page(name: str, language: Language, status: int, **values: object) -> Response:
    text = _templates.get_template(name).render(language=language, words=WORDS[language], **values)
    headers = _HEADERS | {"Content-Language": language}
    return HTMLResponse(text, status, headers=headers)
