"""Samples of the scoring service's events up to the ranking; later ones are in `outcomes`."""

from datetime import UTC, datetime
from decimal import Decimal

from schemas.base import Localised
from schemas.samples import cast
from schemas.samples.sample import Circumstances, Sample
from schemas.scoring import (
    AssignmentsDrawn,
    CommissionAppointed,
    CriterionComment,
    CriterionPoints,
    DrawnProject,
    FewSheets,
    JudgeAssigned,
    JudgeScale,
    JudgeTerms,
    Member,
    RankedProject,
    RankingComputed,
    RoundClosed,
    ScoreRecorded,
    ScoresSealed,
    ScoreVoided,
    SignInLinkRequested,
)

JUDGED_AT = datetime(2020, 5, 4, 6, 0, tzinfo=UTC)
CLOSED_AT = datetime(2020, 5, 8, 13, 0, tzinfo=UTC)
OFFICE = "secretary/sample"
JUDGE = f"judge/{cast.MEMBER}"
CUT = {f"scoring/evaluation/{cast.EVALUATION}": 5, f"scoring/evaluation/{cast.OTHER_EVALUATION}": 3}

APPOINTED = CommissionAppointed(
    season_id=cast.SEASON,
    panel="commission",
    members=(
        Member(
            person_id=cast.CHAIR,
            name="Образец Примеров",
            post=Localised(
                kk="Үлгі қорының директоры",
                ru="Директор фонда-образца",
                en="Director of the sample foundation",
            ),
            role="chair",
            organisation=cast.RUSSIAN_ORGANISATION,
            bin="000000000001",
            related_bins=("000000000002",),
        ),
    ),
)
KAZAKH_MEMBER = Member(
    person_id=cast.SECRETARY,
    name="Үлгі Мысалқызы",
    post=Localised(kk="Аға үйлестіруші", ru="Старший координатор", en="Senior coordinator"),
    role="secretary",
)
LINK_REQUESTED = SignInLinkRequested(
    season_id=cast.SEASON,
    panel="commission",
    person_id=APPOINTED.members[0].person_id,
    post=APPOINTED.members[0].post,
)
DRAWN = AssignmentsDrawn(
    season_id=cast.SEASON,
    round_id=cast.ROUND,
    seed="sample draw of 2020-05-04",
    judges_per_project=1,
    judges=(cast.CHAIR, cast.MEMBER),
    projects=(cast.PROJECT, cast.OTHER_PROJECT),
    inputs_hash=cast.HASH,
    about=(
        DrawnProject(
            project_id=cast.PROJECT,
            nomination=cast.NOMINATION,
            region=cast.REGION,
            language="ru",
            barred=(cast.CHAIR,),
        ),
        DrawnProject(
            project_id=cast.OTHER_PROJECT,
            nomination=cast.NOMINATION,
            region=cast.REGION,
            language="kk",
            barred=(cast.CHAIR,),
        ),
    ),
    terms=(
        JudgeTerms(
            judge_id=cast.MEMBER,
            languages=("kk", "ru"),
            avoids_regions=(cast.REGION,),
            reserve=False,
        ),
    ),
)
RECORDED = ScoreRecorded(
    round_id=cast.ROUND,
    project_id=cast.PROJECT,
    judge_id=cast.MEMBER,
    project_version=2,
    points=(
        CriterionPoints(criterion="relevance", points=Decimal("7.50")),
        CriterionPoints(criterion="budget", points=Decimal("8.25")),
    ),
    comments=(CriterionComment(criterion="budget", comment="Цены подтверждены сметой."),),
    reason="Учтены приложенные сметы",
    replaces=cast.scoring_event(f"evaluation/{cast.EVALUATION}", 2),
)
VOIDED = ScoreVoided(
    round_id=cast.ROUND,
    project_id=cast.PROJECT,
    judge_id=cast.MEMBER,
    score_event_id=cast.scoring_event(f"evaluation/{cast.EVALUATION}", 3),
    reason="Конфликт интересов заявлен после оценки",
    cause=cast.scoring_event(f"appeal/{cast.EVALUATION}", 2),
)
RANKING = RankingComputed(
    round_id=cast.ROUND,
    ruleset_hash=cast.OTHER_HASH,
    cut=CUT,
    inputs_hash=cast.HASH,
    table_hash=cast.OTHER_HASH,
    table=(
        RankedProject(
            rank=1,
            project_id=cast.PROJECT,
            nomination=cast.NOMINATION,
            total=Decimal("8.100000"),
            sheets=2,
            tied_with_next=True,
            normalised=Decimal("8.250000"),
        ),
        RankedProject(
            rank=2,
            project_id=cast.OTHER_PROJECT,
            nomination=cast.NOMINATION,
            total=Decimal("8.100000"),
            sheets=2,
            tied_with_next=False,
            normalised=Decimal("8.250000"),
        ),
    ),
    judges=(
        JudgeScale(
            judge_id=cast.CHAIR,
            scale=Decimal("0.923077000000"),
            offset=Decimal("-0.400000000000"),
        ),
    ),
    corrects=cast.scoring_event(f"round/{cast.ROUND}", 3),
    few_sheets=FewSheets(
        projects=(cast.OTHER_PROJECT,), reason="После отвода остался один лист; замены нет"
    ),
)

SCORING = (
    Sample(
        APPOINTED,
        Circumstances(f"{cast.SEASON}-commission", via="admin"),
        kazakh=APPOINTED.model_copy(update={"members": (*APPOINTED.members, KAZAKH_MEMBER)}),
    ),
    Sample(
        LINK_REQUESTED,
        Circumstances(f"{cast.SEASON}-commission", 2, at=JUDGED_AT, actor=OFFICE),
        kazakh=LINK_REQUESTED,
    ),
    Sample(
        DRAWN,
        Circumstances(cast.ROUND, at=JUDGED_AT, actor=OFFICE),
        kazakh=DRAWN.model_copy(update={"seed": "Жәрмеңке, 2020 жылғы 4 мамыр"}),
    ),
    Sample(
        JudgeAssigned(
            season_id=cast.SEASON,
            round_id=cast.ROUND,
            project_id=cast.PROJECT,
            judge_id=cast.MEMBER,
        ),
        Circumstances(
            cast.EVALUATION,
            at=JUDGED_AT,
            actor=OFFICE,
            cause=cast.scoring_event(f"round/{cast.ROUND}", 1),
        ),
    ),
    Sample(
        RECORDED,
        Circumstances(cast.EVALUATION, sequence=3, at=JUDGED_AT, actor=JUDGE, via="page"),
        kazakh=RECORDED.model_copy(
            update={
                "comments": (
                    CriterionComment(criterion="budget", comment="Бағалар сметамен расталған."),
                ),
                "reason": "Қоса берілген сметалар ескерілді",
            }
        ),
    ),
    Sample(
        VOIDED,
        Circumstances(cast.EVALUATION, sequence=4, at=JUDGED_AT, actor=OFFICE),
        kazakh=VOIDED.model_copy(
            update={"reason": "Бағалаудан кейін мүдделер қақтығысы анықталды"}
        ),
    ),
    Sample(
        ScoresSealed(round_id=cast.ROUND, project_id=cast.PROJECT, sheets=2),
        Circumstances(cast.EVALUATION, sequence=5, at=CLOSED_AT, actor=OFFICE),
    ),
    Sample(
        RoundClosed(round_id=cast.ROUND, cut=CUT),
        Circumstances(cast.ROUND, sequence=2, at=CLOSED_AT, actor=OFFICE),
    ),
    Sample(
        RANKING,
        Circumstances(cast.ROUND, sequence=3, at=CLOSED_AT, actor=OFFICE),
        kazakh=RANKING.model_copy(
            update={
                "few_sheets": FewSheets(
                    projects=(cast.OTHER_PROJECT,), reason="Шеттетуден кейін бір парақ қалды"
                )
            }
        ),
    ),
)
