"""What a ranking rests on, folded from a record by the services' own rules."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from admin.archive.cloudevents import from_line
from admin.archive.manifest import checked_manifest, lines
from admin.log.reading import open_log
from admin.terminal import Trouble, progress
from schemas.registry import EVENTS
from schemas.season import RoundDefinition
from schemas.topics import stream
from services.kit.envelope import Envelope, Record, Unreadable
from services.kit.fold import Fold, Heard, read_event
from services.kit.history import Folded, fold_all
from services.scoring.domain import commission, decision, evaluation, evolution, round
from services.scoring.domain.base import State
from services.scoring.domain.explained import Explanation
from services.scoring.domain.explanation import explain
from services.scoring.domain.heard import PROJECTS, SEASONS
from services.scoring.domain.ranking import Candidate

SERVICES = ("submission", "scoring")
"""Whose streams tell how a rank came about."""


def _own(kind: str, state: type[Any], evolve: Callable[[Any, Any], Any]) -> Fold[Any]:
    """Scoring's own aggregates of one kind."""

    def targets(heard: Heard) -> Iterable[str]:
        found, _, id = heard.envelope.subject.partition("/")
        return (id,) if found == kind else ()

    return Fold(
        state=state,
        types=frozenset(name for name, model in EVENTS.items() if kind in model.kinds()),
        targets=targets,
        fold=lambda before, heard, _id: evolve(before, heard.event),
    )


class Told:
    """Everything that explanations need of a record. It is taken in the order of partitions."""

    def __init__(self) -> None:
        self._folds: dict[str, Fold[Any]] = {
            "seasons": SEASONS,
            "projects": PROJECTS,
            "panels": _own("commission", commission.Commission, commission.evolve),
            "rounds": _own("round", round.Round, round.evolve),
            "evaluations": _own("evaluation", evaluation.Evaluation, evolution.evolve),
            "decisions": _own("decision", decision.Decision, decision.evolve),
        }
        self._used = frozenset(name for fold in self._folds.values() for name in fold.types)
        self._found: dict[str, Folded[Any]] = {name: {} for name in self._folds}

    def take(self, record: Record) -> None:
        """Fold one record; of a type that is not needed here nothing is read. Raises Trouble."""
        try:
            envelope = Envelope.from_headers(record.headers)
            if envelope.type not in self._used:
                return
            heard = read_event(envelope, record, EVENTS[envelope.type], people=False)
            for name, fold in self._folds.items():
                fold_all(fold, [heard], self._found[name])
        except (Unreadable, ValidationError, ValueError) as error:
            where = f"{record.topic} {record.offset}"
            raise Trouble(f"{where} can't be read; `zharmenke verify` says more.") from error

    def explain(self, project_id: str, round_id: str | None) -> tuple[Explanation, RoundDefinition]:
        """Explain the project's rank in a round; in the last that ranked it when none is named.

        Raises Trouble for a project or a round that there is not, and Refused.
        """
        project = self._get("projects", project_id)
        if project is None:
            raise Trouble(f"There is no project {project_id} on record.")
        season = self._get("seasons", project.season_id)
        if season is None:
            raise Trouble(f"Season {project.season_id} is not on record.")
        round_id = round_id or self._last_round(season, project_id)
        stage = season.stage_of(round_id)
        if stage is None:
            raise Trouble(f"Season {project.season_id} has no round {round_id}.")
        found = explain(
            project_id,
            stage=stage,
            round_=self._get("rounds", round_id),
            round_id=round_id,
            candidates=self._candidates(round_id),
            decision=self._get("decisions", round_id),
        )
        return found, stage

    def names(self) -> dict[str, str]:
        """The names of all members of panels by id: they are public record."""
        return {
            member.person_id: member.name
            for panel, _ in self._found["panels"].values()
            for member in panel.members
        }

    def _last_round(self, season: Any, project_id: str) -> str:
        for stage in reversed(season.definition.rounds):
            found = self._get("rounds", season.round_id(stage.id))
            table = found.ranking.table if found and found.ranking else ()
            if any(row.project_id == project_id for row in table):
                return str(season.round_id(stage.id))
        raise Trouble(f"No round has ranked project {project_id}.")

    def _candidates(self, round_id: str) -> list[Candidate]:
        return [
            Candidate(evaluation=one, project=self._get("projects", one.project_id))
            for one, _ in self._found["evaluations"].values()
            if one.round_id == round_id and one.judges
        ]

    def _get(self, name: str, id: str) -> Any:
        state, _ = self._found[name].get(id, (None, {}))
        assert state is None or isinstance(state, State)
        return state


async def told_by_topics(servers: str, prefix: str) -> Told:
    """Read both streams from their beginning to their present end. Raises Trouble."""
    told = Told()
    async with open_log(servers) as log:
        found = [await log.ranges(log.partitions(stream(name, prefix))) for name in SERVICES]
        total = sum(one.size for ranges in found for one in ranges.values())
        with progress("reading", total) as advance:
            for ranges in found:
                async for records in log.batches(ranges, advance):
                    for record in records:
                        told.take(record)
    return told


def told_by_file(path: Path) -> Told:
    """Read an exported season. Raises NotOurFile, Trouble or OSError."""
    checked_manifest(path)
    told = Told()
    with progress("reading", path.stat().st_size) as advance:
        for number, text in lines(path):
            advance(len(text) + 1)
            line = from_line(text, number)
            if not line.is_person:
                told.take(line)
    return told
