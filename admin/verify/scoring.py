"""The rules of panels, draws, score sheets and the closing of a round."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from admin.verify.facts import Facts, Handlers
from admin.verify.inputs import Lines
from admin.verify.judges import Evaluation
from admin.verify.reading import Said
from admin.verify.spool import Spool
from admin.verify.subjects import Subject
from schemas.scoring import (
    AssignmentsDrawn,
    CommissionAppointed,
    RankingComputed,
    RoundClosed,
    ScoreRecorded,
    ScoresSealed,
    ScoreVoided,
    SignInLinkRequested,
)
from schemas.season import SeasonDefinition
from services.scoring.domain.base import evaluation_id
from services.scoring.domain.commission import Commission, commission_id
from services.scoring.domain.draw import assignments, draw_inputs_hash

RECORDED, VOIDED = 0, 1


@dataclass(slots=True)
class Round:
    """What is remembered of a round."""

    drawn: Said
    pitches: Said | None = None
    closed: Said | None = None
    rankings: list[Said] = field(default_factory=list)


class ScoringRules:
    """Checks scoring's stream up to the closing of rounds; score events go into the spool."""

    def __init__(self, facts: Facts, spool: Spool) -> None:
        self._facts = facts
        self._findings = facts.findings
        self._spool = spool
        self._lines = Lines()
        self.rounds: dict[str, Round] = {}

    def handlers(self) -> Handlers:
        """What looks at which event."""
        return {
            CommissionAppointed: self._on_appointed,
            SignInLinkRequested: self._on_link_requested,
            AssignmentsDrawn: self._on_drawn,
            RoundClosed: self._on_closed,
            RankingComputed: self._on_ranked,
            ScoreRecorded: self._on_score,
            ScoreVoided: self._on_void,
            ScoresSealed: self._on_sealed,
        }

    def settle(self, subjects: Iterable[Subject]) -> None:
        """Compare draws with assignments, closings with seals, sheets with versions."""
        for subject in subjects:
            if isinstance(subject.trace, Evaluation):
                self._check_versions(subject.trace)
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

    def _on_score(self, said: Said) -> None:
        event, trace, findings = said.event, said.subject.trace, self._findings
        checked = findings.checked
        judge, name = event.judge_id, said.subject.name
        owner = judge.encode()
        line = self._lines.of(name, said.sequence, event)
        self._spool.add(name, said.sequence, RECORDED, owner, line)
        checked["assigned"] += 1
        if trace is None or judge not in trace.active or judge in trace.barred:
            findings.fault("assigned", said.place, f"judge {judge} does not have the project")
            if trace is None:
                return
        if said.values.get("ce_actor") != b"judge/" + owner:
            findings.fault("assigned", said.place, f"{said.actor} scores as judge {judge}")
        checked["sealed"] += 1
        if trace.sealed:
            findings.fault("sealed", said.place, f"a score after {trace.sealed}, which sealed them")
        if trace.pitch is not None:
            checked["pitch"] += 1
            if not trace.pitch.begun:
                findings.fault("pitch", said.place, "a score before the pitch has begun")
        self._check_amended(said, trace)
        trace.last[judge] = trace.handed[judge] = said.sequence
        if event.project_version not in trace.versions:
            trace.versions[event.project_version] = said.place
        rubric = self._facts.rubrics.get(event.round_id)
        if rubric is None:
            self._facts.with_season(said.season, said, self._check_sheet)
            return
        checked["sheet"] += 1
        if what := rubric.misfit(event.points):
            findings.fault("sheet", said.place, what)

    def _check_amended(self, said: Said, trace: Evaluation) -> None:
        """A sheet names the judge's one before; to change what counts takes a reason."""
        before = trace.handed.get(said.event.judge_id)
        named = f"{said.subject.origin}:{before}" if before else None
        self._findings.expect(
            said.event.replaces == named,
            "amended",
            said.place,
            f"takes the place of {said.event.replaces}, the judge's sheet before is {named}",
        )
        counted = said.event.judge_id in trace.last
        self._findings.expect(
            bool(said.event.reason) == counted,
            "amended",
            said.place,
            "a sheet that counted was changed without a reason"
            if counted
            else "gives a reason for changing what did not count",
        )

    def _check_sheet(self, said: Said, season: SeasonDefinition) -> None:
        rubric = self._facts.rubrics.get(said.event.round_id)
        what = rubric.misfit(said.event.points) if rubric else f"season {season.id} has no round"
        self._findings.expect(not what, "sheet", said.place, f"{what} {said.event.round_id}")

    def _on_void(self, said: Said) -> None:
        event, trace, name = said.event, said.subject.trace, said.subject.name
        line = self._lines.of(name, said.sequence, event)
        self._spool.add(name, said.sequence, VOIDED, event.judge_id.encode(), line)
        sheet = trace.last.get(event.judge_id) if isinstance(trace, Evaluation) else None
        self._findings.expect(
            sheet is not None and event.score_event_id == f"{said.subject.origin}:{sheet}",
            "void",
            said.place,
            f"{event.score_event_id} is not the effective sheet of judge {event.judge_id}",
        )
        if isinstance(trace, Evaluation):
            trace.last.pop(event.judge_id, None)
            late = trace.sealed and event.cause is None
            if late and event.judge_id not in trace.barred:
                self._findings.fault("sealed", said.place, "a void after the scores were sealed")

    def _on_sealed(self, said: Said) -> None:
        trace = said.subject.trace
        fits = isinstance(trace, Evaluation) and not trace.sealed
        effective = len(trace.last) if isinstance(trace, Evaluation) else 0
        self._findings.expect(
            fits and said.event.sheets == effective,
            "sealed",
            said.place,
            f"seals {said.event.sheets} sheets, {effective} are effective; or seals again",
        )
        if fits:
            trace.sealed, trace.counted = said.sequence, effective

    def _check_versions(self, trace: Evaluation) -> None:
        project = self._facts.project(trace.project_id)
        last = project.last.version if project else 0
        for version, place in trace.versions.items():
            self._findings.expect(
                version == last,
                "scored-version",
                place,
                f"version {version} of project {trace.project_id}, version {last} is the last",
            )

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
