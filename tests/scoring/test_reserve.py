"""The reserve: decided by rank after the line, moving up in its order, within every fund."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from schemas.scoring import (
    AppealResolved,
    AwardAdded,
    AwardDeclined,
    DecisionRecorded,
    ProjectNotAwarded,
    ScoringEvent,
    WinnerAnnounced,
)
from schemas.season import SeasonDefinition
from services.kit.refusal import Refused
from services.scoring.domain import awards, correction, reserve
from services.scoring.domain.appeal import Appeal
from services.scoring.domain.awards import Awards
from services.scoring.domain.decision import Decision, reserve_size
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.line import ChairWord

from . import given
from .given import PROJECTS

A, B, C, D, E, F = PROJECTS
ON = given.stage(limit=2, reserve=3, tie_break=())
FINAL = "2020-final"
FUNDS = given.season(1000, environment=700, social_entrepreneurship=300)
SOCIAL = "social-entrepreneurship"
NOMINATIONS = {A: "environment", B: SOCIAL, C: SOCIAL, D: "environment", E: SOCIAL, F: SOCIAL}


def known(**changes: Mapping[str, Any]) -> dict[str, HeardProject]:
    """All projects, as they stand; `changes` by the letter of a project."""
    letters = dict(zip("ABCDEF", PROJECTS, strict=True))
    found = {id: given.project(id, nomination=part) for id, part in NOMINATIONS.items()}
    for letter, fields in changes.items():
        id = letters[letter]
        found[id] = found[id].model_copy(update=dict(fields))
    return found


@cache
def decision(size: int = 3) -> Decision:
    """A and B are chosen; C, D and E are in reserve."""
    totals = {id: f"{9 - n}" for n, id in enumerate(PROJECTS)}
    return given.decided(given.ranked(totals, ON), ON, projects=known(), reserve=size)


def published(*amounts: tuple[str, int]) -> Awards:
    """These awards, announced."""
    found: Awards | None = None
    for id, amount in amounts:
        events = awards.confirm(
            found, season=FUNDS, decision=decision(), project=known()[id], amount_tiyn=amount
        )
        found = given.awarded(found, events)
    after = given.awarded(found, publish(found))
    assert after is not None
    return after


def publish(found: Awards | None) -> list[ScoringEvent]:
    return awards.publish(
        found, season=FUNDS, round_id=FINAL, decision=decision(), projects=known()
    )


def declined(found: Awards, project_id: str) -> Awards:
    after = given.awarded(found, awards.give_back(found, project_id, "Бас тартты"))
    assert after is not None
    return after


def promote(
    found: Awards | None, project_id: str, amount: int, in_place_of: str = B, **changes: Any
) -> list[ScoringEvent]:
    arguments: dict[str, Any] = {
        "season": FUNDS,
        "round_id": FINAL,
        "decision": decision(),
        "projects": known(),
    }
    return reserve.promote(
        found,
        project_id=project_id,
        in_place_of=in_place_of,
        amount_tiyn=amount,
        **(arguments | changes),
    )


# ── The list ─────────────────────────────────────────────────────────────────────────────────────


def test_the_reserve_is_what_comes_after_the_line_by_rank() -> None:
    assert decision().chosen == (A, B)
    assert decision().reserve == (C, D, E)
    assert decision(9).reserve == (C, D, E, F)
    assert decision(0).recorded.reserve is None


def test_a_tie_in_the_reserve_needs_the_chair_because_its_order_counts() -> None:
    totals = {A: "9", B: "8", C: "7", D: "6", E: "6", F: "1"}
    ranked = given.ranked(totals, ON)

    assert given.decided(ranked, ON, reserve=1).reserve == (C,)
    with pytest.raises(Refused, match="tie-at-the-line") as refused:
        given.decide(ranked, ON, reserve=2)
    assert {D, E} == {id for id in PROJECTS if id in refused.value.detail}
    word = ChairWord(order=(E, D), reason="Төраға шешті")
    assert given.decided(ranked, ON, reserve=2, chair=word).reserve == (C, E)


def test_the_season_says_how_many_are_in_reserve_else_the_decision_does() -> None:
    free = given.stage()

    assert reserve_size(free, None, is_last=True) == 0
    assert reserve_size(free, 4, is_last=True) == 4
    assert reserve_size(ON, None, is_last=True) == reserve_size(ON, 3, is_last=True) == 3
    with pytest.raises(Refused, match="reserve-fixed"):
        reserve_size(ON, 4, is_last=True)
    with pytest.raises(Refused, match="no-reserve-here"):
        reserve_size(free, 1, is_last=False)
    assert reserve_size(free, None, is_last=False) == 0


def test_a_project_in_reserve_is_no_winner_and_is_told_its_place() -> None:
    found = given.awarded(
        None,
        awards.confirm(
            None, season=FUNDS, decision=decision(), project=known()[A], amount_tiyn=100
        ),
    )
    told = {
        event.project_id: event.reserve
        for event in publish(found)
        if isinstance(event, ProjectNotAwarded)
    }

    assert told == {B: None, C: 1, D: 2, E: 3, F: None}
    with pytest.raises(Refused, match="not-chosen"):
        awards.confirm(None, season=FUNDS, decision=decision(), project=known()[C], amount_tiyn=1)


# ── Giving an award back ─────────────────────────────────────────────────────────────────────────


def test_an_award_is_given_back_once_and_its_funds_are_free() -> None:
    found = published((A, 700), (B, 300))
    (event,) = awards.give_back(found, B, "Бас тартты")
    after = declined(found, B)

    assert isinstance(event, AwardDeclined)
    assert (event.amount_tiyn, event.reason) == (300, "Бас тартты")
    assert reserve.room(found, FUNDS, SOCIAL) == 0
    assert reserve.room(after, FUNDS, SOCIAL) == 300
    assert awards.give_back(after, B, "Бас тартты") == []


@pytest.mark.parametrize("project", [C, F])
def test_nobody_gives_back_what_was_not_awarded(project: str) -> None:
    for found in (None, published((A, 1))):
        with pytest.raises(Refused, match="no-award"):
            awards.give_back(found, project, "x")


# ── Moving up ────────────────────────────────────────────────────────────────────────────────────


def test_the_next_of_the_reserve_moves_up_and_is_announced_at_once() -> None:
    found = declined(published((A, 700), (B, 300)), B)
    added, winner = promote(found, C, 250)

    cause = f"scoring/awards/2020:{found.vacancies[B].sequence}"
    assert isinstance(added, AwardAdded)
    assert (added.project_id, added.amount_tiyn, added.cause) == (C, 250, cause)
    assert added.heard == {f"submission/project/{id}": 2 for id in (C, D, E)}
    assert isinstance(winner, WinnerAnnounced)
    assert (winner.project_id, winner.amount_tiyn, winner.cause) == (C, 250, cause)
    after = given.awarded(found, [added, winner])
    assert after is not None
    assert set(after.awards) == {A, C}
    assert promote(after, C, 250) == []
    for project, amount in ((C, 251), (E, 10)):
        with pytest.raises(Refused, match="place-taken"):
            promote(after, project, amount)


def test_the_same_nomination_comes_first_and_then_whoever_is_next_at_all() -> None:
    found = declined(published((A, 400), (B, 300)), A)

    for project in (C, E):  # C is before D, but not of the nomination whose award fell away
        with pytest.raises(Refused, match="not-next") as refused:
            promote(found, project, 10, in_place_of=A)
        assert D in refused.value.detail
    assert promote(found, D, 100, in_place_of=A)
    found = declined(found, B)
    gone = known(D={"status": "withdrawn"})
    assert promote(found, C, 100, in_place_of=A, projects=gone)


def test_a_nomination_without_funds_is_passed_over() -> None:
    found = declined(published((A, 400), (B, 300)), A)
    gone = known(D={"status": "withdrawn"})

    with pytest.raises(Refused, match="reserve-exhausted"):  # C and E: nothing is left for them
        promote(found, C, 1, in_place_of=A, projects=gone)


def test_who_declined_does_not_move_up_again() -> None:
    found = declined(published((A, 700), (B, 300)), B)
    found = given.awarded(found, promote(found, C, 300)) or found
    found = declined(found, C)

    with pytest.raises(Refused, match="not-next"):
        promote(found, C, 300, in_place_of=C)
    assert promote(found, E, 300, in_place_of=C)


def test_who_moves_up_is_within_budget_and_funds() -> None:
    found = declined(published((A, 600), (B, 300)), B)

    with pytest.raises(Refused, match="award-over-budget"):
        promote(found, C, 701)
    with pytest.raises(Refused, match="over-nomination-funds"):
        promote(found, C, 301)


def test_nobody_moves_up_before_the_results_or_without_a_place() -> None:
    pending = given.awarded(
        None,
        awards.confirm(
            None, season=FUNDS, decision=decision(), project=known()[B], amount_tiyn=100
        ),
    )

    for found in (None, pending):
        with pytest.raises(Refused, match="not-published"):
            promote(found, C, 10)
    with pytest.raises(Refused, match="no-vacancy"):
        promote(published((A, 10), (B, 10)), C, 10)


# ── Laws ─────────────────────────────────────────────────────────────────────────────────────────

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["confirm", "confirm", "decline", "withdraw", "publish", "promote", "promote", "appeal"]
        ),
        st.sampled_from(PROJECTS),
        st.sampled_from(PROJECTS),
        st.integers(1, 400),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given_any(STEPS)
def test_awards_are_within_the_funds_however_they_are_confirmed_declined_and_added(
    steps: list[tuple[str, str, str, int]],
) -> None:
    found: Awards | None = None
    gone: set[str] = set()
    said: list[ScoringEvent] = []
    for kind, project, other, amount in steps:
        projects = known()
        for id in gone:
            projects[id] = projects[id].model_copy(update={"status": "withdrawn"})
        try:
            events = _step(kind, found, projects, project, other, amount)
        except Refused:
            continue
        if kind == "withdraw":
            gone.add(project)
        said += events
        found = given.awarded(found, events)
        _hold(found, FUNDS, gone)
    _add_up(said, found)


def _step(
    kind: str,
    found: Awards | None,
    projects: dict[str, HeardProject],
    project: str,
    other: str,
    amount: int,
) -> list[ScoringEvent]:
    match kind:
        case "confirm":
            return awards.confirm(
                found,
                season=FUNDS,
                decision=decision(),
                project=projects[project],
                amount_tiyn=amount,
            )
        case "decline":
            return awards.give_back(found, project, "x")
        case "withdraw":
            return awards.decline(found, project, awards.WITHDRAWN)
        case "publish":
            return awards.publish(
                found, season=FUNDS, round_id=FINAL, decision=decision(), projects=projects
            )
        case "appeal":
            return correction.add_award(
                found,
                season=FUNDS,
                decision=decision(),
                appeal=upheld(project),
                round_=given.ranked({id: f"{9 - n}" for n, id in enumerate(PROJECTS)}, ON),
                limit=ON.limit,
                project=projects[project],
                amount_tiyn=amount,
            )
    return promote(found, project, amount, in_place_of=other, projects=projects)


def upheld(project_id: str) -> Appeal:
    """An appeal of a finalist without an award, upheld by a motion."""
    about = {"season_id": given.SEASON, "round_id": FINAL, "project_id": project_id}
    resolved = AppealResolved(
        **about,
        outcome="upheld",
        office="secretary",
        reason="Тексерілді",
        motion_id=given.id_of("motion"),
    )
    return Appeal(**about, against="x", ground="other", text="x", resolved=resolved)


def _hold(found: Awards | None, season: SeasonDefinition, gone: set[str]) -> None:
    given_out = found.awards.values() if found else ()
    assert sum(award.amount_tiyn for award in given_out) <= season.funds_tiyn
    for part in season.nominations:
        of_this = [one.amount_tiyn for one in given_out if one.nomination == part.id]
        assert sum(of_this) <= part.funds_tiyn
    assert not gone & {award.project_id for award in given_out}


def _add_up(said: list[ScoringEvent], found: Awards | None) -> None:
    """Each is announced once, each place is taken once, and state follows from the events."""
    winners = [event.project_id for event in said if isinstance(event, WinnerAnnounced)]
    assert len(winners) == len(set(winners))
    every = [event.cause for event in said if isinstance(event, AwardAdded)]
    assert len(every) == len(set(every))
    causes = [cause for cause in every if not cause.startswith("scoring/appeal/")]
    declines = {
        f"scoring/awards/2020:{number}"
        for number, event in enumerate(said, start=1)
        if isinstance(event, AwardDeclined)
    }
    assert set(causes) <= declines
    assert given.awarded(None, said) == found


def test_a_decision_without_a_reserve_says_nothing_of_one() -> None:
    event = decision(0).recorded

    assert isinstance(event, DecisionRecorded)
    assert event.model_dump(mode="json")["reserve"] is None
