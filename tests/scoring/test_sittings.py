"""Sittings: the roll, the quorum, motions and votes. DESIGN: a sitting needs its quorum."""

from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.scoring import MotionDecided, Presence, QuorumEstablished, QuorumFailed, ScoringEvent
from schemas.season import PanelDefinition
from services.kit.refusal import Refused
from services.scoring.domain import sitting, voting
from services.scoring.domain.commission import Commission
from services.scoring.domain.sitting import Sitting, quorum_of

from . import given
from .given import ROUND, id_of

SITTING, MOTION = id_of("sitting"), id_of("motion")
SIZE = 4
"""Of the panel: three are a quorum, and votes may be equal."""


def panel(size: int = SIZE) -> Commission:
    return given.panel(size)


def definition(**changes: object) -> PanelDefinition:
    seats = [{"post": given.NAME, "role": "chair"}]
    return PanelDefinition.model_validate({"name": "jury", "seats": seats} | changes)


def told(found: Sitting | None, events: Sequence[ScoringEvent]) -> Sitting:
    for event in events:
        found = sitting.evolve(found, type(event).model_validate_json(event.model_dump_json()))
    assert found is not None
    return found


def opened(**changes: object) -> Sitting:
    return told(
        None,
        sitting.open_sitting(
            None,
            sitting_id=SITTING,
            round_id=ROUND,
            commission=panel(),
            definition=definition(**changes),
        ),
    )


def roll(found: Sitting, present: int) -> dict[str, Presence]:
    return {id: "remote" if n < present else "absent" for n, id in enumerate(found.voting)}


def quorate(present: int = SIZE, **changes: object) -> Sitting:
    found = opened(**changes)
    return told(found, sitting.take_attendance(found, roll(found, present)))


def moved(found: Sitting, recused: Sequence[str] = ()) -> Sitting:
    return told(
        found,
        voting.put_motion(
            found, motion_id=MOTION, text="Тізім бекітілсін", project_id=None, recused=recused
        ),
    )


def voted(found: Sitting, votes: Mapping[str, str]) -> Sitting:
    for person, vote in votes.items():
        found = told(found, voting.cast_vote(found, MOTION, person, vote))  # type: ignore[arg-type]
    return found


def counted(found: Sitting) -> MotionDecided:
    (event,) = voting.decide_motion(found, MOTION)
    assert isinstance(event, MotionDecided)
    return event


def rule_of(step: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        step()
    return refused.value.rule


def in_order(found: Sitting, *votes: str) -> dict[str, str]:
    """Votes by member, the chair first."""
    others = [id for id in found.voting if id != found.chair_id]
    assert found.chair_id is not None
    return dict(zip([found.chair_id, *others], votes, strict=False))


# ── The roll and the quorum ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("present", "outcome"), [(2, QuorumFailed), (3, QuorumEstablished)])
def test_roll_says_whether_two_thirds_are_present(present: int, outcome: type) -> None:
    found = opened()

    _, said = sitting.take_attendance(found, roll(found, present))

    assert isinstance(said, outcome)
    assert (said.present, said.needed) == (present, 3)  # type: ignore[attr-defined]


def test_season_may_ask_for_another_share() -> None:
    assert quorum_of("1/2", 9) == 5
    assert opened(quorum="1/2").needed() == 2
    with pytest.raises(ValueError, match="at most 1"):
        definition(quorum="4/3")


def test_sitting_without_quorum_decides_nothing() -> None:
    found = opened()
    failed = told(found, sitting.take_attendance(found, roll(found, 2)))

    assert rule_of(lambda: moved(failed)) == "no-quorum"
    assert rule_of(lambda: sitting.attended(failed, ROUND)) == "no-quorum"
    assert rule_of(lambda: sitting.attended(opened(), ROUND)) == "no-quorum"


def test_failed_quorum_may_be_followed_by_another_roll() -> None:
    found = opened()
    failed = told(found, sitting.take_attendance(found, roll(found, 2)))
    again = told(failed, sitting.take_attendance(failed, roll(failed, 3)))

    assert sitting.attended(again, ROUND) == found.voting[:3]
    assert sitting.take_attendance(again, roll(again, 3)) == []


def test_roll_must_name_every_voting_member_and_nobody_else() -> None:
    found = opened()
    short = dict(list(roll(found, 4).items())[1:])

    assert rule_of(lambda: sitting.take_attendance(found, short)) == "roll-invalid"
    stranger: dict[str, Presence] = {id_of("stranger"): "remote"}
    both = roll(found, 4) | stranger
    assert rule_of(lambda: sitting.take_attendance(found, both)) == "roll-invalid"


# ── Motions and votes ────────────────────────────────────────────────────────────────────────────


def test_motion_is_carried_with_more_votes_for_than_against() -> None:
    found = moved(quorate())
    event = counted(voted(found, in_order(found, "abstain", "for", "for", "against")))

    assert (event.votes_for, event.votes_against, event.abstained) == (2, 1, 1)
    assert (event.carried, event.tie_broken_by) == (True, None)


@pytest.mark.parametrize(
    ("rule", "chair", "carried"),
    [
        ("chair-casts", "for", True),
        ("chair-casts", "against", False),
        ("lost", "for", False),
    ],
)
def test_equal_votes_are_decided_by_the_declared_rule(rule: str, chair: str, carried: bool) -> None:
    found = moved(quorate(tie_rule=rule))
    other = "against" if chair == "for" else "for"

    event = counted(voted(found, in_order(found, chair, chair, other, other)))

    assert (event.carried, event.tie_broken_by) == (carried, rule)


def test_tie_is_lost_when_the_chair_is_recused_or_abstains() -> None:
    found = quorate()
    assert found.chair_id is not None
    others = [id for id in found.voting if id != found.chair_id]

    recused = moved(found, [found.chair_id])
    event = counted(voted(recused, dict(zip(others, ("for", "against", "abstain"), strict=True))))
    assert (event.carried, event.tie_broken_by) == (False, "chair-casts")

    abstained = counted(
        voted(moved(found), in_order(found, "abstain", "for", "against", "abstain"))
    )
    assert not abstained.carried


def test_recused_member_neither_votes_nor_counts_for_the_quorum() -> None:
    found = quorate(present=3)
    away = next(id for id in found.voting if id not in found.present)
    motion = moved(found, [away])

    # Three of the three who are left are present; two thirds of three are two.
    votes = dict.fromkeys(found.present, "for")
    assert counted(voted(motion, votes)).carried
    assert rule_of(lambda: voting.cast_vote(motion, MOTION, away, "for")) == "recused"
    many = moved(quorate(present=3), found.present[:2])
    assert rule_of(lambda: voting.decide_motion(many, MOTION)) == "no-quorum"


def test_votes_are_counted_only_when_all_present_have_voted() -> None:
    found = moved(quorate())

    assert rule_of(lambda: voting.decide_motion(found, MOTION)) == "votes-missing"


def test_vote_may_change_until_the_votes_are_counted() -> None:
    found = voted(moved(quorate()), in_order(quorate(), "for", "for", "for", "against"))
    person = found.voting[0]
    changed = told(found, voting.cast_vote(found, MOTION, person, "against"))
    decided = told(changed, voting.decide_motion(changed, MOTION))

    assert voting.cast_vote(changed, MOTION, person, "against") == []
    assert rule_of(lambda: voting.cast_vote(decided, MOTION, person, "for")) == "already-decided"
    assert voting.decide_motion(decided, MOTION) == []


def test_absent_members_and_strangers_do_not_vote() -> None:
    found = moved(quorate(present=3))
    away = next(id for id in found.voting if id not in found.present)

    assert rule_of(lambda: voting.cast_vote(found, MOTION, away, "for")) == "not-present"
    stranger = id_of("stranger")
    assert rule_of(lambda: voting.cast_vote(found, MOTION, stranger, "for")) == "does-not-vote"


def test_closed_sitting_takes_nothing_more() -> None:
    found = moved(quorate())
    assert rule_of(lambda: sitting.close_sitting(found)) == "motions-open"
    done = told(
        found, voting.decide_motion(voted(found, dict.fromkeys(found.voting, "for")), MOTION)
    )
    closed = told(done, sitting.close_sitting(done))

    assert sitting.close_sitting(closed) == []
    assert rule_of(lambda: moved(closed)) == "sitting-closed"
    assert sitting.attended(closed, ROUND) == found.voting


@given_any(
    st.lists(st.sampled_from(("for", "against", "abstain")), min_size=SIZE, max_size=SIZE),
    st.sampled_from(("chair-casts", "lost")),
)
def test_motion_never_carries_against_more_votes(votes: list[str], rule: str) -> None:
    found = moved(quorate(tie_rule=rule))

    event = counted(voted(found, in_order(found, *votes)))

    assert event.votes_for + event.votes_against + event.abstained == SIZE
    if event.carried:
        assert event.votes_for >= event.votes_against
        assert event.votes_for > event.votes_against or votes[0] == "for"
