"""Who takes part in a rehearsal: visibly fictional, and the same for the same seed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

import yaml

from schemas.base import Language
from schemas.season import Criterion, SeasonDefinition

LANGUAGES: Sequence[Language] = ("kk", "ru", "en")
THEMES = (
    ("Ауыл кітапханасы", "Сельская библиотека", "Village library"),
    ("Мектеп бағы", "Школьный сад", "School garden"),
    ("Әжелер үйірмесі", "Клуб бабушек", "Grandmothers' circle"),
    ("Таза өзен", "Чистая река", "Clean river"),
    ("Қол өнер шеберханасы", "Мастерская ремёсел", "Craft workshop"),
    ("Цифрлық көмек", "Цифровая помощь", "Digital help"),
    ("Кедергісіз орта", "Среда без барьеров", "Life without barriers"),
    ("Жасыл аула", "Зелёный двор", "Green yard"),
)


@dataclass(frozen=True, slots=True)
class FairSize:
    """How large a fair to play; the defaults are the fair of 2020."""

    projects: int = 158
    shortlist: int = 50
    jury: int = 9
    judges_per_project: int = 3
    registrants: int = 300


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """A project to hand in: its id, whose it is, and the draft."""

    id: str
    applicant: str
    draft: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Registrant:
    """Somebody who registers for a webinar."""

    id: str
    body: dict[str, Any]


class Cast:
    """Everything and everybody of one rehearsal, from a seed."""

    def __init__(self, seed: str, size: FairSize, season: SeasonDefinition) -> None:
        self.seed = seed
        self.size = size
        self.season = season

    def id(self, *parts: object) -> str:
        """UUIDv5(seed, …): the same on every run."""
        return str(uuid5(NAMESPACE_URL, "/".join((self.seed, *map(str, parts)))))

    def projects(self) -> list[ProjectPlan]:
        """The projects, spread over all regions and nominations."""
        return [self._project(number) for number in range(1, self.size.projects + 1)]

    def panel(self, name: str) -> list[dict[str, Any]]:
        """One appointee per seat of a panel."""
        seats = next(panel.seats for panel in self.season.panels if panel.name == name)
        return [
            {
                "person_id": self.id(name, number),
                "name": f"Үлгі мүше {number} (sample {name} member)",
                "email": f"{name}-{number}@example.org",
                "language": LANGUAGES[number % 3],
                "post": seat.post.model_dump(),
                "role": seat.role,
            }
            for number, seat in enumerate(seats, start=1)
        ]

    def registrants(self, webinar_id: str) -> list[Registrant]:
        """The people who register for one webinar."""
        return [
            Registrant(
                self.id("registration", webinar_id, number),
                {
                    "name": f"Қатысушы {number} (sample participant)",
                    "email": f"participant-{number}.{webinar_id}@example.org",
                    "language": LANGUAGES[number % 3],
                    "personal_data_consent": True,
                },
            )
            for number in range(1, self.size.registrants + 1)
        ]

    def points(self, round_id: str, project: str, judge: str) -> list[dict[str, str]]:
        """A judge's sheet: the project's quality, the judge's severity, and a little noise."""
        quality = self._random("quality", project).gauss(6.2, 1.6)
        severity = self._random("severity", judge).gauss(0, 0.5)
        sheet = self._random("sheet", round_id, project, judge)
        return [
            {
                "criterion": criterion.id,
                "points": _on_scale(quality - severity + sheet.gauss(0, 0.9), criterion),
            }
            for criterion in self._criteria(round_id, project)
        ]

    def comments(
        self, round_id: str, project: str, points: Sequence[Mapping[str, str]]
    ) -> list[dict[str, str]]:
        """What the judge says to these points, where the rubric asks for it."""
        given = {one["criterion"]: Decimal(one["points"]) for one in points}
        return [
            {"criterion": criterion.id, "comment": "Ойдан шығарылған пікір (sample comment)"}
            for criterion in self._criteria(round_id, project)
            if criterion.comments.due(given[criterion.id])
        ]

    def _criteria(self, round_id: str, project: str) -> Sequence[Criterion]:
        """The rubric of the project's nomination."""
        stage = next(s for s in self.season.rounds if round_id == f"{self.season.id}-{s.id}")
        if not stage.nominations:
            return stage.criteria
        return stage.within(self._nominations[project]).criteria

    @cached_property
    def _nominations(self) -> dict[str, str]:
        return {plan.id: plan.draft["nomination"] for plan in self.projects()}

    def _project(self, number: int) -> ProjectPlan:
        chance = self._random("project", number)
        season, language = self.season, LANGUAGES[number % 3]
        theme = THEMES[number % len(THEMES)][LANGUAGES.index(language)]
        lines = [_budget_line(chance, index) for index in range(1, chance.randint(2, 5))]
        draft = {
            "season_id": season.id,
            "title": f"{theme} № {number}",
            "summary": f"{theme} {number}: ойдан шығарылған · вымышленный · a sample project.",
            "organisation": {
                "name": f"«Үлгі-{number}» қоғамдық қоры (sample NGO)",
                "bin": f"{number:012d}",
            },
            "nomination": season.nominations[number % len(season.nominations)].id,
            "goals": sorted(chance.sample(range(1, 18), k=chance.randint(1, 3))),
            "region": season.regions[number % len(season.regions)].id,
            "settlement_kind": season.settlement_kinds[number % len(season.settlement_kinds)],
            "language": language,
            "budget_lines": lines,
            "contact": {
                "name": f"Байланысшы {number} (sample contact)",
                "email": f"ngo-{number}@example.org",
                "language": language,
            },
        }
        return ProjectPlan(self.id("project", number), self.id("applicant", number), draft)

    def _random(self, *parts: object) -> random.Random:
        return random.Random("/".join((self.seed, *map(str, parts))))  # noqa: S311 - sample data


def season_text(path: Path, today: date, size: FairSize) -> str:
    """The season's YAML with its dates moved so that the call opened yesterday.

    All dates move by the same number of days. A size other than the real one changes the jury's
    seats and the shortlist, and nothing else.
    """
    data = yaml.safe_load(path.read_text())
    shift = timedelta(days=(today - data["opens_at"].date()).days - 1)
    moved = _moved(data, shift, ZoneInfo(data["timezone"]))
    first = moved["rounds"][0]
    first["limit"], first["judges_per_project"] = size.shortlist, size.judges_per_project
    first["minimum_sheets"] = min(first["minimum_sheets"], size.judges_per_project)
    moved["rounds"][-1]["limit"] = size.shortlist
    jury = next(panel for panel in moved["panels"] if panel["name"] == "jury")
    members = [seat for seat in jury["seats"] if seat.get("role") != "secretary"]
    jury["seats"] = [
        members[n % len(members)] | {"role": "chair" if n == 0 else "member"}
        for n in range(size.jury)
    ]
    text: str = yaml.safe_dump(moved, allow_unicode=True, sort_keys=False)
    return text


def _moved(value: Any, shift: timedelta, zone: ZoneInfo) -> Any:
    """Local times stay what they are, whatever offset is in force on the new day."""
    if isinstance(value, dict):
        return {key: _moved(item, shift, zone) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, shift, zone) for item in value]
    if isinstance(value, datetime):
        return (value.astimezone(zone) + shift).isoformat()
    if isinstance(value, date):
        return value + shift
    return value


def _budget_line(chance: random.Random, index: int) -> dict[str, Any]:
    quantity = chance.randint(1, 8)
    price = chance.randint(40, 150) * 100_000
    own = quantity * price // 100_000 * chance.randint(0, 20) * 1_000
    return {
        "title": f"Шығын {index} (sample cost)",
        "quantity": quantity,
        "unit_price_tiyn": price,
        "requested_tiyn": quantity * price - own,
        "own_tiyn": own,
    }


def _on_scale(value: float, criterion: Criterion) -> str:
    """The nearest step of the criterion's range, as an exact decimal."""
    steps = round((value - float(criterion.minimum)) / float(criterion.step))
    points = criterion.minimum + steps * criterion.step
    return f"{min(max(points, criterion.minimum), criterion.maximum):.2f}"
