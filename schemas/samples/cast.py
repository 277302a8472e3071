"""The cast of the samples: invented people, organisations and projects, and their ids.

Everything here is made up, apart from the fair's own titles. Addresses end in @example.org.
"""

from schemas.base import Localised

SEASON = "2020"
ROUND = "2020-first"
FINAL = "2020-final"
WEBINAR = "2020-media-and-ngos"
NOMINATION = "environment"
REGION = "almaty-region"
TIMEZONE = "Asia/Almaty"


def _id(kind: str, number: int) -> str:
    return f"{kind}0000000-0000-4000-8000-{number:012d}"


PROJECT, OTHER_PROJECT = _id("a", 1), _id("a", 2)
CONTACT, CHAIR, MEMBER, SECRETARY, GUEST = (_id("b", number) for number in range(1, 6))
REGISTRATION = _id("c", 1)
MESSAGE = _id("d", 1)
SITTING, MOTION, QUESTION, REVISION = _id("e", 1), _id("f", 1), _id("e", 2), _id("e", 3)
EVALUATION = f"{ROUND}~{PROJECT}"
OTHER_EVALUATION = f"{ROUND}~{OTHER_PROJECT}"

HASH = "0123456789abcdef" * 4
OTHER_HASH = "fedcba9876543210" * 4

RUSSIAN_TITLE = "Пример: двор без мусора"
KAZAKH_TITLE = "Үлгі: қоқыссыз аула — көгілдір өңір"
RUSSIAN_ORGANISATION = "Общественный фонд «Пример»"
KAZAKH_ORGANISATION = "«Үлгі» қоғамдық қоры"

WEBINAR_TITLE = Localised(
    kk="БАҚ пен ҮЕҰ арасында тиімді коммуникацияларды қалай құру керек",
    ru="Как выстроить эффективные коммуникации между СМИ и НПО",
    en="How to build effective communication between the media and NGOs",
)
SPEAKER = Localised(
    kk="Үлгі Мысалқызы, PR сарапшысы",
    ru="Образец Примерова, эксперт по PR",
    en="Sample Speaker, PR expert",
)


def submission_event(subject: str, sequence: int) -> str:
    """The `ce_id` of an event of the submission service."""
    return f"submission/{subject}:{sequence}"


def scoring_event(subject: str, sequence: int) -> str:
    """The `ce_id` of an event of the scoring service."""
    return f"scoring/{subject}:{sequence}"
