"""Every ranking computed anew, from the score events of its cut and the season's rules."""

import hashlib
from dataclasses import dataclass

from admin.verify.facts import Facts, Stage
from admin.verify.findings import Ranked
from admin.verify.inputs import event_of
from admin.verify.reading import Said
from admin.verify.scoring import Round
from admin.verify.sheets import RECORDED
from admin.verify.spool import Spool
from schemas.canonical import contract_hash
from schemas.scoring import RankingComputed, ScoreRecorded, ScoreVoided
from services.scoring.domain.base import evaluation_id
from services.scoring.domain.evaluation import Evaluation, Sheet, Void
from services.scoring.domain.ranking import (
    DRAW_SEQUENCE,
    Entrant,
    judge_scales,
    ranked,
    table_hash,
    tally,
)

EVALUATIONS = "scoring/evaluation/"


@dataclass(slots=True)
class _Recomputed:
    """What the score events of a cut come to."""

    inputs_hash: str
    scores: int
    entrants: list[Entrant]


class RankingRules:
    """Checks RankingComputed, after everything has been read.

    One evaluation at a time is in memory, so the number of sheets does not matter.
    """

    def __init__(self, facts: Facts, spool: Spool) -> None:
        self._facts = facts
        self._findings = facts.findings
        self._spool = spool

    def settle(self, rounds: dict[str, Round]) -> None:
        """Recompute every ranking of every round, in the order of the seasons' stages."""
        order = list(self._facts.stages)
        unknown = [round_id for round_id in rounds if round_id not in self._facts.stages]
        for round_id in (*(known for known in order if known in rounds), *unknown):
            stage = self._facts.stages.get(round_id)
            for said in rounds[round_id].rankings:
                if stage is None:
                    self._findings.fault("ruleset", said.place, "its season is not on record")
                else:
                    self._check(said, stage, rounds[round_id])

    def _check(self, said: Said, stage: Stage, round_: Round) -> None:
        ranking: RankingComputed = said.event
        before = self._findings.failed.total()
        self._check_candidates(said, round_)
        rules = stage.definition
        ruleset = contract_hash(rules)
        self._compare(said, "ruleset", "ruleset_hash", ranking.ruleset_hash, ruleset)
        found = self._recompute(ranking)
        self._compare(said, "inputs", "inputs_hash", ranking.inputs_hash, found.inputs_hash)
        own = table_hash(ranking.table)
        self._compare(said, "table", "table_hash", ranking.table_hash, own)
        table = ranked(round_.drawn.event.seed, rules, found.entrants)
        fresh = table_hash(table)
        self._compare(said, "table", "table_hash from its scores", ranking.table_hash, fresh)
        scales = judge_scales(tally(rules, found.entrants)) if rules.normalisation else None
        self._findings.expect(
            ranking.judges == scales,
            "table",
            said.place,
            "its judges' scales are not those that normalising its scores gives",
        )
        short = self._short(found, stage)
        told = ranking.few_sheets.projects if ranking.few_sheets else ()
        self._findings.expect(
            told == short,
            "few-sheets",
            said.place,
            f"names {', '.join(told) or 'nobody'} as short of sheets; {len(short)} are: "
            f"{', '.join(short[:5])}",
        )
        same = self._findings.failed.total() == before
        self._findings.rankings.append(
            Ranked(said.id, found.scores, len(table), ranking.inputs_hash, fresh, same)
        )

    def _short(self, found: _Recomputed, stage: Stage) -> tuple[str, ...]:
        """Who has fewer sheets than are due; one whose pitch was missed needs none."""
        short = []
        for one in found.entrants:
            id = evaluation_id(stage.round_id, one.project_id)
            pitch = self._facts.trace(f"{EVALUATIONS}{id}").pitch
            missed = pitch is not None and pitch.status == "missed"
            if not missed and len(one.sheets) < stage.definition.minimum_sheets:
                short.append(one.project_id)
        return tuple(sorted(short))

    def _compare(self, said: Said, rule: str, name: str, told: str, found: str) -> None:
        self._findings.expect(
            told == found, rule, said.place, f"{name} is {told}, recomputed it is {found}"
        )

    def _check_candidates(self, said: Said, round_: Round) -> None:
        """Who is ranked: the evaluations of the closed round whose projects were eligible.

        A conflict that became known late voids a sheet after the closing: then a cut goes further.
        """
        cut, closed = said.event.cut, round_.closed.event.cut if round_.closed else {}
        evaluations = {origin: last for origin, last in cut.items() if origin in closed}
        draw = f"scoring/round/{said.event.round_id}"
        projects = {f"submission/project/{_project_of(origin)}" for origin in evaluations}
        self._findings.expect(
            all(closed[origin] <= last for origin, last in evaluations.items())
            and set(cut) == set(evaluations) | projects | {draw}
            and cut.get(draw) == DRAW_SEQUENCE,
            "candidates",
            said.place,
            "its cut does not begin where the round was closed",
        )
        for origin in closed:
            project_id = _project_of(origin)
            project = self._facts.project(project_id)
            sequence = cut.get(f"submission/project/{project_id}", 0)
            step = project.at(sequence) if project else None
            if origin in evaluations:
                self._findings.expect(
                    step is not None and step.status == "eligible",
                    "candidates",
                    said.place,
                    f"project {project_id} was {step.status if step else 'unknown'} as heard",
                )
            else:
                self._findings.expect(
                    project is not None and bool(project.withdrawn_at),
                    "candidates",
                    said.place,
                    f"project {project_id} is left out, and did not withdraw",
                )

    def _recompute(self, ranking: RankingComputed) -> _Recomputed:
        digest, scores, entrants = hashlib.sha256(), 0, []
        for origin in sorted(ranking.cut):
            if not origin.startswith(EVALUATIONS):
                continue
            subject, last = origin.removeprefix("scoring/"), ranking.cut[origin]
            sheets: dict[bytes, tuple[int, bytes]] = {}
            voids: list[Void] = []
            for sequence, mark, judge, line in self._spool.read(subject):
                if sequence > last:
                    continue
                scores += 1
                digest.update(line)
                if mark == RECORDED:
                    sheets[judge] = sequence, line
                else:
                    voids.append(_void(sequence, line))
            effective = tuple(_sheet(*one) for one in sheets.values())
            entrants += self._entrant(ranking, origin, effective, tuple(voids))
        return _Recomputed(digest.hexdigest(), scores, entrants)

    def _entrant(
        self,
        ranking: RankingComputed,
        origin: str,
        sheets: tuple[Sheet, ...],
        voids: tuple[Void, ...],
    ) -> list[Entrant]:
        project_id = _project_of(origin)
        project = self._facts.project(project_id)
        step = (
            project.at(ranking.cut.get(f"submission/project/{project_id}", 0)) if project else None
        )
        if project is None or step is None:
            return []
        evaluation = Evaluation(
            round_id=ranking.round_id,
            project_id=project_id,
            season_id=project.season_id,
            sheets=sheets,
            voids=voids,
        )
        entrant = Entrant(
            project_id=project_id,
            nomination=step.nomination,
            first_submitted_at=project.first_submitted_at,
            sheets=evaluation.effective(),
        )
        return [entrant]


def _project_of(origin: str) -> str:
    """The project of an evaluation, by its origin."""
    return origin.rpartition("~")[2]


def _sheet(sequence: int, line: bytes) -> Sheet:
    event = event_of(line)
    assert isinstance(event, ScoreRecorded)
    return Sheet.said(event, sequence)


def _void(sequence: int, line: bytes) -> Void:
    event = event_of(line)
    assert isinstance(event, ScoreVoided)
    return Void(
        sequence=sequence,
        judge_id=event.judge_id,
        score_sequence=int(event.score_event_id.rpartition(":")[2]),
        reason=event.reason,
    )
