"""A season's file: what is in it, in which order, and what becomes of one that was meddled with."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from admin.archive.cloudevents import from_line, to_line
from admin.archive.exporting import Gathering
from admin.archive.manifest import Manifest
from admin.archive.merging import Entry, merged
from admin.cli import app
from schemas.people import Person
from schemas.topics import people
from services.kit.envelope import Envelope, Unreadable
from tests.admin.chronicle import BEGIN, Chronicle, Written, chronicle
from tests.admin.tampering import find
from tests.ports import free_port

RUNNER = CliRunner()


@cache
def season() -> Chronicle:
    """A season that nobody changes."""
    return chronicle()


def gathered(path: Path, told: list[Written], persons: tuple[Written, ...] = ()) -> Manifest:
    """The file of these records, as they might come from the topics: partition by partition."""
    work = path.with_name(f"{path.name}.work")
    work.mkdir()
    gathering = Gathering("2020", work, "zharmenke")
    for record in sorted(told, key=lambda one: (one.topic, one.partition)):
        gathering.add(record)
    for record in persons:
        gathering.add_person(record)
    return gathering.write(path, BEGIN, {})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An exported season."""
    path = tmp_path / "season.ndjson"
    gathered(path, season().records)
    return path


def run(*words: object) -> Result:
    return RUNNER.invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def replace_in(path: Path, before: str, after: str, number: int | None = None) -> None:
    """Change a line: the given one, or the first that has the text."""
    lines = path.read_text().splitlines(keepends=True)
    if number is None:
        number = next(n for n, line in enumerate(lines) if n and before in line)
    assert before in lines[number]
    lines[number] = lines[number].replace(before, after, 1)
    path.write_text("".join(lines))


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
    assert manifest.types["ScoreRecorded"] == 50
    assert manifest.subjects["scoring/round/2020-first"] == 3
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
        (999, "header ce_specversion is not 1.0")
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


# ── Verify FILE ──────────────────────────────────────────────────────────────────────────────────


def test_verify_file_holds_and_tells_each_ranking(file: Path) -> None:
    told = run("verify", file, "--json")
    found: dict[str, Any] = json.loads(told.stdout)

    assert told.exit_code == 0
    assert found["holds"]
    assert (found["records"], found["rules"]["manifest"]["failed"]) == (len(season().records), 0)
    assert [ranking["same"] for ranking in found["rankings"]] == [True, True]
    assert "everything holds" in run("verify", file).output


def test_tampered_score_breaks_the_manifest_and_is_found_without_it(file: Path) -> None:
    line = find(season(), "ScoreRecorded", 10).header("ce_id")
    lines = file.read_text().splitlines()
    number = next(n for n, text in enumerate(lines) if f'"id":"{line}"' in text)
    points = json.loads(lines[number])["data"]["points"][0]["points"]
    other = "5.00" if points != "5.00" else "6.00"
    replace_in(file, f'"points":"{points}"', f'"points":"{other}"', number)

    refused = run("verify", file)
    assert refused.exit_code == 1
    assert "does not match its manifest: SHA-256" in refused.output
    found = run("verify", "--ignore-manifest", file)
    assert found.exit_code == 1
    assert "scoring/round/2020-first:3: inputs_hash is" in found.output
    assert "scoring/round/2020-first:3: 5 projects from 18 score events, not the same" in (
        found.output
    )


def test_file_cut_in_the_middle_is_refused_in_one_line(file: Path) -> None:
    content = file.read_bytes()
    for size, why in (
        (len(content) // 2, "it ends in the middle of a line"),
        (content.rindex(b"\n", 0, len(content) - 1) + 1, "it does not match its manifest"),
        (100, "it has no manifest"),
        (0, "it has no manifest"),
    ):
        file.write_bytes(content[:size])
        told = run("verify", file)
        assert told.exit_code == 1
        assert why in told.output
        assert len(told.output.strip().splitlines()) == 1


def test_manifest_that_counts_otherwise_is_named(file: Path) -> None:
    replace_in(file, '"scoring/round/2020-first":3', '"scoring/round/2020-first":4', 0)

    told = run("verify", file)

    assert told.exit_code == 1
    assert "line 1: has other subjects, or other last sequences, than the events" in told.output


def test_fault_in_a_file_names_its_line(file: Path) -> None:
    replace_in(file, '"type":"RoundClosed"', '"type":"Strange"')

    told = run("verify", "--ignore-manifest", file)

    assert told.exit_code == 1
    assert "envelope line " in told.output


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["verify", "nowhere.ndjson"], "nowhere.ndjson can't be read: No such file"),
        (["verify", "."], "can't be read: Is a directory"),
        (["verify", "--ignore-manifest"], "--ignore-manifest is for a file"),
        (["verify", "x", "--bootstrap", "y:1"], "Give a file or --bootstrap, not both"),
        (["export", "2020", "nowhere/x.ndjson"], "its directory is missing"),
        (["export", "2020", "."], "its directory is missing, or it is one itself"),
    ],
)
def test_misuse_exits_2_and_says_why(words: list[str], why: str) -> None:
    told = run(*words)

    assert (told.exit_code, why in told.output) == (2, True), told.output


def test_without_a_broker_both_exit_2(tmp_path: Path) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    for words in (["verify"], ["export", "2020", tmp_path / "f"]):
        told = run(*words, "--bootstrap", nowhere)
        assert told.exit_code == 2
        assert f"No Kafka broker answers at {nowhere}" in told.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["verify", "export"])
def test_help_has_an_example(command: str) -> None:
    assert f"Example: zharmenke {command} " in run(command, "--help").output
