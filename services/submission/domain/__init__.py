"""The rules of seasons and projects. Pure: time, ids and the season come in as arguments."""

from services.submission.domain.base import State
from services.submission.domain.content import Contact, Draft, complete
from services.submission.domain.projects import (
    Project,
    Screening,
    Version,
    contact_person,
    contact_person_id,
    evolve_project,
    save_draft,
    screen_project,
    submit_project,
    unknown_project,
    withdraw_project,
)
from services.submission.domain.seasons import (
    Season,
    close_season,
    evolve_season,
    open_season,
    unknown_season,
)

__all__ = [
    "Contact",
    "Draft",
    "Project",
    "Screening",
    "Season",
    "State",
    "Version",
    "close_season",
    "complete",
    "contact_person",
    "contact_person_id",
    "evolve_project",
    "evolve_season",
    "open_season",
    "save_draft",
    "screen_project",
    "submit_project",
    "unknown_project",
    "unknown_season",
    "withdraw_project",
]
