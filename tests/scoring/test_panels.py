"""Who is appointed, and how many make a quorum."""

import pytest

from schemas.scoring import CommissionAppointed, Member, SignInLinkRequested
from services.kit.refusal import Refused
from services.scoring.domain.commission import appoint, evolve, request_link
from tests.submission.given import definition

from . import given


def members(*roles: str) -> list[Member]:
    return [
        Member.model_validate(
            {"person_id": given.id_of("m", n), "name": f"М {n}", "post": given.NAME, "role": role}
        )
        for n, role in enumerate(roles)
    ]


COMMISSION = members("chair", *["member"] * 9, "secretary")


def test_appoint_fills_the_seats_once() -> None:
    (event,) = appoint(None, definition(), "commission", COMMISSION)
    panel = evolve(None, event)

    assert isinstance(event, CommissionAppointed)
    assert (len(panel.voting), panel.quorum) == (10, 7)
    assert appoint(panel, definition(), "commission", COMMISSION) == []
    with pytest.raises(Refused, match="panel-already-appointed"):
        appoint(panel, definition(), "commission", COMMISSION[::-1])


@pytest.mark.parametrize(
    ("given_roles", "what"),
    [
        (["chair", *["member"] * 9], "1 x secretary are due, 0"),
        (["chair", *["member"] * 8, "secretary"], "9 x member are due, 8"),
        (["chair", "chair", *["member"] * 9, "secretary"], "1 x chair are due, 2"),
    ],
)
def test_every_seat_is_filled_and_no_other(given_roles: list[str], what: str) -> None:
    with pytest.raises(Refused, match=what):
        appoint(None, definition(), "commission", members(*given_roles))


def test_nobody_sits_twice_and_no_panel_is_made_up() -> None:
    twice = [*COMMISSION[:-2], COMMISSION[1], COMMISSION[-1]]
    with pytest.raises(Refused, match="appears twice"):
        appoint(None, definition(), "commission", twice)
    season = definition().model_copy(update={"panels": definition().panels[:1]})
    with pytest.raises(Refused, match="unknown-panel"):
        appoint(None, season, "commission", COMMISSION)


@pytest.mark.parametrize(
    ("size", "quorum"), [(1, 1), (2, 2), (3, 2), (4, 3), (9, 6), (10, 7), (11, 8)]
)
def test_two_thirds_rounded_up_are_a_quorum(size: int, quorum: int) -> None:
    assert given.panel(size).quorum == quorum


def test_request_link_names_a_judge_of_the_panel_each_time_it_is_asked() -> None:
    seated = given.panel()
    judge, secretary = seated.voting[0], seated.members[-1]

    (event,) = request_link(seated, judge.person_id)

    assert isinstance(event, SignInLinkRequested)
    assert (event.person_id, event.post) == (judge.person_id, judge.post)
    assert evolve(seated, event) == seated
    assert request_link(seated, judge.person_id) == [event]
    assert secretary.role == "secretary"
    for nobody in (secretary.person_id, "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(Refused, match="not-on-the-panel"):
            request_link(seated, nobody)
