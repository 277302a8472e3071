"""The scoring service, wired."""

from fastapi import FastAPI

from schemas.topics import dead, dead_people, people, stream
from services.kit.access import Access
from services.kit.service import Service, Topics
from services.scoring import (
    analysis_api,
    api,
    appeals_api,
    awards_api,
    conflicts_api,
    consumers,
    defence_api,
    departures_api,
    documents_api,
    explanation_api,
    fairness_api,
    final_api,
    questions_api,
    reserve_api,
    results_api,
    room_pages,
    sessions,
    sheets_api,
    sittings_api,
)
from services.scoring.settings import Settings
from services.scoring.store import Judging
from services.scoring.telemetry import Telemetry

NAME = "scoring"


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
    judging = Judging(service)
    consumers.listen(service, judging)
    Telemetry(judging).told_by(service)
    access = Access(settings.operator_public_key_file.read_text())
    signing_in = sessions.Sessions(settings, judging)
    signing_in.trust_own(access)
    app = service.app("Zharmenke scoring", "Panels, score sheets, rankings, decisions, awards.")
    app.include_router(api.routes(judging, access))
    app.include_router(sheets_api.routes(judging, access))
    app.include_router(results_api.routes(judging, access))
    app.include_router(awards_api.routes(judging, access))
    app.include_router(reserve_api.routes(judging, access))
    app.include_router(appeals_api.routes(judging, access))
    app.include_router(conflicts_api.routes(judging, access))
    app.include_router(departures_api.routes(judging, access))
    app.include_router(sittings_api.routes(judging, access))
    app.include_router(final_api.routes(judging, access))
    app.include_router(questions_api.routes(judging, access))
    app.include_router(defence_api.routes(judging, access))
    app.include_router(analysis_api.routes(judging, access))
    app.include_router(explanation_api.routes(judging, access))
    app.include_router(documents_api.routes(judging, access))
    app.include_router(fairness_api.routes(judging, access))
    app.include_router(sessions.routes(signing_in))
    app.include_router(room_pages.routes(judging, access))
    return app
