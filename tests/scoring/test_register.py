"""The score register: every sheet in it, and no cell that a spreadsheet would compute."""

import csv
import io

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.base import Language
from services.scoring.document_words import DOCUMENT_WORDS
from services.scoring.domain.evaluation import Evaluation
from services.scoring.domain.register import register
from services.scoring.spreadsheet import BOM, FORMULA, harmless, register_csv
from services.scoring.wording import LANGUAGES

from . import given
from .given import JUDGES, PROJECTS
from .test_ranking import sheets


def scored() -> list[Evaluation]:
    """Three sheets, of which one was replaced and one is void."""
    found = given.scored(sheets(PROJECTS[0], ("7.5", "8"), ("9", "6")), idea="8", budget="8")
    return [given.void(found, JUDGES[1])]


def cells(body: bytes, separator: str) -> list[list[str]]:
    """What a spreadsheet reads."""
    text = body.decode()
    assert text.startswith(BOM)
    return list(csv.reader(io.StringIO(text.removeprefix(BOM), newline=""), delimiter=separator))


def test_register_has_every_sheet_and_what_became_of_it() -> None:
    (found,) = scored()
    names = {JUDGES[0]: "Айша"}
    rows = register(given.stage(), [found], given.projects(), names)

    assert [(row.status, f"{row.total}", row.judge) for row in rows] == [
        ("replaced", "7.700000", "Айша"),
        ("voided", "7.800000", JUDGES[1]),
        ("effective", "8.000000", "Айша"),
    ]
    assert [row.by_event_id for row in rows] == [f"{found.origin}:6", f"{found.origin}:7", None]
    assert [row.reason for row in rows] == ["Қайта оқыдым", "Мүдделер қақтығысы", None]


@pytest.mark.parametrize(
    ("language", "separator", "points"),
    [("kk", ";", "7,50"), ("ru", ";", "7,50"), ("en", ",", "7.50")],
)
def test_csv_is_written_as_a_spreadsheet_of_the_language_reads_it(
    language: Language, separator: str, points: str
) -> None:
    rows = register(given.stage(), scored(), given.projects(), {})
    body = register_csv(rows, given.stage(), language)
    head, first, *rest = cells(body, separator)

    assert (len(head), len(rest)) == (14, 2)
    assert {len(row) for row in (first, *rest)} == {14}
    assert first[8] == points
    assert head[1] == DOCUMENT_WORDS[language]["project"]
    assert body.endswith(b"\r\n")


NASTY = st.one_of(
    st.text(max_size=20),
    st.builds(lambda sign, rest: sign + rest, st.sampled_from(FORMULA), st.text(max_size=20)),
    st.sampled_from(["=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(A1)", '"=1"', "a;b,c\n=d"]),
)


@given_any(NASTY, NASTY, st.sampled_from(LANGUAGES))
def test_no_cell_is_a_formula_and_no_text_breaks_a_line(
    title: str, judge: str, language: Language
) -> None:
    rows = register(given.stage(), scored(), given.projects(), {})
    rows = tuple(row.model_copy(update={"title": title, "judge": judge}) for row in rows)
    separator = "," if language == "en" else ";"
    found = cells(register_csv(rows, given.stage(), language), separator)

    assert [len(row) for row in found] == [14] * 4
    for row in found[1:]:
        assert not [cell for cell in row if cell.startswith(FORMULA)]
        assert (row[1].removeprefix("'"), row[5].removeprefix("'")) == (
            title.removeprefix("'"),
            judge.removeprefix("'"),
        )


def test_harmless_leaves_other_texts_as_they_are() -> None:
    assert harmless("Ауыл = кітапхана") == "Ауыл = кітапхана"
    assert harmless("=1+1") == "'=1+1"
