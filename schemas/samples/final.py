"""Samples of what is said of pitches, and of what is asked and revised there."""

from datetime import UTC, datetime, timedelta

from schemas.samples import cast
from schemas.samples.sample import Circumstances, Sample
from schemas.scoring import (
    BudgetRevised,
    DrawnPitch,
    PitchBreak,
    PitchDay,
    PitchEnded,
    PitchesDrawn,
    PitchMissed,
    PitchRescheduled,
    PitchScheduled,
    PitchStarted,
    QuestionAnswered,
    QuestionAsked,
    RevisedLine,
)

DRAWN_AT = datetime(2020, 5, 12, 6, 0, tzinfo=UTC)
FIRST_AT = datetime(2020, 5, 13, 4, 0, tzinfo=UTC)
SLOT = timedelta(minutes=12)
OFFICE = "secretary/sample"
EVALUATION = f"{cast.FINAL}~{cast.PROJECT}"
COMMON = {"season_id": cast.SEASON, "round_id": cast.FINAL, "project_id": cast.PROJECT}
DRAWN = PitchesDrawn(
    season_id=cast.SEASON,
    round_id=cast.FINAL,
    seed="Пример: число со сводки погоды",
    days=(
        PitchDay(
            starts_at=FIRST_AT,
            ends_at=FIRST_AT + timedelta(hours=8),
            breaks=(
                PitchBreak(
                    starts_at=FIRST_AT + timedelta(hours=4), ends_at=FIRST_AT + timedelta(hours=5)
                ),
            ),
        ),
    ),
    slot_minutes=12,
    pitches=(
        DrawnPitch(project_id=cast.PROJECT, recused=(cast.MEMBER,)),
        DrawnPitch(project_id=cast.OTHER_PROJECT, recused=(cast.CHAIR, cast.MEMBER)),
    ),
    inputs_hash=cast.HASH,
)
RESCHEDULED = PitchRescheduled(
    starts_at=FIRST_AT + timedelta(hours=7),
    ends_at=FIRST_AT + timedelta(hours=7) + SLOT,
    reason="Связь с селом была прервана",
    **COMMON,
)
ASKED = QuestionAsked(
    question_id=cast.QUESTION,
    person_id=cast.MEMBER,
    text="Кто будет ухаживать за двором после окончания проекта?",
    **COMMON,
)
ANSWERED = QuestionAnswered(
    question_id=cast.QUESTION,
    person_id=cast.CONTACT,
    entered_by="secretary",
    text="Жители дома: договор с ними приложен к заявке.",
    **COMMON,
)
REVISED = BudgetRevised(
    season_id=cast.SEASON,
    project_id=cast.PROJECT,
    revision_id=cast.REVISION,
    project_version=1,
    asked_by=cast.MEMBER,
    lines=(RevisedLine(line=2, before_tiyn=12_000_000, requested_tiyn=9_000_000),),
    requested_tiyn=30_000_000,
    reason="Контейнеры дешевле по прайсу поставщика",
)


def _at(sequence: int, after: timedelta = timedelta()) -> Circumstances:
    return Circumstances(EVALUATION, sequence=sequence, at=FIRST_AT + after, actor=OFFICE)


FINAL = (
    Sample(
        DRAWN,
        Circumstances(cast.FINAL, sequence=2, at=DRAWN_AT, actor=OFFICE),
        kazakh=DRAWN.model_copy(update={"seed": "Үлгі: ауа райы мәліметіндегі сан"}),
    ),
    Sample(
        PitchScheduled(starts_at=FIRST_AT, ends_at=FIRST_AT + SLOT, **COMMON),
        Circumstances(EVALUATION, sequence=2, at=DRAWN_AT, actor=OFFICE),
    ),
    Sample(PitchStarted(**COMMON), _at(5, timedelta(hours=7))),
    Sample(PitchEnded(**COMMON), _at(7, timedelta(hours=7) + SLOT)),
    Sample(PitchMissed(**COMMON), _at(3, SLOT)),
    Sample(
        RESCHEDULED,
        _at(4, timedelta(hours=1)),
        kazakh=RESCHEDULED.model_copy(update={"reason": "Ауылмен байланыс үзілді"}),
    ),
    Sample(
        ASKED,
        Circumstances(EVALUATION, 6, FIRST_AT + timedelta(hours=7), actor=f"judge/{cast.MEMBER}"),
        kazakh=ASKED.model_copy(update={"text": "Жоба аяқталған соң ауланы кім күтеді?"}),
    ),
    Sample(
        ANSWERED,
        _at(8, timedelta(hours=7) + SLOT),
        kazakh=ANSWERED.model_copy(update={"text": "Үй тұрғындары: олармен келісім бар."}),
    ),
    Sample(
        REVISED,
        Circumstances(
            cast.SEASON, sequence=1, at=FIRST_AT + timedelta(hours=7) + SLOT, actor=OFFICE
        ),
        kazakh=REVISED.model_copy(update={"reason": "Контейнерлер арзанырақ"}),
    ),
)
