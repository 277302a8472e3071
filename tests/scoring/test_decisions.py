"""A sitting's decision, without I/O: quorum, the line, ties, and what is published."""

import pytest

from schemas.scoring import (
    DecisionRecorded,
    ProjectNotShortlisted,
    ProjectShortlisted,
    ResultsPublished,
    ScoringEvent,
)
from services.kit.refusal import Refused
from services.scoring.domain import decision
from services.scoring.domain.decision import Decision
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.line import ChairWord
from tests.submission.given import definition

from . import given
from .given import PROJECTS

A, B, C, D, E, F = PROJECTS
CLEAR = {A: "9", B: "8", C: "7", D: "6", E: "5", F: "4"}
TIED = {A: "9", B: "7", C: "7", D: "7", E: "5", F: "4"}
ON = given.stage(limit=3, tie_break=())
REASON = "Өңірдің тек осы жобасы"


def word(*order: str) -> ChairWord:
    return ChairWord(order=order, reason=REASON)


def chosen(events: list[ScoringEvent]) -> list[str]:
    (event,) = events
    assert isinstance(event, DecisionRecorded)
    return [row.project_id for row in event.projects if row.chosen]


def without(*withdrawn: str) -> dict[str, HeardProject]:
    return given.projects() | given.projects(*withdrawn, status="withdrawn", sequence=3)


def test_decide_chooses_the_best_up_to_the_limit() -> None:
    (event,) = given.decide(given.ranked(CLEAR, ON), ON)

    assert isinstance(event, DecisionRecorded)
    assert chosen([event]) == [A, B, C]
    assert [(row.project_id, row.rank) for row in event.projects] == [
        (id, n) for n, id in enumerate(PROJECTS, start=1)
    ]
    assert (event.quorum, event.attended) == (2, tuple(sorted(given.voters())))
    assert event.chair_reason is None
    assert event.ranking_event_id == f"scoring/round/{given.ROUND}:3"


def test_decide_says_how_far_each_project_was_heard() -> None:
    (event,) = given.decide(given.ranked(CLEAR, ON), ON, projects=without(B))

    assert isinstance(event, DecisionRecorded)
    assert event.heard == {f"submission/project/{id}": 3 if id == B else 2 for id in PROJECTS}


def test_fewer_than_the_limit_are_all_chosen() -> None:
    few = {A: "9", B: "8"}

    assert chosen(given.decide(given.ranked(few, ON), ON)) == [A, B]


def test_withdrawn_projects_make_room_for_the_next() -> None:
    (event,) = given.decide(given.ranked(CLEAR, ON), ON, projects=without(A, C))

    assert chosen([event]) == [B, D, E]


@pytest.mark.parametrize(("size", "present"), [(10, 6), (9, 5), (3, 1), (2, 1), (1, 0)])
def test_a_sitting_needs_two_thirds_of_the_voting_members(size: int, present: int) -> None:
    known, voters = given.ranked(CLEAR, ON), given.voters(size)
    secretary = given.panel(size).members[-1].person_id
    panel = given.panel(size)

    for attended in (
        voters[:present],
        [*voters[:present], secretary, given.id_of("a guest")],
        [*voters[:present], *voters[:present]],
    ):
        with pytest.raises(Refused, match="no-quorum"):
            given.decide(known, ON, commission=panel, attended=attended)
    assert given.decide(known, ON, commission=panel, attended=voters[: present + 1])


def test_a_round_is_ranked_before_it_is_decided() -> None:
    with pytest.raises(Refused, match="not-ranked"):
        given.decide(given.drawn(ON), ON)


# ── Ties ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_tie_at_the_line_needs_the_chair_with_a_reason() -> None:
    known = given.ranked(TIED, ON)

    with pytest.raises(Refused, match="tie-at-the-line") as refused:
        given.decide(known, ON)
    assert all(id in refused.value.detail for id in (B, C, D))
    (event,) = given.decide(known, ON, chair=word(D, B, C))
    assert isinstance(event, DecisionRecorded)
    assert chosen([event]) == [A, D, B]
    assert event.chair_reason == REASON
    assert [row.project_id for row in event.projects] == [A, D, B, C, E, F]


@pytest.mark.parametrize("order", [(B, C), (B, C, D, E), (B, C, C), (A, B, C), (B, C, D, D)])
def test_the_chair_orders_exactly_the_tied_projects(order: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="tie-at-the-line"):
        given.decide(given.ranked(TIED, ON), ON, chair=word(*order))


def test_a_tie_away_from_the_line_needs_no_chair() -> None:
    for totals in ({**TIED, B: "9", C: "9", D: "5"}, {**CLEAR, D: "5", F: "5"}):
        known = given.ranked(totals, ON)
        assert chosen(given.decide(known, ON))
        with pytest.raises(Refused, match="no-tie-at-the-line"):
            given.decide(known, ON, chair=word(A, B))


def test_a_withdrawal_can_end_a_tie() -> None:
    """With C and D gone nobody is tied with B any more: the chair may not put E before B."""
    known = given.ranked({**CLEAR, C: "7", D: "7"}, given.stage(limit=3, tie_break=()))
    (event,) = given.decide(known, ON, projects=without(D))

    assert chosen([event]) == [A, B, C]
    with pytest.raises(Refused, match="no-tie-at-the-line"):
        given.decide(known, ON, projects=without(D), chair=word(E, C))


def test_a_withdrawal_inside_a_tie_leaves_the_others_tied() -> None:
    known = given.ranked({A: "7", B: "7", C: "7", D: "7", E: "7", F: "4"}, ON)

    with pytest.raises(Refused, match="tie-at-the-line"):
        given.decide(known, ON, projects=without(C))
    events = given.decide(known, ON, projects=without(C), chair=word(E, D, B, A))
    assert chosen(events) == [E, D, B]


# ── Again, and published ─────────────────────────────────────────────────────────────────────────


def test_decide_says_nothing_when_repeated() -> None:
    known = given.ranked(CLEAR, ON)

    assert given.decide(known, ON, given.decided(known, ON)) == []


def test_a_pending_decision_can_be_taken_anew() -> None:
    known = given.ranked(CLEAR, ON)
    before = given.decided(known, ON)

    assert chosen(given.decide(known, ON, before, projects=without(A))) == [B, C, D]


def publish(found: Decision | None, known: dict[str, HeardProject]) -> list[ScoringEvent]:
    return decision.publish_shortlist(found, given.ROUND, known, definition().final_days)


def published(found: Decision) -> Decision:
    for event in publish(found, given.projects()):
        found = decision.evolve(found, event)
    return found


def test_publish_lifts_the_embargo_before_it_says_the_outcomes() -> None:
    events = publish(given.decided(given.ranked(CLEAR, ON), ON), given.projects())

    first, *outcomes = events
    assert first == ResultsPublished(season_id="2020", round_id=given.ROUND, chosen=3, not_chosen=3)
    assert [type(event) for event in outcomes] == [ProjectShortlisted] * 3 + [
        ProjectNotShortlisted
    ] * 3
    assert [event.project_id for event in outcomes] == list(PROJECTS)  # type: ignore[attr-defined]
    finalist = outcomes[0]
    assert isinstance(finalist, ProjectShortlisted)
    assert (finalist.rank, finalist.final_days) == (1, definition().final_days)


def test_publish_says_nothing_of_projects_withdrawn_since() -> None:
    found = given.decided(given.ranked(CLEAR, ON), ON)
    first, *outcomes = publish(found, without(A, F))

    assert isinstance(first, ResultsPublished)
    assert (first.chosen, first.not_chosen) == (2, 2)
    assert {event.project_id for event in outcomes} == {B, C, D, E}  # type: ignore[attr-defined]


def test_publish_says_nothing_when_repeated() -> None:
    found = published(given.decided(given.ranked(CLEAR, ON), ON))

    assert publish(found, given.projects()) == []
    assert publish(found, without(A)) == []


def test_only_what_is_decided_is_published() -> None:
    with pytest.raises(Refused, match="not-decided"):
        publish(None, given.projects())


def test_a_published_decision_stands() -> None:
    known = given.ranked(CLEAR, ON)
    found = published(given.decided(known, ON))

    assert given.decide(known, ON, found) == []
    with pytest.raises(Refused, match="already-published"):
        given.decide(known, ON, found, projects=without(A))
    pending = given.decided(known, ON)
    with pytest.raises(Refused, match="already-published"):
        given.decide(known, ON, pending, projects=without(A), published=True)


def test_the_shortlist_is_part_of_what_was_eligible_and_within_the_limit() -> None:
    for gone in ((), (A,), (A, B, C), (F,)):
        events = given.decide(given.ranked(CLEAR, ON), ON, projects=without(*gone))
        assert set(chosen(events)) <= set(PROJECTS) - set(gone)
        assert len(chosen(events)) <= ON.limit
