"""What of a file is on the topics already, what is still to come, and when."""

from itertools import groupby
from operator import attrgetter
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from admin.archive.parcels import Parcel, Parcels, rest, strangers, stretches
from admin.archive.publishing import AT_ONCE, Pace, play
from schemas.topics import SERVICES, SERVICES_WITH_PEOPLE, people, stream
from tests.admin.season_file import gathered, season


def parcel(partition: int, number: int, timestamp: int = 0) -> Parcel:
    """One of some records that differ in nothing else."""
    at = TopicPartition("zharmenke.scoring", partition)
    return Parcel(at, b"%d" % partition, b"%d" % number, (("ce_id", b"x"),), timestamp)


PARCELS = st.lists(st.integers(0, 2)).map(
    lambda partitions: [parcel(at, number) for number, at in enumerate(partitions)]
)


def beginning(parcels: list[Parcel], lengths: list[int]) -> list[Parcel]:
    """The first so many of each partition."""
    taken: list[Parcel] = []
    for at, length in enumerate(lengths):
        taken += [one for one in parcels if one.at.partition == at][:length]
    return taken


# ── What is there ────────────────────────────────────────────────────────────────────────────────


@given(PARCELS, st.lists(st.integers(0, 5), min_size=3, max_size=3))
def test_import_goes_on_after_whatever_each_partition_has_of_the_file(
    parcels: list[Parcel], lengths: list[int]
) -> None:
    done = beginning(parcels, lengths)
    there = stretches(done)

    left = list(rest(parcels, there))

    assert strangers(parcels, there) == []
    assert sorted([*done, *left], key=attrgetter("value")) == sorted(
        parcels, key=attrgetter("value")
    )
    assert left == [one for one in parcels if one in left]  # in the file's order
    whole = stretches([*done, *left])
    assert all(whole[at].is_same(found) for at, found in stretches(parcels).items())


@given(PARCELS.filter(len), st.data())
def test_partition_with_anything_else_is_a_stranger_s(
    parcels: list[Parcel], data: st.DataObject
) -> None:
    odd = data.draw(st.integers(0, len(parcels) - 1))
    partition = parcels[odd].at.partition
    other = [*parcels[:odd], parcel(partition, -1), *parcels[odd + 1 :]]
    more = [*parcels, parcel(partition, -1)]
    twice = [*parcels[: odd + 1], *parcels[odd:]]

    for told in (other, more, twice):
        assert strangers(parcels, stretches(told)) == [parcels[odd].at]


@pytest.mark.parametrize(
    "changed",
    [
        {"key": None},
        {"value": None},
        {"headers": (("ce_id", None),)},
        {"headers": (("ce_i", b"dx"),)},
        {"timestamp": 1},
    ],
)
def test_record_is_the_same_only_with_all_of_its_parts(changed: dict[str, object]) -> None:
    one = parcel(0, 1)
    parts = {name: getattr(one, name) for name in ("at", "key", "value", "headers", "timestamp")}
    other = Parcel(**(parts | changed))

    assert not stretches([one])[one.at].is_same(stretches([other])[one.at])


# ── From the file ────────────────────────────────────────────────────────────────────────────────


def topics(prefix: str) -> dict[str, range]:
    names = [stream(service, prefix) for service in SERVICES]
    names += [people(service, prefix) for service in SERVICES_WITH_PEOPLE]
    return dict.fromkeys(names, range(5))


def test_parcels_are_the_file_s_records_marked_and_at_their_own_times(tmp_path: Path) -> None:
    gathered(tmp_path / "f", season().records)

    found = list(Parcels(tmp_path / "f", "other", topics("other"), "history"))

    told = {record.header("ce_id"): record for record in season().records}
    assert len(found) == len(told)
    for one in found:
        record = told[dict(one.headers)["ce_id"].decode()]  # type: ignore[union-attr]
        assert one.at.topic == record.topic.replace("zharmenke", "other")
        assert (one.key, one.value) == (record.key, record.value)
        assert one.headers == (*record.headers, ("x-imported", b"history"))
    times = {one.timestamp for one in found}
    assert min(times) == 1_772_431_201_000  # the season's first second
    by_key = {
        key: [one.at for one in group]
        for key, group in groupby(sorted(found, key=attrgetter("key")), attrgetter("key"))
    }
    assert all(len(set(at)) <= 1 for at in by_key.values())


def test_parcels_leave_out_a_service_s_own_part(tmp_path: Path) -> None:
    gathered(tmp_path / "f", season().records)

    found = Parcels(tmp_path / "f", "other", topics("other"), "rehearsal", without=("notify",))

    assert {one.at.topic for one in found} == {
        stream(service, "other") for service in SERVICES if service != "notify"
    }


# ── In time ──────────────────────────────────────────────────────────────────────────────────────


class Clock:
    """Time that passes only in sleep; what was sent, and when."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sent: list[tuple[float, list[bytes | None]]] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def send(self, batch: list[Parcel]) -> None:
        self.sent.append((self.now - 100, [one.value for one in batch]))


async def play_at(speed: float | None, parcels: list[Parcel]) -> Clock:
    clock = Clock()
    await play(parcels, Pace(speed, clock, clock.sleep), clock.send)  # type: ignore[arg-type]
    return clock


async def test_rehearsal_keeps_the_distances_divided_by_the_speed() -> None:
    times = [5_000, 5_000, 7_000, 6_999, 105_000]

    clock = await play_at(100, [parcel(0, n, at) for n, at in enumerate(times)])

    assert clock.sent == [
        (0.0, [b"0", b"1"]),
        (pytest.approx(0.02), [b"2", b"3"]),
        (pytest.approx(1.0), [b"4"]),
    ]


async def test_history_waits_for_nothing_and_goes_in_batches() -> None:
    clock = await play_at(None, [parcel(0, n, n * 1000) for n in range(AT_ONCE + 1)])

    assert [(at, len(batch)) for at, batch in clock.sent] == [(0, AT_ONCE), (0, 1)]
