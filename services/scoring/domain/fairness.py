"""What judging looks like while it runs: how much is done, and what seems to be treated otherwise.

Pure; exact fractions, shown to 6 decimals. The formulas and their sources are in docs/fairness.md.
Nothing here is about one sheet: what rests on too few sheets or projects is left out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from schemas.base import Count, Moment, SignedPoints, Slug, Uuid
from schemas.season import RoundDefinition
from services.scoring.domain.base import State
from services.scoring.domain.ranking import Candidate, sheet_total, shown

LEAST_COMPARED = 3
"""Compared sheets that a judge's severity rests on, at least."""
LEAST_HALF = 3
"""Sheets in each of the two halves that a drift is the difference of, at least."""
LEAST_ORDERED = 12
"""Sheets that the order effect rests on, at least."""
LEAST_PROJECTS = 3
"""Projects in a group that has a mean, at least."""
ERRORS = 2
"""A difference stands out that is more than so many standard errors."""


class JudgeSeverity(State):
    """One judge beside those who scored the same projects."""

    judge_id: Uuid
    due: Count
    done: Count
    compared: Count
    """Sheets on projects that somebody else scored too."""
    severity: SignedPoints | None = None
    """Mean difference to the others' mean; below 0 is more severe. Null with too few."""
    drift: SignedPoints | None = None
    """Severity in the later half less that in the earlier. Null with too few."""
    stands_out: bool


class Group(State):
    """Projects that have something in common, beside all others."""

    name: Slug
    projects: Count
    """Scored ones."""
    mean: SignedPoints | None = None
    """Of the projects' means. Null with too few."""
    against_rest: SignedPoints | None = None
    """`mean` less the mean of the other projects. Null with too few on either side."""
    stands_out: bool


class Fairness(State):
    """The telemetry of one round at one moment."""

    round_id: Slug
    due: Count
    done: Count
    share_done: SignedPoints
    """From 0 to 1; 1 when nothing is due."""
    judges: tuple[JudgeSeverity, ...]
    ordered: Count
    """Sheets that the order effect rests on."""
    order_effect: SignedPoints | None = None
    """How many points more the last project of a judge gets than the first, by a straight line
    through all judges' series. Null with too few."""
    settlements: tuple[Group, ...]
    city_less_village: SignedPoints | None = None
    languages: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class _Mark:
    """One sheet beside the others of its project."""

    project_id: str
    judge_id: str
    at: Moment | None
    difference: Fraction
    """Its total less the mean of the others' totals."""


def fairness(round_id: str, stage: RoundDefinition, candidates: Sequence[Candidate]) -> Fairness:
    """Look at the effective sheets of these projects; the same for any order of them."""
    ordered = sorted(candidates, key=lambda one: one.project.project_id)
    totals = {one.project.project_id: _totals(stage, one) for one in ordered}
    marks = [mark for one in ordered for mark in _marks(one, totals[one.project.project_id])]
    judges = tuple(_judges(ordered, marks))
    due, done = sum(one.due for one in judges), sum(one.done for one in judges)
    series = list(_series(marks))
    means = {id: _mean(found.values()) for id, found in totals.items() if found}
    kinds = {one.project.project_id: one.project.content.settlement_kind for one in ordered}
    return Fairness(
        round_id=round_id,
        due=due,
        done=done,
        share_done=shown(Fraction(done, due) if due else Fraction(1)),
        judges=judges,
        ordered=sum(len(found) for found in series),
        order_effect=_shown(_order_effect(series)),
        settlements=tuple(_groups(kinds, means)),
        city_less_village=_shown(_gap(means, kinds, "city", "village")),
        languages=tuple(
            _groups(
                {one.project.project_id: one.project.content.language for one in ordered}, means
            )
        ),
    )


def _totals(stage: RoundDefinition, one: Candidate) -> dict[str, Fraction]:
    """The effective sheets' totals by judge."""
    own = stage.within(one.project.content.nomination)
    return {sheet.judge_id: sheet_total(sheet, own) for sheet in one.evaluation.effective()}


def _marks(one: Candidate, totals: Mapping[str, Fraction]) -> Iterator[_Mark]:
    if len(totals) < 2:
        return
    whole = sum(totals.values(), Fraction(0))
    for sheet in one.evaluation.effective():
        own = totals[sheet.judge_id]
        others = (whole - own) / (len(totals) - 1)
        yield _Mark(one.project.project_id, sheet.judge_id, sheet.at, own - others)


def _judges(candidates: Sequence[Candidate], marks: Sequence[_Mark]) -> Iterator[JudgeSeverity]:
    due: dict[str, int] = {}
    done: dict[str, int] = {}
    for one in candidates:
        for judge in one.evaluation.active:
            due[judge] = due.get(judge, 0) + 1
            done[judge] = done.get(judge, 0) + (one.evaluation.sheet_of(judge) is not None)
    for judge in sorted(due):
        own = _in_time(mark for mark in marks if mark.judge_id == judge)
        compared = [mark for mark in marks if mark.judge_id == judge]
        early, late = _halves([mark.difference for mark in own])
        drift = _difference(late, early, LEAST_HALF)
        yield JudgeSeverity(
            judge_id=judge,
            due=due[judge],
            done=done[judge],
            compared=len(compared),
            severity=_shown(
                _mean(mark.difference for mark in compared)
                if len(compared) >= LEAST_COMPARED
                else None
            ),
            drift=_shown(drift),
            stands_out=drift is not None and _stands_out(late, early),
        )


def _in_time(marks: Iterable[_Mark]) -> list[_Mark]:
    """Those whose moment is known, in their order."""
    known = [(mark.at, mark.project_id, mark) for mark in marks if mark.at is not None]
    return [mark for _, _, mark in sorted(known, key=lambda found: found[:2])]


def _halves(values: Sequence[Fraction]) -> tuple[Sequence[Fraction], Sequence[Fraction]]:
    """The earlier and the later half; the middle one of an odd number is in neither."""
    half = len(values) // 2
    return values[:half], values[len(values) - half :]


def _series(marks: Sequence[_Mark]) -> Iterator[list[Fraction]]:
    """Each judge's differences in their order; one alone has no order."""
    for judge in sorted({mark.judge_id for mark in marks}):
        own = _in_time(mark for mark in marks if mark.judge_id == judge)
        if len(own) > 1:
            yield [mark.difference for mark in own]


def _order_effect(series: Sequence[Sequence[Fraction]]) -> Fraction | None:
    """The common slope within judges; a series goes from place 0 to place 1."""
    if sum(len(found) for found in series) < LEAST_ORDERED:
        return None
    above, below = Fraction(0), Fraction(0)
    for found in series:
        middle = _mean(found)
        for number, value in enumerate(found):
            place = Fraction(number, len(found) - 1) - Fraction(1, 2)
            above += place * (value - middle)
            below += place * place
    return above / below


def _groups(names: Mapping[str, str], means: Mapping[str, Fraction]) -> Iterator[Group]:
    for name in sorted(set(names.values())):
        own, rest = _parted(means, lambda id, name=name: names[id] == name)  # type: ignore[misc]
        gap = _difference(own, rest, LEAST_PROJECTS)
        yield Group(
            name=name,
            projects=len(own),
            mean=_shown(_mean(own) if len(own) >= LEAST_PROJECTS else None),
            against_rest=_shown(gap),
            stands_out=gap is not None and _stands_out(own, rest),
        )


def _gap(
    means: Mapping[str, Fraction], names: Mapping[str, str], one: str, other: str
) -> Fraction | None:
    first, _ = _parted(means, lambda id: names[id] == one)
    second, _ = _parted(means, lambda id: names[id] == other)
    return _difference(first, second, LEAST_PROJECTS)


def _parted(
    means: Mapping[str, Fraction], belongs: Callable[[str], bool]
) -> tuple[list[Fraction], list[Fraction]]:
    own = [mean for id, mean in means.items() if belongs(id)]
    rest = [mean for id, mean in means.items() if not belongs(id)]
    return own, rest


def _difference(one: Sequence[Fraction], other: Sequence[Fraction], least: int) -> Fraction | None:
    if min(len(one), len(other)) < least:
        return None
    return _mean(one) - _mean(other)


def _stands_out(one: Sequence[Fraction], other: Sequence[Fraction]) -> bool:
    """Welch's standard error, compared in squares so that nothing is rounded."""
    error = _variance(one) / len(one) + _variance(other) / len(other)
    return (_mean(one) - _mean(other)) ** 2 > ERRORS**2 * error


def _variance(values: Sequence[Fraction]) -> Fraction:
    """Of a sample: divided by n - 1."""
    middle = _mean(values)
    return sum(((value - middle) ** 2 for value in values), Fraction(0)) / (len(values) - 1)


def _mean(values: Iterable[Fraction]) -> Fraction:
    found = list(values)
    return sum(found, Fraction(0)) / len(found)


def _shown(value: Fraction | None) -> SignedPoints | None:
    return None if value is None else shown(value)
