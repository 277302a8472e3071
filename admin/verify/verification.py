"""One pass over a record: every rule there is, in one place."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from admin.verify.appeals import AppealRules
from admin.verify.awards import AwardRules
from admin.verify.corrections import CorrectionRules
from admin.verify.deciding import DecidingRules
from admin.verify.facts import Facts, Handlers
from admin.verify.findings import Findings
from admin.verify.identity import check_identity
from admin.verify.judges import JudgeRules
from admin.verify.notify import NotifyRules
from admin.verify.pitches import PitchRules
from admin.verify.questions import QuestionRules
from admin.verify.ranking import RankingRules
from admin.verify.reading import Reading, Said
from admin.verify.scoring import ScoringRules
from admin.verify.sheets import SheetRules
from admin.verify.sitting import SittingRules
from admin.verify.spool import Spool
from admin.verify.submission import SubmissionRules
from admin.verify.webinar import WebinarRules
from schemas.scoring import ResultsPublished
from schemas.submission import SeasonOpened
from schemas.topics import PREFIX
from services.kit.envelope import Record


class Verification:
    """Takes every record once, in the order of its partition, then `settle`s.

    Submission's stream is best taken first, notify's last: less has to be remembered. `edge` is the
    moment (as `ce_time` spells it) after which what should follow a fact may still be under way.
    """

    def __init__(self, edge: str = "", prefix: str = PREFIX) -> None:
        self.findings = Findings(edge)
        self._reading = Reading(self.findings, self._on_event, prefix)
        self._facts = Facts(self.findings, self._reading.subject)
        self._spool = Spool()
        self._submission = SubmissionRules(self._facts)
        self._judges = JudgeRules(self._facts)
        self._pitches = PitchRules(self._facts)
        self._questions = QuestionRules(self._facts)
        self._scoring = ScoringRules(self._facts)
        self._sheets = SheetRules(self._facts, self._spool)
        self._rankings = RankingRules(self._facts, self._spool)
        self._sittings = SittingRules(self._facts)
        self._deciding = DecidingRules(self._facts)
        self._awards = AwardRules(self._facts)
        self._appeals = AppealRules(self._facts)
        self._corrections = CorrectionRules(self._facts, self._appeals)
        self._webinar = WebinarRules(self._facts)
        self._notify = NotifyRules(self._facts)
        self._handlers = _together(
            self._submission.handlers(),
            {SeasonOpened: self._webinar.on_opened},
            self._judges.handlers(),
            self._pitches.handlers(),
            self._questions.handlers(),
            self._scoring.handlers(),
            self._sheets.handlers(),
            self._sittings.handlers(),
            _said_by("decision", self._deciding.handlers()),
            _said_by("awards", self._awards.handlers()),
            self._appeals.handlers(),
            self._corrections.handlers(),
            self._webinar.handlers(),
            self._notify.handlers(),
            self._notify.causes(),
        )
        self.take: Callable[[Record], None] = self._reading.take

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._spool.__exit__(kind, error, traceback)

    def settle(self) -> Findings:
        """Check what can only be known at the end."""
        subjects = self._reading.subjects
        self._reading.settle()
        self._submission.settle()
        self._judges.settle(subjects["scoring"].values())
        self._sheets.settle(subjects["scoring"].values())
        self._scoring.settle()
        self._pitches.settle(self._scoring.rounds)
        self._questions.settle()
        self._rankings.settle(self._scoring.rounds)
        self._sittings.settle()
        self._deciding.settle(self._scoring.rounds)
        self._awards.settle(self._deciding.decisions)
        self._appeals.settle()
        self._corrections.settle(self._deciding.decisions, self._scoring.rounds)
        self._webinar.settle(subjects["webinar"].values())
        self._notify.settle()
        self._facts.settle()
        return self.findings

    def last_sequences(self) -> dict[str, int]:
        """How far each subject's events go, by origin."""
        return {
            subject.origin: subject.last
            for found in self._reading.subjects.values()
            for subject in found.values()
        }

    def _on_event(self, said: Said) -> None:
        check_identity(self.findings, said)
        for handle in self._handlers.get(type(said.event), ()):
            handle(said)


def _together(*groups: Handlers) -> dict[type, tuple[Callable[[Said], None], ...]]:
    """Every handler of each type, in the order of the groups."""
    found: dict[type, tuple[Callable[[Said], None], ...]] = {}
    for group in groups:
        for model, handle in group.items():
            found[model] = (*found.get(model, ()), handle)
    return found


def _said_by(kind: str, handlers: Handlers) -> Handlers:
    """ResultsPublished is said by two kinds of aggregate: each has its own rules."""

    def of_kind(said: Said) -> None:
        if said.subject.name.startswith(f"{kind}/"):
            handlers[ResultsPublished](said)

    return {**handlers, ResultsPublished: of_kind}
