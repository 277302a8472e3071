"""The moments at which faults strike: each comes, also in a play that is too short for it."""

import asyncio
import random

import pytest

from tests.faults.suite.moments import TRICKLE_SECONDS, Moments

LONG, SHORT = 300, 5


def moments_of_a_seed() -> Moments:
    return Moments(random.Random("seed"))  # noqa: S311 - a play's own dice


async def play(moments: Moments, calls: int) -> None:
    for _ in range(calls):
        await moments.passing("scoring")
    moments.finish()


async def strikes(moments: Moments, count: int) -> list[bool]:
    """Strike at so many moments; for each, whether the play was over by then."""
    return [moments.over async for _ in moments.draw(count)]


@pytest.mark.parametrize("count", [1, 10, 400])
async def test_every_moment_comes_while_a_play_lasts(count: int) -> None:
    moments = moments_of_a_seed()
    found, _ = await asyncio.gather(strikes(moments, count), play(moments, LONG))
    assert len(found) == count
    assert not any(found[: min(count, LONG // 2)])


async def test_moments_that_a_short_play_did_not_reach_come_at_its_end() -> None:
    moments = moments_of_a_seed()
    found, _ = await asyncio.gather(strikes(moments, 10), play(moments, SHORT))
    assert len(found) == 10
    assert found[-1]


async def test_no_call_is_held_after_the_end() -> None:
    moments = moments_of_a_seed()
    await asyncio.gather(strikes(moments, 10), play(moments, SHORT))
    async with asyncio.timeout(1):
        await moments.passing("notify")


async def test_play_is_held_at_a_moment_until_it_may_go_on() -> None:
    moments = moments_of_a_seed()
    playing = asyncio.create_task(play(moments, LONG))
    async for _ in moments.draw(1):
        held_at = moments.calls["any"]
        for _turn in range(20):
            await asyncio.sleep(0)
        assert moments.calls["any"] == held_at
        assert not playing.done()
    await playing
    assert moments.calls["any"] == LONG


async def test_play_that_trickles_makes_one_call_at_a_time() -> None:
    moments = moments_of_a_seed()
    playing = [asyncio.create_task(moments.passing("webinar")) for _ in range(LONG)]
    async for _ in moments.draw(1):
        before = moments.calls["webinar"]
        moments.trickle()
        await asyncio.sleep(1.2 * TRICKLE_SECONDS)
        assert 1 <= moments.calls["webinar"] - before <= 2
    await asyncio.gather(*playing)
