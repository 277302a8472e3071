"""The score register as CSV that a spreadsheet opens right, whatever people wrote into it.

UTF-8 with a byte order mark. In Kazakh and Russian, Excel takes `;` between cells and `,` in
numbers, in English `,` and `.`; so the language chooses both. A text that a spreadsheet would take
for a formula gets an apostrophe in front (OWASP, "CSV Injection").
"""

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal

from babel import numbers

from schemas.base import Language
from schemas.season import RoundDefinition
from services.scoring.document_words import DOCUMENT_WORDS
from services.scoring.domain.register import RegisterRow
from services.scoring.wording import number

BOM = "\ufeff"
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""What a cell must not begin with; the wide forms are taken for the others in some places."""


def register_csv(rows: Sequence[RegisterRow], stage: RoundDefinition, language: Language) -> bytes:
    """The register, a line for each sheet, after one with the names of the columns."""
    text = io.StringIO(newline="")
    text.write(BOM)
    separator = ";" if numbers.get_decimal_symbol(language) == "," else ","
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    writer.writerow(_head(stage, language))
    for row in rows:
        writer.writerow(_cells(row, stage, language))
    return text.getvalue().encode()


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet computes."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _head(stage: RoundDefinition, language: Language) -> Iterator[str]:
    words = DOCUMENT_WORDS[language]
    for key in ("project-id", "project", "nomination", "region", "judge-id", "judge", "version"):
        yield words[key]
    yield words["status"]
    for criterion in stage.every_criterion:
        yield harmless(criterion.name.get(language))
    for key in ("total", "event", "by-event", "reason"):
        yield words[key]


def _cells(row: RegisterRow, stage: RoundDefinition, language: Language) -> Iterator[str]:
    """Numbers are written by us and stay numbers; everything else is made harmless."""

    def points(value: Decimal | None) -> str:
        return "" if value is None else number(value, language)

    for text in (row.project_id, row.title, row.nomination, row.region, row.judge_id, row.judge):
        yield harmless(text)
    yield str(row.project_version)
    yield DOCUMENT_WORDS[language][row.status]
    for criterion in stage.every_criterion:
        yield points(row.points.get(criterion.id))
    yield points(row.total)
    for text in (row.event_id, row.by_event_id or "", row.reason or ""):
        yield harmless(text)
