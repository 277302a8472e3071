"""What scoring makes of submission's events: pure folds, in the order of their subjects."""

from typing import Any

import pytest

from schemas.base import Event
from schemas.submission import (
    ProjectRevised,
    ProjectScreened,
    ProjectSubmitted,
    ProjectWithdrawn,
    SeasonClosed,
    SeasonOpened,
)
from services.kit.envelope import Envelope
from services.kit.fold import Heard
from services.scoring.domain.heard import PROJECTS, SEASONS, HeardProject
from tests.submission.given import DURING, LAST_MOMENT, definition

from . import given
from .given import PROJECT


def heard(event: Event, sequence: int) -> Heard:
    envelope = Envelope(
        "submission", event.type_name(), 1, f"{event.KIND}/x", sequence, "2020-03-03T00:00:00.000Z"
    )
    return Heard(envelope, event, None)  # type: ignore[arg-type]


def content(title: str) -> Any:
    return given.project().content.model_copy(update={"title": title})


def submitted(kind: type[ProjectSubmitted], version: int, title: str, at: Any) -> ProjectSubmitted:
    return kind(
        project_id=PROJECT,
        season_id="2020",
        version=version,
        submitted_at=at,
        content=content(title),
        contact_person_id=given.id_of("contact"),
    )


FIRST = submitted(ProjectSubmitted, 1, "Бірінші", DURING)
SECOND = submitted(ProjectRevised, 2, "Екінші", LAST_MOMENT)
COMMON: dict[str, Any] = {
    "project_id": PROJECT,
    "season_id": "2020",
    "title": "Бірінші",
    "contact_person_id": given.id_of("contact"),
}
ELIGIBLE = ProjectScreened(**COMMON, version=1, outcome="eligible")
INELIGIBLE = ProjectScreened(**COMMON, version=1, outcome="ineligible", reason_code="other")
WITHDRAWN = ProjectWithdrawn(**COMMON)


def project(*events: Event) -> HeardProject:
    found: HeardProject | None = None
    for sequence, event in enumerate(events, start=1):
        one = heard(event, sequence)
        assert one.envelope.type in PROJECTS.types
        assert list(PROJECTS.targets(one)) == [PROJECT]
        found = PROJECTS.fold(found, one, PROJECT)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("events", "status", "version"),
    [
        ([FIRST], "submitted", 1),
        ([FIRST, ELIGIBLE], "eligible", 1),
        ([FIRST, INELIGIBLE], "ineligible", 1),
        ([FIRST, ELIGIBLE, SECOND], "submitted", 2),
        ([FIRST, ELIGIBLE, WITHDRAWN], "withdrawn", 1),
    ],
)
def test_a_project_is_as_its_events_tell_it(events: list[Event], status: str, version: int) -> None:
    found = project(*events)

    assert (found.status, found.version, found.sequence) == (status, version, len(events))


def test_a_revision_keeps_the_time_of_the_first_submission() -> None:
    found = project(FIRST, SECOND)

    assert found.first_submitted_at == DURING
    assert found.content.title == "Екінші"


def test_a_season_is_fixed_when_it_opens_and_knows_how_much_there_is_to_hear() -> None:
    opened = SEASONS.fold(None, heard(SeasonOpened(season=definition()), 1), "2020")
    closing = SeasonClosed(season_id="2020", closed_at=LAST_MOMENT, projects=158)
    closed = SEASONS.fold(opened, heard(closing, 2), "2020")

    assert (opened.closed_at, opened.submitted) == (None, 0)
    assert (closed.closed_at, closed.submitted) == (LAST_MOMENT, 158)
    assert closed.definition == definition()
    assert closed.stage_of("2020-final") == definition().rounds[-1]
    assert closed.stage_of("2020-middle") is None


def test_an_older_closing_without_a_count_is_understood() -> None:
    opened = SEASONS.fold(None, heard(SeasonOpened(season=definition()), 1), "2020")
    older = SeasonClosed.model_validate_json(
        '{"season_id": "2020", "closed_at": "2020-04-12T18:14:00.000Z"}'
    )

    assert SEASONS.fold(opened, heard(older, 2), "2020").submitted == 0


@pytest.mark.parametrize("event", [ELIGIBLE, WITHDRAWN])
def test_what_comes_before_its_beginning_is_an_error(event: Event) -> None:
    with pytest.raises(ValueError, match="before the project was submitted"):
        project(event)
    closing = SeasonClosed(season_id="2020", closed_at=LAST_MOMENT)
    with pytest.raises(ValueError, match="before the season was opened"):
        SEASONS.fold(None, heard(closing, 1), "2020")
