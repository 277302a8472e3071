"""Evening out the judges' severity: each judge's points get a scale and an offset.

z-score. With a judge's mean m and standard deviation s (of the population: divided by n), and M and
S over all sheets of the round, points x become M + S/s * (x - m): scale S/s, offset M - scale * m.
A judge whose sheets are all equal (s = 0) tells nothing apart: each of them counts as M.

judge-effect. Points are taken as project + judge: the effects b minimise the sum of
(x - p - b)^2 over the sheets plus `shrinkage` * b^2 over the judges, which is the best linear
unbiased prediction of random judge effects when `shrinkage` is the ratio of the variances
(G. K. Robinson, "That BLUP is a Good Thing", Statistical Science 6 (1991), 15-32). Solved by turns:
p = mean(x - b) of a project's sheets, b = sum(x - p) / (n + shrinkage) of a judge's, from b = 0,
until no b moves by more than 10^-6, at most 200 times, each value rounded to 9 decimals. Scale 1,
offset -b.

Either way a judge with fewer than `minimum_sheets` is taken as he is. Scales and offsets are
rounded to 12 decimals, half even; with them everything that follows is exact.
"""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import numpy as np

from schemas.season import Normalisation
from services.scoring.domain.tally import PLACES, Column, Columns, Scale, summed

DIGITS = 60
TURN_PLACES = 10**9
STILL = 10**3
"""In units of 1/TURN_PLACES: a judge's effect that moves by no more than this has come to rest."""
TURNS = 200


def scales(sheets: Columns, rule: Normalisation | None) -> list[Scale]:
    """What is made of each judge's points, by judge."""
    if rule is None or not sheets.size:
        return [Scale()] * sheets.judge_count
    counts = np.bincount(sheets.judges, minlength=sheets.judge_count)
    enough = counts >= rule.minimum_sheets
    if rule.method == "judge-effect":
        return _effects(sheets, counts, enough, Fraction(rule.shrinkage))
    found = _z_scores(sheets, counts)
    return [scale if take else Scale() for take, scale in zip(enough, found, strict=True)]


def _z_scores(sheets: Columns, counts: Column) -> list[Scale]:
    largest = sheets.largest
    values = sheets.values
    squares = values * values if largest**2 < 2**62 else values.astype(object) ** 2
    sums = summed(sheets.judges, values, sheets.judge_count, largest)
    powers = summed(sheets.judges, squares, sheets.judge_count, largest**2)
    size, total = sheets.size, sum(int(one) for one in sums)
    mean = Fraction(total, size * sheets.unit)
    spread = _deviation(size, total, sum(int(one) for one in powers))
    found = []
    for count, own, power in zip(counts, sums, powers, strict=True):
        deviation = _deviation(int(count), int(own), int(power)) if count else Decimal(0)
        scale = 0
        with localcontext() as context:
            context.prec = DIGITS
            if deviation:
                scale = _whole(spread / deviation * PLACES)
        own_mean = Fraction(int(own), max(1, int(count)) * sheets.unit)
        offset = round((mean - Fraction(scale, PLACES) * own_mean) * PLACES)
        found.append(Scale(scale, offset))
    return found


def _deviation(count: int, total: int, squares: int) -> Decimal:
    """The standard deviation of a population, in the sheets' unit, to DIGITS digits."""
    with localcontext() as context:
        context.prec = DIGITS
        return Decimal(count * squares - total * total).sqrt() / count


def _effects(sheets: Columns, counts: Column, enough: Column, shrink: Fraction) -> list[Scale]:
    """By turns, in units of 1/TURN_PLACES; see the module's text."""
    points = _in_places(sheets)
    bound = int(np.abs(points).max()) * 2 + 1
    weights = counts.astype(object) * shrink.denominator + shrink.numerator
    per_project = np.maximum(np.bincount(sheets.projects, minlength=sheets.project_count), 1)
    effects = np.zeros(sheets.judge_count, dtype=points.dtype)
    for _ in range(TURNS):
        left = points - effects[sheets.judges]
        sums = summed(sheets.projects, left, sheets.project_count, bound)
        level = _divided(sums, per_project)
        rest = summed(sheets.judges, points - level[sheets.projects], sheets.judge_count, bound)
        fresh = _divided(rest.astype(object) * shrink.denominator, weights) * enough
        fresh = fresh.astype(points.dtype)
        moved = int(np.abs(fresh - effects).max())
        effects = fresh
        if moved <= STILL:
            break
    return [Scale(offset=-int(effect) * (PLACES // TURN_PLACES)) for effect in effects]


def _in_places(sheets: Columns) -> Column:
    """The points in units of 1/TURN_PLACES, rounded half even."""
    wide = sheets.largest * TURN_PLACES >= 2**62
    values = sheets.values.astype(object) if wide else sheets.values
    return _divided(values * TURN_PLACES, np.full(sheets.size, sheets.unit))


def _divided(values: Column, by: Column) -> Column:
    """Each value divided by a positive one, rounded half even."""
    whole = values // by
    twice = (values - whole * by) * 2
    up = (twice > by) | ((twice == by) & (whole % 2 == 1))
    rounded: Column = whole + up.astype(whole.dtype)
    return rounded


def _whole(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_HALF_EVEN))
