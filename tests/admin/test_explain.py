"""`zharmenke explain`: from an exported file, for the staff and for an applicant."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.scoring import RankingComputed
from tests.admin.season_file import gathered, replace_in, run, season
from tests.ports import free_port


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An exported season."""
    path = tmp_path / "season.ndjson"
    gathered(path, season().records)
    return path


def last_ranking(round_id: str) -> RankingComputed:
    """The ranking that stands."""
    told = [
        RankingComputed.model_validate_json(record.value or b"")
        for record in season().records
        if record.header("ce_type") == "RankingComputed"
    ]
    return next(one for one in reversed(told) if one.round_id == round_id)


def document(*words: object) -> dict[str, Any]:
    """What the command prints with --json."""
    told = run("explain", *words, "--json")
    assert told.exit_code == 0, told.output
    found: dict[str, Any] = json.loads(told.stdout)
    return found


@pytest.mark.parametrize("round_id", ["2020-first", "2020-final"])
def test_explain_gives_every_row_of_a_ranking_again(file: Path, round_id: str) -> None:
    ranking = last_ranking(round_id)
    for row in ranking.table:
        found = document(row.project_id, "--file", file, "--round", round_id)

        assert (found["total"], found["rank"]) == (f"{row.total}", row.rank)
        assert found["table_hash"] == ranking.table_hash
        assert found["outcome"]["event_id"] == f"scoring/decision/{round_id}:1"
        ids = {record.header("ce_id") for record in season().records}
        assert {id for line in found["lines"] for id in line["event_ids"]} <= ids


def test_explain_takes_the_last_round_that_ranked_the_project(file: Path) -> None:
    finalist = last_ranking("2020-final").table[0].project_id
    other = last_ranking("2020-first").table[-1].project_id

    assert document(finalist, "--file", file)["round_id"] == "2020-final"
    assert document(other, "--file", file)["round_id"] == "2020-first"


def test_explain_prints_lines_in_the_language_and_for_the_reader_asked_for(file: Path) -> None:
    project = last_ranking("2020-first").table[0].project_id
    words = ("explain", project, "--file", file, "--round", "2020-first")
    staff, theirs = run(*words).output, run(*words, "--for", "applicant", "--lang", "kk").output

    assert "Rank: 1 of 5" in staff
    assert "sample jury member" in staff
    assert "Орны: 5 жобаның ішінде 1" in theirs
    assert "sample jury member" not in theirs
    assert "table_hash" in theirs


def test_explain_says_what_it_does_not_know(file: Path) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    project = last_ranking("2020-first").table[-1].project_id

    for words, code, why in (
        ((unknown, "--file", file), 2, f"There is no project {unknown} on record."),
        ((project, "--file", file, "--round", "2020-x"), 2, "has no round 2020-x"),
        ((project, "--file", file, "--round", "2020-final"), 1, "not-in-ranking"),
        ((project, "--file", "nowhere.ndjson"), 2, "nowhere.ndjson can't be read: No such file"),
        ((project, "--file", file, "--bootstrap", "y:1"), 2, "not both"),
        ((project, "--bootstrap", f"127.0.0.1:{free_port()}"), 2, "No Kafka broker answers"),
    ):
        told = run("explain", *words)
        assert (told.exit_code, why in told.output) == (code, True), told.output
        assert told.stdout == ""


def test_explain_refuses_a_file_that_was_changed(file: Path) -> None:
    replace_in(file, '"type":"ScoreRecorded"', '"type":"ScoreVoided"')

    told = run("explain", last_ranking("2020-first").table[0].project_id, "--file", file)

    assert told.exit_code == 1
    assert "does not match its manifest" in told.output


def test_help_has_an_example() -> None:
    assert "Example: zharmenke explain " in run("explain", "--help").output
