"""The submission service, wired."""

from fastapi import FastAPI

from schemas.topics import dead, dead_people, people, stream
from services.kit.access import Access
from services.kit.service import Service, Topics
from services.submission import api, consumers
from services.submission.settings import Settings
from services.submission.store import Submissions

NAME = "submission"


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
    submissions = Submissions(service)
    consumers.listen(service, submissions)
    access = Access(settings.operator_public_key_file.read_text())
    app = service.app("Zharmenke submission", "Seasons and the projects handed in to them.")
    app.include_router(api.routes(submissions, access))
    return app
