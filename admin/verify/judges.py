"""The rules of who scores a project: assigned, barred by a conflict, leaving, replaced."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from admin.verify.facts import Facts, Handlers
from admin.verify.findings import Place
from admin.verify.reading import Said
from admin.verify.subjects import Subject
from schemas.scoring import (
    AssignmentDeclined,
    ConflictDeclared,
    ConflictRuled,
    JudgeAbstained,
    JudgeAssigned,
    JudgeRecused,
    JudgeReinstated,
    JudgeReplaced,
    ScoreRecorded,
)
from services.kit.refusal import Refused
from services.scoring.domain.commission import Commission, commission_id
from services.scoring.domain.conflict import office_of
from services.scoring.domain.final import Pitch


@dataclass(slots=True)
class Evaluation:
    """What is remembered of a project's evaluation in a round."""

    round_id: str
    project_id: str
    assigned: set[str] = field(default_factory=set)
    """Whoever was given the project once."""
    active: set[str] = field(default_factory=set)
    """Who is to score it now."""
    recused: set[str] = field(default_factory=set)
    barred: set[str] = field(default_factory=set)
    """Who has a conflict now."""
    rulings: dict[str, str] = field(default_factory=dict)
    """Every judge with a conflict that was ever declared or ruled on, and the last ruling."""
    last: dict[str, int] = field(default_factory=dict)
    """Each judge's effective sheet, by the sequence of its event."""
    handed: dict[str, int] = field(default_factory=dict)
    """Each judge's last sheet, also when it was voided."""
    replaced_by: dict[str, Place] = field(default_factory=dict)
    unchecked: list[tuple[Place, ScoreRecorded]] = field(default_factory=list)
    """Sheets that wait for the project's nomination to be known: their rubric depends on it."""
    sealed: int = 0
    counted: int = 0
    """How many sheets were effective when it was sealed."""
    versions: dict[int, Place] = field(default_factory=dict)
    """The project's versions that were scored, each with its first sheet."""
    pitch: Pitch | None = None
    questions: dict[str, bool] = field(default_factory=dict)
    """Whether each question that was asked is answered."""


class JudgeRules:
    """Checks what evaluations say about judges."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._findings = facts.findings
        self._ruled: list[Said] = []

    def handlers(self) -> Handlers:
        """What looks at which event."""
        return {
            JudgeAssigned: self._on_assigned,
            ConflictDeclared: self._on_conflict,
            ConflictRuled: self._on_conflict,
            JudgeRecused: self._on_recused,
            JudgeReinstated: self._on_reinstated,
            AssignmentDeclined: self._on_leaving,
            JudgeAbstained: self._on_leaving,
            JudgeReplaced: self._on_replaced,
        }

    def settle(self, subjects: Iterable[Subject]) -> None:
        """No sheet of somebody who left counts; rulings are by those who are entitled."""
        for subject in subjects:
            trace = subject.trace
            if not isinstance(trace, Evaluation):
                continue
            gone = sorted(set(trace.last) - trace.active | set(trace.last) & trace.barred)
            self._findings.checked["conflict"] += 1
            if gone:
                place = next(iter(trace.versions.values()))
                self._findings.fault(
                    "conflict", place, f"sheets of judges who left count: {', '.join(gone)}"
                )
            for judge_id, place in trace.replaced_by.items():
                self._findings.expect(
                    judge_id in trace.assigned,
                    "assigned",
                    place,
                    f"judge {judge_id}, who was to come instead, was not assigned",
                )
        for said in self._ruled:
            self._check_office(said)

    def _trace(self, said: Said) -> Evaluation:
        if said.subject.trace is None:
            said.subject.trace = Evaluation(said.event.round_id, said.event.project_id)
        trace = said.subject.trace
        assert isinstance(trace, Evaluation)
        return trace

    def _on_assigned(self, said: Said) -> None:
        trace, judge = self._trace(said), said.event.judge_id
        self._findings.expect(
            judge not in trace.active | trace.barred and not trace.sealed,
            "assigned",
            said.place,
            f"judge {judge} is assigned again, too late, or with a conflict",
        )
        trace.assigned.add(judge)
        trace.active.add(judge)
        trace.recused.discard(judge)

    def _on_conflict(self, said: Said) -> None:
        """A conflict bars at once, until it is ruled to be none."""
        trace, judge = self._trace(said), said.event.judge_id
        ruling = said.event.ruling if isinstance(said.event, ConflictRuled) else ""
        before = trace.rulings.get(judge)
        self._findings.expect(
            before is None or ruling not in ("", before),
            "conflict",
            said.place,
            f"says again what is known of judge {judge}",
        )
        if ruling:
            self._ruled.append(said)
        trace.rulings[judge] = ruling or before or ""
        if ruling == "no-conflict":
            trace.barred.discard(judge)
        else:
            trace.barred.add(judge)

    def _on_recused(self, said: Said) -> None:
        trace, judge = self._trace(said), said.event.judge_id
        self._findings.expect(
            judge in trace.active & trace.barred,
            "conflict",
            said.place,
            f"judge {judge} has no conflict, or does not have the project",
        )
        trace.active.discard(judge)
        trace.recused.add(judge)

    def _on_reinstated(self, said: Said) -> None:
        trace, judge = self._trace(said), said.event.judge_id
        self._findings.expect(
            judge in trace.recused and judge not in trace.barred,
            "conflict",
            said.place,
            f"judge {judge} was not recused, or has a conflict still",
        )
        trace.recused.discard(judge)
        trace.active.add(judge)

    def _on_leaving(self, said: Said) -> None:
        trace, judge = self._trace(said), said.event.judge_id
        scored = isinstance(said.event, AssignmentDeclined) and judge in trace.last
        self._findings.expect(
            judge in trace.active and not trace.sealed and not scored,
            "assigned",
            said.place,
            f"judge {judge} does not have the project, has scored it, or it is too late",
        )
        trace.active.discard(judge)

    def _on_replaced(self, said: Said) -> None:
        trace, judge = self._trace(said), said.event.judge_id
        self._findings.expect(
            judge in trace.assigned and not trace.sealed,
            "assigned",
            said.place,
            f"judge {judge} did not have the project, or it is too late",
        )
        trace.active.discard(judge)
        trace.recused.discard(judge)
        trace.replaced_by[said.event.by_judge_id] = said.place

    def _check_office(self, said: Said) -> None:
        event: ConflictRuled = said.event
        role, _, person = said.actor.partition("/")
        if event.office == "secretary":
            self._findings.expect(
                role == "secretary", "conflict", said.place, f"{said.actor} rules as the secretary"
            )
            return
        stage = self._facts.stages.get(event.round_id)
        panel = stage and self._facts.trace(
            f"scoring/commission/{commission_id(event.season_id, stage.definition.panel)}"
        )
        office: str = ""
        if isinstance(panel, Commission):
            try:
                office = office_of(panel, person, event.judge_id)
            except Refused as refused:
                office = refused.detail
        self._findings.expect(
            office == event.office,
            "conflict",
            said.place,
            f"{said.actor} rules as the {event.office}: {office or 'the panel is not on record'}",
        )
