"""What the webinar service hears: seasons that were opened, from submission."""

from schemas.submission import SeasonOpened
from schemas.topics import stream
from services.kit.fold import Heard
from services.kit.http import server_now
from services.kit.projection import Reactions
from services.kit.service import Service
from services.webinar.store import Webinars


def listen(service: Service, webinars: Webinars) -> None:
    """Hear submission's stream and announce the webinars of each season."""

    async def on_season_opened(heard: Heard) -> None:
        await webinars.announce(heard, server_now())

    service.hear(
        [stream("submission", service.settings.topic_prefix)],
        {SeasonOpened.type_name(): SeasonOpened},
        [Reactions({SeasonOpened.type_name(): on_season_opened}, service.tracing).hear],
    )
