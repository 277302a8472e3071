"""The rules of score sheets: who hands them in, on what, changed how, and when no more."""

from collections.abc import Iterable

from admin.verify.facts import Facts, Handlers
from admin.verify.inputs import Lines, given_in
from admin.verify.judges import Evaluation
from admin.verify.reading import Said
from admin.verify.spool import Spool
from admin.verify.subjects import Subject
from schemas.scoring import ScoreRecorded, ScoresSealed, ScoreVoided
from schemas.season import SeasonDefinition

RECORDED, VOIDED = 0, 1


class SheetRules:
    """Checks sheets, voids and seals; score events go into the spool for the rankings."""

    def __init__(self, facts: Facts, spool: Spool) -> None:
        self._facts = facts
        self._findings = facts.findings
        self._spool = spool
        self._lines = Lines()

    def handlers(self) -> Handlers:
        """What looks at which event."""
        return {
            ScoreRecorded: self._on_score,
            ScoreVoided: self._on_void,
            ScoresSealed: self._on_sealed,
        }

    def settle(self, subjects: Iterable[Subject]) -> None:
        """Compare sheets with the projects that they are about."""
        for subject in subjects:
            if isinstance(subject.trace, Evaluation):
                self._check_versions(subject.trace)
                self._check_by_nomination(subject.trace)

    def _on_score(self, said: Said) -> None:
        event, trace, findings = said.event, said.subject.trace, self._findings
        checked = findings.checked
        judge, name = event.judge_id, said.subject.name
        owner = judge.encode()
        given = given_in(event)
        line = self._lines.of(name, said.sequence, event, given)
        self._spool.add(name, said.sequence, RECORDED, owner, line)
        checked["assigned"] += 1
        if trace is None or judge not in trace.active or judge in trace.barred:
            findings.fault("assigned", said.place, f"judge {judge} does not have the project")
            if trace is None:
                return
        if said.values.get("ce_actor") != b"judge/" + owner:
            findings.fault("assigned", said.place, f"{said.actor} scores as judge {judge}")
        self._check_time(said, trace)
        self._check_amended(said, trace)
        trace.last[judge] = trace.handed[judge] = said.sequence
        if event.project_version not in trace.versions:
            trace.versions[event.project_version] = said.place
        rubric = self._facts.rubrics.get(event.round_id)
        if rubric is None:
            self._facts.with_season(said.season, said, self._check_sheet)
        elif rubric.varies:
            trace.unchecked.append((said.place, event))
        else:
            checked["sheet"] += 1
            if what := rubric.misfit(event, given):
                findings.fault("sheet", said.place, what)

    def _check_time(self, said: Said, trace: Evaluation) -> None:
        """Not after the seal, and not before the pitch where slots are drawn."""
        self._findings.checked["sealed"] += 1
        if trace.sealed:
            what = f"a score after {trace.sealed}, which sealed them"
            self._findings.fault("sealed", said.place, what)
        if trace.pitch is not None:
            self._findings.checked["pitch"] += 1
            if not trace.pitch.begun:
                self._findings.fault("pitch", said.place, "a score before the pitch has begun")

    def _check_amended(self, said: Said, trace: Evaluation) -> None:
        """A sheet names the judge's one before; to change what counts takes a reason."""
        event, findings = said.event, self._findings
        before = trace.handed.get(event.judge_id)
        named = f"{said.subject.origin}:{before}" if before else None
        findings.checked["amended"] += 2
        if event.replaces != named:
            what = f"takes the place of {event.replaces}, the judge's sheet before is {named}"
            findings.fault("amended", said.place, what)
        counted = event.judge_id in trace.last
        if bool(event.reason) != counted:
            findings.fault(
                "amended",
                said.place,
                "a sheet that counted was changed without a reason"
                if counted
                else "gives a reason for changing what did not count",
            )

    def _check_sheet(self, said: Said, season: SeasonDefinition) -> None:
        rubric = self._facts.rubrics.get(said.event.round_id)
        if rubric is not None and rubric.varies:
            said.subject.trace.unchecked.append((said.place, said.event))
            return
        what = rubric.misfit(said.event) if rubric else f"season {season.id} has no round"
        self._findings.expect(not what, "sheet", said.place, f"{what} {said.event.round_id}")

    def _check_by_nomination(self, trace: Evaluation) -> None:
        """Sheets of a round whose rubric differs by nomination, once all projects are read."""
        project, rubric = (
            self._facts.project(trace.project_id),
            self._facts.rubrics.get(trace.round_id),
        )
        own = rubric.within(project.last.nomination) if rubric and project else rubric
        for place, event in trace.unchecked:
            what = own.misfit(event) if own else "its season is not on record"
            self._findings.expect(not what, "sheet", place, what)

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
