"""What the submission service hears: the published outcomes of scoring."""

from schemas.topics import stream
from services.kit.service import Service
from services.submission.outcomes import HEARD
from services.submission.store import Submissions


def listen(service: Service, submissions: Submissions) -> None:
    """Hear scoring's stream and fold the outcomes of projects."""
    service.hear(
        [stream("scoring", service.settings.topic_prefix)],
        {model.type_name(): model for model in HEARD},
        [submissions.outcomes.hear],
    )
