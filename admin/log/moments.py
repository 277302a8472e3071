"""Moments as a person at a terminal says them."""

import re
from datetime import UTC, datetime, timedelta

from admin.terminal import Trouble

_AGO = re.compile(r"(\d{1,5})(s|min|h|d)")
_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HINT = "Write 2020-05-13T09:00:00+06:00, 2020-05-13 (its beginning in UTC), or 15min, 2h, 3d (ago)."


def moment(option: str, text: str, now: datetime) -> datetime:
    """The moment that `text` says. Raises Trouble, naming the option, for one that it can't be."""
    if found := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        raise Trouble(f"{option}: {text!r} is no moment. {HINT}") from None
    if said.tzinfo is None:
        if "T" in text or ":" in text or " " in text:
            raise Trouble(f"{option}: {text!r} lacks its time zone. {HINT}")
        said = said.replace(tzinfo=UTC)
    return said


def span(
    since: str | None, until: str | None, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """The span from `since` up to `until`. Raises Trouble for one that can hold nothing."""
    first = moment("--from", since, now) if since else None
    last = moment("--to", until, now) if until else None
    for option, said in (("--from", first), ("--to", last)):
        if said is not None and said < _EPOCH:
            raise Trouble(f"{option}: {said.isoformat()} is before 1970; Kafka knows no such time.")
    if first is not None and first > now:
        raise Trouble(f"--from: {first.isoformat()} has not come yet.")
    if first is not None and last is not None and last <= first:
        raise Trouble(f"--to ({last.isoformat()}) is not after --from ({first.isoformat()}).")
    return first, last
