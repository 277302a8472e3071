"""The draw that gives judges to projects: even, seeded, and repeatable by anyone."""

import hashlib
from collections.abc import Sequence

from schemas.canonical import canonical_hash
from schemas.scoring import AssignmentsDrawn


def draw_inputs_hash(
    seed: str, judges: Sequence[str], projects: Sequence[str], judges_per_project: int
) -> str:
    """What the draw depends on, as one hash."""
    return canonical_hash(
        {
            "seed": seed,
            "judges": list(judges),
            "projects": list(projects),
            "judges_per_project": judges_per_project,
        }
    )


def assignments(drawn: AssignmentsDrawn) -> dict[str, tuple[str, ...]]:
    """Who scores what, from the event alone: `{project_id: (judge_id, …)}`.

    Projects are taken in the order of SHA-256(`seed/project`); each gets the judges with the
    fewest projects so far, and among those the first by SHA-256(`seed/project/judge`). So any two
    judges' loads differ by at most one.
    """
    load = dict.fromkeys(drawn.judges, 0)
    result: dict[str, tuple[str, ...]] = {}
    for project in sorted(drawn.projects, key=lambda id: _order(drawn.seed, id)):
        by_load = sorted(load, key=lambda id: (load[id], _order(drawn.seed, project, id)))
        chosen = by_load[: drawn.judges_per_project]
        for judge in chosen:
            load[judge] += 1
        result[project] = tuple(sorted(chosen))
    return result


def _order(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()
