"""Folding many events at once comes to what folding them one by one does."""

from datetime import UTC, datetime
from functools import reduce
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.registry import EVENTS
from schemas.samples import SAMPLES
from schemas.scoring import PitchScheduled, ScoreRecorded
from services.scoring.domain.evaluation import Evaluation
from services.scoring.domain.evolution import evolve, evolve_all

from . import given

OWN: list[Any] = [
    SAMPLES[name].full for name, model in EVENTS.items() if "evaluation" in model.kinds()
]
EVENT = st.sampled_from(OWN)
AT = datetime(2026, 5, 13, 9, tzinfo=UTC)
SLOT: Any = SAMPLES[PitchScheduled.type_name()].full


def begun() -> Evaluation:
    return evolve(given.assigned(), SLOT)


@given_any(st.lists(EVENT, max_size=12), st.integers(0, 12))
def test_any_run_of_events_comes_to_the_same_in_any_parts(events: list[Any], cut: int) -> None:
    said = [(event, None) for event in events]

    one_by_one = reduce(evolve, events, begun())

    assert evolve_all(evolve_all(begun(), said[:cut]), said[cut:]) == one_by_one
    assert evolve_all(begun(), said) == one_by_one
    assert one_by_one.said == begun().said + len(events)


@given_any(EVENT)
def test_what_was_folded_before_stays_as_it_was(event: Any) -> None:
    before = begun()
    fields = before.model_dump()

    after = evolve(before, event)

    assert before.model_dump() == fields
    with pytest.raises(ValidationError, match="frozen"):
        after.said = 1  # type: ignore[misc]


def test_only_sheets_keep_the_moment_at_which_they_were_handed_in() -> None:
    sheet: Any = SAMPLES[ScoreRecorded.type_name()].full

    timed, untimed = (evolve_all(begun(), [(sheet, at), (SLOT, at)]) for at in (AT, None))

    assert timed.sheets[-1].at == AT
    assert timed.sheets[-1].model_copy(update={"at": None}) == untimed.sheets[-1]
    assert timed.model_copy(update={"sheets": ()}) == untimed.model_copy(update={"sheets": ()})
