"""Every rule of `verify` holds for an honest record, and fails for one that was tampered with."""

import copy
from functools import cache

import pytest

from admin.verify.findings import RULES
from admin.verify.identity import ID_OF
from schemas.registry import EVENTS
from schemas.samples import SAMPLES
from tests.admin.chronicle import Chronicle
from tests.admin.season_told import chronicle
from tests.admin.tamper_cases import CASES, other
from tests.admin.tampering import (
    Change,
    drop,
    drop_subject,
    edit,
    repeat,
    verified,
)


@cache
def _honest() -> Chronicle:
    return chronicle()


@pytest.fixture
def told() -> Chronicle:
    """A season that nobody touched."""
    return copy.deepcopy(_honest())


def test_verify_finds_nothing_in_an_honest_record_and_checks_every_rule(told: Chronicle) -> None:
    found = verified(told)

    assert [str(fault) for fault in found.faults] == []
    # A repeat and a manifest are not in every record.
    assert set(RULES) - {"content", "manifest"} == {rule for rule in RULES if found.checked[rule]}
    assert (found.records, found.events.total()) == (len(told.records), len(told.records))
    assert [ranking.same for ranking in found.rankings] == [True] * 4


@pytest.mark.parametrize(("rule", "change"), CASES.values(), ids=CASES)
def test_verify_names_the_rule_and_the_record_when(
    told: Chronicle, rule: str, change: Change
) -> None:
    change(told)

    found = verified(told)

    assert found.failed[rule], [str(fault) for fault in found.faults]
    (first, *_) = [fault for fault in found.faults if fault.rule == rule]
    assert first.place.coordinates.count("/") == 2
    assert first.what


def test_every_rule_has_a_case() -> None:
    assert set(RULES) - {rule for rule, _ in CASES.values()} == {"manifest"}


def test_repeats_with_the_same_content_are_counted_and_fine(told: Chronicle) -> None:
    repeat("ScoreRecorded", 2)(told)
    repeat("SeasonOpened")(told)

    found = verified(told)

    assert (found.failed.total(), found.repeats) == (0, 2)
    assert found.checked["content"] == 2


def test_fault_names_topic_partition_offset_and_id(told: Chronicle) -> None:
    record = edit("ScoreRecorded", 3, points__0__points="99")(told)

    (fault,) = [fault for fault in verified(told).faults if fault.rule == "sheet"]

    assert fault.place.coordinates == f"{record.topic}/{record.partition}/{record.offset}"  # type: ignore[attr-defined]
    assert fault.place.id == record.header("ce_id")  # type: ignore[attr-defined]


def test_tampered_score_is_told_by_the_ranking_that_it_fed(told: Chronicle) -> None:
    edit("ScoreRecorded", 10, points__0__points=other)(told)

    found = verified(told)

    assert {fault.rule for fault in found.faults} == {"inputs", "table"}
    assert {fault.place.id for fault in found.faults} == {
        "scoring/round/2020-first:3",
        "scoring/round/2020-first:4",
        "scoring/round/2020-first:5",
    }
    assert [(ranking.id, ranking.same) for ranking in found.rankings] == [
        ("scoring/round/2020-first:3", False),
        ("scoring/round/2020-first:4", False),
        ("scoring/round/2020-first:5", False),
        ("scoring/round/2020-final:4", True),
    ]


def test_what_may_still_be_under_way_is_awaited_not_missing(told: Chronicle) -> None:
    drop("AwardDeclined", -1)(told)
    drop_subject("MessagePlanned", 3)(told)

    found = verified(told, edge="2026-03-02T00:00:00.000Z")

    assert found.failed.total() == 0
    assert (found.awaited["declined"], found.awaited["planned"]) == (1, 1)


def test_order_of_partitions_does_not_matter(told: Chronicle) -> None:
    told.records.sort(key=lambda record: (record.topic, record.partition, record.offset))
    by_partition = verified(told)
    told.records.sort(key=lambda record: (record.topic, -record.partition, record.offset))
    the_other_way = verified(told)

    assert by_partition.failed.total() == the_other_way.failed.total() == 0
    assert by_partition.checked == the_other_way.checked


def test_every_kind_of_aggregate_is_known_by_its_id() -> None:
    kinds = {kind for model in EVENTS.values() for kind in model.kinds()}

    assert kinds == set(ID_OF)
    for sample in SAMPLES.values():
        ids = [ID_OF[kind](sample.full) for kind in sample.full.kinds()]
        assert sample.said.subject_id in ids, sample.full
