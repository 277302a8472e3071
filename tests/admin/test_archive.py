"""A season's file: what is in it, in which order, and what becomes of one that was meddled with."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from admin.archive.cloudevents import from_line, to_line
from admin.archive.manifest import Manifest
from admin.archive.merging import Entry, merged
from schemas.people import Person
from schemas.topics import people
from services.kit.envelope import Envelope, Unreadable
from tests.admin.chronicle import Written
from tests.admin.season_file import gathered, run, season
from tests.admin.tampering import find


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An exported season."""
    path = tmp_path / "season.ndjson"
    gathered(path, season().records)
    return path


def person(id: str, sequence: int, body: bytes | None) -> Written:
    """A record of a people topic."""
    envelope = Envelope(
        "submission",
        Person.TYPE,
        Person.MAJOR,
        f"person/{id}",
        sequence,
        "2026-03-02T06:00:00.000Z",
        season="2020",
        actor="applicant/x",
        via="page",
    )
    headers = tuple((name, value.encode()) for name, value in envelope.headers())
    return Written(people("submission"), 0, sequence, id.encode(), body, headers)


# ── Lines ────────────────────────────────────────────────────────────────────────────────────────


def test_line_is_a_cloudevent_in_structured_mode_and_gives_back_the_same_record() -> None:
    for record in season().records:
        line = to_line(record)
        event = json.loads(line)
        again = from_line(line, 7)

        assert event["specversion"] == "1.0"
        assert (event["id"], event["type"]) == (record.header("ce_id"), record.header("ce_type"))
        assert event["data"] == json.loads(record.value or b"")
        assert (again.topic, again.key, again.value) == (record.topic, record.key, record.value)
        assert again.headers == record.headers


@pytest.mark.parametrize("body", [b"not json", b'{"a":\n1}', b"\xff", b"NaN", b"", None])
def test_body_that_is_no_line_of_json_survives(body: bytes | None) -> None:
    record = replace(find(season(), "RoundClosed"), value=body)

    assert from_line(to_line(record), 1).value == body


def test_members_may_come_in_any_order_and_headers_of_the_transport_stay_behind() -> None:
    record = find(season(), "RoundClosed")
    record = replace(record, headers=(*record.headers, ("x-imported", b"somewhere")))
    event = json.loads(to_line(record))
    turned = json.dumps(dict(reversed(event.items())), indent=None)

    again = from_line(turned.encode(), 1)

    assert again.value == record.value
    assert dict(again.headers) == dict(record.headers[:-1])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"specversion":1.0}', "attribute specversion is not a string"),
        (b'{"specversion":"1.0"}', "header ce_type is missing"),
        (b'{"specversion":"1.0","data_base64":"%"}', "data_base64 is not base64"),
    ],
)
def test_line_that_is_no_event_is_refused_and_says_why(line: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        from_line(line, 1)


# ── Order ────────────────────────────────────────────────────────────────────────────────────────


def entries(told: list[tuple[str, str, int, str]]) -> Iterator[Entry]:
    return iter([Entry(*one, b"") for one in told])


def test_merge_goes_by_time_then_by_lane() -> None:
    first = entries([("1", "a", 1, ""), ("3", "a", 2, "")])
    second = entries([("1", "b", 1, ""), ("2", "b", 2, "")])

    assert [(e.origin, e.sequence) for e in merged([first, second])] == [
        ("a", 1),
        ("b", 1),
        ("b", 2),
        ("a", 2),
    ]


def test_merge_puts_a_cause_before_what_follows_whatever_the_clocks_say() -> None:
    causes = entries([("5", "a", 1, ""), ("6", "a", 2, "")])
    effects = entries([("1", "b", 1, "a:2"), ("2", "b", 2, "")])

    assert [(e.origin, e.sequence) for e in merged([causes, effects])] == [
        ("a", 1),
        ("a", 2),
        ("b", 1),
        ("b", 2),
    ]


def test_merge_goes_on_when_a_cause_never_comes() -> None:
    lanes = [
        entries([("1", "a", 1, "z:9"), ("2", "a", 2, "b:2")]),
        entries([("3", "b", 1, "a:2"), ("4", "b", 2, "")]),
        entries([("9", "c", 1, "b:2")]),
    ]

    told = [(e.origin, e.sequence) for e in merged(lanes)]

    assert sorted(told) == [("a", 1), ("a", 2), ("b", 1), ("b", 2), ("c", 1)]
    assert told.index(("b", 2)) < told.index(("c", 1))


def test_file_keeps_each_partition_s_order_and_each_cause_first(file: Path) -> None:
    told: dict[str, int] = {}
    for text in file.read_bytes().splitlines()[1:]:
        envelope = Envelope.from_headers(from_line(text, 1).headers)
        assert envelope.sequence == told.get(envelope.origin, 0) + 1
        told[envelope.origin] = envelope.sequence
        origin, _, sequence = envelope.causation_id.rpartition(":")
        assert not origin or told[origin] >= int(sequence)


# ── Export ───────────────────────────────────────────────────────────────────────────────────────


def test_manifest_counts_and_hashes_what_follows(file: Path) -> None:
    head, _, rest = file.read_bytes().partition(b"\n")
    manifest = Manifest.of_line(head)
    events = [json.loads(line) for line in rest.splitlines()]

    assert manifest.sha256 == hashlib.sha256(rest).hexdigest()
    assert manifest.events == len(events) == len(season().records)
    told = Counter(record.header("ce_type") for record in season().records)
    assert manifest.types == dict(told)
    last = [one for one in season().records if one.key == b"round/2020-first"][-1]
    assert manifest.subjects["scoring/round/2020-first"] == int(last.header("ce_sequence"))
    assert manifest.people == 0
    assert "@example.org" not in rest.decode()


def test_same_record_gives_the_same_lines_with_repeats_and_in_any_order(
    tmp_path: Path, file: Path
) -> None:
    again = sorted(season().records, key=lambda record: (record.offset, record.partition))
    again += [replace(record, offset=10_000) for record in season().records[:50]]

    gathered(tmp_path / "again", again)

    assert (tmp_path / "again").read_bytes().partition(b"\n")[2] == (
        file.read_bytes().partition(b"\n")[2]
    )


def test_second_content_and_unreadable_records_are_not_hidden(tmp_path: Path) -> None:
    other = replace(find(season(), "SeasonClosed"), offset=999, value=b"{}")
    poison = replace(other, headers=())

    manifest = gathered(tmp_path / "f", [*season().records, other, poison])

    assert manifest.events == len(season().records) + 1
    assert [(one.offset, one.why) for one in manifest.left_out] == [
        (999, "header ce_specversion is missing")
    ]
    told = run("verify", tmp_path / "f")
    assert told.exit_code == 1
    assert "submission/season/2020:2: said something else before" in told.output


def test_people_are_in_it_only_as_they_are_now_and_erased_ones_not_at_all(tmp_path: Path) -> None:
    body = b'{"person_id":"%s","name":"Old","email":"%s@example.org","language":"kk"}'
    stays, goes = (f"b0000000-0000-4000-8000-00000000000{n}" for n in (1, 2))
    records = (
        person(stays, 1, body % (stays.encode(), b"old")),
        person(goes, 1, body % (goes.encode(), b"erased")),
        person(stays, 2, body % (stays.encode(), b"new")),
        person(goes, 2, None),
    )

    manifest = gathered(tmp_path / "f", season().records, records)

    text = (tmp_path / "f").read_text()
    assert manifest.people == 2
    assert "new@example.org" in text
    assert "old@example.org" not in text
    assert "erased@example.org" not in text
    assert run("verify", tmp_path / "f").exit_code == 0
