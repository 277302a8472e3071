"""Awards, without I/O: within the budget and every fund, whatever is confirmed and declined."""

from functools import cache
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from schemas.scoring import (
    AwardConfirmed,
    AwardDeclined,
    ProjectNotAwarded,
    ResultsPublished,
    ScoringEvent,
    WinnerAnnounced,
)
from services.kit.refusal import Refused
from services.scoring.domain import awards
from services.scoring.domain.awards import Awards
from services.scoring.domain.decision import Decision
from services.scoring.domain.heard import HeardProject

from . import given
from .given import PROJECTS

A, B, C, D, E, F = PROJECTS
ON = given.stage(limit=4, tie_break=())
FUNDS = given.season(1000, environment=700, social_entrepreneurship=300)
FINAL = "2020-final"


@cache
def decision() -> Decision:
    """A, B, C and D are chosen; E and F are not."""
    totals = {id: f"{9 - n}" for n, id in enumerate(PROJECTS)}
    return given.decided(given.ranked(totals, ON), ON)


def confirm(
    found: Awards | None, project: str | HeardProject = A, amount: int = 100, **changes: Any
) -> list[ScoringEvent]:
    arguments: dict[str, Any] = {"season": FUNDS, "decision": decision()}
    return awards.confirm(
        found,
        project=project if isinstance(project, HeardProject) else given.project(project),
        amount_tiyn=amount,
        **(arguments | changes),
    )


def confirmed(*amounts: tuple[str, int]) -> Awards:
    found = None
    for project, amount in amounts:
        found = given.awarded(found, confirm(found, project, amount))
    assert found is not None
    return found


def publish(found: Awards | None, known: Any = None, **changes: Any) -> list[ScoringEvent]:
    arguments: dict[str, Any] = {"season": FUNDS, "round_id": FINAL, "decision": decision()}
    return awards.publish(found, projects=known or given.projects(), **(arguments | changes))


def published(found: Awards) -> Awards:
    after = given.awarded(found, publish(found))
    assert after is not None
    return after


# ── Confirming ───────────────────────────────────────────────────────────────────────────────────


def test_confirm_says_the_award_and_then_nothing_more() -> None:
    (event,) = confirm(None)

    assert event == AwardConfirmed(
        season_id="2020", project_id=A, nomination="environment", amount_tiyn=100
    )
    assert confirm(confirmed((A, 100))) == []


def test_another_amount_replaces_the_award() -> None:
    found = given.awarded(confirmed((A, 600)), confirm(confirmed((A, 600)), A, 650))

    assert found is not None
    assert found.awarded_tiyn == 650


@pytest.mark.parametrize("amount", [701, 0, -1])
def test_an_award_is_within_the_defended_budget(amount: int) -> None:
    with pytest.raises(Refused, match="award-over-budget"):
        confirm(None, given.project(A, requested=700), amount)
    assert confirm(None, given.project(A, requested=700), 700)


def test_awards_are_within_the_funds_of_their_nomination() -> None:
    found = confirmed((A, 500))

    with pytest.raises(Refused, match="over-nomination-funds") as refused:
        confirm(found, B, 201)
    assert "500 of 700 tiyn" in refused.value.detail
    assert confirm(found, B, 200)
    assert confirm(found, given.project(B, nomination="social-entrepreneurship"), 300)


def test_awards_are_within_the_funds_of_the_season() -> None:
    tight = given.season(600, environment=500, social_entrepreneurship=500)
    found = confirmed((A, 400))

    with pytest.raises(Refused, match="over-season-funds"):
        confirm(found, given.project(B, nomination="social-entrepreneurship"), 201, season=tight)
    assert confirm(found, given.project(B, nomination="social-entrepreneurship"), 200, season=tight)


@pytest.mark.parametrize("project", [E, F])
def test_only_what_the_final_chose_is_awarded(project: str) -> None:
    with pytest.raises(Refused, match="not-chosen"):
        confirm(None, project)


def test_nothing_is_awarded_before_the_final_is_decided() -> None:
    with pytest.raises(Refused, match="not-chosen"):
        confirm(None, decision=None)


@pytest.mark.parametrize("status", ["withdrawn", "ineligible"])
def test_a_project_that_left_is_not_awarded(status: str) -> None:
    with pytest.raises(Refused, match="project-not-eligible"):
        confirm(None, given.project(A, status=status))


# ── Declining ────────────────────────────────────────────────────────────────────────────────────


def test_decline_frees_the_funds_once() -> None:
    found = confirmed((A, 700))
    events = awards.decline(found, A, awards.WITHDRAWN)
    after = given.awarded(found, events)

    assert events == [
        AwardDeclined(
            season_id="2020",
            project_id=A,
            nomination="environment",
            amount_tiyn=700,
            reason=awards.WITHDRAWN,
        )
    ]
    assert after is not None
    assert after.awarded_tiyn == 0
    assert confirm(after, B, 700)
    assert awards.decline(after, A, awards.WITHDRAWN) == []
    assert awards.decline(None, A, awards.WITHDRAWN) == []


def test_a_winner_that_withdraws_after_the_announcement_frees_the_funds_too() -> None:
    found = published(confirmed((A, 100), (B, 100)))

    assert [type(event) for event in awards.decline(found, A, awards.WITHDRAWN)] == [AwardDeclined]


# ── Publishing ───────────────────────────────────────────────────────────────────────────────────


def test_publish_lifts_the_embargo_before_it_announces() -> None:
    first, *outcomes = publish(confirmed((A, 400), (C, 300)))

    assert first == ResultsPublished(season_id="2020", round_id=FINAL, chosen=2, not_chosen=4)
    assert [(type(event), event.project_id) for event in outcomes] == [  # type: ignore[attr-defined]
        (WinnerAnnounced, A),
        (ProjectNotAwarded, B),
        (WinnerAnnounced, C),
        (ProjectNotAwarded, D),
        (ProjectNotAwarded, E),
        (ProjectNotAwarded, F),
    ]
    winner = outcomes[0]
    assert isinstance(winner, WinnerAnnounced)
    assert (winner.amount_tiyn, winner.region) == (400, "turkistan")


def test_published_awards_stand() -> None:
    found = published(confirmed((A, 400)))

    assert publish(found) == []
    for amount in (100, 400):
        with pytest.raises(Refused, match="already-published"):
            confirm(found, A, amount)


def test_nothing_is_announced_without_a_decision_or_an_award() -> None:
    empty = given.awarded(confirmed((A, 1)), awards.decline(confirmed((A, 1)), A, "x"))
    for found, decided in ((None, decision()), (empty, decision()), (confirmed((A, 1)), None)):
        with pytest.raises(Refused, match="not-decided"):
            publish(found, decision=decided)


def test_an_award_of_a_project_that_left_falls_away_before_the_announcement() -> None:
    known = given.projects() | given.projects(A, status="withdrawn", sequence=3)
    found = confirmed((A, 400), (B, 100))
    declined, first, *outcomes = publish(found, known)

    assert isinstance(declined, AwardDeclined)
    assert declined.project_id == A
    assert first == ResultsPublished(season_id="2020", round_id=FINAL, chosen=1, not_chosen=4)
    assert A not in {event.project_id for event in outcomes}  # type: ignore[attr-defined]
    after = given.awarded(found, [declined, first, *outcomes])
    assert after is not None
    assert after.awarded_tiyn == 100


def test_who_is_no_longer_chosen_does_not_win() -> None:
    anew = decision()
    narrower = anew.model_copy(
        update={
            "recorded": anew.recorded.model_copy(
                update={
                    "projects": tuple(
                        row.model_copy(update={"chosen": row.project_id == B})
                        for row in anew.recorded.projects
                    )
                }
            )
        }
    )

    with pytest.raises(Refused, match="not-chosen") as refused:
        publish(confirmed((A, 400), (B, 100)), decision=narrower)
    assert A in refused.value.detail


# ── Any interleaving ─────────────────────────────────────────────────────────────────────────────


class AnyAwards(RuleBasedStateMachine):
    """Confirming, changing, withdrawing and publishing in any order the secretary can think of."""

    confirmed_projects = Bundle("confirmed_projects")

    def __init__(self) -> None:
        super().__init__()
        self.found: Awards | None = None
        self.gone: set[str] = set()
        self.said: list[ScoringEvent] = []

    def say(self, events: list[ScoringEvent]) -> None:
        self.said += events
        self.found = given.awarded(self.found, events)

    @rule(
        target=confirmed_projects,
        project=st.sampled_from(PROJECTS),
        amount=st.one_of(st.integers(1, 320), st.sampled_from([299, 300, 301, 350, 700, 701])),
    )
    def confirm(self, project: str, amount: int) -> str:
        status = "withdrawn" if project in self.gone else "eligible"
        nomination = "environment" if project in (A, C) else "social-entrepreneurship"
        asked = given.project(project, requested=350, status=status, nomination=nomination)
        before = self.found.awarded_tiyn if self.found else 0
        try:
            events = confirm(self.found, asked, amount)
        except Refused as refused:
            if refused.rule.endswith("-funds"):
                assert before + amount > 300  # never refused while even the smallest fund has room
        else:
            self.say(events)
        return project

    @rule(project=consumes(confirmed_projects))
    def withdraw(self, project: str) -> None:
        self.gone.add(project)
        self.say(awards.decline(self.found, project, awards.WITHDRAWN))

    @rule()
    def publish(self) -> None:
        known = {
            id: given.project(id, status="withdrawn" if id in self.gone else "eligible")
            for id in PROJECTS
        }
        if self.found is None or not (self.found.awards or self.found.published):
            with pytest.raises(Refused, match="not-decided"):
                publish(self.found, known)
            return
        self.say(publish(self.found, known))

    @invariant()
    def funds_hold(self) -> None:
        given_out = self.found.awards.values() if self.found else ()
        assert sum(award.amount_tiyn for award in given_out) <= FUNDS.funds_tiyn
        for part in FUNDS.nominations:
            of_this = [award.amount_tiyn for award in given_out if award.nomination == part.id]
            assert sum(of_this) <= part.funds_tiyn
        assert all(award.amount_tiyn <= 350 for award in given_out)

    @invariant()
    def only_the_chosen_who_stayed_are_awarded(self) -> None:
        if self.found:
            assert set(self.found.awards) <= {A, B, C, D} - self.gone

    @invariant()
    def the_log_adds_up_to_the_awards(self) -> None:
        by_project: dict[str, int] = {}
        for event in self.said:
            if isinstance(event, AwardConfirmed):
                by_project[event.project_id] = event.amount_tiyn
            elif isinstance(event, AwardDeclined):
                assert by_project.pop(event.project_id) == event.amount_tiyn
        awarded = self.found.awards if self.found else {}
        assert by_project == {id: award.amount_tiyn for id, award in awarded.items()}

    @invariant()
    def nothing_is_confirmed_after_the_results(self) -> None:
        kinds = [type(event) for event in self.said]
        assert kinds.count(ResultsPublished) <= 1
        if ResultsPublished in kinds:
            assert AwardConfirmed not in kinds[kinds.index(ResultsPublished) :]


TestAnyAwards = AnyAwards.TestCase
TestAnyAwards.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
