"""Money, moments and lines as they are written in the three languages."""

from datetime import UTC, datetime

import pytest

from schemas.base import Language
from services.notify.wording import moment, money, one_line


@pytest.mark.parametrize(
    ("tiyn", "language", "written"),
    [
        (150_000_000, "kk", "1 500 000 ₸"),
        (150_000_000, "ru", "1 500 000 ₸"),
        (150_000_000, "en", "1 500 000 ₸"),
        (150_000_005, "kk", "1 500 000,05 ₸"),
        (150_000_050, "ru", "1 500 000,50 ₸"),
        (150_000_005, "en", "1 500 000.05 ₸"),
        (0, "kk", "0 ₸"),
        (10**15, "en", "10 000 000 000 000 ₸"),
    ],
)
def test_money_is_exact_and_does_not_break(tiyn: int, language: Language, written: str) -> None:
    assert money(tiyn, language) == written.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("zone", "language", "written"),
    [
        ("Asia/Almaty", "kk", "2020 жылғы 14 мамыр, 17:00 (Алматы, UTC+6)"),
        ("Asia/Almaty", "ru", "14 мая 2020 года, 17:00 (Алматы, UTC+6)"),
        ("Asia/Almaty", "en", "14 May 2020, 17:00 (Almaty, UTC+6)"),
        ("Asia/Aqtobe", "kk", "2020 жылғы 14 мамыр, 16:00 (Ақтөбе, UTC+5)"),
        ("Asia/Kolkata", "en", "14 May 2020, 16:30 (Kolkata, UTC+5:30)"),
        ("America/St_Johns", "en", "14 May 2020, 08:30 (St. John’s, UTC-2:30)"),
        ("UTC", "ru", "14 мая 2020 года, 11:00 (UTC)"),
    ],
)
def test_moment_names_its_place_and_offset(zone: str, language: Language, written: str) -> None:
    assert moment(datetime(2020, 5, 14, 11, 0, tzinfo=UTC), zone, language) == written


def test_moment_knows_the_offset_changed_in_2024() -> None:
    assert moment(datetime(2024, 5, 14, 11, 0, tzinfo=UTC), "Asia/Almaty", "en") == (
        "14 May 2024, 16:00 (Almaty, UTC+5)"
    )


def test_months_are_written_in_kazakh() -> None:
    months = [
        moment(datetime(2020, month, 1, tzinfo=UTC), "UTC", "kk").split(",")[0].split()[-1]
        for month in range(1, 13)
    ]

    assert " ".join(months) == (
        "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан"
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("  Таза \r\n\t бұлақ\x00 ", "Таза бұлақ"),
        ("a\u2028b\u2029c\x85d\x0be", "a b c d e"),
        ("a\u202eb\u2066c\u2069\ud800\ufeff", "abc"),
        ("1\u00a0500\u00a0₸ \u200fمرحبا", "1\u00a0500\u00a0₸ \u200fمرحبا"),
        ("\r\n\x00", "—"),
        ("", "—"),
    ],
)
def test_one_line_keeps_the_words_and_nothing_else(text: str, written: str) -> None:
    assert one_line(text) == written
