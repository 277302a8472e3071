"""The rules of a project, without I/O: given this state, when this is asked, then these events."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.submission import (
    ProjectRevised,
    ProjectScreened,
    ProjectSubmitted,
    ProjectWithdrawn,
)
from services.kit.refusal import Refused
from services.submission import domain
from services.submission.domain import Draft

from . import given
from .given import DURING, LAST_MOMENT, NGO, OPENS, OTHER_NGO

SECOND = timedelta(seconds=1)


def faults(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [fault.where for fault in refused.value.faults]


# ── Drafts ───────────────────────────────────────────────────────────────────────────────────────


def test_save_draft_takes_an_empty_draft_and_says_nothing() -> None:
    project = domain.save_draft(
        None,
        project_id=given.PROJECT,
        season=given.season(),
        applicant=NGO,
        draft=Draft(),
        has_contact=False,
        now=DURING,
    )

    assert (project.status, project.said, project.versions) == ("draft", 0, ())
    assert not project.contact_given


def test_save_draft_keeps_the_contact_that_was_given_before() -> None:
    project = domain.save_draft(
        given.saved(),
        project_id=given.PROJECT,
        season=given.season(),
        applicant=NGO,
        draft=given.draft(),
        has_contact=False,
        now=DURING,
    )

    assert project.contact_given


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"nomination": "sports"}, "nomination"),
        ({"region": "atlantis"}, "region"),
        ({"goals": (1, 17)}, None),
    ],
)
def test_what_is_filled_in_must_fit_the_season(changes: dict[str, Any], where: str | None) -> None:
    if where is None:
        assert given.saved(**changes).draft.goals == (1, 17)
        return
    with pytest.raises(Refused) as refused:
        given.saved(**changes)

    assert faults(refused) == [where]
    assert refused.value.kind == "invalid"


def test_settlement_kinds_and_goals_are_those_of_the_season() -> None:
    narrow = given.season(settlement_kinds=("village",), goals=(1, 2, 3))

    with pytest.raises(Refused) as refused:
        domain.save_draft(
            None,
            project_id=given.PROJECT,
            season=narrow,
            applicant=NGO,
            draft=given.draft(settlement_kind="city", goals=(3, 4)),
            has_contact=True,
            now=DURING,
        )

    assert faults(refused) == ["settlement_kind", "goals"]


def test_every_misfit_is_named_at_once() -> None:
    wrong = given.line(500, unit_price_tiyn=499)

    with pytest.raises(Refused) as refused:
        given.saved(nomination="sports", region="atlantis", budget_lines=(given.line(1), wrong))

    assert faults(refused) == ["nomination", "region", "budget_lines.1"]


def test_a_draft_belongs_to_the_one_who_began_it() -> None:
    with pytest.raises(Refused, match="not-your-project"):
        domain.save_draft(
            given.saved(),
            project_id=given.PROJECT,
            season=given.season(),
            applicant=OTHER_NGO,
            draft=given.draft(),
            has_contact=True,
            now=DURING,
        )


def test_a_project_stays_in_its_season() -> None:
    with pytest.raises(Refused, match="season-fixed"):
        domain.save_draft(
            given.saved(),
            project_id=given.PROJECT,
            season=given.season(id="2021"),
            applicant=NGO,
            draft=given.draft(),
            has_contact=True,
            now=DURING,
        )


def test_a_withdrawn_project_is_not_edited() -> None:
    withdrawn = given.after(given.submitted(), given.withdraw(given.submitted()))

    with pytest.raises(Refused, match="project-withdrawn"):
        given.saved(withdrawn)


# ── Handing in ───────────────────────────────────────────────────────────────────────────────────


def test_submit_project_says_project_submitted() -> None:
    events = given.submit(given.saved())

    assert [type(event) for event in events] == [ProjectSubmitted]
    (event,) = events
    assert isinstance(event, ProjectSubmitted)
    assert (event.version, event.submitted_at) == (1, DURING)
    assert event.content.goals == (4, 10)
    assert event.contact_person_id == domain.contact_person_id(given.PROJECT)


def test_submit_project_says_nothing_when_nothing_changed() -> None:
    project = given.submitted()

    assert given.submit(project) == []
    assert given.submit(given.saved(project, goals=(10, 4, 4))) == []


def test_submit_project_says_project_revised_when_the_content_changed() -> None:
    first = given.submitted()
    events = given.submit(given.saved(first, title="Мектеп бағы"), DURING + SECOND)
    second = given.after(given.saved(first, title="Мектеп бағы"), events)

    assert [type(event) for event in events] == [ProjectRevised]
    assert [version.number for version in second.versions] == [1, 2]
    assert [version.sequence for version in second.versions] == [1, 2]


def test_a_submitted_version_never_changes() -> None:
    first = given.submitted()
    edited = given.saved(first, title="Мектеп бағы", nomination="social-entrepreneurship")
    second = given.after(edited, given.submit(edited))

    assert edited.versions == first.versions
    assert edited.nomination == "environment"
    assert second.versions[0] == first.versions[0]
    assert second.nomination == "social-entrepreneurship"


def test_a_revision_has_to_be_checked_again() -> None:
    edited = given.saved(given.screened("ineligible"), title="Мектеп бағы")

    assert given.after(edited, given.submit(edited)).status == "submitted"


@pytest.mark.parametrize(
    ("now", "rule"),
    [
        (OPENS - SECOND, "season-not-open-yet"),
        (OPENS, None),
        (LAST_MOMENT, None),
        (LAST_MOMENT + timedelta(milliseconds=1), "deadline-passed"),
    ],
)
def test_projects_are_taken_from_the_opening_to_the_deadline_with_its_grace(
    now: Any, rule: str | None
) -> None:
    if rule is None:
        assert len(given.submit(given.saved(), now)) == 1
        assert given.saved(now=now).status == "draft"
        return
    with pytest.raises(Refused, match=rule):
        given.submit(given.saved(), now)
    with pytest.raises(Refused, match=rule):
        given.saved(now=now)


def test_a_closed_season_takes_nothing_even_before_the_deadline() -> None:
    closed = given.season().model_copy(update={"closed_at": DURING})

    with pytest.raises(Refused, match="deadline-passed"):
        given.submit(given.saved(), season=closed)


def test_the_receipt_can_be_asked_for_again_after_the_deadline() -> None:
    assert given.submit(given.submitted(), LAST_MOMENT + SECOND) == []


@pytest.mark.parametrize("missing", sorted(Draft.model_fields))
def test_submit_project_names_the_field_that_is_missing(missing: str) -> None:
    without: dict[str, Any] = {missing: None}
    with pytest.raises(Refused) as refused:
        given.submit(given.saved(**without))

    assert faults(refused) == [missing]


def test_submit_project_names_everything_that_is_missing_at_once() -> None:
    empty = given.saved(goals=(), budget_lines=(), title=None).model_copy(
        update={"contact_given": False}
    )

    with pytest.raises(Refused) as refused:
        given.submit(empty)

    assert faults(refused) == ["title", "goals", "budget_lines", "contact"]


def test_only_the_applicant_hands_in() -> None:
    with pytest.raises(Refused, match="not-your-project") as refused:
        given.submit(given.saved(), applicant=OTHER_NGO)

    assert refused.value.kind == "forbidden"


def test_a_project_nobody_began_is_unknown() -> None:
    with pytest.raises(Refused, match="unknown-project"):
        given.submit(None)


# ── The formal check ─────────────────────────────────────────────────────────────────────────────


def test_screen_project_says_the_outcome_with_its_reason() -> None:
    project = given.submitted()
    events = given.screen(project, outcome="ineligible", reason_code="duplicate")

    assert [type(event) for event in events] == [ProjectScreened]
    assert given.after(project, events).status == "ineligible"
    assert given.after(project, given.screen(project)).status == "eligible"


def test_screen_project_says_nothing_when_repeated() -> None:
    assert given.screen(given.screened()) == []


@pytest.mark.parametrize(
    ("outcome", "reason"), [("ineligible", None), ("eligible", "incomplete"), ("eligible", "other")]
)
def test_a_reason_is_due_with_ineligible_and_only_then(outcome: str, reason: str | None) -> None:
    with pytest.raises(Refused) as refused:
        given.screen(given.submitted(), outcome=outcome, reason_code=reason)

    assert faults(refused) == ["reason_code"]


def test_a_version_is_checked_once() -> None:
    with pytest.raises(Refused, match="already-screened"):
        given.screen(given.screened(), outcome="ineligible", reason_code="other")


def test_the_version_that_counts_is_checked() -> None:
    edited = given.saved(given.screened(), title="Мектеп бағы")
    revised = given.after(edited, given.submit(edited))

    for version in (1, 3):
        with pytest.raises(Refused, match="version-outdated"):
            given.screen(revised, version=version)
    assert len(given.screen(revised, version=2)) == 1


def test_drafts_and_withdrawn_projects_are_not_checked() -> None:
    withdrawn = given.after(given.submitted(), given.withdraw(given.submitted()))

    for project, rule in (
        (None, "unknown-project"),
        (given.saved(), "unknown-project"),
        (withdrawn, "project-withdrawn"),
    ):
        with pytest.raises(Refused, match=rule):
            given.screen(project)


# ── Taking back ──────────────────────────────────────────────────────────────────────────────────


def test_withdraw_project_says_so_once_and_is_final() -> None:
    project = given.screened()
    events = given.withdraw(project)
    withdrawn = given.after(project, events)

    assert [type(event) for event in events] == [ProjectWithdrawn]
    assert withdrawn.status == "withdrawn"
    assert withdrawn.versions == project.versions
    assert given.withdraw(withdrawn) == []
    with pytest.raises(Refused, match="project-withdrawn"):
        given.submit(withdrawn)


def test_only_the_applicant_takes_a_submitted_project_back() -> None:
    with pytest.raises(Refused, match="not-your-project"):
        given.withdraw(given.submitted(), OTHER_NGO)
    with pytest.raises(Refused, match="not-submitted"):
        given.withdraw(given.saved())
    with pytest.raises(Refused, match="unknown-project"):
        given.withdraw(None)


def test_a_project_says_nothing_before_its_draft() -> None:
    (event,) = given.submit(given.saved())

    with pytest.raises(ValueError, match="before its draft"):
        domain.evolve_project(None, event)
