"""`zharmenke verify FILE`: a whole file, a cut one, one that was tampered with."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.admin.season_file import gathered, replace_in, run, season
from tests.admin.tampering import find
from tests.ports import free_port


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An exported season."""
    path = tmp_path / "season.ndjson"
    gathered(path, season().records)
    return path


def test_verify_file_holds_and_tells_each_ranking(file: Path) -> None:
    told = run("verify", file, "--json")
    found: dict[str, Any] = json.loads(told.stdout)

    assert told.exit_code == 0
    assert found["holds"]
    assert (found["records"], found["rules"]["manifest"]["failed"]) == (len(season().records), 0)
    assert [ranking["same"] for ranking in found["rankings"]] == [True] * 4
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
    assert "scoring/round/2020-first:3: 5 projects from 22 score events, not the same" in (
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
    replace_in(file, '"scoring/round/2020-first":5', '"scoring/round/2020-first":6', 0)

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
