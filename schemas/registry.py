"""Every event type there is, by name: what readers look a `ce_type` up in."""

from collections.abc import Iterator

from schemas import notify, scoring, submission, webinar
from schemas.base import Event

_BASES = {
    submission.SubmissionEvent,
    scoring.ScoringEvent,
    scoring.ProjectOutcome,
    scoring.SittingEvent,
    scoring.AboutJudge,
    scoring.AboutPitch,
    scoring.AppealEvent,
    webinar.WebinarEvent,
    webinar.WebinarSchedule,
    notify.NotifyEvent,
}


def _events_of(module: object) -> Iterator[type[Event]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Event) and hasattr(value, "SAID_WHEN"):
            yield value


EVENTS: dict[str, type[Event]] = {
    model.type_name(): model
    for module in (submission, scoring, webinar, notify)
    for model in _events_of(module)
    if model not in _BASES
}
"""All event models of the platform by `ce_type`."""


def dataschema(model: type[Event]) -> str:
    """The `ce_dataschema` of events of this model."""
    return f"urn:zharmenke:schema:{model.type_name()}:v{model.MAJOR}"
