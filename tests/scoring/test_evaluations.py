"""The rules of score sheets, without I/O."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.scoring import JudgeAssigned, ScoreRecorded, ScoresSealed, ScoreVoided
from services.kit.refusal import Refused
from services.scoring.domain import assignment, evolution, sheets
from services.scoring.domain.evaluation import Evaluation
from services.scoring.domain.ranking import sheet_total

from . import given
from .given import JUDGE, JUDGES


def sealed(found: Evaluation) -> Evaluation:
    return given.after(found, sheets.seal(found))


# ── Assignments ──────────────────────────────────────────────────────────────────────────────────


def assign(found: Evaluation | None, *judges: str) -> list[Any]:
    return assignment.assign(
        found, season_id="2020", round_id=given.ROUND, project_id=given.PROJECT, judges=judges
    )


def test_assign_tells_each_judge_once() -> None:
    some = given.after(None, assign(None, *JUDGES[:2]))

    assert some.judges == JUDGES[:2]
    assert [(type(event), event.judge_id) for event in assign(some, *JUDGES)] == [
        (JudgeAssigned, JUDGES[2])
    ]
    assert assign(given.assigned(), *JUDGES) == []


def test_a_sealed_evaluation_takes_no_more_judges_but_a_repeat() -> None:
    closed = sealed(given.after(None, assign(None, JUDGE)))

    assert assign(closed, JUDGE) == []
    with pytest.raises(Refused, match="round-closed"):
        assign(closed, JUDGES[1])


# ── Handing in ───────────────────────────────────────────────────────────────────────────────────


def test_record_score_says_the_sheet_in_the_rubrics_order() -> None:
    (event,) = given.record(given.assigned(), budget="3", idea="7.5")

    assert isinstance(event, ScoreRecorded)
    assert event.model_dump(mode="json")["points"] == [
        {"criterion": "idea", "points": "7.50"},
        {"criterion": "budget", "points": "3.00"},
    ]
    assert event.judge_id == JUDGE


def test_record_score_says_nothing_when_repeated() -> None:
    found = given.scored(given.assigned(), idea="7.5", budget="3")

    assert given.record(found, idea="7.50", budget="3.000") == []
    assert given.record(found, budget="3", idea="7.5") == []


def test_a_changed_sheet_replaces_the_one_before_and_both_are_kept() -> None:
    first = given.scored(given.assigned(), idea="7.5", budget="3")
    second = given.scored(first, idea="8", budget="3")

    assert len(second.sheets) == 2
    (effective,) = second.effective()
    assert effective.points == given.points(idea="8.00", budget="3.00")
    back = given.record(second, idea="7.5", budget="3")
    assert len(back) == 1


def test_each_judge_has_one_effective_sheet() -> None:
    found = given.assigned()
    for judge in JUDGES:
        found = given.scored(given.scored(found, judge, idea="1", budget="1"), judge, idea="2",
                             budget="2")  # fmt: skip

    assert [sheet.judge_id for sheet in found.effective()] == sorted(JUDGES)


@pytest.mark.parametrize(
    ("sheet", "faults"),
    [
        ({"idea": "5"}, ["points.budget"]),
        ({"budget": "5"}, ["points.idea"]),
        ({"idea": "10.5", "budget": "5"}, ["points.idea"]),
        ({"idea": "5", "budget": "0.25"}, ["points.budget"]),
        ({"idea": "5", "budget": "5", "charm": "5"}, ["points.charm"]),
        ({"idea": "11", "charm": "5"}, ["points.idea", "points.charm", "points.budget"]),
    ],
)
def test_record_score_names_every_fault_of_a_sheet(
    sheet: dict[str, Any], faults: list[str]
) -> None:
    with pytest.raises(Refused) as refused:
        given.record(given.assigned(), **sheet)

    assert (refused.value.kind, refused.value.rule) == ("invalid", "sheet-invalid")
    assert [fault.where for fault in refused.value.faults] == faults


def test_a_criterion_is_given_once() -> None:
    twice = given.points(idea="5", budget="5") + given.points(idea="6")

    with pytest.raises(Refused, match="appears twice"):
        sheets.record_score(
            given.assigned(),
            stage=given.stage(),
            project=given.project(),
            judge_id=JUDGE,
            project_version=1,
            points=twice,
        )


def test_steps_are_counted_from_the_minimum() -> None:
    on = given.stage(
        given.criterion(
            "idea", "1", minimum=Decimal("0.25"), maximum=Decimal("2.25"), step=Decimal("0.5")
        ),
        tie_break=(),
    )

    for right in ("0.25", "0.75", "2.25"):
        assert given.record(given.assigned(), on=on, idea=right)
    for wrong in ("0", "0.5", "2.75"):
        with pytest.raises(Refused, match="sheet-invalid"):
            given.record(given.assigned(), on=on, idea=wrong)


@given_any(st.integers(0, 20), st.integers(0, 4), st.integers(0, 4))
def test_one_value_is_one_sheet_however_it_is_spelt(halves: int, some: int, more: int) -> None:
    value = Decimal(halves) / 2
    spelt = [f"{value:f}" + ("" if "." in f"{value:f}" or not n else ".") + "0" * n
             for n in (some, more)]  # fmt: skip
    found = given.scored(given.assigned(), idea=spelt[0], budget="0")

    assert given.record(found, idea=spelt[1], budget="0.0") == []


def test_finer_points_keep_their_decimals() -> None:
    on = given.stage(given.criterion("idea", "1", step=Decimal("0.125")), tie_break=())

    (event,) = given.record(given.assigned(), on=on, idea="7.1250")
    assert event.model_dump(mode="json")["points"][0]["points"] == "7.125"


def test_to_abstain_from_an_optional_criterion_is_not_to_give_zero() -> None:
    on = given.stage(
        given.criterion("idea", "0.5"),
        given.criterion("extra", "0.5", required=False),
        tie_break=(),
    )
    abstained = given.after(given.assigned(), given.record(given.assigned(), on=on, idea="8"))
    zero = given.after(given.assigned(), given.record(given.assigned(), on=on, idea="8", extra="0"))

    assert sheet_total(abstained.effective()[0], on) == 8
    assert sheet_total(zero.effective()[0], on) == 4


def test_only_an_assigned_judge_scores() -> None:
    for found in (None, given.assigned(judges=JUDGES[1:])):
        with pytest.raises(Refused, match="not-assigned") as refused:
            given.record(found, idea="5", budget="5")
        assert refused.value.kind == "forbidden"


@pytest.mark.parametrize("status", ["withdrawn", "ineligible", "submitted"])
def test_only_an_eligible_project_is_scored(status: str) -> None:
    with pytest.raises(Refused, match="project-not-eligible"):
        sheets.record_score(
            given.assigned(),
            stage=given.stage(),
            project=given.project(status=status),
            judge_id=JUDGE,
            project_version=1,
            points=given.points(idea="5", budget="5"),
        )


@pytest.mark.parametrize(("seen", "rule"), [(1, "version-outdated"), (3, "version-unknown")])
def test_the_version_that_counts_is_scored(seen: int, rule: str) -> None:
    with pytest.raises(Refused, match=rule):
        sheets.record_score(
            given.assigned(),
            stage=given.stage(),
            project=given.project(version=2),
            judge_id=JUDGE,
            project_version=seen,
            points=given.points(idea="5", budget="5"),
        )


# ── Voiding ──────────────────────────────────────────────────────────────────────────────────────


def test_void_score_takes_the_sheet_out_of_account_and_keeps_it() -> None:
    found = given.scored(given.assigned(), idea="7", budget="7")
    (event,) = sheets.void_score(found, judge_id=JUDGE, reason="Мүдделер қақтығысы")
    voided = given.after(found, [event])

    assert isinstance(event, ScoreVoided)
    assert event.score_event_id == f"{found.origin}:{found.sheets[0].sequence}"
    assert voided.effective() == ()
    assert voided.sheets == found.sheets


def test_voiding_does_not_bring_back_a_sheet_that_was_replaced() -> None:
    found = given.scored(given.assigned(), idea="1", budget="1")
    voided = given.void(given.scored(found, idea="9", budget="9"))

    assert voided.effective() == ()
    with pytest.raises(Refused, match="no-sheet"):
        sheets.void_score(voided, judge_id=JUDGE, reason="again")


def test_after_a_void_the_same_points_are_a_new_sheet() -> None:
    found = given.void(given.scored(given.assigned(), idea="7", budget="7"))
    events = given.record(found, idea="7", budget="7")

    assert [type(event) for event in events] == [ScoreRecorded]
    assert len(given.after(found, events).effective()) == 1


def test_voiding_one_sheet_leaves_the_others() -> None:
    found = given.assigned()
    for judge in JUDGES:
        found = given.scored(found, judge, idea="5", budget="5")

    assert [sheet.judge_id for sheet in given.void(found).effective()] == list(JUDGES[1:])


def test_there_is_nothing_to_void_without_a_sheet() -> None:
    for found in (None, given.assigned()):
        with pytest.raises(Refused, match="no-sheet"):
            sheets.void_score(found, judge_id=JUDGE, reason="x")


# ── Sealing ──────────────────────────────────────────────────────────────────────────────────────


def test_seal_says_how_many_sheets_count_once() -> None:
    found = given.scored(given.scored(given.assigned(), idea="1", budget="1"), idea="2", budget="2")
    (event,) = sheets.seal(found)

    assert isinstance(event, ScoresSealed)
    assert event.sheets == 1
    assert sheets.seal(sealed(found)) == []
    assert sheets.seal(None) == []


def test_after_the_seal_nothing_is_recorded_or_voided() -> None:
    closed = sealed(given.scored(given.assigned(), idea="5", budget="5"))

    with pytest.raises(Refused, match="round-closed"):
        given.record(closed, idea="6", budget="6")
    with pytest.raises(Refused, match="round-closed"):
        given.void(closed)
    assert given.record(closed, idea="5", budget="5") == []


def test_sequences_are_those_of_the_events() -> None:
    found = given.void(given.scored(given.assigned(), idea="5", budget="5"))

    assert (found.sheets[0].sequence, found.voids[0].sequence, found.said) == (4, 5, 5)
    assert [event[1] for event in found.score_events()] == [4, 5]
    with pytest.raises(ValueError, match="begins with JudgeAssigned"):
        evolution.evolve(None, given.record(given.assigned(), idea="5", budget="5")[0])
