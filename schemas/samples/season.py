"""The sample season: the titles are the fair's own, every number in it is invented."""

from datetime import UTC, date, datetime
from decimal import Decimal

from schemas.base import Localised
from schemas.samples import cast
from schemas.season import (
    Anchor,
    CommentRule,
    Criterion,
    CriterionWeight,
    Nomination,
    NominationRubric,
    Normalisation,
    PanelDefinition,
    Region,
    RoundDefinition,
    SeasonDefinition,
    Seat,
    WebinarDefinition,
)

FUNDS_TIYN = 5_000_000_000


def _criterion(slug: str, kk: str, ru: str, en: str, weight: str) -> Criterion:
    return Criterion(
        id=slug,
        name=Localised(kk=kk, ru=ru, en=en),
        weight=Decimal(weight),
        minimum=Decimal("0"),
        maximum=Decimal("10"),
        step=Decimal("0.25"),
        required=True,
        anchors=(
            Anchor(
                at=Decimal("2"),
                text=Localised(kk="Дәлел жоқ", ru="Данных нет", en="No evidence"),
            ),
            Anchor(
                at=Decimal("9.5"),
                text=Localised(kk="Толық дәлелденген", ru="Доказано", en="Shown in full"),
            ),
        ),
        comment=CommentRule(rule="required", below=Decimal("3"), above=Decimal("9")),
    )


CRITERIA = (
    _criterion("relevance", "Өзектілігі", "Актуальность", "Relevance", "0.4"),
    _criterion("budget", "Бюджеттің негізділігі", "Обоснованность бюджета", "Budget", "0.6"),
)

FIRST_ROUND = RoundDefinition(
    id="first",
    name=Localised(kk="Бірінші кезең", ru="Первый тур", en="First round"),
    panel="jury",
    judges_per_project=3,
    minimum_sheets=2,
    limit=50,
    criteria=CRITERIA,
    tie_break=("criterion:relevance", "median", "earliest-submission"),
    aggregation="mean",
    normalisation=Normalisation(method="z-score", minimum_sheets=4, shrinkage=Decimal("3.5")),
    reserve=0,
    nominations=(
        NominationRubric(
            nomination=cast.NOMINATION,
            criteria=CRITERIA,
            weights=(
                CriterionWeight(criterion="relevance", weight=Decimal("0.5")),
                CriterionWeight(criterion="budget", weight=Decimal("0.5")),
            ),
        ),
    ),
    visibility="after-own",
    blind=True,
)

FINAL = RoundDefinition(
    id="final",
    name=Localised(kk="Финал", ru="Финал", en="Final"),
    panel="commission",
    judges_per_project="all",
    minimum_sheets=7,
    limit=10,
    criteria=CRITERIA,
    tie_break=("median",),
    aggregation="trimmed-mean",
    normalisation=Normalisation(method="judge-effect", minimum_sheets=4, shrinkage=Decimal("3.5")),
    reserve=5,
    nominations=(
        NominationRubric(
            nomination=cast.NOMINATION,
            criteria=CRITERIA,
            weights=(
                CriterionWeight(criterion="relevance", weight=Decimal("0.3")),
                CriterionWeight(criterion="budget", weight=Decimal("0.7")),
            ),
        ),
    ),
    visibility="always",
    blind=False,
)

CHAIR = Seat(
    post=Localised(kk="Үлгі қорының төрағасы", ru="Председатель фонда-образца", en="Sample chair"),
    role="chair",
)

SEASON = SeasonDefinition(
    id=cast.SEASON,
    title=Localised(
        kk="Әлеуметтік идеялар мен жобалар жәрмеңкесі",
        ru="Ярмарка социальных идей и проектов",
        en="Fair of Social Ideas and Projects",
    ),
    theme=Localised(
        kk="Тұрақты даму мүдделері үшін жаһандық проблемаларды локалды шешу",
        ru="Локальное решение глобальных проблем в интересах устойчивого развития",
        en="Solving global problems locally for sustainable development",
    ),
    timezone=cast.TIMEZONE,
    languages=("kk", "ru", "en"),
    opens_at=datetime(2020, 3, 1, 3, 0, tzinfo=UTC),
    deadline=datetime(2020, 4, 20, 12, 0, tzinfo=UTC),
    grace_minutes=15,
    final_days=(date(2020, 5, 13), date(2020, 5, 14)),
    award_day=date(2020, 5, 14),
    goals=(1, 6, 13, 17),
    nominations=(
        Nomination(
            id=cast.NOMINATION,
            name=Localised(
                kk="Тұрақты Даму мақсаты: қоршаған ортамен үйлесімде болу",
                ru="Цель устойчивого развития: в гармонии с окружающей средой",
                en="A sustainable development goal: in harmony with the environment",
            ),
            funds_tiyn=FUNDS_TIYN,
        ),
    ),
    regions=(
        Region(
            id="shymkent",
            name=Localised(kk="Шымкент қаласы", ru="Шымкент", en="Shymkent"),
            kind="city",
        ),
        Region(
            id=cast.REGION,
            name=Localised(kk="Алматы облысы", ru="Алматинская область", en="Almaty region"),
            kind="region",
        ),
    ),
    settlement_kinds=("city", "monotown", "remote-settlement", "village"),
    requested_cap_tiyn=500_000_000,
    funds_tiyn=FUNDS_TIYN,
    panels=(
        PanelDefinition(name="jury", quorum="1/2", tie_rule="lost", seats=(CHAIR,)),
        PanelDefinition(name="commission", quorum="2/3", tie_rule="chair-casts", seats=(CHAIR,)),
    ),
    rounds=(FIRST_ROUND, FINAL),
    webinars=(
        WebinarDefinition(
            id="media-and-ngos",
            title=cast.WEBINAR_TITLE,
            speaker=cast.SPEAKER,
            starts_at=datetime(2020, 5, 13, 9, 0, tzinfo=UTC),
            minutes=90,
            capacity=500,
        ),
    ),
    appeal_days=5,
    sample=("criteria", "funds", "panels", "times of day"),
)

KAZAKH_SEASON = SEASON.model_copy(update={"languages": ("kk",)})
