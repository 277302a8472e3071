"""The season file of 2020: it is a valid definition and states the facts of the fair."""

from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from schemas.season import PanelDefinition, SeasonDefinition

SEASON_FILE = Path(__file__).parents[2] / "seasons" / "2020.yaml"


@pytest.fixture(scope="module")
def season() -> SeasonDefinition:
    return SeasonDefinition.model_validate(yaml.safe_load(SEASON_FILE.read_text("utf-8")))


def panel(season: SeasonDefinition, name: str) -> PanelDefinition:
    return next(panel for panel in season.panels if panel.name == name)


def test_season_has_the_calendar_of_the_fair(season: SeasonDefinition) -> None:
    assert season.timezone == "Asia/Almaty"
    assert season.final_days == (date(2020, 5, 13), date(2020, 5, 14))
    assert season.award_day == date(2020, 5, 14)
    assert season.goals == tuple(range(1, 18))
    assert season.deadline.astimezone(season.zone).utcoffset() == timedelta(hours=6)
    assert season.closes_at.astimezone(season.zone).date() < season.final_days[0]


def test_season_has_three_nominations(season: SeasonDefinition) -> None:
    assert [nomination.id for nomination in season.nominations] == [
        "equal-opportunities",
        "social-entrepreneurship",
        "environment",
    ]


def test_season_has_three_cities_and_fourteen_regions(season: SeasonDefinition) -> None:
    by_kind = {
        kind: [region.id for region in season.regions if region.kind == kind]
        for kind in ("city", "region")
    }

    assert len(season.regions) == 17
    assert by_kind == {
        "city": ["nur-sultan", "almaty", "shymkent"],
        "region": [
            "akmola",
            "aktobe",
            "almaty-region",
            "atyrau",
            "east-kazakhstan",
            "jambyl",
            "karaganda",
            "kostanay",
            "kyzylorda",
            "mangystau",
            "north-kazakhstan",
            "pavlodar",
            "turkistan",
            "west-kazakhstan",
        ],
    }


def test_names_of_regions_are_those_of_2020(season: SeasonDefinition) -> None:
    names = {region.id: (region.name.kk, region.name.ru) for region in season.regions}

    assert names["nur-sultan"] == ("Нұр-Сұлтан", "Нур-Султан")
    assert names["turkistan"] == ("Түркістан облысы", "Туркестанская область")
    assert {kk for kk, _ in names.values() if not kk.endswith(" облысы")} == {
        "Нұр-Сұлтан",
        "Алматы",
        "Шымкент",
    }


def test_commission_has_ten_votes_and_a_secretary(season: SeasonDefinition) -> None:
    roles = [seat.role for seat in panel(season, "commission").seats]

    assert roles == ["chair", *["member"] * 9, "secretary"]


def test_jury_has_nine_votes_and_no_secretary(season: SeasonDefinition) -> None:
    assert [seat.role for seat in panel(season, "jury").seats] == ["chair", *["member"] * 8]


def test_rounds_lead_from_the_jury_to_the_commission(season: SeasonDefinition) -> None:
    assert [
        (stage.id, stage.panel, stage.judges_per_project, stage.minimum_sheets, stage.limit)
        for stage in season.rounds
    ] == [("first", "jury", 3, 2, 50), ("final", "commission", "all", 7, 50)]


def test_weights_of_each_rubric_add_to_exactly_one(season: SeasonDefinition) -> None:
    assert [sum(criterion.weight for criterion in stage.criteria) for stage in season.rounds] == [
        1,
        1,
    ]


def test_final_scores_the_idea_the_budget_and_the_answers(season: SeasonDefinition) -> None:
    final = season.round("final")

    assert final is not None
    assert [criterion.id for criterion in final.criteria] == ["idea", "budget-defence", "answers"]


def test_funds_are_split_without_remainder(season: SeasonDefinition) -> None:
    assert season.funds_tiyn == 30_000_000 * 100
    assert sum(nomination.funds_tiyn for nomination in season.nominations) == season.funds_tiyn
    assert season.requested_cap_tiyn == 5_000_000 * 100


def test_webinars_are_on_the_days_of_the_final(season: SeasonDefinition) -> None:
    assert [
        (webinar.id, webinar.starts_at.astimezone(season.zone).date(), webinar.capacity)
        for webinar in season.webinars
    ] == [
        ("media-and-ngos", date(2020, 5, 13), None),
        ("digital-value-proposition", date(2020, 5, 14), 1000),
    ]


def test_everything_invented_is_listed_as_sample(season: SeasonDefinition) -> None:
    assert len(season.sample) == 9
    assert len(set(season.sample)) == len(season.sample)
