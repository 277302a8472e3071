"""Budget defence: never more in all, no line above its cost, no award above the budget."""

from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.scoring import BudgetRevised, RevisedLine, ScoringEvent
from schemas.submission import Budget, BudgetLine
from services.kit.refusal import Refused
from services.scoring.domain import awards, defence
from services.scoring.domain.awards import Awards
from services.scoring.domain.budgets import defended_lines, defended_tiyn
from services.scoring.domain.defence import MOST_REVISIONS, Wish
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.ranking import Candidate
from services.scoring.domain.scenario import Scenario, compare

from . import given
from .given import JUDGE, JUDGES, PROJECT, id_of
from .test_awards import confirm, confirmed, publish

FIRST, SECOND = id_of("revision", 1), id_of("revision", 2)
REASON = "Арзанырақ болады"


def project(*lines: tuple[int, int]) -> HeardProject:
    """A project whose lines cost and ask for so much."""
    asked = lines or ((500, 400), (300, 300))
    content = given.project().content
    budget = Budget(
        lines=tuple(
            BudgetLine(
                title=f"{number}",
                quantity=1,
                unit_price_tiyn=cost,
                requested_tiyn=requested,
                own_tiyn=cost - requested,
            )
            for number, (cost, requested) in enumerate(asked)
        ),
        total_tiyn=sum(cost for cost, _ in asked),
        requested_tiyn=sum(requested for _, requested in asked),
    )
    return given.project().model_copy(
        update={"content": content.model_copy(update={"budget": budget})}
    )


def revise(
    found: Awards | None,
    lines: dict[int, int],
    id: str = FIRST,
    on: HeardProject | None = None,
    **changes: Any,
) -> list[ScoringEvent]:
    fields: dict[str, Any] = {"asked_by": JUDGE, "reason": REASON}
    wish = Wish(revision_id=id, lines=lines, **(fields | changes))
    return defence.revise(found, project=on or project(), wish=wish)


def revised(found: Awards | None, lines: dict[int, int], id: str = FIRST) -> Awards:
    after = given.awarded(found, revise(found, lines, id))
    assert after is not None
    return after


def rule_of(step: Any) -> str:
    with pytest.raises(Refused) as refused:
        step()
    return refused.value.rule


def test_revision_says_what_changes_and_what_is_asked_for_in_all() -> None:
    (event,) = revise(None, {2: 100})

    assert event == BudgetRevised(
        season_id="2020",
        project_id=PROJECT,
        revision_id=FIRST,
        project_version=1,
        asked_by=JUDGE,
        lines=(RevisedLine(line=2, before_tiyn=300, requested_tiyn=100),),
        requested_tiyn=500,
        reason=REASON,
    )


def test_revisions_build_on_one_another_and_the_last_is_the_defended_budget() -> None:
    found = revised(revised(None, {1: 300}), {1: 200, 2: 250}, SECOND)

    assert defended_lines(found.revisions, project()) == [200, 250]
    assert defended_tiyn(found.revisions, project()) == 450
    assert defended_lines({}, project()) == [400, 300]
    assert [one.lines[0].before_tiyn for one in found.revisions[PROJECT]] == [400, 300]


def test_same_revision_again_says_nothing_and_another_under_its_id_is_refused() -> None:
    found = revised(None, {1: 300})

    assert revise(found, {1: 300}) == []
    assert rule_of(lambda: revise(found, {1: 200})) == "revision-exists"
    assert rule_of(lambda: revise(found, {1: 300}, asked_by=JUDGES[1])) == "revision-exists"


def test_lines_may_rise_within_their_cost_while_the_sum_does_not() -> None:
    assert revise(None, {1: 500, 2: 200})
    assert rule_of(lambda: revise(None, {1: 500, 2: 201})) == "budget-raised"
    assert rule_of(lambda: revise(None, {1: 501, 2: 0})) == "revision-invalid"
    assert rule_of(lambda: revise(None, {3: 1})) == "revision-invalid"
    assert rule_of(lambda: revise(None, {1: -1})) == "revision-invalid"


def test_what_was_given_up_does_not_come_back() -> None:
    found = revised(None, {1: 100})

    assert rule_of(lambda: revise(found, {1: 101}, SECOND)) == "budget-raised"


def test_award_is_within_the_last_revision() -> None:
    found = revised(None, {1: 100})

    assert rule_of(lambda: confirm(found, project(), 401)) == "award-over-budget"
    assert confirm(found, project(), 400)


def test_revision_below_a_confirmed_award_is_refused_until_the_award_is_lowered() -> None:
    found = given.awarded(None, confirm(None, project(), 600))

    assert rule_of(lambda: revise(found, {1: 299})) == "award-over-budget"
    assert revise(found, {1: 300})
    lower = given.awarded(found, confirm(found, project(), 500))
    assert revise(lower, {1: 299})
    freed = given.awarded(found, awards.decline(found, PROJECT, "-"))
    assert revise(freed, {1: 299})


def test_budget_stands_once_the_awards_are_published_or_the_project_left() -> None:
    known = {**given.projects(), PROJECT: project()}
    found = confirmed((PROJECT, 100))
    after = given.awarded(found, publish(found, known))

    assert rule_of(lambda: revise(after, {1: 300})) == "already-published"
    gone = project().model_copy(update={"status": "withdrawn"})
    assert rule_of(lambda: revise(None, {1: 300}, on=gone)) == "project-not-eligible"


def test_revisions_alone_are_no_award() -> None:
    found = revised(None, {1: 100})

    assert found.awarded_tiyn == 0
    with pytest.raises(Refused, match="not-decided"):
        publish(found)


def test_there_is_an_end_to_revisions() -> None:
    found = None
    for number in range(MOST_REVISIONS):
        found = revised(found, {1: 399 - number}, id_of("revision", number))

    assert rule_of(lambda: revise(found, {1: 1}, id_of("revision", -1))) == "too-many-revisions"


def test_scenarios_give_what_was_defended() -> None:
    ranked = given.ranked({PROJECT: "7"})
    funds = Scenario(name="funds", funds_tiyn={"environment": 600})
    (sealed,) = given.sealed_evaluations({PROJECT: "7"})
    candidates = [Candidate(evaluation=sealed, project=project())]
    arguments: dict[str, Any] = {
        "stage": given.stage(),
        "seed": ranked.drawn.seed,
        "candidates": candidates,
    }

    _, before = compare([funds], **arguments)
    _, after = compare([funds], **arguments, revisions=revised(None, {1: 300}).revisions)

    assert [row.amount_tiyn for row in before.chosen] == []
    assert [row.amount_tiyn for row in after.chosen] == [600]


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("revise"),
            st.dictionaries(st.integers(1, 2), st.integers(0, 500), min_size=1),
        ),
        st.tuples(st.just("confirm"), st.integers(1, 700)),
        st.tuples(st.just("decline"), st.none()),
    ),
    max_size=15,
)


@given_any(STEPS)
def test_no_award_is_above_the_defended_budget_whatever_comes_first(steps: list[Any]) -> None:
    found: Awards | None = None
    budget = 700
    for number, (kind, value) in enumerate(steps):
        try:
            if kind == "revise":
                events = revise(found, value, id_of("revision", number))
            elif kind == "confirm":
                events = confirm(found, project(), value)
            else:
                events = awards.decline(found, PROJECT, "-")
        except Refused:
            continue
        found = given.awarded(found, events)
        if found is None:
            continue
        lines = defended_lines(found.revisions, project())
        assert all(0 <= asked <= cost for asked, cost in zip(lines, (500, 300), strict=True))
        assert sum(lines) <= budget
        budget = sum(lines)
        assert found.awarded_tiyn <= budget
        last = found.revisions.get(PROJECT, ())
        assert not last or last[-1].requested_tiyn == budget
