"""The draw that gives judges to projects: even, seeded, and repeatable by anyone from its event."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.canonical import canonical_hash
from schemas.scoring import AssignmentsDrawn, DrawnProject, JudgeTerms


def draw_inputs_hash(
    seed: str,
    judges: Sequence[str],
    projects: Sequence[str],
    judges_per_project: int,
    about: Sequence[DrawnProject] | None = None,
    terms: Sequence[JudgeTerms] | None = None,
) -> str:
    """What the draw depends on, as one hash; what is None is left out."""
    return canonical_hash(
        {
            "seed": seed,
            "judges": list(judges),
            "projects": list(projects),
            "judges_per_project": judges_per_project,
            "about": None if about is None else [one.model_dump(mode="json") for one in about],
            "terms": None if terms is None else [one.model_dump(mode="json") for one in terms],
        }
    )


def assignments(drawn: AssignmentsDrawn) -> dict[str, tuple[str, ...]]:
    """Who scores what, from the event alone: `{project_id: (judge_id, …)}`.

    Where the event says nothing about the projects: they are taken in the order of
    SHA-256(`seed/project`); each gets the judges with the fewest projects so far, and among those
    the first by SHA-256(`seed/project/judge`). So any two judges' loads differ by at most one.

    Where it does: only judges who are not in reserve, have no conflict and read the project's
    language may get it.
    Those with the fewest such judges are taken first, then by SHA-256(`seed/project`); each gets up
    to `judges_per_project` judges: those with the fewest projects so far, then those who don't
    avoid its region, then those with the fewest of its nomination, then by
    SHA-256(`seed/project/judge`). At the end loads are levelled: as long as a project can go from
    one judge to another who has at least two fewer, it does, from the most loaded on.
    """
    if drawn.about is not None:
        return _Draw(drawn, drawn.about).run()
    load = dict.fromkeys(drawn.judges, 0)
    result: dict[str, tuple[str, ...]] = {}
    for project in sorted(drawn.projects, key=lambda id: _order(drawn.seed, id)):
        by_load = sorted(load, key=lambda id: (load[id], _order(drawn.seed, project, id)))
        chosen = by_load[: drawn.judges_per_project]
        for judge in chosen:
            load[judge] += 1
        result[project] = tuple(sorted(chosen))
    return result


def eligible(
    judges: Sequence[str], project: DrawnProject, terms: Sequence[JudgeTerms]
) -> list[str]:
    """The judges who may be drawn: not in reserve, without a conflict, reading its language."""
    reads = {one.judge_id: one.languages for one in terms if one.languages}
    out = {one.judge_id for one in terms if one.reserve} | set(project.barred)
    return [
        judge
        for judge in judges
        if judge not in out and project.language in reads.get(judge, (project.language,))
    ]


@dataclass(slots=True)
class _Draw:
    drawn: AssignmentsDrawn
    about: Sequence[DrawnProject]
    load: Counter[str] = field(default_factory=Counter)
    by_nomination: Counter[tuple[str, str]] = field(default_factory=Counter)
    given: dict[str, set[str]] = field(default_factory=dict)

    def run(self) -> dict[str, tuple[str, ...]]:
        """Give every project its judges, then level the loads."""
        may = {
            one.project_id: eligible(self.drawn.judges, one, self.drawn.terms or ())
            for one in self.about
        }
        ordered = sorted(
            self.about,
            key=lambda one: (len(may[one.project_id]), _order(self.drawn.seed, one.project_id)),
        )
        for project in ordered:
            self.given[project.project_id] = set()
            ranked = sorted(may[project.project_id], key=lambda id: self._key(project, id))
            for judge in ranked[: self.drawn.judges_per_project]:
                self._move(project, None, judge)
        while self._level(ordered, may):
            pass
        return {id: tuple(sorted(judges)) for id, judges in self.given.items()}

    def _key(self, project: DrawnProject, judge: str) -> tuple[int, bool, int, str]:
        avoids = {one.judge_id: one.avoids_regions for one in self.drawn.terms or ()}
        return (
            self.load[judge],
            project.region in avoids.get(judge, ()),
            self.by_nomination[judge, project.nomination],
            _order(self.drawn.seed, project.project_id, judge),
        )

    def _level(self, ordered: Sequence[DrawnProject], may: Mapping[str, Sequence[str]]) -> bool:
        """Make one move that brings two loads nearer, if there is one."""
        for rich, poor in self._unequal():
            for project in ordered:
                has = self.given[project.project_id]
                if rich in has and poor not in has and poor in may[project.project_id]:
                    self._move(project, rich, poor)
                    return True
        return False

    def _unequal(self) -> Iterator[tuple[str, str]]:
        """Pairs of judges whose loads differ by two or more, the widest first."""
        judges = self.drawn.judges
        for rich in sorted(judges, key=lambda id: (-self.load[id], id)):
            for poor in sorted(judges, key=lambda id: (self.load[id], id)):
                if self.load[rich] - self.load[poor] < 2:
                    break
                yield rich, poor

    def _move(self, project: DrawnProject, rich: str | None, poor: str) -> None:
        if rich is not None:
            self.given[project.project_id].discard(rich)
            self.load[rich] -= 1
            self.by_nomination[rich, project.nomination] -= 1
        self.given[project.project_id].add(poor)
        self.load[poor] += 1
        self.by_nomination[poor, project.nomination] += 1


def _order(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()
