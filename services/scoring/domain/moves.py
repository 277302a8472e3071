"""What a ranking changes against the one before: who moves, and who crosses the line. Pure."""

from collections.abc import Sequence
from typing import Literal

from schemas.base import Uuid
from schemas.scoring import RankedProject
from services.scoring.domain.base import State

Crossing = Literal["in", "out"]


class Move(State):
    """A project whose rank is another than before."""

    project_id: Uuid
    from_rank: int
    to_rank: int | None
    """None when it is not ranked any more: it has withdrawn."""
    crosses: Crossing | None = None
    """Whether it comes above the line, or falls below it."""


def moves(
    before: Sequence[RankedProject], now: Sequence[RankedProject], limit: int
) -> tuple[Move, ...]:
    """Those whose rank changed, in the order of the ranking before."""
    ranks = {row.project_id: row.rank for row in now}
    return tuple(
        Move(
            project_id=row.project_id,
            from_rank=row.rank,
            to_rank=ranks.get(row.project_id),
            crosses=_crossing(row.rank, ranks.get(row.project_id), limit),
        )
        for row in before
        if ranks.get(row.project_id) != row.rank
    )


def _crossing(rank: int, then: int | None, limit: int) -> Crossing | None:
    above, later = rank <= limit, then is not None and then <= limit
    if above == later:
        return None
    return "in" if later else "out"
