"""What the scoring service hears: seasons and projects from submission."""

from schemas.topics import stream
from services.kit.aggregate import Decision
from services.kit.fold import Heard
from services.kit.http import server_now
from services.kit.projection import Reactions
from services.kit.service import Service
from services.scoring.domain import awards
from services.scoring.domain.heard import HEARD
from services.scoring.store import Judging


def listen(service: Service, judging: Judging) -> None:
    """Hear submission's stream: fold seasons and projects, then react to withdrawals."""

    async def on_project_withdrawn(heard: Heard) -> None:
        event = heard.event
        if await judging.awards.get(event.season_id) is None:
            return  # nothing was awarded, and a withdrawn project can't be confirmed any more
        await judging.awards.execute(
            event.season_id,
            lambda found: Decision(awards.decline(found, event.project_id, awards.WITHDRAWN)),
            heard.envelope.consequence("service/scoring"),
            now=server_now(),
            heard=(heard.envelope.origin, heard.envelope.sequence),
        )

    service.hear(
        [stream("submission", service.settings.topic_prefix)],
        {model.type_name(): model for model in HEARD},
        [
            judging.seasons.hear,
            judging.projects.hear,
            Reactions({"ProjectWithdrawn": on_project_withdrawn}, service.tracing).hear,
        ],
    )
