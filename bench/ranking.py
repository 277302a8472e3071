"""A million sheets ranked: ours, exact, beside a polars group-by of the same data in floats.

`python -m bench.ranking [--projects N] [--judges N] [--rounds N]` prints medians of interleaved
rounds, their ratio, and the peak memory of a process of its own for each.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from schemas.season import Normalisation
from services.scoring.domain.normalisation import scales
from services.scoring.domain.tally import Columns, scaled, totals

HALVES = 40
"""Sheets are weighted means in steps of 1/40, as two-digit weights and half points give them."""


def sheets(projects: int, judges: int) -> Columns:
    """Every judge scores every project, in an order that is nobody's."""
    dice = np.random.default_rng(2020)
    order = dice.permutation(projects * judges)
    return Columns(
        order // judges,
        order % judges,
        dice.integers(0, 10 * HALVES + 1, projects * judges),
        HALVES,
        projects,
        judges,
    )


def ours(found: Columns, method: str) -> list[int]:
    """The exact ranking."""
    if method == "none":
        return totals(found, "mean").order()
    rule = Normalisation.model_validate({"method": method})
    return totals(scaled(found, scales(found, rule)), "mean").order()


def polars(found: Columns, method: str) -> list[int]:
    """The same in floats, by group-by."""
    frame = pl.DataFrame(
        {"project": found.projects, "judge": found.judges, "points": found.values / found.unit}
    )
    if method == "z-score":
        mean, spread = frame["points"].mean(), frame["points"].std(ddof=0)
        own = pl.col("points").mean().over("judge")
        own_spread = pl.col("points").std(ddof=0).over("judge")
        frame = frame.with_columns(points=mean + (pl.col("points") - own) / own_spread * spread)
    table = frame.group_by("project").agg(pl.col("points").mean())
    ranked: list[int] = table.sort(["points", "project"], descending=[True, False])[
        "project"
    ].to_list()
    return ranked


WAYS: dict[str, Callable[[Columns, str], list[int]]] = {"ours": ours, "polars": polars}


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.ranking", description=__doc__)
    parser.add_argument("--projects", type=int, default=20_000)
    parser.add_argument("--judges", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peak:
        way, method = given.peak.split(":")
        WAYS[way](sheets(given.projects, given.judges), method)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return
    found = sheets(given.projects, given.judges)
    print(f"{found.size} sheets, medians of {given.rounds} interleaved rounds")
    for method in ("none", "z-score"):
        _compare(found, method, given.rounds)
    seconds = statistics.median(_time(ours, found, "judge-effect") for _ in range(given.rounds))
    print(f"judge-effect: ours {seconds * 1000:.0f} ms (no group-by does it)")


def _compare(found: Columns, method: str, rounds: int) -> None:
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way in random.sample(list(WAYS), len(WAYS)):
            taken[way].append(_time(WAYS[way], found, method))
    mine, theirs = (statistics.median(taken[way]) for way in ("ours", "polars"))
    peaks = {way: _peak(way, method, found) for way in WAYS}
    print(
        f"{method}: ours {mine * 1000:.0f} ms, polars {theirs * 1000:.0f} ms, "
        f"ratio {mine / theirs:.2f} (goal <= 3); peak memory with the data: "
        + ", ".join(f"{way} {peak} MB" for way, peak in peaks.items())
    )


def _time(way: Callable[[Columns, str], list[int]], found: Columns, method: str) -> float:
    began = time.perf_counter()
    way(found, method)
    return time.perf_counter() - began


def _peak(way: str, method: str, found: Columns) -> int:
    """The most memory that a process doing this once has held, in MB."""
    size = ["--projects", str(found.project_count), "--judges", str(found.judge_count)]
    command = [sys.executable, "-m", "bench.ranking", *size, "--peak", f"{way}:{method}"]
    answer = subprocess.run(command, capture_output=True, check=True, text=True)
    return int(json.loads(answer.stdout)) // 1024


if __name__ == "__main__":
    main()
