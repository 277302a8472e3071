"""Samples of the submission service's events."""

from datetime import UTC, datetime
from typing import Literal

from schemas.samples import cast
from schemas.samples.sample import AT, Circumstances, Sample
from schemas.samples.season import KAZAKH_SEASON, SEASON
from schemas.submission import (
    Budget,
    BudgetLine,
    Organisation,
    ProjectContent,
    ProjectRevised,
    ProjectScreened,
    ProjectSubmitted,
    ProjectWithdrawn,
    SeasonClosed,
    SeasonOpened,
)

REVISED_AT = datetime(2020, 4, 20, 11, 45, 12, 345_000, tzinfo=UTC)
CLOSED_AT = datetime(2020, 4, 20, 12, 15, tzinfo=UTC)
APPLICANT = f"applicant/{cast.CONTACT}"
OFFICE = "secretary/sample"


def _content(
    language: Literal["kk", "ru"], title: str, summary: str, organisation: str, cost: str
) -> ProjectContent:
    line = BudgetLine(
        title=cost,
        quantity=3,
        unit_price_tiyn=12_500_050,
        requested_tiyn=30_000_000,
        own_tiyn=7_500_150,
    )
    return ProjectContent(
        title=title,
        summary=summary,
        organisation=Organisation(name=organisation, bin="000000000001"),
        nomination=cast.NOMINATION,
        goals=(11, 13),
        region=cast.REGION,
        settlement_kind="village",
        language=language,
        budget=Budget(lines=(line,), total_tiyn=37_500_150, requested_tiyn=30_000_000),
    )


RUSSIAN = _content(
    "ru",
    cast.RUSSIAN_TITLE,
    "Вымышленный проект для примера.\nЖители сортируют отходы во дворе.",
    cast.RUSSIAN_ORGANISATION,
    "Контейнеры для сортировки",
)
KAZAKH = _content(
    "kk",
    cast.KAZAKH_TITLE,
    "Үлгіге арналған ойдан шығарылған жоба.\nТұрғындар ауладағы қалдықтарды сұрыптайды.",
    cast.KAZAKH_ORGANISATION,
    "Сұрыптауға арналған жәшіктер",
)

SUBMITTED = ProjectSubmitted(
    project_id=cast.PROJECT,
    season_id=cast.SEASON,
    version=1,
    submitted_at=AT,
    content=RUSSIAN,
    contact_person_id=cast.CONTACT,
)
REVISED = ProjectRevised(
    project_id=cast.PROJECT,
    season_id=cast.SEASON,
    version=2,
    submitted_at=REVISED_AT,
    content=RUSSIAN,
    contact_person_id=cast.CONTACT,
)
SCREENED = ProjectScreened(
    project_id=cast.PROJECT,
    season_id=cast.SEASON,
    version=2,
    outcome="ineligible",
    reason_code="incomplete",
    title=cast.RUSSIAN_TITLE,
    contact_person_id=cast.CONTACT,
)
WITHDRAWN = ProjectWithdrawn(
    project_id=cast.PROJECT,
    season_id=cast.SEASON,
    title=cast.RUSSIAN_TITLE,
    contact_person_id=cast.CONTACT,
)

SUBMISSION = (
    Sample(
        SeasonOpened(season=SEASON),
        Circumstances(cast.SEASON, via="admin"),
        kazakh=SeasonOpened(season=KAZAKH_SEASON),
    ),
    Sample(
        SeasonClosed(season_id=cast.SEASON, closed_at=CLOSED_AT, projects=158),
        Circumstances(cast.SEASON, sequence=2, at=CLOSED_AT, via="admin"),
    ),
    Sample(
        SUBMITTED,
        Circumstances(cast.PROJECT, actor=APPLICANT, via="page"),
        kazakh=SUBMITTED.model_copy(update={"content": KAZAKH}),
    ),
    Sample(
        REVISED,
        Circumstances(cast.PROJECT, sequence=2, at=REVISED_AT, actor=APPLICANT, via="page"),
        kazakh=REVISED.model_copy(update={"content": KAZAKH}),
    ),
    Sample(
        SCREENED,
        Circumstances(cast.PROJECT, sequence=3, at=CLOSED_AT, actor=OFFICE),
        kazakh=SCREENED.model_copy(update={"title": cast.KAZAKH_TITLE}),
    ),
    Sample(
        WITHDRAWN,
        Circumstances(cast.PROJECT, sequence=4, at=CLOSED_AT, actor=APPLICANT, via="page"),
        kazakh=WITHDRAWN.model_copy(update={"title": cast.KAZAKH_TITLE}),
    ),
)
