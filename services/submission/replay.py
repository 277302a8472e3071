"""How submission's state follows from the streams."""

from schemas.people import Person
from schemas.registry import EVENTS
from schemas.topics import stream
from services.kit.fold import Heard
from services.kit.history import History, Owned, People, Projected
from services.submission import domain
from services.submission.outcomes import HEARD, OUTCOMES
from services.submission.store import PROJECT, SEASON


def _begin(heard: Heard) -> domain.Project:
    """A project before it is handed in: who says that is its applicant."""
    return domain.Project(
        project_id=heard.event.project_id,
        season_id=heard.event.season_id,
        applicant=heard.envelope.actor.partition("/")[2],
        contact_given=True,
    )


def _contact(project: domain.Project) -> list[str]:
    return [domain.contact_person_id(project.project_id)]


def _complete(project: domain.Project, people: People) -> domain.Project:
    """The draft is what was handed in last; the contact is the person that was told of."""
    update: dict[str, object] = {}
    if project.current is not None:
        content = project.current.content
        fields = content.model_dump(exclude={"budget"})
        update["draft"] = domain.Draft(**fields, budget_lines=content.budget.lines)
    told = people.get(domain.contact_person_id(project.project_id))
    if told is not None and told.body is not None:
        person = Person.model_validate_json(told.body)
        update["contact"] = domain.Contact(
            name=person.name, email=person.email, language=person.language
        )
    return project.model_copy(update=update)


HISTORY = History(
    service="submission",
    said={name: model for name, model in EVENTS.items() if model.SERVICE == "submission"},
    owned=(
        Owned("seasons", SEASON),
        Owned(
            "projects",
            PROJECT,
            begin=_begin,
            unsaid=frozenset({"draft", "contact"}),
            people=_contact,
            complete=_complete,
        ),
    ),
    heard=(Projected("outcomes", OUTCOMES),),
    models={model.type_name(): model for model in HEARD},
    topics=lambda prefix: [stream("scoring", prefix)],
)
