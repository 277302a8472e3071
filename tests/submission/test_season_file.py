"""A season file with errors: each error names its line and its key."""

import pytest
import yaml

from services.kit.refusal import Refused
from services.submission.season_file import parse_season

from .given import SEASON_TEXT, definition


def line_of(text: str, part: str) -> int:
    """The number of the first line that has `part`."""
    return next(n for n, line in enumerate(text.splitlines(), start=1) if part in line)


def changed(old: str, new: str) -> str:
    """The season of 2020 with its first `old` replaced."""
    assert old in SEASON_TEXT
    return SEASON_TEXT.replace(old, new, 1)


def faults_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        parse_season(text)
    assert (refused.value.kind, refused.value.rule) == ("invalid", "season-invalid")
    for fault in refused.value.faults:
        assert f"{fault.where}: {fault.what}" in refused.value.detail
    return [(fault.where, fault.what) for fault in refused.value.faults]


def test_parse_season_reads_the_season_of_2020() -> None:
    assert definition().id == "2020"
    assert parse_season(definition().model_dump_json()) == definition()


@pytest.mark.parametrize(
    ("old", "new", "at", "key", "what"),
    [
        # of the wrong type or out of range
        ("funds_tiyn: 3000000000", "funds_tiyn: many", "funds_tiyn: many", "funds_tiyn", "integer"),
        ("funds_tiyn: 3000000000", "funds_tiyn: 1.5", "funds_tiyn: 1.5", "funds_tiyn", "integer"),
        ("funds_tiyn: 3000000000", "funds_tiyn: -1", "funds_tiyn: -1", "funds_tiyn", "greater"),
        ("funds_tiyn: 3000000000", "funds_tiyn: '3'", "funds_tiyn: '3'", "funds_tiyn", "integer"),
        ("grace_minutes: 15", "grace_minutes: 9999", "grace_minutes: 9", "grace_minutes", "1440"),
        ('id: "2020"', "id: 2020", "id: 2020", "id", "string"),
        ("goals: [1,", "goals: [18,", "goals: [18", "goals.0", "17"),
        ("goals: [1, 2,", "goals: [1, 0,", "goals: [1", "goals.1", "1"),
        ("id: nur-sultan, kind: city", "id: nur-sultan, kind: town", "town", "regions.0.kind", "'"),
        ("      - role: chair", "      - role: king", "role: king", "panels.0.seats.0.role", "'"),
        ('weight: "0.30"', "weight: 0.30", "weight: 0.30", "rounds.0.criteria.1.weight", "string"),
        ("judges_per_project: 3", "judges_per_project: 0", "per_project: 0",
         "rounds.0.judges_per_project", "greater"),
        # dates and times
        ("deadline: 2020-04-12T23:59:00+06:00", "deadline: 2020-04-12T23:59:00",
         "deadline:", "deadline", "timezone"),
        ("deadline: 2020-04-12T23:59:00+06:00", "deadline: 1586714340", "deadline:", "deadline",
         "date and time"),
        ("deadline: 2020-04-12T", "deadline: 2020-02-30T", "deadline:", "deadline", "day"),
        ("award_day: 2020-05-14", "award_day: 2020-13-14", "award_day:", "award_day", "month"),
        # unknown and doubled keys
        ("timezone: Asia", "timezome: x\ntimezone: Asia", "timezome", "timezome", "not permitted"),
        ("    funds_tiyn: 1000000000", "    fund: 1\n    funds_tiyn: 1000000000", "    fund: 1",
         "nominations.0.fund", "not permitted"),
        ("award_day: 2020-05-14", "award_day: 2020-05-14\naward_day: 2020-05-15",
         "award_day: 2020-05-15", "award_day", "twice"),
        ("limit: 50 #", "limit: 50\n    limit: 40 #", "limit: 40", "rounds.0.limit", "twice"),
        # rules that span values
        ('weight: "0.30"', 'weight: "0.31"', "    criteria:", "rounds.0.criteria", "add up to 1"),
        ('maximum: "10"', 'maximum: "0"', 'maximum: "0"', "rounds.0.criteria.0.maximum", "above"),
        ('step: "0.5"', 'step: "0.3"', 'step: "0.3"', "rounds.0.criteria.0.step", "evenly"),
        ('["criterion:impact"', '["criterion:charm"', "charm", "rounds.0.tie_break.0", "charm"),
        ('- at: "2"', '- at: "12"', '- at: "12"',
         "rounds.0.criteria.0.anchors.0.at", "can't be given"),
        ("visibility: never", "visibility: maybe", "maybe", "rounds.0.visibility", "'"),
        ("rule: optional", "rule: optional, below: '3'", "below: '3'",
         "rounds.0.criteria.0.comment.rule", "belong to"),
        ("    blind: false", "    nominations: [{nomination: environment,"
         " weights: [{criterion: impact, weight: '1'}]}]\n    blind: false", "    nominations: [",
         "rounds.0.nominations.0.weights", "each of these once"),
        ("timezone: Asia/Almaty", "timezone: Asia/Almata", "timezone", "timezone", "Almata"),
        ("deadline: 2020-04", "deadline: 2019-04", "deadline", "deadline", "after opens_at"),
        ("funds_tiyn: 3000000000", "funds_tiyn: 2999999999", "funds_tiyn: 2", "funds_tiyn", "more"),
        ("- id: environment", "- id: equal-opportunities", "nominations:", "nominations", "same"),
        ("  - name: jury", "  - name: commission", "    panel: jury", "rounds.0.panel", "jury"),
        ("id: media-and-ngos", f"id: m{'e' * 59}", "id: mee", "webinars.0.id", "longer than 60"),
    ],
)  # fmt: skip
def test_an_error_names_line_and_key(old: str, new: str, at: str, key: str, what: str) -> None:
    text = changed(old, new)
    found = faults_of(text)

    assert {where for where, _ in found} == {f"line {line_of(text, at)}: {key}"}
    assert what in "; ".join(what for _, what in found)


@pytest.mark.parametrize(
    ("removed", "at", "key"),
    [
        ("timezone: Asia/Almaty\n", 'id: "2020"', "timezone"),
        ("    starts_at: 2020-05-14T17:00:00+06:00", "- id: digital", "webinars.1.starts_at"),
        ("  kk: Әлеуметтік идеялар мен жобалар жәрмеңкесі\n", "title:", "title.kk"),
        ("    limit: 50 # the number of finalists\n", "- id: first", "rounds.0.limit"),
        ("    panel: jury\n", "- id: first", "rounds.0.panel"),
    ],
)  # fmt: skip
def test_a_missing_key_names_the_line_of_what_misses_it(removed: str, at: str, key: str) -> None:
    text = changed(removed, "    #" if not removed.endswith("\n") else "")

    last = key.rpartition(".")[2]
    assert faults_of(text) == [(f"line {line_of(text, at)}: {key}", f"key {last!r} is missing")]


def test_all_errors_are_named_at_once() -> None:
    text = (
        changed("timezone: Asia/Almaty\n", "")
        .replace("grace_minutes: 15", "grace_minutes: soon")
        .replace("id: turkistan", "id: Түркістан")
        .replace("capacity: 1000", "capacity: 0")
    )

    assert [where for where, _ in faults_of(text)] == [
        f"line {line_of(text, 'id: ')}: timezone",
        f"line {line_of(text, 'grace_minutes')}: grace_minutes",
        f"line {line_of(text, 'id: Түркістан')}: regions.15.id",
        f"line {line_of(text, 'capacity: 0')}: webinars.1.capacity",
    ]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "line 1"),
        ("- a\n- b\n", "line 1"),
        ("just words", "line 1"),
        ("id: x\ntitle: [unclosed\n", "line 3"),
        ("id: x\n\tkk: tab\n", "line 2"),
        ("id: x\ntitle: 'open\n", "line 3"),
        ("id: x\n---\nid: y\n", "line 2"),
        ("id: x\nname: a\x00b\n", "line 2"),
        ("id: x\n? [a, b]\n: y\n", "line 2"),
        ("id: x\n? {a: b}\n: y\n", "line 2"),
        ("id: &a x\ntitle: *a\n", "line 2"),
        ("id: x\ntitle: &a [*a]\n", "line 2"),
        ("id: x\ntitle: !!python/object:os.system {}\n", "line 2"),
        ("id: x\ntitle: !!int words\n", "line 2: title"),
        ("id: " + "[" * 5000, "line 1"),
    ],
)
def test_what_is_no_season_at_all_names_its_line(text: str, where: str) -> None:
    ((found, what),) = faults_of(text)

    assert found == where
    assert what


def test_aliases_do_not_grow_without_end() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
    )

    assert faults_of(bomb) == [("line 2", "a season has no aliases")]


def test_the_file_in_the_repository_is_plain_yaml() -> None:
    assert yaml.safe_load(SEASON_TEXT)["id"] == "2020"
