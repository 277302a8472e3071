"""How scoring's state follows from the streams."""

from schemas.registry import EVENTS
from schemas.topics import stream
from services.kit.history import History, Owned, Projected
from services.scoring.domain.heard import HEARD, PROJECTS, SEASONS
from services.scoring.store import APPEAL, AWARDS, COMMISSION, DECISION, EVALUATION, ROUND, SITTING

HISTORY = History(
    service="scoring",
    said={name: model for name, model in EVENTS.items() if model.SERVICE == "scoring"},
    owned=(
        Owned(
            "commissions",
            COMMISSION,
            people=lambda panel: [member.person_id for member in panel.members],
        ),
        Owned("rounds", ROUND),
        Owned("evaluations", EVALUATION, unsaid=frozenset({"drafts"})),
        Owned("decisions", DECISION),
        Owned("sittings", SITTING),
        Owned("appeals", APPEAL),
        Owned("awards", AWARDS, reacts=True),
    ),
    heard=(Projected("heard_seasons", SEASONS), Projected("heard_projects", PROJECTS)),
    models={model.type_name(): model for model in HEARD},
    topics=lambda prefix: [stream("submission", prefix)],
)
