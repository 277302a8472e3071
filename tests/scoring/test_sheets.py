"""Sheets that are drafted, changed with a reason, sent twice, or late."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.base import format_utc
from schemas.scoring import CriterionComment, ScoreRecorded
from services.kit.envelope import Envelope
from services.kit.fold import Heard
from services.kit.history import unsaid_apart
from services.kit.refusal import Refused
from services.scoring.domain import assignment, conflict, evolution, sheets
from services.scoring.domain.evaluation import Evaluation, SheetDraft
from services.scoring.replay import HISTORY
from tests.admin.chronicle import Written

from . import given
from .given import JUDGE, JUDGES

Sent = dict[str, Any]
"""A sheet as it was put on the line; a copy of it may come at any time."""


def sent(value: str, **changes: Any) -> Sent:
    """A sheet with the same points on both criteria."""
    return {"points": given.points(idea=value, budget=value), "project_version": 1} | changes


def hand_in(found: Evaluation | None, request: Sent, judge: str = JUDGE) -> list[Any]:
    return sheets.record_score(
        found, stage=given.stage(), project=given.project(), judge_id=judge, **request
    )


def handed(found: Evaluation, *requests: Sent) -> Evaluation:
    for request in requests:
        found = given.after(found, hand_in(found, request))
    return found


def says(**by_criterion: str) -> tuple[CriterionComment, ...]:
    return tuple(CriterionComment(criterion=id, comment=text) for id, text in by_criterion.items())


FIRST = sent("5")
AT = datetime(2020, 5, 4, 6, tzinfo=UTC)


def changed(found: Evaluation, value: str, reason: str = "Қайта оқыдым") -> Sent:
    """A change of the judge's last sheet."""
    last = found.last_sheet_of(JUDGE)
    assert last is not None
    return sent(value, reason=reason, replaces=found.event_id(last.sequence))


# ── Changing ─────────────────────────────────────────────────────────────────────────────────────


def test_a_change_names_the_sheet_before_and_says_why() -> None:
    found = handed(given.assigned(), FIRST)

    (event,) = hand_in(found, changed(found, "6", "Смета қосылды"))

    assert isinstance(event, ScoreRecorded)
    assert (event.reason, event.replaces) == ("Смета қосылды", f"{found.origin}:4")
    assert [one.points for one in given.after(found, [event]).sheets] == [
        given.points(idea="5.00", budget="5.00"),
        given.points(idea="6.00", budget="6.00"),
    ]


def test_a_change_without_a_reason_is_refused() -> None:
    found = handed(given.assigned(), FIRST)
    request = changed(found, "6")

    for wrong in ({"reason": None}, {"reason": None, "replaces": None}):
        with pytest.raises(Refused) as refused:
            hand_in(found, request | wrong)
        assert (refused.value.kind, refused.value.rule) == ("invalid", "reason-missing")


@pytest.mark.parametrize("replaces", [None, "scoring/evaluation/2020-first~x:3"])
def test_a_change_of_another_sheet_than_the_last_is_refused(replaces: str | None) -> None:
    found = handed(given.assigned(), FIRST)

    with pytest.raises(Refused, match="sheet-outdated") as refused:
        hand_in(found, changed(found, "6") | {"replaces": replaces})
    assert found.event_id(4) in refused.value.detail


def test_a_first_sheet_takes_no_place_and_gives_no_reason() -> None:
    with pytest.raises(Refused, match="sheet-outdated"):
        hand_in(given.assigned(), FIRST | {"replaces": "scoring/evaluation/2020-first~x:3"})

    (event,) = hand_in(given.assigned(), FIRST | {"reason": "Жай ғана"})
    assert (event.reason, event.replaces) == (None, None)


def test_after_a_void_the_new_sheet_names_the_voided_one_and_needs_no_reason() -> None:
    found = given.void(handed(given.assigned(), FIRST))

    with pytest.raises(Refused, match="sheet-outdated"):
        hand_in(found, FIRST)
    (event,) = hand_in(found, changed(found, "5") | {"reason": None})
    assert (event.reason, event.replaces) == (None, found.event_id(4))


def test_another_comment_is_another_sheet() -> None:
    found = handed(given.assigned(), FIRST | {"comments": says(budget="Анық", idea="Жаңа")})

    (sheet,) = found.effective()
    assert sheet.comments == says(idea="Жаңа", budget="Анық")
    assert hand_in(found, FIRST | {"comments": says(idea="Жаңа", budget="Анық")}) == []
    with pytest.raises(Refused, match="reason-missing"):
        hand_in(found, FIRST)


def test_comments_are_about_the_rubric_once_each() -> None:
    comments = (*says(charm="Әсем", idea="Бір"), *says(idea="Екі"))

    with pytest.raises(Refused) as refused:
        hand_in(given.assigned(), FIRST | {"comments": comments})
    assert [fault.where for fault in refused.value.faults] == ["comments.charm", "comments.idea"]


def test_score_events_are_the_events_that_were_said() -> None:
    """The hash of a ranking's inputs is recomputed from the log: nothing of a sheet may be lost."""
    found, said = given.assigned(), list[Any]()
    for request in (FIRST | {"comments": says(idea="Жаңа")}, None):
        events = hand_in(found, request or changed(found, "7"))
        found, said = given.after(found, events), said + events

    assert [event for _, _, _, event in found.score_events()] == said


# ── Twice, and late ──────────────────────────────────────────────────────────────────────────────


def test_a_repeat_says_nothing_even_after_the_seal() -> None:
    found = handed(given.assigned(), FIRST)
    amended = handed(found, request := changed(found, "6"))
    closed = given.after(amended, sheets.seal(amended))

    for state in (amended, closed):
        assert hand_in(state, request) == []
        assert hand_in(state, sent("6")) == []


def test_a_late_copy_of_an_old_sheet_does_not_undo_the_change() -> None:
    found = handed(given.assigned(), FIRST)
    amended = handed(found, changed(found, "6"))

    with pytest.raises(Refused):
        hand_in(amended, FIRST)
    again = handed(amended, changed(amended, "7"))
    with pytest.raises(Refused, match="sheet-outdated"):
        hand_in(again, changed(found, "6"))


@given_any(st.lists(st.sampled_from("56789"), min_size=1, max_size=5), st.data())
def test_copies_at_any_time_leave_each_sheet_once_and_the_last_one_counting(
    values: Sequence[str], data: st.DataObject
) -> None:
    found, on_the_line = given.assigned(), list[Sent]()
    wanted: list[str] = []
    rules: set[str] = set()
    for value in values:
        if not wanted or wanted[-1] != value:
            request = changed(found, value) if wanted else sent(value)
            found, wanted = handed(found, request), [*wanted, value]
            on_the_line.append(request)
        for copy in data.draw(st.lists(st.sampled_from(on_the_line), max_size=3)):
            try:
                found = handed(found, copy)
            except Refused as refused:
                rules.add(refused.rule)

    assert rules <= {"sheet-outdated", "reason-missing"}
    assert [f"{one.points[0].points:.0f}" for one in found.sheets] == wanted
    assert found.effective() == (found.sheets[-1],)


# ── Drafts ───────────────────────────────────────────────────────────────────────────────────────


def draft(found: Evaluation | None, judge: str = JUDGE, **changes: Any) -> Evaluation:
    fields: Sent = {"project_version": 1, "points": given.points(idea="5")} | changes
    replaces = fields.pop("replaces", None)
    return sheets.save_draft(
        found,
        stage=given.stage(),
        project=given.project(),
        judge_id=judge,
        draft=SheetDraft.model_validate(fields),
        replaces=replaces,
    )


def test_a_draft_may_lack_anything_and_counts_nowhere() -> None:
    found = draft(given.assigned(), points=(), comments=says(idea="Жаңа"))

    assert found.drafts[JUDGE].comments == says(idea="Жаңа")
    assert (found.effective(), found.sheets, found.said) == ((), (), given.assigned().said)


@pytest.mark.parametrize(
    ("points", "where"),
    [({"charm": "5"}, "points.charm"), ({"idea": "11"}, "points.idea")],
)
def test_what_a_draft_has_fits_the_rubric(points: dict[str, str], where: str) -> None:
    with pytest.raises(Refused) as refused:
        draft(given.assigned(), points=given.points(**points))
    assert [fault.where for fault in refused.value.faults] == [where]


def test_a_draft_is_gone_with_its_sheet_and_a_late_copy_does_not_come_back() -> None:
    found = handed(draft(draft(given.assigned()), JUDGES[1]), FIRST)

    assert list(found.drafts) == [JUDGES[1]]
    with pytest.raises(Refused, match="sheet-outdated"):
        draft(found)
    assert JUDGE in draft(found, replaces=found.event_id(4)).drafts


def test_a_draft_is_gone_when_its_judge_leaves() -> None:
    found = draft(given.assigned())
    case = conflict.Case(given.SEASON, given.ROUND, given.PROJECT, JUDGE)

    for events in (
        assignment.abstain(found, JUDGE, "Уақыт жоқ"),
        conflict.declare(found, case, "family", "declared"),
    ):
        assert given.after(found, events).drafts == {}


def test_only_an_assigned_judge_drafts_on_the_version_that_counts_until_the_seal() -> None:
    found = given.assigned()

    for wrong in (None, given.assigned(judges=JUDGES[1:])):
        with pytest.raises(Refused, match="not-assigned"):
            draft(wrong)
    with pytest.raises(Refused, match="version-unknown"):
        draft(found, project_version=2)
    with pytest.raises(Refused, match="round-closed"):
        draft(given.after(found, sheets.seal(found)))


def test_the_stream_tells_all_of_an_evaluation_but_its_drafts() -> None:
    found = given.assigned()
    said = [
        *assignment.assign(
            None,
            season_id=given.SEASON,
            round_id=given.ROUND,
            project_id=given.PROJECT,
            judges=JUDGES,
        ),
        *hand_in(found, FIRST | {"comments": says(idea="Жаңа")}),
    ]
    live = evolution.evolve_all(given.after(None, said[:-1]), [(said[-1], AT)])
    live = draft(live, JUDGES[1])

    owned = next(one for one in HISTORY.owned if one.collection == "evaluations")
    told = HISTORY.documents((heard(event, n) for n, event in enumerate(said, 1)), {})
    (document,) = told["evaluations"].values()
    assert unsaid_apart(document["state"], owned.unsaid) == unsaid_apart(
        live.model_dump(mode="json"), owned.unsaid
    )
    assert live.drafts


def heard(event: Any, sequence: int) -> Heard:
    """An event of the evaluation, as its own service reads it again."""
    subject = f"evaluation/{given.ROUND}~{given.PROJECT}"
    envelope = Envelope(
        service="scoring",
        type=event.type_name(),
        major=1,
        subject=subject,
        sequence=sequence,
        time=format_utc(AT),
        season=given.SEASON,
        actor="secretary/office",
        via="api",
        causation_id="",
        correlation_id="test",
    )
    record = Written("zharmenke.scoring", 0, sequence, subject.encode(), b"", ())
    return Heard(envelope, event, record)
