"""Samples of the record on the `people` topics."""

from schemas.people import Person
from schemas.samples import cast

FULL_PERSON = Person(
    person_id=cast.CONTACT,
    name="Образец Примеров",
    email="sample@example.org",
    language="ru",
    consents=("fair-mail",),
    organisation="Үлгі ҚҚ (sample NGO)",
)
KAZAKH_PERSON = FULL_PERSON.model_copy(
    update={"name": "Үлгі Мысалқызы", "email": "ulgi@example.org", "language": "kk"}
)
