"""How notify's state follows from the streams."""

from datetime import datetime

from schemas.notify import MessagePlanned
from schemas.people import Person
from schemas.registry import EVENTS
from schemas.topics import SERVICES_WITH_PEOPLE, people
from services.kit.fold import Heard
from services.kit.history import History, Owned, Projected
from services.notify import domain
from services.notify.store import MESSAGE, PEOPLE
from services.notify.suppressions import SUPPRESSION


def _begin(heard: Heard) -> domain.Message:
    """A message as it was planned. The values of the mail are in the event that caused it."""
    envelope, event = heard.envelope, heard.event
    if not isinstance(event, MessagePlanned):
        raise TypeError(f"{envelope.id} is not the beginning of a message")
    plan = domain.Plan(
        purpose=event.purpose,
        about=event.about,
        occurrence=event.occurrence,
        person_id=event.person_id,
        season_id=envelope.season,
        values={},
    )
    return domain.Message(
        message_id=event.message_id,
        plan=plan,
        planned_at=datetime.fromisoformat(envelope.time),
        cause=envelope.causation_id,
        correlation_id=envelope.correlation_id,
        traceparent=envelope.traceparent,
    )


def _unsuppressed(heard: Heard) -> domain.Suppression:
    """A person before the first refusal."""
    person_id = heard.envelope.aggregate_id
    return domain.Suppression(person_id=person_id, season_id=heard.envelope.season)


MESSAGES = Owned(
    "messages",
    MESSAGE,
    begin=_begin,
    unsaid=frozenset({"plan.values"}),
    acts=lambda message: message.status == "planned",  # it would be mailed
    refills="rebuilt",
)
SUPPRESSIONS = Owned("suppressions", SUPPRESSION, begin=_unsuppressed)
HISTORY = History(
    service="notify",
    said={name: model for name, model in EVENTS.items() if model.SERVICE == "notify"},
    owned=(MESSAGES, SUPPRESSIONS),
    heard=(Projected("people", PEOPLE, personal=True),),
    models={Person.TYPE: Person},
    topics=lambda prefix: [people(name, prefix) for name in SERVICES_WITH_PEOPLE],
)
