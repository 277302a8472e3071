"""What was released stays readable, its readers stay able to read, and the command keeps watch."""

import json
import shutil
from pathlib import Path
from typing import Any, ClassVar

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import model_validator

from schemas import submission
from schemas.base import Line
from schemas.contract import HOW_TO_CHANGE, ROOT, main
from schemas.messages import Message, event_message
from schemas.releases import broken, release, releases_of
from schemas.samples import SAMPLES

from .files import MESSAGES, samples_of

RELEASES = [
    (name, kept.number)
    for name, message in MESSAGES.items()
    for kept in releases_of(ROOT, message.folder, message.major)
]
SCREENED = MESSAGES["ProjectScreened"].folder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The committed contract with all of it released, free to be changed."""
    shutil.copytree(ROOT, tmp_path / "schemas", ignore=shutil.ignore_patterns("*.py", "__*"))
    release(tmp_path / "schemas")
    return tmp_path / "schemas"


def edit(path: Path, change: Any) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


def test_today_and_every_release_understand_each_other() -> None:
    assert broken(ROOT) == []


def test_releases_are_numbered_from_1_without_gaps() -> None:
    assert RELEASES
    for message in MESSAGES.values():
        numbers = [kept.number for kept in releases_of(ROOT, message.folder, message.major)]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(("name", "number"), RELEASES)
def test_readers_of_the_release_accept_todays_samples(name: str, number: int) -> None:
    message = MESSAGES[name]
    kept = releases_of(ROOT, message.folder, message.major)[number - 1]
    validator = Draft202012Validator(kept.schema, format_checker=FormatChecker())
    for text in samples_of(message).values():
        assert [error.message for error in validator.iter_errors(json.loads(text))] == []


# ── Models that break something ──────────────────────────────────────────────────────────────────


class ProjectContent(submission.ProjectContent):
    """The same, but the title may be missing."""

    title: Line | None = None  # type: ignore[assignment]


class ProjectSubmitted(submission.ProjectSubmitted):
    """As somebody might change it."""

    content: ProjectContent


class ProjectWithdrawn(submission.ProjectWithdrawn):
    """With a rule that no schema shows."""

    LONGEST: ClassVar[int] = 3

    @model_validator(mode="after")
    def _title_is_short(self) -> "ProjectWithdrawn":
        if len(self.title) > self.LONGEST:
            raise ValueError("the title is too long")
        return self


def as_today(model: type[submission.SubmissionEvent]) -> list[Message]:
    """All messages, with this model in the place of the one of its name."""
    changed = event_message(model, SAMPLES[model.__name__])
    return [changed if name == model.__name__ else m for name, m in MESSAGES.items()]


def test_who_would_break_on_a_changed_model_is_said() -> None:
    assert broken(ROOT, as_today(ProjectSubmitted)) == [
        "ProjectSubmitted.content.title became optional: readers of release 1 rely on it"
        " (read by notify, scoring)",
        "ProjectSubmitted.content.title may now be null: readers of release 1 take string alone"
        " (read by notify, scoring)",
    ]


def test_rule_that_old_samples_do_not_fulfil_is_named() -> None:
    found = broken(ROOT, as_today(ProjectWithdrawn))

    assert len(found) == len(samples_of(MESSAGES["ProjectWithdrawn"]))
    assert found[0] == (
        "ProjectWithdrawn no longer reads the minimal sample of release 1: "
        "(whole): Value error, the title is too long"
    )


def test_released_event_without_a_model_is_named(copy: Path) -> None:
    (copy / "events" / "SeasonPaused" / "v1.released").mkdir(parents=True)

    assert broken(copy) == [
        "SeasonPaused v1 was released and has no model: its readers hear nothing any more"
    ]


# ── The command ──────────────────────────────────────────────────────────────────────────────────


def test_release_keeps_what_was_added_since_the_last_one(copy: Path) -> None:
    def without_reason(schema: dict[str, Any]) -> None:
        del schema["properties"]["reason_code"]

    assert release(copy) == []
    edit(copy / SCREENED / "v1.released" / "1.schema.json", without_reason)

    assert release(copy) == ["released ProjectScreened v1 as 2"]
    assert release(copy) == []
    second = releases_of(copy, SCREENED, 1)[1]
    assert "reason_code" in second.schema["properties"]
    assert set(second.samples) == {"minimal", "full", "kazakh"}


def test_change_of_words_alone_is_no_release(copy: Path) -> None:
    edit(
        copy / SCREENED / "v1.released" / "1.schema.json",
        lambda schema: schema.update(description="In other words."),
    )

    assert release(copy) == []


def test_command_says_what_is_broken_and_releases_nothing(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def with_deadline(schema: dict[str, Any]) -> None:
        schema["properties"]["deadline"] = {"type": "string"}
        schema["required"].append("deadline")

    edit(copy / SCREENED / "v1.released" / "1.schema.json", with_deadline)
    says = "ProjectScreened.deadline is gone: readers of release 1 rely on it\n"

    assert main(["check", "--root", str(copy)]) == 1
    assert capsys.readouterr().err == f"{says}{HOW_TO_CHANGE}\n"
    assert main(["release", "--root", str(copy)]) == 1
    assert capsys.readouterr().err == says
    assert not (copy / SCREENED / "v1.released" / "2.schema.json").exists()


def test_command_does_not_release_what_is_not_written(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "events" / "README.md").unlink()

    assert main(["release", "--root", str(copy)]) == 1
    assert "mend it first with: make contract" in capsys.readouterr().err


def test_writing_the_contract_leaves_releases_alone(copy: Path) -> None:
    assert main(["write", "--root", str(copy)]) == 0

    assert len(list(copy.glob("*/*/v*.released/*.schema.json"))) >= len(MESSAGES)
