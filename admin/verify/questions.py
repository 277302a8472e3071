"""The rules of questions: asked by a member's own hand, answered once for the contact person."""

from admin.verify.facts import Facts, Handlers
from admin.verify.judges import Evaluation
from admin.verify.reading import Said
from schemas.scoring import QuestionAnswered, QuestionAsked
from services.scoring.domain.commission import Commission, commission_id


class QuestionRules:
    """Checks what evaluations say of questions and answers."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._findings = facts.findings
        self._asked: list[Said] = []
        self._answered: list[Said] = []

    def handlers(self) -> Handlers:
        """What looks at which event."""
        return {QuestionAsked: self._on_asked, QuestionAnswered: self._on_answered}

    def settle(self) -> None:
        """Who asked is on the panel, and who answered is the project's contact person."""
        for said in self._asked:
            self._findings.expect(
                said.event.person_id in self._panel(said),
                "question",
                said.place,
                f"{said.event.person_id} does not judge in this round",
            )
        for said in self._answered:
            project = self._facts.project(said.event.project_id)
            self._findings.expect(
                project is not None and project.contact_person_id == said.event.person_id,
                "question",
                said.place,
                f"{said.event.person_id} is not the project's contact person",
            )

    def _panel(self, said: Said) -> set[str]:
        stage = self._facts.stages.get(said.event.round_id)
        panel = stage and self._facts.trace(
            f"scoring/commission/{commission_id(said.event.season_id, stage.definition.panel)}"
        )
        return {one.person_id for one in panel.voting} if isinstance(panel, Commission) else set()

    def _on_asked(self, said: Said) -> None:
        event, trace = said.event, said.subject.trace
        fits = (
            isinstance(trace, Evaluation)
            and trace.pitch is not None
            and not trace.sealed
            and event.question_id not in trace.questions
            and event.person_id not in trace.barred
        )
        self._findings.expect(
            fits and said.actor == f"judge/{event.person_id}",
            "question",
            said.place,
            f"{said.actor} asks as {event.person_id}: without a slot, with a conflict, or again",
        )
        if isinstance(trace, Evaluation):
            trace.questions.setdefault(event.question_id, False)
        self._asked.append(said)

    def _on_answered(self, said: Said) -> None:
        event, trace = said.event, said.subject.trace
        open_ = isinstance(trace, Evaluation) and trace.questions.get(event.question_id) is False
        self._findings.expect(
            open_ and said.actor.startswith(f"{event.entered_by}/"),
            "question",
            said.place,
            f"{said.actor} answers what was not asked, or was answered before",
        )
        if isinstance(trace, Evaluation):
            trace.questions[event.question_id] = True
        self._answered.append(said)
