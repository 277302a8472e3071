"""Questions of the panel about a project that pitches, and the applicant's answers.

A question is asked by a member of the panel without a conflict, until the round is closed. It is
answered once, for the project's contact person: by the applicant, or by the secretary who heard it.
"""

from schemas.scoring import AnswerSource, QuestionAnswered, QuestionAsked, ScoringEvent
from services.kit.refusal import Refused
from services.scoring.domain.evaluation import Evaluation, sealed
from services.scoring.domain.final import Question
from services.scoring.domain.pitch import about, require_pitch

MOST_QUESTIONS = 100
"""About one project in one round."""


def ask(
    evaluation: Evaluation | None, *, question_id: str, person_id: str, text: str
) -> list[ScoringEvent]:
    """Put a member's question on record; the same again says nothing."""
    require_may_see(evaluation, person_id)
    found, _ = require_pitch(evaluation)
    known = next((one for one in found.questions if one.question_id == question_id), None)
    if known is not None:
        if (known.person_id, known.text) == (person_id, text):
            return []
        raise Refused("conflict", "question-exists", "Another question was asked under this id.")
    if found.sealed:
        raise sealed(found.round_id)
    if len(found.questions) >= MOST_QUESTIONS:
        raise Refused(
            "conflict", "too-many-questions", f"{MOST_QUESTIONS} questions are asked already."
        )
    asked = QuestionAsked(**about(found), question_id=question_id, person_id=person_id, text=text)
    return [asked]


def answer(
    evaluation: Evaluation | None,
    *,
    question_id: str,
    contact_person_id: str,
    entered_by: AnswerSource,
    text: str,
) -> list[ScoringEvent]:
    """Put the answer on record; the same again says nothing, another one is refused."""
    found, _ = require_pitch(evaluation)
    known = _known(found, question_id)
    if known.answer is not None:
        if known.answer.text == text:
            return []
        raise Refused("conflict", "already-answered", "This question was answered; it stands.")
    return [
        QuestionAnswered(
            **about(found),
            question_id=question_id,
            person_id=contact_person_id,
            entered_by=entered_by,
            text=text,
        )
    ]


def require_may_see(evaluation: Evaluation | None, person_id: str) -> None:
    """Refuse a member with a conflict, in the words for whoever has nothing to do with it."""
    if evaluation is not None and evaluation.barred(person_id):
        raise Refused("forbidden", "not-assigned", "This project is not assigned to you.")


def _known(evaluation: Evaluation, question_id: str) -> Question:
    for found in evaluation.questions:
        if found.question_id == question_id:
            return found
    raise Refused("missing", "unknown-question", f"There is no question {question_id} here.")
