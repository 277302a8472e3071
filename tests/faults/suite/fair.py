"""The small fair that rows are played beside, and its season with other figures."""

from collections.abc import Callable, Collection
from typing import Any

import yaml

from admin.rehearsal.cast import Cast, season_text
from admin.rehearsal.commands import SEASON_FILE
from admin.rehearsal.play import Play
from services.submission.season_file import parse_season
from tests.faults.suite.arena import Arena

PATIENCE_SECONDS = 240.0
"""People wait for as long as a fault lasts: on a crowded machine a restart alone takes long."""


def small_fair(
    arena: Arena, change: Callable[[dict[str, Any]], None] | None = None
) -> tuple[Cast, Play]:
    """A fair of 20 projects, 5 judges and 2 x 20 registrants; `change` edits the season's file."""
    text = season_text(SEASON_FILE, arena.today, arena.size)
    if change is not None:
        data = yaml.safe_load(text)
        change(data)
        text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    cast = Cast(arena.seed, arena.size, parse_season(text))
    maildir = arena.stack.maildir
    return cast, Play(arena.client, cast, text, maildir, lambda *_: None, PATIENCE_SECONDS)


async def play_phases(play: Play, leave_out: Collection[str] = ()) -> None:
    """The phases in order."""
    for name, phase in play.phases():
        if name not in leave_out:
            await phase()
