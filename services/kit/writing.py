"""How values are written for people in their language: money, days, moments."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from babel import dates, numbers

NO_BREAK_SPACE: Final = "\u00a0"

# Babel's own long forms are abbreviated or American ("2020 ж.", "May 13, 2020, 2:00:00 PM").
_MOMENT_PATTERNS: Final[dict[str, str]] = {
    "kk": "y 'жылғы' d MMMM, HH:mm",
    "ru": "d MMMM y 'года', HH:mm",
    "en": "d MMMM y, HH:mm",
}


def money(amount_tiyn: int, language: str) -> str:
    """`1 500 000 ₸` with no-break spaces; tiyn are shown only when there are any."""
    pattern = "#,##0.00" if amount_tiyn % 100 else "#,##0"
    tenge = numbers.format_decimal(Decimal(amount_tiyn) / 100, format=pattern, locale=language)
    return f"{tenge.replace(',', NO_BREAK_SPACE) if language == 'en' else tenge}{NO_BREAK_SPACE}₸"


def day(when: date, language: str) -> str:
    """`13 May 2020`: a date in full."""
    pattern = _MOMENT_PATTERNS[language].partition(",")[0]
    return dates.format_date(when, pattern, locale=language)


def moment(when: datetime, timezone: str, language: str) -> str:
    """`13 May 2020, 14:00 (Almaty, UTC+6)`: local time with its place and offset named.

    Raises ValueError for a time without a zone and KeyError for an unknown `timezone`.
    """
    if when.utcoffset() is None:
        raise ValueError("a time without a zone")
    zone = ZoneInfo(timezone)
    local = when.astimezone(zone)
    written = dates.format_datetime(local, _MOMENT_PATTERNS[language], tzinfo=zone, locale=language)
    place = dates.get_timezone_location(zone, locale=language, return_city=True)
    named = [offset(local)] if place == "UTC" else [place, offset(local)]
    return f"{written} ({', '.join(named)})"


def offset(local: datetime) -> str:
    """`UTC+6`, `UTC-3:30` or `UTC`: what is in force in the zone of `local` at that moment."""
    difference = local.utcoffset()
    if difference is None:
        raise ValueError("a time without a zone")
    minutes = int(difference.total_seconds()) // 60
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02}" if rest else "")
