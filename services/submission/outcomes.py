"""What this service has heard of its projects from scoring: a pure fold of others' events."""

from collections.abc import Iterable
from typing import Literal

from schemas.base import Slug, Tiyn, Uuid
from schemas.scoring import (
    AwardDeclined,
    ProjectNotAwarded,
    ProjectNotShortlisted,
    ProjectShortlisted,
    WinnerAnnounced,
)
from services.kit.fold import Fold, Heard
from services.submission.domain import Project, State

OutcomeStatus = Literal[
    "under_review",
    "shortlisted",
    "not_shortlisted",
    "winner",
    "reserve",
    "not_awarded",
    "declined",
]
HEARD = (
    ProjectShortlisted,
    ProjectNotShortlisted,
    WinnerAnnounced,
    ProjectNotAwarded,
    AwardDeclined,
)


class Outcome(State):
    """How far a project came, as published; `under_review` while nothing is."""

    project_id: Uuid
    season_id: Slug
    status: OutcomeStatus
    amount_tiyn: Tiyn | None = None


def _targets(heard: Heard) -> Iterable[str]:
    return (heard.event.project_id,)


def _fold(outcome: Outcome | None, heard: Heard, id: str) -> Outcome:
    event = heard.event
    if isinstance(event, AwardDeclined) and (outcome is None or outcome.status != "winner"):
        # The award was never announced: that there was one stays under embargo.
        return outcome or Outcome(project_id=id, season_id=event.season_id, status="under_review")
    match event:
        case ProjectShortlisted():
            status: OutcomeStatus = "shortlisted"
        case ProjectNotShortlisted():
            status = "not_shortlisted"
        case WinnerAnnounced():
            status = "winner"
        case AwardDeclined():
            status = "declined"
        case ProjectNotAwarded(reserve=int()):
            status = "reserve"
        case _:
            status = "not_awarded"
    amount = event.amount_tiyn if isinstance(event, WinnerAnnounced) else None
    if outcome is not None and _STAGE[status] < _STAGE[outcome.status]:
        return outcome  # a result of an earlier stage that came late changes nothing
    return Outcome(project_id=id, season_id=event.season_id, status=status, amount_tiyn=amount)


_STAGE: dict[OutcomeStatus, int] = {
    "under_review": 0,
    "not_shortlisted": 1,
    "shortlisted": 1,
    "not_awarded": 2,
    "reserve": 2,
    "winner": 2,
    "declined": 3,
}

OUTCOMES = Fold(
    state=Outcome,
    types=frozenset(model.type_name() for model in HEARD),
    targets=_targets,
    fold=_fold,
)


def status_shown(project: Project, outcome: Outcome | None, *, to_staff_or_owner: bool) -> str:
    """The status as this viewer may see it: the public learns nothing before the results."""
    if project.status == "withdrawn":
        return "withdrawn"
    if outcome is not None and outcome.status != "under_review":
        return outcome.status
    if to_staff_or_owner or project.status == "draft":
        return project.status
    return "submitted"
