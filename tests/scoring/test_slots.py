"""The draw of pitch slots: repeatable, in any order of the lists, recused members side by side."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.scoring import DrawnPitch, PitchBreak, PitchDay, PitchesDrawn
from services.scoring.domain.slots import (
    faults_of,
    pitch_order,
    pitches_inputs_hash,
    slots,
    times,
)

from . import given
from .given import JUDGES, PROJECTS, ROUND, SEASON

NINE = datetime(2020, 5, 13, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAYS = (
    PitchDay(
        starts_at=NINE,
        ends_at=NINE + 2 * HOUR,
        breaks=(PitchBreak(starts_at=NINE + HOUR / 2, ends_at=NINE + HOUR),),
    ),
    PitchDay(starts_at=NINE + 24 * HOUR, ends_at=NINE + 26 * HOUR),
)
RECUSED = st.lists(st.sampled_from(JUDGES), unique=True, max_size=3).map(
    lambda ids: tuple(sorted(ids))
)
IDS = [given.id_of("pitch", number) for number in range(12)]
PITCHES = st.lists(st.sampled_from(IDS), min_size=1, max_size=12, unique=True).flatmap(
    lambda ids: st.tuples(
        *(
            RECUSED.map(lambda recused, id=id: DrawnPitch(project_id=id, recused=recused))  # type: ignore[misc]
            for id in ids
        )
    )
)
SEEDS = st.text(min_size=1, max_size=9)


@given_any(SEEDS, PITCHES, st.randoms())
def test_pitch_order_has_every_project_once_for_any_order_of_the_list(
    seed: str, pitches: Sequence[DrawnPitch], shuffling: object
) -> None:
    shuffled = list(pitches)
    shuffling.shuffle(shuffled)  # type: ignore[attr-defined]

    order = pitch_order(seed, pitches)

    assert sorted(order) == sorted(pitch.project_id for pitch in pitches)
    assert pitch_order(seed, shuffled) == order


@given_any(SEEDS, PITCHES)
def test_projects_with_the_same_recused_members_follow_one_another(
    seed: str, pitches: Sequence[DrawnPitch]
) -> None:
    recused = {pitch.project_id: pitch.recused for pitch in pitches}

    runs = [key for key, _ in groupby(pitch_order(seed, pitches), key=recused.__getitem__)]

    assert len(runs) == len(set(runs))


@given_any(SEEDS, st.lists(st.sampled_from(JUDGES), min_size=1, max_size=12))
def test_member_who_shares_no_conflict_with_another_leaves_once(
    seed: str, judges: Sequence[str]
) -> None:
    pitches = [
        DrawnPitch(project_id=IDS[number], recused=(judge,)) for number, judge in enumerate(judges)
    ]
    recused = {pitch.project_id: pitch.recused[0] for pitch in pitches}

    leaves = [judge for judge, _ in groupby(pitch_order(seed, pitches), key=recused.__getitem__)]

    assert sorted(leaves) == sorted(set(judges))


def test_group_that_shares_members_with_the_one_before_comes_next() -> None:
    first, second, third = JUDGES
    sets = [(first,), (), tuple(sorted((first, second))), (third,)]
    pitches = [DrawnPitch(project_id=id, recused=set_) for id, set_ in zip(IDS, sets, strict=False)]

    for seed in map(str, range(20)):
        order = pitch_order(seed, pitches)
        assert abs(order.index(IDS[0]) - order.index(IDS[2])) == 1


def test_another_seed_gives_another_order() -> None:
    pitches = [DrawnPitch(project_id=id) for id in IDS]

    assert len({pitch_order(str(seed), pitches) for seed in range(20)}) == 20


def test_times_go_round_breaks_and_end_with_the_day() -> None:
    minutes = [(starts - NINE).total_seconds() / 60 for starts, _ in times(DAYS, 20)]

    assert minutes == [0, 60, 80, 100, 1440, 1460, 1480, 1500, 1520, 1540]


@given_any(st.integers(1, 150))
def test_slots_are_as_long_as_said_and_never_meet_a_break_or_one_another(length: int) -> None:
    found = list(times(DAYS, length))
    pause = DAYS[0].breaks[0]

    assert {ends - starts for starts, ends in found} <= {timedelta(minutes=length)}
    assert all(ends <= later for (_, ends), (later, _) in pairwise(found))
    assert all(ends <= pause.starts_at or starts >= pause.ends_at for starts, ends in found)
    assert all(any(d.starts_at <= s and e <= d.ends_at for d in DAYS) for s, e in found)


def test_slots_follow_from_the_event_alone() -> None:
    pitches = tuple(DrawnPitch(project_id=id) for id in PROJECTS)
    said = PitchesDrawn(
        season_id=SEASON,
        round_id=ROUND,
        seed="сид",
        days=DAYS,
        slot_minutes=20,
        pitches=pitches,
        inputs_hash=pitches_inputs_hash("сид", DAYS, 20, pitches),
    )

    found = slots(PitchesDrawn.model_validate_json(said.model_dump_json()))

    assert [slot.project_id for slot in found] == [*pitch_order("сид", pitches)]
    assert [(slot.starts_at, slot.ends_at) for slot in found] == [*times(DAYS, 20)][:6]


def at(begin: float, end: float, *breaks: tuple[float, float]) -> PitchDay:
    """A day from one hour after nine to another."""
    return PitchDay(
        starts_at=NINE + begin * HOUR,
        ends_at=NINE + end * HOUR,
        breaks=tuple(
            PitchBreak(starts_at=NINE + one * HOUR, ends_at=NINE + other * HOUR)
            for one, other in breaks
        ),
    )


@pytest.mark.parametrize(
    ("days", "where"),
    [
        ((at(2, 1),), "days.0.ends_at"),
        ((at(0, 2, (1, 3)),), "days.0.breaks.0"),
        ((at(0, 2, (1, 1)),), "days.0.breaks.0"),
        ((at(0, 4, (1, 3), (2, 3)),), "days.0.breaks"),
        ((at(0, 4), at(3, 5)), "days.1.starts_at"),
    ],
)
def test_times_out_of_order_are_named(days: tuple[PitchDay, ...], where: str) -> None:
    assert [fault.where for fault in faults_of(days)] == [where]
    assert faults_of(DAYS) == []
