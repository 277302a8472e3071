"""The committed files are the ones the models make, and the check says in words when not."""

import shutil
from pathlib import Path

import pytest

from schemas import contract
from schemas.base import Event
from schemas.contract import ROOT, drift, generate, main, write
from schemas.messages import event_message, faults
from schemas.registry import EVENTS
from schemas.samples import SAMPLES
from schemas.samples.sample import Circumstances, Sample
from schemas.submission import SeasonClosed, SubmissionEvent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for part in ("events", "people"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copy(ROOT / "asyncapi.yaml", tmp_path)
    return tmp_path


def _first_lines(found: list[str]) -> list[str]:
    return [line.split(",")[0] for line in found]


def test_committed_files_agree_with_the_models() -> None:
    assert drift() == []


def test_generating_twice_gives_the_same_bytes() -> None:
    assert generate() == generate()


def test_check_names_a_schema_that_was_tampered_with(copy: Path) -> None:
    name = "events/ScoreRecorded/v1.schema.json"
    text = (copy / name).read_text(encoding="utf-8")
    (copy / name).write_text(text.replace('"maxItems": 20', '"maxItems": 21'), encoding="utf-8")
    assert _first_lines(drift(copy)) == [f"{name} differs from the models"]
    assert '"maxItems": 21' in drift(copy)[0]


def test_check_names_what_is_missing_and_what_is_too_much(copy: Path) -> None:
    (copy / "events/ScoreRecorded/v1.samples/full.json").unlink()
    (copy / "events/ScoreGuessed").mkdir()
    (copy / "events/ScoreGuessed/v1.schema.json").write_text("{}", encoding="utf-8")
    assert drift(copy) == [
        "events/ScoreRecorded/v1.samples/full.json is missing",
        "events/ScoreGuessed/v1.schema.json is made from no model",
    ]


def test_write_mends_what_check_finds_and_is_idempotent(copy: Path) -> None:
    (copy / "events/README.md").unlink()
    (copy / "people/Person/v1.schema.json").write_text("{}", encoding="utf-8")
    (copy / "events/ScoreRecorded/v3.schema.json").write_text("{}", encoding="utf-8")
    assert write(copy) == [
        "wrote events/README.md",
        "wrote people/Person/v1.schema.json",
        "removed events/ScoreRecorded/v3.schema.json",
    ]
    assert write(copy) == []
    assert drift(copy) == []


def test_files_of_an_earlier_major_stay(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SeasonClosed, "MAJOR", 2)
    changed = write(copy)
    assert "wrote events/SeasonClosed/v2.schema.json" in changed
    assert [line for line in changed if line.startswith("removed")] == []
    assert (copy / "events/SeasonClosed/v1.schema.json").is_file()
    assert drift(copy) == []


def test_command_exits_with_1_and_says_what_differs(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--root", str(copy)]) == 0
    (copy / "events/README.md").unlink()
    assert main(["check", "--root", str(copy)]) == 1
    assert capsys.readouterr().err == ("events/README.md is missing\nmend it with: make contract\n")


class RegionRenamed(SubmissionEvent):
    """A new event, as somebody would add it."""

    KIND = "season"
    SAID_WHEN = "a region gets a new name"
    formerly: str


def _with(model: type[Event]) -> dict[str, type[Event]]:
    return EVENTS | {model.type_name(): model}


def test_an_event_without_a_sample_is_named() -> None:
    assert faults(_with(RegionRenamed)) == [
        "RegionRenamed has no sample: add one to schemas/samples/ for the service submission"
    ]


def test_a_sample_without_an_event_is_named() -> None:
    events = {name: model for name, model in EVENTS.items() if name != "SeasonClosed"}
    assert faults(events) == [
        "schemas/samples/ has a sample of SeasonClosed, which is no event in schemas.registry"
    ]


def test_a_field_without_a_description_is_named() -> None:
    sample = Sample(RegionRenamed(formerly="Үлгі"), Circumstances("2020"))
    found = faults(_with(RegionRenamed), SAMPLES | {"RegionRenamed": sample})
    assert [line.split(":")[0] for line in found] == ["RegionRenamed.formerly is not described"]


def test_nothing_is_written_while_something_is_wrong(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copy / "events/README.md").unlink()
    monkeypatch.setattr(contract, "faults", lambda: ["RegionRenamed has no sample"])
    assert main(["write", "--root", str(copy)]) == 1
    assert not (copy / "events/README.md").exists()


def test_a_sample_that_leaves_a_field_out_or_lacks_kazakh_is_named() -> None:
    full = SAMPLES["ProjectScreened"].full.model_copy(update={"reason_code": None})
    sample = Sample(full, SAMPLES["ProjectScreened"].said)
    found = faults(EVENTS, SAMPLES | {"ProjectScreened": sample})
    assert found == [
        "the full sample of ProjectScreened leaves out reason_code: give it a value",
        "ProjectScreened carries free text but has no Kazakh sample",
    ]
    assert event_message(EVENTS["ProjectScreened"], sample).kazakh is None


def test_the_generated_folders_hold_no_code() -> None:
    assert [*(ROOT / "events").rglob("*.py"), *(ROOT / "people").rglob("*.py")] == []
