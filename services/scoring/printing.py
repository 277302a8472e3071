"""Documents as PDF: the same content gives the same bytes, on any machine and at any time.

What people wrote goes into a document as data, never as markup: a template gets one JSON text and
shows its strings as they are. Only the fonts that typst brings along are used, and the only date is
the document's own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

import typst
from pydantic import JsonValue

TEMPLATES = Path(__file__).parent / "templates"
ARCHIVAL: Final = "a-2u"
"""PDF/A-2u: everything it needs is in the file, and every letter can be searched and copied."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A document before it is printed. `at` is its date, which is in the file."""

    template: str
    at: datetime
    data: Mapping[str, JsonValue]


def printed(paper: Paper) -> bytes:
    """The document as PDF/A-2u; as plain PDF where it has a letter that no font has."""
    try:
        return _compiled(paper, archival=True)
    except typst.TypstError:
        return _compiled(paper, archival=False)


def _compiled(paper: Paper, *, archival: bool) -> bytes:
    compiler = typst.Compiler(root=TEMPLATES, font_paths=_fonts())
    found = compiler.compile(
        TEMPLATES / paper.template,
        format="pdf",
        timestamp=paper.at.astimezone(UTC).replace(microsecond=0),
        sys_inputs={"data": json.dumps(paper.data, ensure_ascii=False, sort_keys=True)},
        pdf_standards=ARCHIVAL if archival else None,
    )
    assert isinstance(found, bytes)
    return found


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)
