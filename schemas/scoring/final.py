"""The final: pitch slots and how they are drawn, what comes of each, what is asked, and budgets."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import (
    Contract,
    Line,
    Moment,
    Ordinal,
    Paragraphs,
    Sha256,
    Slug,
    Tiyn,
    Uuid,
)
from schemas.scoring.base import ScoringEvent

AnswerSource = Literal["applicant", "secretary"]
SlotMinutes = Annotated[int, Field(strict=True, ge=1, le=480)]


class PitchBreak(Contract):
    """A time of a day in which nobody pitches."""

    starts_at: Moment
    """When the break begins."""
    ends_at: Moment
    """When it is over."""


class PitchDay(Contract):
    """A day of pitches: slots follow one another from its start, and go round the breaks."""

    starts_at: Moment
    """When the first slot begins."""
    ends_at: Moment
    """By when the last slot is over."""
    breaks: Annotated[tuple[PitchBreak, ...], Field(max_length=20)] = ()
    """In the order of time; none when it is empty."""


class DrawnPitch(Contract):
    """What the draw of the slots takes into account of a project."""

    project_id: Uuid
    recused: tuple[Uuid, ...] = ()
    """Members of the panel who leave for it because of a conflict, in the order of their ids."""


class PitchesDrawn(ScoringEvent):
    """The draw of the pitch slots. Anyone can repeat it from the lists, the times and the seed."""

    KIND: ClassVar[str] = "round"
    SAID_WHEN: ClassVar[str] = "the secretary draws the pitch slots of a round"
    season_id: Slug
    round_id: Slug
    seed: Line
    days: Annotated[tuple[PitchDay, ...], Field(min_length=1, max_length=30)]
    """When there can be pitches, in the order of time."""
    slot_minutes: SlotMinutes
    """How long each slot is."""
    pitches: Annotated[tuple[DrawnPitch, ...], Field(min_length=1)]
    """The projects, in the order of their ids."""
    inputs_hash: Sha256
    """SHA-256 of the canonical JSON of all the other fields but season_id and round_id."""


class AboutPitch(ScoringEvent):
    """Said of one project's pitch in one round."""

    season_id: Slug
    round_id: Slug
    project_id: Uuid


class PitchScheduled(AboutPitch):
    """The draw gave the project its slot; it is not scored before its pitch has begun."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "the draw of the pitch slots reaches this evaluation"
    starts_at: Moment
    """When the slot begins."""
    ends_at: Moment
    """When it is over."""


class PitchStarted(AboutPitch):
    """The pitch has begun: from here on the project is scored."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "the secretary has a pitch begin"


class PitchEnded(AboutPitch):
    """The pitch is over."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "the secretary ends a pitch"


class PitchMissed(AboutPitch):
    """Nobody came to pitch. Unless it is put off, the project is ranked last and not chosen."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "the secretary notes that nobody came to pitch"


class PitchRescheduled(AboutPitch):
    """A missed pitch gets another slot, for a reason; once for each project."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "the secretary puts a missed pitch off"
    starts_at: Moment
    """When the new slot begins."""
    ends_at: Moment
    """When it is over."""
    reason: Line


class QuestionAsked(AboutPitch):
    """A member of the panel asked the applicant something about the project."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "a member of the panel puts a question on record"
    question_id: Uuid
    """The question, as the member's client named it."""
    person_id: Uuid
    """Person id of the member who asks."""
    text: Paragraphs
    """The question, in the member's words."""


class QuestionAnswered(AboutPitch):
    """A question was answered, once and for good."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = (
        "the applicant answers a question, or the secretary enters the answer"
    )
    question_id: Uuid
    """The question that this answers."""
    person_id: Uuid
    """Person id of the project's contact person, whose answer it is."""
    entered_by: AnswerSource
    """By whose hand it came: the applicant's own, or the secretary's on the applicant's behalf."""
    text: Paragraphs
    """The answer, in the applicant's words."""


class RevisedLine(Contract):
    """A line of a budget that asks for another amount from now on."""

    line: Ordinal
    """Which line of the project's budget it is, from 1."""
    before_tiyn: Tiyn
    """What it asked for before, in tiyn."""
    requested_tiyn: Tiyn
    """What it asks for now, in tiyn: at most what the line costs."""


class BudgetRevised(ScoringEvent):
    """A finalist's budget was revised when it was defended; it never asks for more in all."""

    KIND: ClassVar[str] = "awards"
    SAID_WHEN: ClassVar[str] = "the secretary enters what a member had changed in a budget"
    season_id: Slug
    project_id: Uuid
    revision_id: Uuid
    """The revision, as the secretary's client named it."""
    project_version: Ordinal
    """The version of the project whose budget it is."""
    asked_by: Uuid
    """Person id of the member who asked for it."""
    lines: Annotated[tuple[RevisedLine, ...], Field(min_length=1, max_length=100)]
    """The lines that were spoken of, in the order of the budget; all others stay."""
    requested_tiyn: Tiyn
    """What is asked of the fair in all after this: an award is at most this, in tiyn."""
    reason: Line
