"""Moments as a person says them: what is understood, and what is refused in one line."""

from datetime import UTC, datetime

import pytest

from admin.log.moments import span
from admin.terminal import Trouble

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-06-30T18:00:00+06:00", "2026-06-30T12:00:00+00:00"),
        ("2026-06-30T18:00:00.250Z", "2026-06-30T18:00:00.250000+00:00"),
        ("2026-06-30", "2026-06-30T00:00:00+00:00"),
        ("90s", "2026-07-01T11:58:30+00:00"),
        ("15min", "2026-07-01T11:45:00+00:00"),
        ("2h", "2026-07-01T10:00:00+00:00"),
        ("3d", "2026-06-28T12:00:00+00:00"),
    ],
)
def test_a_moment_is_iso_8601_a_day_or_a_span_ago(said: str, meant: str) -> None:
    first, last = span(said, None, NOW)
    assert first is not None
    assert first.astimezone(UTC).isoformat() == meant
    assert last is None


@pytest.mark.parametrize(
    ("since", "until", "why"),
    [
        ("yesterday", None, "--from: 'yesterday' is no moment"),
        ("2026-02-30", None, "--from: '2026-02-30' is no moment"),
        (None, "5 minutes", "--to: '5 minutes' is no moment"),
        ("2026-06-30T18:00:00", None, "lacks its time zone"),
        ("2026-07-01T12:00:01Z", None, "has not come yet"),
        ("1969-12-31", None, "is before 1970"),
        (None, "0001-01-01", "is before 1970"),
        ("99999d", None, "is before 1970"),
        ("999999d", None, "is no moment"),
        ("2h", "2h", "is not after --from"),
        ("1h", "2h", "is not after --from"),
    ],
)
def test_a_span_that_can_hold_nothing_is_refused(
    since: str | None, until: str | None, why: str
) -> None:
    with pytest.raises(Trouble, match=why):
        span(since, until, NOW)


def test_an_end_that_has_not_come_yet_is_now() -> None:
    assert span(None, "2026-08-01", NOW)[1] == datetime(2026, 8, 1, tzinfo=UTC)
