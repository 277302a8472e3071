"""The webinar service, wired."""

from fastapi import FastAPI

from schemas.topics import dead, dead_people, people, stream
from services.kit.access import Access
from services.kit.service import Service, Topics
from services.webinar import api, consumers, pages
from services.webinar.links import JoinLinks
from services.webinar.seats import Seats
from services.webinar.settings import Settings
from services.webinar.store import Webinars

NAME = "webinar"


def create_app(settings: Settings) -> FastAPI:
    """The app; nothing connects before its lifespan begins."""
    prefix = settings.topic_prefix
    service = Service(
        NAME,
        settings,
        Topics(
            stream(NAME, prefix),
            people(NAME, prefix),
            dead(NAME, prefix),
            dead_people(NAME, prefix),
        ),
    )
    webinars = Webinars(service)
    seats = Seats(webinars)
    consumers.listen(service, webinars)
    service.background(seats.run)
    access = Access(settings.operator_public_key_file.read_text())
    links = JoinLinks(settings.link_public_key_file.read_text())
    app = service.app("Zharmenke webinars", "Webinars, who registered for them, and their links.")
    app.include_router(api.routes(webinars, seats, access, links))
    app.include_router(pages.routes(webinars, seats, links, settings.room_url))
    return app
