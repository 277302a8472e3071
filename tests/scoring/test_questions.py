"""Questions and answers: by members without a conflict, until the close; each answered once."""

from typing import Any

import pytest

from schemas.scoring import QuestionAnswered, QuestionAsked, ScoringEvent
from services.kit.refusal import Refused
from services.scoring.domain import conflict, questions, sheets
from services.scoring.domain.conflict import Case
from services.scoring.domain.evaluation import Evaluation
from services.scoring.domain.questions import MOST_QUESTIONS

from . import given
from .given import JUDGE, JUDGES, PROJECT, ROUND, SEASON, id_of
from .test_pitches import rule_of, scheduled

ASKED = id_of("question", 1)
TEXT, REPLY = "Неліктен?", "Себебі бар."


def ask(found: Evaluation | None, **changes: Any) -> list[ScoringEvent]:
    fields: dict[str, Any] = {"question_id": ASKED, "person_id": JUDGE, "text": TEXT}
    return questions.ask(found, **(fields | changes))


def answer(found: Evaluation | None, **changes: Any) -> list[ScoringEvent]:
    fields: dict[str, Any] = {
        "question_id": ASKED,
        "contact_person_id": id_of("contact", PROJECT),
        "entered_by": "applicant",
        "text": REPLY,
    }
    return questions.answer(found, **(fields | changes))


def asked() -> Evaluation:
    return given.after(scheduled(), ask(scheduled()))


def test_question_is_asked_once() -> None:
    (event,) = ask(scheduled())

    assert isinstance(event, QuestionAsked)
    assert (event.person_id, event.text) == (JUDGE, TEXT)
    assert ask(asked()) == []
    for other in ({"text": "Қалай?"}, {"person_id": JUDGES[1]}):
        assert rule_of(lambda other=other: ask(asked(), **other)) == "question-exists"


def test_member_with_a_conflict_asks_nothing_and_is_told_no_more_than_a_stranger() -> None:
    found = scheduled()
    case = Case(SEASON, ROUND, PROJECT, JUDGE)
    barred = given.after(found, conflict.declare(found, case, "family", "declared"))

    assert rule_of(lambda: ask(barred)) == "not-assigned"
    assert ask(barred, person_id=JUDGES[1])


def test_questions_need_a_slot_and_an_open_round() -> None:
    closed = given.after(scheduled(), sheets.seal(scheduled()))

    assert rule_of(lambda: ask(given.assigned())) == "no-pitch"
    assert rule_of(lambda: ask(closed)) == "round-closed"
    assert rule_of(lambda: ask(None)) == "not-in-round"


def test_there_is_an_end_to_questions() -> None:
    found = scheduled()
    for number in range(MOST_QUESTIONS):
        found = given.after(found, ask(found, question_id=id_of("question", number)))

    assert rule_of(lambda: ask(found, question_id=id_of("question", -1))) == "too-many-questions"


def test_question_is_answered_once_also_after_the_close() -> None:
    closed = given.after(asked(), sheets.seal(asked()))

    (event,) = answer(closed)

    assert isinstance(event, QuestionAnswered)
    assert (event.person_id, event.entered_by) == (id_of("contact", PROJECT), "applicant")
    answered = given.after(closed, [event])
    assert answered.questions[0].answer is not None
    assert answer(answered) == []
    assert rule_of(lambda: answer(answered, text="Басқаша")) == "already-answered"


def test_only_what_was_asked_is_answered() -> None:
    assert rule_of(lambda: answer(asked(), question_id=id_of("x"))) == "unknown-question"
    assert rule_of(lambda: answer(scheduled())) == "unknown-question"
    with pytest.raises(Refused, match="no-pitch"):
        answer(given.assigned())
