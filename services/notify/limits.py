"""How many mails may go: to one recipient in an hour, and in all in a second. Pure.

Times are passed in and are the database's, so that all replicas count by one clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

HOUR = timedelta(hours=1)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was let go, and when."""

    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """The messages let go to one recipient in the last hour, each once, newest first."""

    sent: tuple[Sent, ...] = ()

    def admit(self, message_id: str, now: datetime, per_hour: int) -> "Window | None":
        """The window with this message let go now, or None when the hour has no room for it.

        In no hour are more than `per_hour` messages let go. One that is tried again, because the
        server deferred it or its sender was lost, has its place already and takes no second.
        """
        others = self._others(message_id, now)
        if len(others) >= per_hour:
            return None
        return Window((Sent(message_id, now), *others))

    def wait(self, message_id: str, now: datetime, per_hour: int) -> timedelta:
        """How long until there is room for this message, should nothing else be let go."""
        others = self._others(message_id, now)
        if len(others) < per_hour:
            return timedelta(0)
        newest_first = sorted((one.at for one in others), reverse=True)
        return newest_first[per_hour - 1] + HOUR - now

    def _others(self, message_id: str, now: datetime) -> Sequence[Sent]:
        return [one for one in self.sent if one.message_id != message_id and one.at > now - HOUR]


@dataclass(frozen=True, slots=True)
class Pace:
    """Until when the mails that were let go, by all replicas, take up the rate."""

    taken_until: datetime

    def take(self, mails: int, now: datetime, per_second: float) -> tuple[datetime, "Pace"]:
        """When this many mails may begin, and the pace after them; they queue, none is refused.

        In any stretch of s seconds no more than `per_second` x s mails begin, and one batch. Time
        in which nothing was sent is not saved up.
        """
        begin = max(self.taken_until, now)
        return begin, Pace(begin + ceil(mails * 1000 / per_second) * _MILLISECOND)


def batch_size(most: int, per_second: float) -> int:
    """How many mails to take in hand at once: what a second has room for, `most`, at least one."""
    return most if per_second <= 0 else max(1, min(most, int(per_second)))
