"""Rendering: every purpose in every language, nothing missing, nothing said twice."""

import re
from datetime import datetime
from pathlib import Path
from typing import get_args

import pytest

from schemas.base import Language, Localised
from schemas.notify import Purpose
from schemas.submission import ScreeningReason
from services.notify import mails
from services.notify.mails import TemplateIncomplete, render
from services.notify.placeholders import PLACEHOLDERS

from .letters import (
    EACH,
    LANGUAGES,
    LINK,
    NAME,
    ORGANISER,
    PURPOSES,
    VALUES,
    Page,
    context,
    letter,
)

TEMPLATES = Path(mails.__file__).parent / "templates"


def test_each_purpose_has_a_template_in_each_language() -> None:
    expected = {f"{purpose}.{language}.txt.j2" for purpose in PURPOSES for language in LANGUAGES}
    expected |= {f"signature.{language}.txt.j2" for language in LANGUAGES} | {"layout.html.j2"}

    assert {path.name for path in TEMPLATES.iterdir()} == expected


@EACH
def test_render_leaves_no_placeholder(purpose: Purpose, language: Language) -> None:
    rendered = letter(purpose, language)

    assert re.findall(r"[{}]|%[}]|\bNone\b|Undefined", rendered.subject + rendered.text) == []
    assert (rendered.purpose, rendered.language) == (purpose, language)


@EACH
def test_render_says_what_the_mail_is_about(purpose: Purpose, language: Language) -> None:
    rendered = letter(purpose, language)
    told = {
        "title": "Таза бұлақ",
        "webinar_title": Localised.model_validate(VALUES["webinar_title"]).get(language),
        "post": Localised.model_validate(VALUES["post"]).get(language),
        "link": LINK,
    }

    for key in PLACEHOLDERS[purpose].keys() & told.keys():
        assert told[key] in rendered.text, key
    assert NAME in rendered.text.split("\n")[0]
    closing = rendered.text.rstrip("\n").split("\n")[-3:]
    assert closing[1] == ORGANISER.name.get(language)
    assert closing[2].endswith(" help@example.org")


@EACH
def test_html_says_the_same_as_the_text(purpose: Purpose, language: Language) -> None:
    rendered = letter(purpose, language)
    page = Page(rendered.html)
    words = re.sub(r"\s", "", page.words)

    assert words == re.sub(r"\s", "", rendered.subject + rendered.text)
    assert page.language == language
    assert page.targets == [LINK] * ("link" in PLACEHOLDERS[purpose]) + ["mailto:help@example.org"]


@EACH
def test_render_names_each_placeholder_that_is_missing(
    purpose: Purpose, language: Language
) -> None:
    for placeholder in PLACEHOLDERS[purpose]:
        for incomplete in (context(purpose), context(purpose, **{placeholder: None})):
            if incomplete[placeholder] is not None:
                del incomplete[placeholder]
            with pytest.raises(TemplateIncomplete) as caught:
                render(purpose, language, incomplete, NAME, ORGANISER)
            assert (caught.value.purpose, caught.value.language, caught.value.placeholder) == (
                purpose,
                language,
                placeholder,
            )


def test_a_placeholder_only_the_template_knows_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {key: write for key, write in PLACEHOLDERS["won"].items() if key != "amount_tiyn"}
    monkeypatch.setattr(mails, "PLACEHOLDERS", {"won": known})

    with pytest.raises(TemplateIncomplete, match=r"^won\.kk: amount_tiyn: missing$"):
        letter("won", "kk")


@pytest.mark.parametrize(
    ("purpose", "placeholder", "value", "why"),
    [
        ("won", "amount_tiyn", 1.5, "not an amount in tiyn"),
        ("won", "amount_tiyn", -1, "not an amount in tiyn"),
        ("won", "title", 7, "not a text"),
        ("submission-receipt", "version", "2", "not a whole number"),
        ("submission-receipt", "submitted_at", "2020-04-12", "not a time"),
        (
            "submission-receipt",
            "submitted_at",
            datetime(2020, 4, 12),  # noqa: DTZ001
            "a time without a zone",
        ),
        ("judge-appointed", "panel", "choir", "not one of jury, commission"),
        ("judge-appointed", "link", "javascript:alert(1)", "not a web address"),
        ("judge-appointed", "link", "https://example.org/a b", "not a web address"),
        ("judge-appointed", "link", 7, "not a web address"),
    ],
)
def test_render_refuses_a_value_it_cannot_write(
    purpose: Purpose, placeholder: str, value: object, why: str
) -> None:
    with pytest.raises(TemplateIncomplete) as caught:
        letter(purpose, "ru", **{placeholder: value})

    assert (caught.value.placeholder, caught.value.why) == (placeholder, why)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_reason_of_the_screening_has_its_own_words(language: Language) -> None:
    texts = {
        letter("screened-out", language, reason_code=reason).text
        for reason in get_args(ScreeningReason)
    }

    assert len(texts) == len(get_args(ScreeningReason))


@pytest.mark.parametrize("language", LANGUAGES)
def test_place_in_the_reserve_is_told_to_those_who_have_one(language: Language) -> None:
    without, first = letter("not-awarded", language), letter("not-awarded", language, reserve=4)

    assert "4" in first.text
    assert "4" not in without.text
    paragraphs = [text for text in first.text.split("\n\n") if text not in without.text]
    assert len(paragraphs) == 1


def test_panels_are_named_in_the_case_the_sentence_needs() -> None:
    assert [
        letter("judge-appointed", language, panel=panel).subject
        for language in LANGUAGES
        for panel in ("jury", "commission")
    ] == [
        "Сіз қазылар алқасының құрамына енгізілдіңіз",
        "Сіз комиссияның құрамына енгізілдіңіз",
        "Вы включены в состав жюри",
        "Вы включены в состав комиссии",
        "You have been appointed to the jury",
        "You have been appointed to the commission",
    ]


@pytest.mark.parametrize("language", ["", "de", "KK", "../won"])
def test_render_falls_back_to_russian(language: str) -> None:
    assert letter("won", language) == letter("won", "ru")
