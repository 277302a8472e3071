"""Conflicts: who is barred neither sees nor scores; rulings pin; late ones void the sheet."""

from collections.abc import Sequence

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.scoring import (
    AssignmentDeclined,
    ConflictDeclared,
    ConflictRuled,
    JudgeAbstained,
    JudgeAssigned,
    JudgeRecused,
    JudgeReinstated,
    JudgeReplaced,
    ScoreVoided,
    ScoringEvent,
)
from services.kit.refusal import Refused
from services.scoring.conflicts import ground_of
from services.scoring.domain import assignment, conflict, sheets
from services.scoring.domain.conflict import Case
from services.scoring.domain.evaluation import Evaluation

from . import given
from .given import JUDGE, JUDGES, PROJECT, ROUND, SEASON

CASE = Case(SEASON, ROUND, PROJECT, JUDGE)
PUBLISHED = Case(SEASON, ROUND, PROJECT, JUDGE, published=True)
REASON = "Бірге жұмыс істейді"


def declared(found: Evaluation | None, source: str = "declared") -> list[ScoringEvent]:
    return conflict.declare(found, CASE, "organisation", source)  # type: ignore[arg-type]


def ruled(found: Evaluation | None, ruling: str) -> list[ScoringEvent]:
    return conflict.rule(
        found,
        CASE,
        ruling=ruling,  # type: ignore[arg-type]
        office="chair",
        reason=REASON,
    )


def types(events: Sequence[ScoringEvent]) -> list[type]:
    return [type(event) for event in events]


def rule_of(step: object) -> str:
    with pytest.raises(Refused) as refused:
        step()  # type: ignore[operator]
    return refused.value.rule


def scored() -> Evaluation:
    return given.scored(given.assigned(), idea="7", budget="7")


# ── Barring ──────────────────────────────────────────────────────────────────────────────────────


def test_conflict_may_be_known_before_the_draw_and_bars_the_assignment() -> None:
    events = declared(None, "detected")
    found = given.after(None, events)

    assert types(events) == [ConflictDeclared]
    assert (found.judges, found.barred(JUDGE)) == ((), True)
    common = {"season_id": SEASON, "round_id": ROUND, "project_id": PROJECT}
    assert rule_of(lambda: assignment.assign(found, judges=[JUDGE], **common)) == "judge-conflicted"
    assert types(assignment.assign(found, judges=JUDGES[1:], **common)) == [JudgeAssigned] * 2


def test_conflict_of_an_assigned_judge_recuses_at_once() -> None:
    found = given.after(given.assigned(), declared(given.assigned()))

    assert types(declared(given.assigned())) == [ConflictDeclared, JudgeRecused]
    assert JUDGE not in found.active
    # Told no more than a stranger is: not that there is a conflict.
    assert rule_of(lambda: given.record(found, idea="7", budget="7")) == "not-assigned"
    assert rule_of(lambda: assignment.require_active(found, JUDGE)) == "not-assigned"
    assert declared(found) == []


def test_late_conflict_voids_the_sheet_and_keeps_it_in_the_log() -> None:
    before = scored()
    events = declared(before)
    found = given.after(before, events)

    assert types(events) == [ConflictDeclared, JudgeRecused, ScoreVoided]
    assert found.effective() == ()
    assert found.sheets == before.sheets


def test_late_conflict_voids_the_sheet_after_closing_until_the_results_are_out() -> None:
    before = given.after(scored(), sheets.seal(scored()))

    assert types(declared(before))[-1] is ScoreVoided
    step = lambda: conflict.declare(before, PUBLISHED, "family", "declared")  # noqa: E731
    assert rule_of(step) == "already-published"


# ── Rulings ──────────────────────────────────────────────────────────────────────────────────────


def test_ruling_of_no_conflict_reinstates_and_pins() -> None:
    recused = given.after(scored(), declared(scored()))
    events = ruled(recused, "no-conflict")
    found = given.after(recused, events)

    assert types(events) == [ConflictRuled, JudgeReinstated]
    assert JUDGE in found.active
    assert found.sheet_of(JUDGE) is None  # what was voided stays void
    assert given.record(found, idea="8", budget="8")
    assert declared(found, "detected") == []
    assert rule_of(lambda: declared(found)) == "already-ruled"
    assert ruled(found, "no-conflict") == []


def test_ruling_may_bar_a_judge_whom_nobody_declared() -> None:
    events = ruled(scored(), "conflict")

    assert types(events) == [ConflictRuled, JudgeRecused, ScoreVoided]
    assert given.after(scored(), events).barred(JUDGE)


def test_last_ruling_stands() -> None:
    found = given.after(given.assigned(), ruled(given.assigned(), "no-conflict"))
    found = given.after(found, ruled(found, "conflict"))

    assert found.barred(JUDGE)
    assert JUDGE not in found.active


def test_nobody_rules_on_a_conflict_of_their_own_and_the_chair_s_passes_to_the_deputy() -> None:
    panel = given.panel(4)
    chair = next(one.person_id for one in panel.voting if one.role == "chair")
    deputy, other, last = (one.person_id for one in panel.voting if one.person_id != chair)

    assert conflict.office_of(panel, chair, other) == "chair"
    assert conflict.office_of(panel, deputy, chair) == "deputy"
    assert rule_of(lambda: conflict.office_of(panel, chair, chair)) == "own-conflict"
    assert rule_of(lambda: conflict.office_of(panel, deputy, other)) == "not-entitled"
    assert rule_of(lambda: conflict.office_of(panel, last, chair)) == "not-entitled"


# ── Leaving without a conflict ───────────────────────────────────────────────────────────────────


def test_declining_abstaining_and_recusal_are_three_different_acts() -> None:
    found = given.assigned()
    declined = assignment.decline(found, JUDGE, REASON)
    abstained = assignment.abstain(scored(), JUDGE, REASON)

    assert types(declined) == [AssignmentDeclined]
    assert types(abstained) == [JudgeAbstained, ScoreVoided]
    assert given.after(found, declined).left[JUDGE] == "declined"
    assert rule_of(lambda: assignment.decline(scored(), JUDGE, REASON)) == "already-scored"
    left = given.after(scored(), abstained)
    assert assignment.abstain(left, JUDGE, REASON) == []
    assert rule_of(lambda: given.record(left, idea="1", budget="1")) == "judge-abstained"


def test_replacement_takes_over_and_the_replaced_sheet_is_void() -> None:
    found = given.scored(given.assigned(judges=JUDGES[:2]), idea="7", budget="7")
    events = assignment.replace(found, JUDGE, JUDGES[2], REASON)
    after = given.after(found, events)

    assert types(events) == [JudgeReplaced, ScoreVoided, JudgeAssigned]
    assert after.active == (JUDGES[1], JUDGES[2])
    assert assignment.replace(after, JUDGE, JUDGES[2], REASON) == []
    assert rule_of(lambda: assignment.replace(after, JUDGES[1], JUDGES[2], REASON)) == (
        "already-assigned"
    )


def test_replacement_with_a_conflict_is_refused() -> None:
    found = given.after(given.assigned(judges=JUDGES[1:]), declared(None))

    step = lambda: assignment.replace(found, JUDGES[1], JUDGE, REASON)  # noqa: E731
    assert rule_of(step) == "judge-conflicted"


def test_judge_who_declined_may_be_asked_again() -> None:
    declined = given.after(given.assigned(), assignment.decline(given.assigned(), JUDGE, REASON))
    again = assignment.assign(
        declined, season_id=SEASON, round_id=ROUND, project_id=PROJECT, judges=[JUDGE]
    )

    assert types(again) == [JudgeAssigned]
    assert JUDGE in given.after(declined, again).active


@given_any(st.lists(st.sampled_from(("declare", "bar", "clear", "score", "abstain")), max_size=8))
def test_a_barred_judge_never_has_an_effective_sheet(steps: list[str]) -> None:
    found = given.assigned()
    for step in steps:
        try:
            match step:
                case "declare":
                    events = declared(found)
                case "bar":
                    events = ruled(found, "conflict")
                case "clear":
                    events = ruled(found, "no-conflict")
                case "score":
                    events = given.record(found, idea="5", budget="5")
                case _:
                    events = assignment.abstain(found, JUDGE, REASON)
        except Refused:
            continue
        found = given.after(found, events)
        assert not (found.barred(JUDGE) and found.sheet_of(JUDGE))
        assert not (found.barred(JUDGE) and JUDGE in found.active)


# ── Detection ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "ground"),
    [
        ({}, None),
        ({"organisation": "Басқа қор"}, None),
        ({"organisation": "  «ҮЛГІ   ққ» "}, "organisation"),
        ({"bin": "000000000001"}, "organisation"),
        ({"bin": "000000000002"}, None),
        ({"related_bins": ("000000000007", "000000000001")}, "other"),
        ({"related_bins": ("000000000007",)}, None),
    ],
)
def test_same_or_related_organisation_is_detected(
    changes: dict[str, object], ground: str | None
) -> None:
    member = given.panel(1).members[0].model_copy(update=changes)

    assert ground_of(member, given.project()) == ground


def test_same_person_is_detected() -> None:
    project = given.project()
    member = given.panel(1).members[0].model_copy(update={"person_id": project.contact_person_id})

    assert ground_of(member, project) == "same-person"
