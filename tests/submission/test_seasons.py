"""The rules of a season, without I/O."""

import pytest

from schemas.submission import SeasonClosed, SeasonOpened
from services.kit.refusal import Refused
from services.submission.domain import close_season, evolve_season, open_season

from . import given


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
