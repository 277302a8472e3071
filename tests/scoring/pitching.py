"""The steps of a fair's final with pitches, over HTTP."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import httpx

from .fair import Body, Fair, fine

SEED = "сид"


async def to_pitches(fair: Fair) -> list[str]:
    """From the call to the drawn slots of the final: the projects in the order they pitch."""
    await fair.to_shortlist()
    await fair.draw(fair.final)
    return [row["project_id"] for row in fine(await draw_pitches(fair))["pitches"]]


async def draw_pitches(fair: Fair, seed: str = SEED, minutes: int = 20) -> httpx.Response:
    """Draw the slots on the first day of the final."""
    return await fair.post(f"/rounds/{fair.final}/pitches", timetable(fair, seed, minutes))


def timetable(fair: Fair, seed: str = SEED, minutes: int = 20) -> Body:
    """A day of four hours with a break after the first."""
    zone = ZoneInfo(fair.definition.timezone)
    morning = datetime.combine(fair.definition.final_days[0], time(9), zone).astimezone(UTC)
    hours = [(morning + timedelta(hours=hour)).isoformat() for hour in (0, 1, 2, 4)]
    pause = {"starts_at": hours[1], "ends_at": hours[2]}
    day = {"starts_at": hours[0], "ends_at": hours[3], "breaks": [pause]}
    return {"seed": seed, "days": [day], "slot_minutes": minutes}


async def step(
    fair: Fair, project: str, word: str, headers: dict[str, str] | None = None, **body: str
) -> httpx.Response:
    """A step of a project's pitch, by the secretary if nobody is named."""
    return await fair.court.scoring.post(
        f"/rounds/{fair.final}/projects/{project}/pitch/{word}",
        json=body or None,
        headers=headers or fair.secretary,
    )


async def hold(fair: Fair, project: str) -> None:
    """A pitch from its beginning to its end, scored by everybody who has the project."""
    fine(await step(fair, project, "start"))
    for judge in fair.voting("commission"):
        rows = await fair.assignments(fair.final, judge)
        if project in {row["project_id"] for row in rows}:
            fine(await fair.score(fair.final, project, judge))
    fine(await step(fair, project, "end"))
