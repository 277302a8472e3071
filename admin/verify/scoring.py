"""The rules of panels, draws and the closing of a round."""

from collections import Counter
from dataclasses import dataclass, field

from admin.verify.facts import Facts, Handlers
from admin.verify.judges import Evaluation
from admin.verify.reading import Said
from schemas.scoring import (
    AssignmentsDrawn,
    CommissionAppointed,
    RankingComputed,
    RoundClosed,
    SignInLinkRequested,
)
from schemas.season import SeasonDefinition
from services.scoring.domain.base import evaluation_id
from services.scoring.domain.commission import Commission, commission_id
from services.scoring.domain.draw import assignments, draw_inputs_hash


@dataclass(slots=True)
class Round:
    """What is remembered of a round."""

    drawn: Said
    pitches: Said | None = None
    closed: Said | None = None
    rankings: list[Said] = field(default_factory=list)


class ScoringRules:
    """Checks what scoring says of panels and rounds, up to their closing."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._findings = facts.findings
        self.rounds: dict[str, Round] = {}

    def handlers(self) -> Handlers:
        """What looks at which event."""
        return {
            CommissionAppointed: self._on_appointed,
            SignInLinkRequested: self._on_link_requested,
            AssignmentsDrawn: self._on_drawn,
            RoundClosed: self._on_closed,
            RankingComputed: self._on_ranked,
        }

    def settle(self) -> None:
        """Compare draws with assignments, and closings with seals."""
        for round_id, round_ in self.rounds.items():
            self._check_draw(round_id, round_)
            if round_.closed is not None:
                self._check_closing(round_id, round_, round_.closed)

    def _on_appointed(self, said: Said) -> None:
        event = said.event
        first = said.subject.trace is None
        self._findings.expect(first, "panel", said.place, "the panel was appointed before")
        if first:
            said.subject.trace = Commission(
                season_id=event.season_id, panel=event.panel, members=event.members
            )
        self._facts.with_season(event.season_id, said, self._check_seats)

    def _check_seats(self, said: Said, season: SeasonDefinition) -> None:
        event = said.event
        panel = next((found for found in season.panels if found.name == event.panel), None)
        wanted = Counter(seat.role for seat in panel.seats) if panel else Counter()
        given = Counter(member.role for member in event.members)
        persons = {member.person_id for member in event.members}
        self._findings.expect(
            given == wanted and len(persons) == len(event.members),
            "panel",
            said.place,
            f"{dict(given)} are appointed, the season gives {dict(wanted)}, each person once",
        )

    def _on_link_requested(self, said: Said) -> None:
        panel = said.subject.trace
        known = isinstance(panel, Commission) and said.event.person_id in _voting(panel)
        self._findings.expect(
            known, "panel", said.place, "a link was requested for somebody who does not judge"
        )

    def _on_drawn(self, said: Said) -> None:
        event = said.event
        hash_ = draw_inputs_hash(
            event.seed,
            event.judges,
            event.projects,
            event.judges_per_project,
            event.about,
            event.terms,
        )
        self._findings.expect(
            hash_ == event.inputs_hash and said.subject.trace is None,
            "draw",
            said.place,
            f"inputs_hash is {hash_} when recomputed, or the round was drawn before",
        )
        if said.subject.trace is None:
            said.subject.trace = self.rounds[event.round_id] = Round(said)

    def _on_closed(self, said: Said) -> None:
        round_ = said.subject.trace
        fits = isinstance(round_, Round) and round_.closed is None
        self._findings.expect(fits, "closed", said.place, "the round was not drawn, or was closed")
        if fits:
            round_.closed = said

    def _on_ranked(self, said: Said) -> None:
        round_ = said.subject.trace
        if not isinstance(round_, Round) or round_.closed is None:
            self._findings.fault("candidates", said.place, "the round was not closed before")
        if isinstance(round_, Round):
            round_.rankings.append(said)

    def _check_draw(self, round_id: str, round_: Round) -> None:
        drawn, place = round_.drawn.event, round_.drawn.place
        stage = self._facts.stages.get(round_id)
        panel = self._facts.trace(
            f"scoring/commission/{commission_id(drawn.season_id, stage.definition.panel)}"
            if stage
            else ""
        )
        if stage is None or not isinstance(panel, Commission):
            self._findings.fault("draw", place, "its season or its panel is not on record")
            return
        wanted = stage.definition.judges_per_project
        each = len(_voting(panel)) if wanted == "all" else wanted
        self._findings.expect(
            set(drawn.judges) == _voting(panel) and drawn.judges_per_project == each,
            "draw",
            place,
            f"draws {drawn.judges_per_project} of {len(drawn.judges)} judges a project; the "
            f"{panel.panel} has {len(_voting(panel))} who vote, and {each} are due",
        )
        self._findings.expect(
            drawn.about is None or self._is_about(drawn),
            "draw",
            place,
            "tells nominations or regions of its projects otherwise than they were handed in",
        )
        for project_id, judges in assignments(drawn).items():
            trace = self._facts.trace(f"scoring/evaluation/{evaluation_id(round_id, project_id)}")
            given = trace.assigned | trace.barred if isinstance(trace, Evaluation) else set()
            self._findings.checked["draw"] += 1
            if missing := set(judges) - given:
                self._findings.missing(
                    "draw",
                    place,
                    round_.drawn.time,
                    f"project {project_id} was not given to {', '.join(sorted(missing))}",
                )

    def _is_about(self, drawn: AssignmentsDrawn) -> bool:
        """Whether what the draw took into account of its projects is what they are."""
        about = drawn.about or ()
        found = {one.project_id: self._facts.project(one.project_id) for one in about}
        return tuple(one.project_id for one in about) == drawn.projects and all(
            (project := found[one.project_id]) is not None
            and (project.last.nomination, project.last.region) == (one.nomination, one.region)
            for one in about
        )

    def _check_closing(self, round_id: str, round_: Round, closed: Said) -> None:
        wanted = {
            f"scoring/evaluation/{evaluation_id(round_id, project_id)}"
            for project_id in round_.drawn.event.projects
        }
        cut = closed.event.cut
        self._findings.expect(
            wanted <= set(cut), "closed", closed.place, "a project that was drawn is not in its cut"
        )
        for origin, sequence in cut.items():
            trace = self._facts.trace(origin)
            sealed = trace.sealed if isinstance(trace, Evaluation) else 0
            self._findings.expect(
                sealed == sequence,
                "closed",
                closed.place,
                f"its cut has {origin} at {sequence}, which was sealed at {sealed}",
            )
            if isinstance(trace, Evaluation):
                self._check_number(closed, trace)

    def _check_number(self, closed: Said, trace: Evaluation) -> None:
        """Enough sheets for each project that takes part; one whose pitch was missed needs none."""
        project, stage = (
            self._facts.project(trace.project_id),
            self._facts.stages.get(trace.round_id),
        )
        least = stage.definition.minimum_sheets if stage else 0
        no_show = trace.pitch is not None and trace.pitch.status == "missed"
        if project is not None and not project.withdrawn_at and not no_show:
            self._findings.expect(
                trace.counted >= least,
                "closed",
                closed.place,
                f"project {trace.project_id} has {trace.counted} sheets, {least} are due",
            )


def _voting(panel: Commission) -> set[str]:
    return {member.person_id for member in panel.voting}
