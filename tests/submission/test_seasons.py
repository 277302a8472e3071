"""The rules of a season, without I/O."""

from typing import Any

import pytest

from schemas.season import CommentRule, NominationRubric
from schemas.submission import SeasonClosed, SeasonOpened
from services.kit.refusal import Refused
from services.submission.domain import close_season, evolve_season, open_season

from . import given

FIRST = given.definition().rounds[0]
ALWAYS = CommentRule(rule="required")


def test_open_season_says_everything_it_is_run_by() -> None:
    events = open_season(None, given.definition())

    assert events == [SeasonOpened(season=given.definition())]
    assert evolve_season(None, events[0]) == given.season()


def test_open_season_says_nothing_when_repeated() -> None:
    assert open_season(given.season(), given.definition()) == []


def test_an_open_season_does_not_change() -> None:
    other = given.definition().model_copy(update={"grace_minutes": 0})

    with pytest.raises(Refused, match="season-already-open"):
        open_season(given.season(), other)


@pytest.mark.parametrize(
    "change",
    [
        {"blind": True},
        {"visibility": "after-own"},
        {"nominations": (NominationRubric(nomination="environment", criteria=FIRST.criteria),)},
        {"criteria": tuple(one.model_copy(update={"anchors": None}) for one in FIRST.criteria)},
        {"criteria": tuple(one.model_copy(update={"comment": ALWAYS}) for one in FIRST.criteria)},
    ],
    ids=["blind", "visibility", "nominations", "anchors", "comments"],
)
def test_rubrics_of_an_open_season_do_not_change(change: dict[str, Any]) -> None:
    before = given.definition()
    first = FIRST.model_copy(update=change)
    other = before.model_copy(update={"rounds": (first, *before.rounds[1:])})

    with pytest.raises(Refused, match="season-already-open"):
        open_season(given.season(), other)


def test_close_season_says_when_and_then_nothing_more() -> None:
    events = close_season(given.season(), "2020", given.DURING, 158)
    closed = evolve_season(given.season(), events[0])

    assert events == [SeasonClosed(season_id="2020", closed_at=given.DURING, projects=158)]
    assert closed.closed_at == given.DURING
    assert close_season(closed, "2020", given.LAST_MOMENT, 159) == []


def test_close_season_needs_a_season() -> None:
    with pytest.raises(Refused, match="unknown-season") as refused:
        close_season(None, "2019", given.DURING, 0)

    assert refused.value.kind == "missing"


def test_a_season_does_not_say_what_projects_say() -> None:
    (event,) = given.submit(given.saved())

    with pytest.raises(ValueError, match="does not say ProjectSubmitted"):
        evolve_season(given.season(), event)
