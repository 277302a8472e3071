"""Samples of the scoring service's decisions, results and awards."""

from datetime import UTC, date, datetime, timedelta

from schemas.samples import cast
from schemas.samples.sample import Circumstances, Sample
from schemas.scoring import (
    AwardAdded,
    AwardConfirmed,
    AwardDeclined,
    DecidedProject,
    DecisionRecorded,
    ProjectNotAwarded,
    ProjectNotShortlisted,
    ProjectShortlisted,
    ResultsPublished,
    WinnerAnnounced,
)

DECIDED_AT = datetime(2020, 5, 11, 10, 0, tzinfo=UTC)
AWARDED_AT = datetime(2020, 5, 14, 11, 0, tzinfo=UTC)
OFFICE = "secretary/sample"
AMOUNT_TIYN = 30_000_000
KAZAKH_TITLE = {"title": cast.KAZAKH_TITLE}

DECISION = DecisionRecorded(
    round_id=cast.ROUND,
    season_id=cast.SEASON,
    ranking_event_id=cast.scoring_event(f"round/{cast.ROUND}", 3),
    table_hash=cast.OTHER_HASH,
    attended=(cast.CHAIR, cast.MEMBER),
    quorum=2,
    heard={f"submission/project/{cast.PROJECT}": 3, f"submission/project/{cast.OTHER_PROJECT}": 2},
    projects=(
        DecidedProject(project_id=cast.PROJECT, rank=1, chosen=True),
        DecidedProject(project_id=cast.OTHER_PROJECT, rank=2, chosen=False),
    ),
    chair_reason="Равные суммы: решает голос председателя",
    sitting_id=cast.SITTING,
    reserve=(cast.OTHER_PROJECT,),
)
SHORTLISTED = ProjectShortlisted(
    season_id=cast.SEASON,
    round_id=cast.ROUND,
    project_id=cast.PROJECT,
    title=cast.RUSSIAN_TITLE,
    nomination=cast.NOMINATION,
    contact_person_id=cast.CONTACT,
    rank=1,
    final_days=(date(2020, 5, 13), date(2020, 5, 14)),
    corrects=cast.scoring_event(f"decision/{cast.ROUND}", 4),
)
NOT_SHORTLISTED = ProjectNotShortlisted(
    season_id=cast.SEASON,
    round_id=cast.ROUND,
    project_id=cast.OTHER_PROJECT,
    title=cast.RUSSIAN_TITLE,
    nomination=cast.NOMINATION,
    contact_person_id=cast.CONTACT,
)
DECLINED = AwardDeclined(
    season_id=cast.SEASON,
    project_id=cast.PROJECT,
    nomination=cast.NOMINATION,
    amount_tiyn=AMOUNT_TIYN,
    reason="Победитель отозвал проект",
)
WINNER = WinnerAnnounced(
    season_id=cast.SEASON,
    round_id=cast.FINAL,
    project_id=cast.PROJECT,
    title=cast.RUSSIAN_TITLE,
    nomination=cast.NOMINATION,
    contact_person_id=cast.CONTACT,
    organisation=cast.RUSSIAN_ORGANISATION,
    region=cast.REGION,
    amount_tiyn=AMOUNT_TIYN,
    cause=cast.scoring_event(f"awards/{cast.SEASON}", 5),
    corrects=cast.scoring_event(f"awards/{cast.SEASON}", 4),
)
NOT_AWARDED = ProjectNotAwarded(
    season_id=cast.SEASON,
    round_id=cast.FINAL,
    project_id=cast.OTHER_PROJECT,
    title=cast.RUSSIAN_TITLE,
    nomination=cast.NOMINATION,
    contact_person_id=cast.CONTACT,
    reserve=1,
)


def _decided(sequence: int) -> Circumstances:
    return Circumstances(cast.ROUND, sequence, DECIDED_AT, actor=OFFICE)


def _awarded(sequence: int) -> Circumstances:
    return Circumstances(cast.SEASON, sequence, AWARDED_AT, actor=OFFICE)


OUTCOMES = (
    Sample(
        DECISION,
        _decided(1),
        kazakh=DECISION.model_copy(update={"chair_reason": "Ұпайлар тең: төраға шешті"}),
    ),
    Sample(
        ResultsPublished(
            season_id=cast.SEASON,
            round_id=cast.ROUND,
            chosen=1,
            not_chosen=1,
            published_at=DECIDED_AT,
            appeals_until=DECIDED_AT + timedelta(days=5),
        ),
        _decided(2),
    ),
    Sample(SHORTLISTED, _decided(3), kazakh=SHORTLISTED.model_copy(update=KAZAKH_TITLE)),
    Sample(
        NOT_SHORTLISTED,
        _decided(4),
        kazakh=NOT_SHORTLISTED.model_copy(update=KAZAKH_TITLE),
    ),
    Sample(
        AwardConfirmed(
            season_id=cast.SEASON,
            project_id=cast.PROJECT,
            nomination=cast.NOMINATION,
            amount_tiyn=AMOUNT_TIYN,
        ),
        _awarded(1),
    ),
    Sample(
        DECLINED,
        Circumstances(
            cast.SEASON,
            sequence=5,
            at=AWARDED_AT,
            actor="service/scoring",
            via="admin",
            cause=cast.submission_event(f"project/{cast.PROJECT}", 4),
        ),
        kazakh=DECLINED.model_copy(update={"reason": "Жеңімпаз жобасын кері қайтарып алды"}),
    ),
    Sample(
        AwardAdded(
            season_id=cast.SEASON,
            project_id=cast.OTHER_PROJECT,
            nomination=cast.NOMINATION,
            amount_tiyn=AMOUNT_TIYN,
            cause=cast.scoring_event(f"awards/{cast.SEASON}", 5),
            heard={f"submission/project/{cast.OTHER_PROJECT}": 2},
            ranking_event_id=cast.scoring_event(f"round/{cast.FINAL}", 3),
        ),
        Circumstances(
            cast.SEASON,
            sequence=6,
            at=AWARDED_AT,
            actor=OFFICE,
            cause=cast.scoring_event(f"awards/{cast.SEASON}", 5),
        ),
    ),
    Sample(
        WINNER,
        _awarded(3),
        kazakh=WINNER.model_copy(update=KAZAKH_TITLE | {"organisation": cast.KAZAKH_ORGANISATION}),
    ),
    Sample(
        NOT_AWARDED,
        _awarded(4),
        kazakh=NOT_AWARDED.model_copy(update=KAZAKH_TITLE),
    ),
)
