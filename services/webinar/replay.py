"""How webinar's state follows from the streams."""

from schemas.people import Person
from schemas.registry import EVENTS
from services.kit.fold import Heard
from services.kit.history import Counter, History, Owned, People
from services.webinar.domain import registrations
from services.webinar.domain.registrations import Registration
from services.webinar.store import REGISTRATION, WEBINAR


def _begin(heard: Heard) -> Registration:
    """A registration before it comes to anything. Whose it is, the people topic says."""
    event = heard.event
    return Registration(
        registration_id=event.registration_id,
        webinar_id=event.webinar_id,
        season_id=event.season_id,
        person_id=event.person_id,
        email_key=registrations.email_key(event.person_id),
        request=registrations.email_key(event.person_id),
        language="kk",
    )


def _complete(registration: Registration, people: People) -> Registration:
    """With what follows from the person; of one who was erased, nothing does."""
    told = people.get(registration.person_id)
    if told is None or told.body is None:
        return registration
    person = Person.model_validate_json(told.body)
    return registrations.of_person(registration, person)


HISTORY = History(
    service="webinar",
    said={name: model for name, model in EVENTS.items() if model.SERVICE == "webinar"},
    owned=(
        # A ticket alone is no promise to anybody, so drawing one says nothing.
        Owned("webinars", WEBINAR, unsaid=frozenset({"tickets"}), reacts=True),
        Owned(
            "registrations",
            REGISTRATION,
            begin=_begin,
            unsaid=frozenset({"email_key", "request", "language"}),
            people=lambda registration: [registration.person_id],
            complete=_complete,
        ),
    ),
    counters=(Counter("webinars", "tickets", "registrations", "webinar_id", "ticket"),),
)
