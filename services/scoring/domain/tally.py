"""Totals of many score sheets at once, in columns of integers: exact, and in any order the same.

Points are fractions with a common `unit`, so a column holds whole numbers. 64 bits are used where
everything fits and Python's own integers where it does not; the results are equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.season import Aggregation

Column = NDArray[Any]
"""Integers: int64, or Python's own as objects."""

PLACES = 10**12
"""Scale and offset of a judge are whole multiples of 1/PLACES."""
LARGEST = 2**62
TRIMMED_FROM = 3
"""With fewer sheets there is nothing to trim."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Score sheets. Sheet i is about project `projects[i]`, by judge `judges[i]`.

    `values[i] / unit` is the weighted mean of its points; projects and judges are counted from 0.
    """

    projects: Column
    judges: Column
    values: Column
    unit: int
    project_count: int
    judge_count: int

    @property
    def largest(self) -> int:
        """The largest value there is."""
        return max(abs(int(self.values.min())), abs(int(self.values.max()))) if self.size else 0

    @property
    def size(self) -> int:
        """How many sheets there are."""
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Scale:
    """What is made of a judge's points: `(scale * points + offset)`, in units of 1/PLACES."""

    scale: int = PLACES
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """One total for each project: `numerators[i] / (denominators[i] * unit)`; none is 0."""

    numerators: Column
    denominators: Column
    unit: int

    def exact(self, project: int) -> Fraction:
        """The total of a project."""
        below = int(self.denominators[project]) * self.unit
        return Fraction(int(self.numerators[project]), below)

    def order(self) -> list[int]:
        """The projects from the best to the least; equal ones in their own order."""
        below = sorted({int(value) for value in np.unique(self.denominators)})
        common = lcm(*below) if below else 1
        factors = {value: common // value for value in below}
        largest = int(np.abs(self.numerators).max()) if len(self.numerators) else 0
        fits = largest * common < LARGEST
        factor = np.array([factors[int(value)] for value in self.denominators], dtype=object)
        keys = self.numerators * (factor.astype(np.int64) if fits else factor)
        if keys.dtype == object and fits:
            keys = keys.astype(np.int64)
        return [int(index) for index in np.argsort(-keys, kind="stable")]


def columns(
    sheets: Sequence[tuple[int, int, Fraction]], project_count: int, judge_count: int
) -> Columns:
    """Columns of (project, judge, weighted mean of the points)."""
    unit = lcm(*(value.denominator for _, _, value in sheets)) if sheets else 1
    values = [value.numerator * (unit // value.denominator) for _, _, value in sheets]
    return Columns(
        np.array([project for project, _, _ in sheets], dtype=np.int64),
        np.array([judge for _, judge, _ in sheets], dtype=np.int64),
        integers(values),
        unit,
        project_count,
        judge_count,
    )


def integers(values: Sequence[int]) -> Column:
    """A column of these; of 64 bits where all fit."""
    fits = all(-LARGEST < value < LARGEST for value in values)
    return np.array(values, dtype=np.int64 if fits else object)


def summed(groups: Column, values: Column, count: int, largest: int) -> Column:
    """The sum of each group's values; `largest` bounds what a value can be."""
    wide = largest * max(1, len(values)) >= LARGEST
    sums = np.zeros(count, dtype=object if wide else np.int64)
    np.add.at(sums, groups, values.astype(object) if wide else values)
    return sums


def scaled(sheets: Columns, scales: Sequence[Scale]) -> Columns:
    """The sheets after each judge's scale and offset."""
    steep = max((abs(one.scale) for one in scales), default=0)
    far = max((abs(one.offset) for one in scales), default=0)
    wide = (steep * sheets.largest + far * sheets.unit) >= LARGEST // 64
    kind = object if wide else np.int64
    scale = np.array([one.scale for one in scales], dtype=kind)
    offset = np.array([one.offset * sheets.unit for one in scales], dtype=kind)
    values = scale[sheets.judges] * sheets.values.astype(kind) + offset[sheets.judges]
    unit = sheets.unit * PLACES
    return Columns(
        sheets.projects, sheets.judges, values, unit, sheets.project_count, sheets.judge_count
    )


def totals(sheets: Columns, how: Aggregation) -> Totals:
    """One total for each project. A project without sheets has 0."""
    counts = np.bincount(sheets.projects, minlength=sheets.project_count)
    if how == "median":
        return _medians(sheets, counts)
    sums = summed(sheets.projects, sheets.values, sheets.project_count, sheets.largest)
    if how == "trimmed-mean":
        trimmed = counts >= TRIMMED_FROM
        low, high = _ends(sheets)
        sums = sums - np.where(trimmed, low + high, np.zeros_like(low))
        counts = counts - 2 * trimmed
    return Totals(sums, np.maximum(counts, 1), sheets.unit)


def _ends(sheets: Columns) -> tuple[Column, Column]:
    """Each project's lowest and highest value; 0 for one without sheets."""
    order, starts, counts = _by_project(sheets)
    ordered = sheets.values[order]
    low = np.zeros(sheets.project_count, dtype=sheets.values.dtype)
    high = np.zeros(sheets.project_count, dtype=sheets.values.dtype)
    some = counts > 0
    low[some] = ordered[starts[some]]
    high[some] = ordered[starts[some] + counts[some] - 1]
    return low, high


def _medians(sheets: Columns, counts: Column) -> Totals:
    order, starts, _ = _by_project(sheets)
    ordered = sheets.values[order]
    doubled = np.zeros(sheets.project_count, dtype=sheets.values.dtype)
    some = counts > 0
    lower = starts[some] + (counts[some] - 1) // 2
    upper = starts[some] + counts[some] // 2
    doubled[some] = ordered[lower] + ordered[upper]
    return Totals(doubled, np.full(sheets.project_count, 2), sheets.unit)


def _by_project(sheets: Columns) -> tuple[Column, Column, Column]:
    """The sheets' order by (project, value), where each project's begin, and how many it has."""
    by_value = np.argsort(sheets.values, kind="stable")
    order = by_value[np.argsort(sheets.projects[by_value], kind="stable")]
    counts = np.bincount(sheets.projects, minlength=sheets.project_count)
    starts = np.concatenate(([0], np.cumsum(counts)[:-1])) if len(counts) else counts
    return order, starts, counts
