"""The limits as pure functions: never more than allowed, never a wait that is not needed."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.notify.limits import HOUR, Pace, Window, batch_size

NOON = datetime(2020, 5, 4, 12, 0, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
LIMITS = st.integers(1, 5)
STEPS = st.lists(
    st.tuples(st.integers(0, 2_000), st.integers(0, 8).map(str)), min_size=1, max_size=60
)
"""Seconds since the step before, and which message asks."""


@given(steps=STEPS, per_hour=LIMITS)
def test_no_hour_has_more_messages_than_the_limit(
    steps: list[tuple[int, str]], per_hour: int
) -> None:
    window, now, gone = Window(), NOON, list[tuple[datetime, str]]()
    for seconds, message in steps:
        now += timedelta(seconds=seconds)
        if (after := window.admit(message, now, per_hour)) is not None:
            window = after
            gone.append((now, message))
        hour = {name for at, name in gone if now - HOUR < at <= now}
        assert len(hour) <= per_hour
        assert len(window.sent) <= per_hour


@given(steps=STEPS, per_hour=LIMITS)
def test_message_waits_until_there_is_room_and_not_longer(
    steps: list[tuple[int, str]], per_hour: int
) -> None:
    window, now = Window(), NOON
    for seconds, message in steps:
        now += timedelta(seconds=seconds)
        wait = window.wait(message, now, per_hour)
        after = window.admit(message, now, per_hour)
        assert (after is not None) == (wait == timedelta(0))
        if after is None:
            assert window.admit(message, now + wait - MILLISECOND, per_hour) is None
            assert window.admit(message, now + wait, per_hour) is not None
        window = after or window


@given(steps=STEPS, before=LIMITS, after=LIMITS)
def test_limit_that_was_changed_holds_from_then_on(
    steps: list[tuple[int, str]], before: int, after: int
) -> None:
    window, now = Window(), NOON
    for seconds, message in steps:
        now += timedelta(seconds=seconds)
        window = window.admit(message, now, before) or window

    later = window.admit("another", now, after)

    assert later is None or len(later.sent) <= after


def test_message_that_is_tried_again_takes_no_second_place() -> None:
    window = Window().admit("first", NOON, 1)
    assert window is not None

    again = window.admit("first", NOON + HOUR / 2, 1)

    assert again is not None
    assert len(again.sent) == 1
    assert again.admit("second", NOON + HOUR, 1) is None, "the hour counts from the last attempt"


RATES = st.sampled_from([0.1, 0.5, 1.0, 3.0, 7.5, 40.0, 300.0])


@given(
    rate=RATES,
    batches=st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 40)), max_size=30),
)
def test_no_stretch_of_time_has_more_mails_than_the_rate_and_one_batch(
    rate: float, batches: list[tuple[int, int]]
) -> None:
    pace, now, begun = Pace(NOON), NOON, list[tuple[datetime, int]]()
    for milliseconds, mails in batches:
        now += milliseconds * MILLISECOND
        mails = min(mails, batch_size(40, rate))
        idle = pace.taken_until <= now
        begin, pace = pace.take(mails, now, rate)
        assert begin >= now
        assert not idle or begin == now, "what is not over the rate does not wait"
        begun.append((begin, mails))
    for first, (start, _) in enumerate(begun):
        for end, _ in begun[first:]:
            mails = sum(count for at, count in begun if start <= at <= end)
            allowed = (end - start).total_seconds() * rate + batch_size(40, rate)
            assert mails <= allowed + 1e-6


def test_batch_is_what_a_second_has_room_for() -> None:
    assert [batch_size(40, rate) for rate in (0.0, 0.1, 1.0, 7.5, 40.0, 1000.0)] == [
        40,
        1,
        1,
        7,
        40,
        40,
    ]
