"""The fold of scoring's outcomes: late and old results, and what each viewer is told."""

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from schemas.scoring import (
    AwardDeclined,
    ProjectNotAwarded,
    ProjectNotShortlisted,
    ProjectShortlisted,
    ScoringEvent,
    WinnerAnnounced,
)
from services.kit.envelope import Envelope
from services.kit.fold import Heard
from services.submission.outcomes import OUTCOMES, Outcome, status_shown

from . import given

COMMON: dict[str, Any] = {
    "season_id": "2020",
    "round_id": "2020-first",
    "project_id": given.PROJECT,
    "title": "Ауыл кітапханасы",
    "nomination": "environment",
    "contact_person_id": given.PROJECT,
}
SHORTLISTED = ProjectShortlisted(**COMMON, rank=1, final_days=(date(2020, 5, 13),))
NOT_SHORTLISTED = ProjectNotShortlisted(**COMMON)
WON = WinnerAnnounced(**COMMON, organisation="Үлгі", region="turkistan", amount_tiyn=700)
NOT_AWARDED = ProjectNotAwarded(**COMMON)
DECLINED = AwardDeclined(
    season_id="2020",
    project_id=given.PROJECT,
    nomination="environment",
    amount_tiyn=700,
    reason="The applicant withdrew the project.",
)


def folded(*events: ScoringEvent) -> Outcome | None:
    """What is known after these events, in this order."""
    outcome: Outcome | None = None
    for event in events:
        subject = f"{event.KIND}/2020"
        envelope = Envelope("scoring", event.type_name(), 1, subject, 1, "2020-05-14T00:00:00.000Z")
        assert list(OUTCOMES.targets(Heard(envelope, event, None))) == [given.PROJECT]  # type: ignore[arg-type]
        outcome = OUTCOMES.fold(outcome, Heard(envelope, event, None), given.PROJECT)  # type: ignore[arg-type]
    return outcome


def shown(outcome: Outcome | None, *, inside: bool = False, status: str = "eligible") -> str:
    project = given.submitted().model_copy(update={"status": status})
    return status_shown(project, outcome, to_staff_or_owner=inside)


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (SHORTLISTED, "shortlisted"),
        (NOT_SHORTLISTED, "not_shortlisted"),
        (WON, "winner"),
        (NOT_AWARDED, "not_awarded"),
    ],
)
def test_an_outcome_is_what_its_event_says(event: ScoringEvent, status: str) -> None:
    outcome = folded(event)

    assert outcome is not None
    assert outcome.status == status
    assert outcome.amount_tiyn == (700 if event is WON else None)


def test_a_result_of_an_earlier_stage_that_comes_late_changes_nothing() -> None:
    assert folded(WON, SHORTLISTED) == folded(SHORTLISTED, WON)
    assert folded(NOT_AWARDED, SHORTLISTED) == folded(SHORTLISTED, NOT_AWARDED)


def test_a_result_that_comes_again_changes_nothing() -> None:
    assert folded(SHORTLISTED, WON, WON) == folded(SHORTLISTED, WON)


def test_a_winner_that_withdraws_has_declined() -> None:
    for order in permutations((SHORTLISTED, WON)):
        outcome = folded(*order, DECLINED)
        assert outcome is not None
        assert (outcome.status, outcome.amount_tiyn) == ("declined", None)


def test_who_is_in_reserve_may_win_later_and_is_shown_so() -> None:
    reserve = NOT_AWARDED.model_copy(update={"reserve": 2})

    assert shown(folded(SHORTLISTED, reserve)) == "reserve"
    assert shown(folded(SHORTLISTED, reserve, WON)) == "winner"
    assert shown(folded(reserve, WON, DECLINED)) == "declined"


def test_a_correction_on_appeal_is_shown_instead_of_what_it_corrects() -> None:
    assert shown(folded(NOT_SHORTLISTED, SHORTLISTED)) == "shortlisted"
    assert shown(folded(NOT_SHORTLISTED, SHORTLISTED, NOT_AWARDED, WON)) == "winner"


def test_an_award_that_fell_away_before_it_was_announced_stays_unknown() -> None:
    assert folded(SHORTLISTED, DECLINED) == folded(SHORTLISTED)
    for inside in (False, True):
        assert shown(folded(DECLINED), inside=inside) == shown(None, inside=inside)
    assert folded(DECLINED, SHORTLISTED) == folded(SHORTLISTED)


@pytest.mark.parametrize("status", ["submitted", "eligible", "ineligible"])
def test_the_public_learns_nothing_before_the_results(status: str) -> None:
    assert shown(None, status=status) == "submitted"
    assert shown(None, status=status, inside=True) == status


def test_after_the_results_everybody_learns_them() -> None:
    assert shown(folded(SHORTLISTED)) == "shortlisted"
    assert shown(folded(SHORTLISTED, WON)) == "winner"


def test_a_withdrawn_project_is_shown_as_withdrawn() -> None:
    for outcome in (None, folded(SHORTLISTED), folded(WON, DECLINED)):
        assert shown(outcome, status="withdrawn") == "withdrawn"
