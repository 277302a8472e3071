"""What judges see: not whose a project is in a blind round, and others' sheets by the rule."""

from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.submission import Organisation
from services.kit.refusal import Refused
from services.scoring.domain import sight

from . import given
from .given import JUDGE, JUDGES

NAME, BIN = "«Үлгі» қоры (sample)", "000000000001"


def content(**changes: Any) -> Any:
    """A project whose texts name the applicant."""
    found = given.project().content
    line = found.budget.lines[0].model_copy(update={"title": f"Аренда: {NAME.upper()}"})
    texts = {
        "title": f"{NAME}: ауыл кітапханасы",
        "summary": f"Біз — {NAME}, БСН {BIN}.\n{NAME}!",
        "organisation": Organisation(name=NAME, bin=BIN),
        "budget": found.budget.model_copy(update={"lines": (line,)}),
    }
    return found.model_copy(update=texts | changes)


def test_a_blind_round_does_not_tell_whose_a_project_is() -> None:
    shown = sight.seen(given.stage(blind=True), content())

    assert shown.organisation is None
    assert shown.title == "[…]: ауыл кітапханасы"
    assert shown.summary == "Біз — […], БСН […].\n[…]!"
    assert shown.budget.lines[0].title == "Аренда: […]"
    assert (shown.nomination, shown.budget.total_tiyn) == ("environment", 700)


@pytest.mark.parametrize("blind", [None, False])
def test_another_round_shows_all_of_a_project(blind: bool | None) -> None:
    shown = sight.seen(given.stage(blind=blind), content())

    assert shown.model_dump() == content().model_dump()


@given_any(st.text(max_size=30), st.text(max_size=30))
def test_no_blind_text_has_the_applicants_name(before: str, after: str) -> None:
    summary = f"{before} {NAME} {after}"

    shown = sight.seen(given.stage(blind=True), content(summary=summary))
    assert NAME not in shown.model_dump_json()
    assert BIN not in shown.model_dump_json()


def test_a_name_with_an_ending_is_taken_out_too() -> None:
    named = Organisation(name="Үлгі қоры", bin=BIN)

    shown = sight.seen(given.stage(blind=True), content(organisation=named, title="Үлгі қорының"))
    assert shown.title == "[…]ның"


def test_a_short_name_is_not_taken_out_of_other_words() -> None:
    short = Organisation(name="Ау", bin=BIN)

    shown = sight.seen(given.stage(blind=True), content(organisation=short, title="Ауыл, Ау"))
    assert shown.title == "Ауыл, […]"


@pytest.mark.parametrize(
    ("rule", "own", "published", "visible"),
    [
        (None, True, False, False),
        ("never", True, False, False),
        ("never", False, True, True),
        ("after-own", False, False, False),
        ("after-own", True, False, True),
        ("always", False, False, True),
    ],
)
def test_others_sheets_are_shown_by_the_rounds_rule(
    rule: Any, own: bool, published: bool, visible: bool
) -> None:
    found = given.scored(given.assigned(), JUDGES[1], idea="5", budget="5")
    found = given.scored(found, idea="6", budget="6") if own else found
    on = given.stage(visibility=rule)

    if visible:
        sight.require_sheets_visible(on, found, JUDGE, published=published)
        return
    with pytest.raises(Refused, match="sheets-hidden") as refused:
        sight.require_sheets_visible(on, found, JUDGE, published=published)
    assert refused.value.kind == "forbidden"


def test_a_voided_sheet_does_not_open_the_others() -> None:
    found = given.void(given.scored(given.assigned(), idea="5", budget="5"))

    with pytest.raises(Refused, match="sheets-hidden"):
        sight.require_sheets_visible(given.stage(visibility="after-own"), found, JUDGE,
                                     published=False)  # fmt: skip
