"""What the submission tests begin with: a season of 2020 that is open, and a project to hand in."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from schemas.season import SeasonDefinition
from schemas.submission import BudgetLine, Organisation, SubmissionEvent
from services.submission import domain
from services.submission.domain import Draft, Project, Season
from services.submission.season_file import parse_season

SEASON_FILE = Path(__file__).parents[2] / "seasons" / "2020.yaml"
SEASON_TEXT = SEASON_FILE.read_text("utf-8")
PROJECT = "11111111-1111-4111-8111-111111111111"
NGO, OTHER_NGO = "ngo-1", "ngo-2"


@cache
def definition() -> SeasonDefinition:
    """The fair of 2020."""
    return parse_season(SEASON_TEXT)


OPENS = definition().opens_at
DURING = OPENS + timedelta(days=1)
LAST_MOMENT = definition().deadline + timedelta(minutes=definition().grace_minutes)


def season(**changes: Any) -> Season:
    """The season, open."""
    return Season(definition=definition().model_copy(update=changes))


def line(requested: int, own: int = 0, quantity: int = 1, **changes: Any) -> BudgetLine:
    """A budget line whose sums are right."""
    price = (requested + own) // quantity
    fields: dict[str, Any] = {
        "title": "Сөрелер",
        "quantity": quantity,
        "unit_price_tiyn": price,
        "requested_tiyn": requested,
        "own_tiyn": own,
    }
    return BudgetLine(**(fields | changes))


def draft(**changes: Any) -> Draft:
    """A draft with nothing missing."""
    fields: dict[str, Any] = {
        "title": "Ауыл кітапханасы",
        "summary": "Ойдан шығарылған жоба.",
        "organisation": Organisation(name="Үлгі ҚҚ", bin="000000000001"),
        "nomination": "environment",
        "goals": (4, 10),
        "region": "turkistan",
        "settlement_kind": "village",
        "language": "kk",
        "budget_lines": (line(8_000_000, 2_000_000, 4),),
    }
    return Draft(**(fields | changes))


def saved(project: Project | None = None, now: datetime = DURING, **changes: Any) -> Project:
    """The project after its draft was saved."""
    return domain.save_draft(
        project,
        project_id=PROJECT,
        season=season(),
        applicant=NGO,
        draft=draft(**changes),
        has_contact=True,
        now=now,
    )


def submit(
    project: Project | None, now: datetime = DURING, **changes: Any
) -> list[SubmissionEvent]:
    """What handing the project in says."""
    arguments: dict[str, Any] = {
        "project_id": PROJECT,
        "season": season(),
        "applicant": NGO,
        "now": now,
    }
    return domain.submit_project(project, **(arguments | changes))


def after(project: Project | None, events: Sequence[SubmissionEvent]) -> Project:
    """The project after these events."""
    for event in events:
        project = domain.evolve_project(project, event)
    assert project is not None
    return project


def submitted(**changes: Any) -> Project:
    """A project that was handed in."""
    project = saved(**changes)
    return after(project, submit(project))


def screened(outcome: str = "eligible") -> Project:
    """A project that was handed in and checked."""
    project = submitted()
    reason = None if outcome == "eligible" else "incomplete"
    return after(project, screen(project, outcome=outcome, reason_code=reason))


def screen(project: Project | None, **changes: Any) -> list[SubmissionEvent]:
    """What a formal check says."""
    arguments: dict[str, Any] = {
        "project_id": PROJECT,
        "version": 1,
        "outcome": "eligible",
        "reason_code": None,
    }
    return domain.screen_project(project, **(arguments | changes))


def withdraw(project: Project | None, applicant: str = NGO) -> list[SubmissionEvent]:
    """What taking the project back says."""
    return domain.withdraw_project(project, project_id=PROJECT, applicant=applicant)
