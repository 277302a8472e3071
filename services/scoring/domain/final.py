"""What an evaluation keeps of the final: the project's pitch, and what was asked there."""

from collections.abc import Mapping
from typing import Literal

from schemas.base import Moment, Uuid
from schemas.scoring import (
    AnswerSource,
    PitchEnded,
    PitchMissed,
    PitchRescheduled,
    PitchScheduled,
    PitchStarted,
    QuestionAnswered,
    QuestionAsked,
    ScoringEvent,
)
from services.kit.refusal import Refused
from services.scoring.domain.base import State

PitchStatus = Literal["scheduled", "started", "ended", "missed"]


class Pitch(State):
    """A project's slot, and what came of it."""

    starts_at: Moment
    ends_at: Moment
    status: PitchStatus = "scheduled"
    rescheduled: bool = False
    """Whether this is the other slot that a missed pitch was given."""

    @property
    def begun(self) -> bool:
        """Whether the project can be scored."""
        return self.status in ("started", "ended")


class Answer(State):
    """What the applicant answered, by whose hand."""

    person_id: Uuid
    entered_by: AnswerSource
    text: str


class Question(State):
    """What a member asked, and the answer once there is one."""

    question_id: Uuid
    person_id: Uuid
    text: str
    answer: Answer | None = None


_AFTER: Mapping[type[ScoringEvent], tuple[PitchStatus, PitchStatus]] = {
    PitchStarted: ("scheduled", "started"),
    PitchEnded: ("started", "ended"),
    PitchMissed: ("scheduled", "missed"),
    PitchRescheduled: ("missed", "scheduled"),
}
"""What a pitch must be for an event to follow, and what it is then."""


def may_follow(pitch: Pitch | None, event: type[ScoringEvent]) -> bool:
    """Whether an event of this type can be said of the pitch as it stands."""
    if event is PitchScheduled:
        return pitch is None
    if pitch is None or (event is PitchRescheduled and pitch.rescheduled):
        return False
    return pitch.status == _AFTER[event][0]


def pitch_after(pitch: Pitch | None, event: ScoringEvent) -> Pitch | None:
    """The pitch after an event about it; None when the event is about something else."""
    if isinstance(event, PitchScheduled):
        return Pitch(starts_at=event.starts_at, ends_at=event.ends_at)
    if pitch is None or type(event) not in _AFTER:
        return None
    change: dict[str, object] = {"status": _AFTER[type(event)][1]}
    if isinstance(event, PitchRescheduled):
        change |= {"starts_at": event.starts_at, "ends_at": event.ends_at, "rescheduled": True}
    return pitch.model_copy(update=change)


def questions_after(
    questions: tuple[Question, ...], event: ScoringEvent
) -> tuple[Question, ...] | None:
    """The questions after an event about one; None when the event is about something else."""
    match event:
        case QuestionAsked():
            return (*questions, Question.model_validate(event.model_dump()))
        case QuestionAnswered():
            answer = Answer.model_validate(event.model_dump())
            return tuple(
                found.model_copy(update={"answer": answer})
                if found.question_id == event.question_id
                else found
                for found in questions
            )
    return None


def require_begun(pitch: Pitch | None) -> None:
    """Refuse to score before the pitch has begun; without a slot there is nothing to wait for."""
    if pitch is not None and not pitch.begun:
        raise not_begun()


def not_begun() -> Refused:
    """The refusal before a pitch has begun, and after it was missed."""
    return Refused("conflict", "pitch-not-begun", "The pitch of this project has not begun.")
