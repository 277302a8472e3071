"""Where a limit cuts through a ranking: who is above, which ties it cuts, the reserve. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schemas.scoring import RankedProject
from services.kit.refusal import Refused
from services.scoring.domain.base import State


class ChairWord(State):
    """The chair's order of projects that the declared chain leaves tied, and why."""

    order: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A row that takes part, and the group of rows that the declared chain leaves tied with it."""

    row: RankedProject
    group: int


def standing_of(
    table: Sequence[RankedProject], takes_part: Callable[[str], bool]
) -> list[Standing]:
    """The rows whose project takes part; ties are those of the whole table."""
    standing, group = [], 0
    for row in table:
        if takes_part(row.project_id):
            standing.append(Standing(row, group))
        group += not row.tied_with_next
    return standing


def tied_at_the_line(standing: Sequence[Standing], limit: int, reserve: int = 0) -> tuple[str, ...]:
    """The projects of ties that the line cuts through, in the table's order; mostly none.

    In the reserve the order counts from project to project: there every tie is one to break.
    """
    groups = dict.fromkeys(
        standing[place].group
        for place in range(limit, min(limit + reserve + 1, len(standing)))
        if standing[place - 1].group == standing[place].group
    )
    return tuple(found.row.project_id for found in standing if found.group in groups)


def is_chosen(row: RankedProject, index: int, limit: int) -> bool:
    """Whether a row in this place, from 0, goes on. A no-show has no sheets and does not."""
    return index < limit and row.sheets > 0


def in_order(
    standing: Sequence[Standing], limit: int, chair: ChairWord | None, reserve: int = 0
) -> list[RankedProject]:
    """The rows in order; a tie that the line cuts through needs the chair's word."""
    rows = [found.row for found in standing]
    tied = tied_at_the_line(standing, limit, reserve)
    if not tied:
        if chair is not None:
            raise Refused("conflict", "no-tie-at-the-line", "No tie is left for the chair.")
        return rows
    if chair is None or set(chair.order) != set(tied) or len(chair.order) != len(tied):
        raise Refused(
            "conflict",
            "tie-at-the-line",
            "The chair must put these tied projects in order, with a reason: "
            + ", ".join(sorted(tied)),
        )
    word = {id: place for place, id in enumerate(chair.order)}
    ordered = sorted(standing, key=lambda one: (one.group, word.get(one.row.project_id, 0)))
    return [found.row for found in ordered]


def reserve_of(
    ordered: Sequence[RankedProject], limit: int, reserve: int
) -> tuple[str, ...] | None:
    """The projects next after the line, at most so many; None when there are none.

    Who has no sheets is not among them.
    """
    after = [row.project_id for row in ordered[limit:] if row.sheets > 0]
    return tuple(after[:reserve]) or None
