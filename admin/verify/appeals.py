"""The rules of appeals: by the applicant, in time, against an outcome; resolved once."""

from dataclasses import dataclass
from datetime import datetime

from admin.verify.facts import Facts, Handlers
from admin.verify.judges import Evaluation
from admin.verify.reading import Said
from schemas.base import format_utc
from schemas.scoring import (
    AppealLodged,
    AppealResolved,
    MotionPut,
    ProjectNotAwarded,
    ProjectNotShortlisted,
    ResultsPublished,
)
from services.kit.refusal import Refused
from services.scoring.domain.base import evaluation_id
from services.scoring.domain.commission import Commission, commission_id
from services.scoring.domain.sitting import Sitting


@dataclass(slots=True)
class Appeal:
    """What is remembered of an appeal."""

    lodged: Said
    resolved: Said | None = None

    @property
    def upheld(self) -> bool:
        """Whether it was resolved in the applicant's favour."""
        return self.resolved is not None and self.resolved.event.outcome == "upheld"


class AppealRules:
    """Checks appeals after everything has been read; knows what was published, and when."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._findings = facts.findings
        self._motions: list[Said] = []
        self.all: list[Appeal] = []
        self.published: dict[str, Said] = {}
        self.outcomes: dict[str, Said] = {}
        """Events that told a project that it was not chosen, by their ids."""

    def handlers(self) -> Handlers:
        """What looks at which event."""
        return {
            AppealLodged: self._on_lodged,
            AppealResolved: self._on_resolved,
            ResultsPublished: self._on_published,
            ProjectNotShortlisted: self._on_outcome,
            ProjectNotAwarded: self._on_outcome,
            MotionPut: self._on_motion,
        }

    def upheld(self, resolved_id: str) -> Appeal | None:
        """The upheld appeal whose AppealResolved has this id, or None."""
        found = self._facts.trace(resolved_id.rpartition(":")[0])
        if isinstance(found, Appeal) and found.upheld and found.resolved is not None:
            return found if found.resolved.id == resolved_id else None
        return None

    def settle(self) -> None:
        """Check every appeal against what was published, and who resolved it."""
        for round_id, said in self.published.items():
            self._check_window(round_id, said)
        for appeal in self.all:
            self._check_lodged(appeal.lodged)
            if appeal.resolved is not None:
                self._check_resolved(appeal, appeal.resolved)
        for said in self._motions:
            found = self._facts.trace(said.event.appeal.rpartition(":")[0])
            fits = isinstance(found, Appeal) and (said.event.appeal, said.event.project_id) == (
                found.lodged.id,
                found.lodged.event.project_id,
            )
            self._findings.expect(
                fits, "appeal", said.place, f"{said.event.appeal} is no appeal of its project"
            )

    def _on_lodged(self, said: Said) -> None:
        first = said.subject.trace is None
        self._findings.expect(first, "appeal", said.place, "the project has appealed before")
        if first:
            said.subject.trace = Appeal(said)
            self.all.append(said.subject.trace)

    def _on_resolved(self, said: Said) -> None:
        found = said.subject.trace
        fits = isinstance(found, Appeal) and found.resolved is None
        self._findings.expect(fits, "appeal", said.place, "resolves what is not lodged, or again")
        if fits:
            found.resolved = said

    def _on_published(self, said: Said) -> None:
        self.published.setdefault(said.event.round_id, said)

    def _on_outcome(self, said: Said) -> None:
        self.outcomes[said.id] = said

    def _on_motion(self, said: Said) -> None:
        if said.event.appeal is not None:
            self._motions.append(said)

    def _check_window(self, round_id: str, said: Said) -> None:
        stage, until = self._facts.stages.get(round_id), said.event.appeals_until
        if stage is None or until is None:
            return  # then no appeal is taken
        due = stage.season.appeals_until(datetime.fromisoformat(said.time))
        self._findings.expect(
            until == due,
            "appeal",
            said.place,
            f"takes appeals until {format_utc(until)}, the season's days end otherwise",
        )

    def _check_lodged(self, said: Said) -> None:
        event: AppealLodged = said.event
        project = self._facts.project(event.project_id)
        published, against = self.published.get(event.round_id), self.outcomes.get(event.against)
        until = published.event.appeals_until if published else None
        self._findings.expect(
            project is not None
            and said.actor == project.applicant
            and against is not None
            and (against.event.project_id, against.event.round_id)
            == (event.project_id, event.round_id)
            and until is not None
            and said.time <= format_utc(until),
            "appeal",
            said.place,
            f"{said.actor} appeals against {event.against} of project {event.project_id}: "
            "not theirs, no outcome, or not in time",
        )

    def _check_resolved(self, appeal: Appeal, said: Said) -> None:
        event: AppealResolved = said.event
        evaluation = f"scoring/evaluation/{evaluation_id(event.round_id, event.project_id)}:"
        upheld = event.outcome == "upheld"
        self._findings.expect(
            self._may_resolve(said)
            and all(id.startswith(evaluation) for id in event.voids)
            and (upheld or not event.voids)
            and (not upheld or bool(event.voids) or event.motion_id is not None)
            and (event.motion_id is None or self._follows_motion(appeal, event)),
            "appeal",
            said.place,
            f"is {event.outcome} by {said.actor}: without the office, the motion or the sheets "
            "that it takes",
        )

    def _may_resolve(self, said: Said) -> bool:
        event: AppealResolved = said.event
        role, _, person = said.actor.partition("/")
        if event.office == "secretary":
            return role == "secretary"
        stage = self._facts.stages.get(event.round_id)
        panel = stage and self._facts.trace(
            f"scoring/commission/{commission_id(event.season_id, stage.definition.panel)}"
        )
        chairs = [one.person_id for one in panel.voting if one.role == "chair"] if panel else []
        scored = self._facts.trace(
            f"scoring/evaluation/{evaluation_id(event.round_id, event.project_id)}"
        )
        barred = scored.barred if isinstance(scored, Evaluation) else set()
        return (
            isinstance(panel, Commission)
            and role == "judge"
            and person in chairs
            and person not in barred
        )

    def _follows_motion(self, appeal: Appeal, event: AppealResolved) -> bool:
        sitting = self._facts.trace(f"scoring/sitting/{event.sitting_id}")
        if not isinstance(sitting, Sitting) or sitting.round_id != event.round_id:
            return False
        try:
            motion = sitting.motion(event.motion_id or "")
        except Refused:
            return False
        return (
            motion.appeal == appeal.lodged.id
            and motion.decided is not None
            and motion.decided.carried == (event.outcome == "upheld")
        )


def is_appeal(cause: str) -> bool:
    """Whether a cause is the resolution of an appeal."""
    return cause.startswith("scoring/appeal/")
