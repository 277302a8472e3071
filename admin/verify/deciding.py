"""The rules of decisions, outcomes and awards."""

from dataclasses import dataclass, field

from admin.verify.facts import Facts, Handlers, Stage
from admin.verify.reading import Said
from admin.verify.scoring import Round
from schemas.scoring import (
    DecisionRecorded,
    ProjectNotShortlisted,
    ProjectShortlisted,
    RankingComputed,
    ResultsPublished,
)
from services.kit.refusal import Refused
from services.scoring.domain.commission import Commission, commission_id
from services.scoring.domain.line import (
    ChairWord,
    in_order,
    is_chosen,
    reserve_of,
    standing_of,
    tied_at_the_line,
)
from services.scoring.domain.sitting import Sitting, quorum_of


@dataclass(slots=True)
class Decision:
    """What a round's decision said, in order."""

    recorded: list[Said] = field(default_factory=list)
    published: Said | None = None
    outcomes: list[Said] = field(default_factory=list)

    @property
    def last(self) -> DecisionRecorded | None:
        """The decision that stands."""
        return self.recorded[-1].event if self.recorded else None


class DecidingRules:
    """Checks decisions and what is published of them; mostly after everything has been read."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._findings = facts.findings
        self.decisions: dict[str, Decision] = {}

    def handlers(self) -> Handlers:
        """What looks at which event. ResultsPublished of awards is not looked at here."""
        return {
            DecisionRecorded: self._on_recorded,
            ResultsPublished: self._on_published,
            ProjectShortlisted: self._on_outcome,
            ProjectNotShortlisted: self._on_outcome,
        }

    def settle(self, rounds: dict[str, Round]) -> None:
        """Check every decision against its ranking, its panel and the projects as heard."""
        for round_id, decision in self.decisions.items():
            stage, round_ = self._facts.stages.get(round_id), rounds.get(round_id)
            for said in decision.recorded:
                if stage is None or round_ is None:
                    self._findings.fault("decision", said.place, "its round is not on record")
                else:
                    self._check(said, stage, round_)
            if decision.published is not None and stage is not None:
                self._check_outcomes(decision, decision.published, stage)

    def _trace(self, said: Said) -> Decision:
        if said.subject.trace is None:
            said.subject.trace = self.decisions[said.subject.id] = Decision()
        trace = said.subject.trace
        assert isinstance(trace, Decision)
        return trace

    def _on_recorded(self, said: Said) -> None:
        decision = self._trace(said)
        if decision.published is not None:
            self._findings.fault("decision", said.place, "decides anew what is published")
        decision.recorded.append(said)

    def _on_published(self, said: Said) -> None:
        decision = self._trace(said)
        self._findings.expect(
            decision.last is not None and decision.published is None,
            "outcome",
            said.place,
            "publishes what is not decided, or was published",
        )
        decision.published = decision.published or said

    def _on_outcome(self, said: Said) -> None:
        decision = self._trace(said)
        if decision.published is None:
            self._findings.fault("outcome", said.place, "comes before its ResultsPublished")
        if getattr(said.event, "corrects", None) is None:
            decision.outcomes.append(said)

    def _check(self, said: Said, stage: Stage, round_: Round) -> None:
        self._check_quorum(said, stage)
        event: DecisionRecorded = said.event
        ranking = next((r for r in round_.rankings if r.id == event.ranking_event_id), None)
        if ranking is None or ranking.event.table_hash != event.table_hash:
            self._findings.fault(
                "decision",
                said.place,
                f"{event.ranking_event_id} is no ranking with its table_hash",
            )
            return
        what = self._unheard(event, ranking.event) or self._misfit(event, ranking.event, stage)
        self._findings.expect(not what, "decision", said.place, what)

    def _check_quorum(self, said: Said, stage: Stage) -> None:
        event: DecisionRecorded = said.event
        panel = self._facts.trace(
            f"scoring/commission/{commission_id(event.season_id, stage.definition.panel)}"
        )
        if not isinstance(panel, Commission):
            self._findings.fault("quorum", said.place, "its panel is not on record")
            return
        seats = next(one for one in stage.season.panels if one.name == stage.definition.panel)
        voting = {member.person_id for member in panel.voting}
        needed = quorum_of(seats.quorum_share, len(voting))
        attended = set(event.attended)
        self._findings.expect(
            attended <= voting
            and len(attended) == len(event.attended)
            and event.quorum == needed <= len(attended),
            "quorum",
            said.place,
            f"{len(attended & voting)} of {len(voting)} who vote attended, {needed} must",
        )
        if event.sitting_id is not None:
            self._check_sitting(said, event.sitting_id)

    def _check_sitting(self, said: Said, sitting_id: str) -> None:
        event: DecisionRecorded = said.event
        found = self._facts.trace(f"scoring/sitting/{sitting_id}")
        self._findings.expect(
            isinstance(found, Sitting)
            and found.quorate
            and found.round_id == event.round_id
            and set(event.attended) == set(found.present),
            "quorum",
            said.place,
            f"sitting {sitting_id} was about another round, had no quorum, or others were there",
        )

    def _unheard(self, event: DecisionRecorded, ranking: RankingComputed) -> str:
        """What is wrong with how far it says that projects were heard of, or nothing."""
        ranked = {_origin(row.project_id) for row in ranking.table}
        if unsaid := ranked - event.heard.keys():
            return f"it does not say how far {min(unsaid)} was heard of"
        for origin, sequence in event.heard.items():
            subject = self._facts.lookup(origin)
            if subject is None or sequence > subject.last:
                return f"it has heard of {origin}:{sequence}, which is not on record"
        return ""

    def _misfit(self, event: DecisionRecorded, ranking: RankingComputed, stage: Stage) -> str:
        """What is wrong with the order or the line, or nothing."""

        def eligible(project_id: str) -> bool:
            project = self._facts.project(project_id)
            step = project.at(event.heard.get(_origin(project_id), 0)) if project else None
            return step is not None and step.status == "eligible"

        limit = stage.definition.limit
        standing = standing_of(ranking.table, eligible)
        reserve = _reserve(event, stage)
        tied = set(tied_at_the_line(standing, limit, reserve))
        word = None
        if event.chair_reason is not None:
            order = tuple(row.project_id for row in event.projects if row.project_id in tied)
            word = ChairWord(order=order, reason=event.chair_reason)
        try:
            rows = in_order(standing, limit, word, reserve)
        except Refused as refused:
            return refused.detail
        wanted = [
            (row.project_id, row.rank, is_chosen(row, index, limit))
            for index, row in enumerate(rows)
        ]
        told = [(row.project_id, row.rank, row.chosen) for row in event.projects]
        if event.reserve != reserve_of(rows, limit, reserve):
            return f"its reserve of {len(event.reserve or ())} is not what comes after the line"
        if told == wanted:
            return ""
        return (
            f"it has {len(told)} projects and chooses {sum(row[2] for row in told)}; its ranking "
            f"and what was heard make {len(wanted)} and {sum(row[2] for row in wanted)}, in order"
        )

    def _check_outcomes(self, decision: Decision, published: Said, stage: Stage) -> None:
        last = decision.last
        rows = {row.project_id: row for row in last.projects} if last else {}
        for said in decision.outcomes:
            event = said.event
            row = rows.get(event.project_id)
            chosen = isinstance(event, ProjectShortlisted)
            rank = getattr(event, "rank", row.rank if row else None)
            days = getattr(event, "final_days", stage.season.final_days)
            self._findings.expect(
                row is not None
                and (row.chosen, row.rank, tuple(stage.season.final_days)) == (chosen, rank, days)
                and event.round_id == stage.round_id,
                "outcome",
                said.place,
                "is not what was decided of this project",
            )
        check_told(self._facts, published, decision.outcomes, set(rows))
        check_counts(self._facts, published, decision.outcomes, ProjectShortlisted)


def check_told(facts: Facts, published: Said, outcomes: list[Said], decided: set[str]) -> None:
    """Each project that was decided on has exactly one outcome, but for those that withdrew."""
    told: set[str] = set()
    for said in outcomes:
        again = said.event.project_id in told
        facts.findings.expect(
            not again and _as_handed_in(facts, said),
            "outcome",
            said.place,
            "the project has an outcome already"
            if again
            else "names a project otherwise than it was handed in, or one never found eligible",
        )
        told.add(said.event.project_id)
    for project_id in decided - told:
        project = facts.project(project_id)
        facts.findings.expect(
            project is not None and bool(project.withdrawn_at),
            "outcome",
            published.place,
            f"project {project_id} has no outcome, and did not withdraw",
        )


def check_counts(facts: Facts, published: Said, outcomes: list[Said], chosen: type) -> None:
    """ResultsPublished counts what follows it."""
    good = sum(1 for said in outcomes if isinstance(said.event, chosen))
    facts.findings.expect(
        (published.event.chosen, published.event.not_chosen) == (good, len(outcomes) - good),
        "outcome",
        published.place,
        f"counts {published.event.chosen} and {published.event.not_chosen}; "
        f"{good} and {len(outcomes) - good} follow",
    )


def _as_handed_in(facts: Facts, said: Said) -> bool:
    event, project = said.event, facts.project(said.event.project_id)
    return (
        project is not None
        and event.title == project.title
        and event.nomination == project.last.nomination
        and event.contact_person_id == project.contact_person_id
        and any(step.status == "eligible" for step in project.steps)
    )


def _reserve(event: DecisionRecorded, stage: Stage) -> int:
    """How many are to be in reserve: as the season says, else as many as the decision names."""
    if not stage.is_last:
        return 0
    fixed = stage.definition.reserve
    return len(event.reserve or ()) if fixed is None else fixed


def _origin(project_id: str) -> str:
    return f"submission/project/{project_id}"
