"""The rules of a season: opened once, closed once, never changed."""

from datetime import datetime

from schemas.base import Moment
from schemas.season import SeasonDefinition
from schemas.submission import (
    SeasonClosed,
    SeasonOpened,
    SubmissionEvent,
)
from services.kit.refusal import Refused
from services.submission.domain.base import State


class Season(State):
    """A season as this service runs it."""

    definition: SeasonDefinition
    closed_at: Moment | None = None


def open_season(season: Season | None, definition: SeasonDefinition) -> list[SubmissionEvent]:
    """Open a season; the same definition again says nothing, another one is refused."""
    if season is None:
        return [SeasonOpened(season=definition)]
    if season.definition != definition:
        raise Refused(
            "conflict",
            "season-already-open",
            f"Season {definition.id} is open with another definition; a season does not change.",
        )
    return []


def close_season(
    season: Season | None, season_id: str, now: datetime, projects: int
) -> list[SubmissionEvent]:
    """Close the call with so many projects submitted; closing again says nothing."""
    if season is None:
        raise unknown_season(season_id)
    if season.closed_at is not None:
        return []
    return [SeasonClosed(season_id=season_id, closed_at=now, projects=projects)]


def evolve_season(season: Season | None, event: SubmissionEvent) -> Season:
    """The season after an event of its own."""
    match event:
        case SeasonOpened():
            return Season(definition=event.season)
        case SeasonClosed() if season is not None:
            return season.model_copy(update={"closed_at": event.closed_at})
    raise ValueError(f"a season does not say {type(event).__name__}")


def unknown_season(season_id: str) -> Refused:
    """The refusal for a season nobody opened."""
    return Refused("missing", "unknown-season", f"There is no season {season_id!r}.")
