"""A round's judging written into a chronicle, with what may happen between judges."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from schemas.scoring import (
    CriterionComment,
    CriterionPoints,
    DrawnProject,
    PitchDay,
    PitchesDrawn,
    ScoringEvent,
)
from schemas.season import RoundDefinition
from services.scoring.domain import (
    assignment,
    conflict,
    evaluation,
    evolution,
    pitch,
    questions,
    ranking,
    round,
    sheets,
    shortfall,
)
from services.scoring.domain.base import evaluation_id
from services.scoring.domain.commission import Commission
from services.scoring.domain.draw import assignments
from services.scoring.domain.slots import slots
from tests.admin.chronicle import OFFICE, Chronicle


class Judging:
    """The aggregates of one round."""

    state: round.Round

    def __init__(
        self, told: Chronicle, stage: RoundDefinition, panel: Commission, round_id: str
    ) -> None:
        self.told = told
        self.stage = stage
        self.panel = panel
        self.round_id = round_id
        self.evaluations: dict[str, evaluation.Evaluation] = {}

    def draw(self, projects: Sequence[str]) -> None:
        """Draw the judges, and give them their projects."""
        found = [self.told.heard[id] for id in projects]
        about = [
            DrawnProject(
                project_id=one.project_id,
                nomination=one.content.nomination,
                region=one.content.region,
                language=one.content.language,
            )
            for one in found
        ]
        drawn = round.draw(
            None,
            season_id=self.told.season.id,
            round_id=self.round_id,
            stage=self.stage,
            seed="chronicle",
            judges=[member.person_id for member in self.panel.voting],
            about=about,
        )
        self.told.say(f"round/{self.round_id}", drawn)
        self.state = round.evolve(None, drawn[0])
        for project, judges in assignments(self.state.drawn).items():
            self.say(
                project,
                assignment.assign(
                    None,
                    season_id=self.told.season.id,
                    round_id=self.round_id,
                    project_id=project,
                    judges=judges,
                ),
            )

    def say(
        self, project: str, events: Sequence[ScoringEvent], actor: str = OFFICE, cause: str = ""
    ) -> None:
        """Say something of a project's evaluation."""
        subject = f"evaluation/{evaluation_id(self.round_id, project)}"
        self.told.say(subject, events, actor, cause=cause)
        for event in events:
            self.evaluations[project] = evolution.evolve(self.evaluations.get(project), event)

    def score(self, project: str, judge: str, *, lowest: bool = False) -> None:
        """Hand in a judge's sheet, or the lowest points there are."""
        given = [
            CriterionPoints.model_validate(one)
            for one in self.told.cast.points(self.round_id, project, judge)
        ]
        if lowest:
            given = [
                CriterionPoints(criterion=one.id, points=one.minimum) for one in self.stage.criteria
            ]
        found, state = self.told.heard[project], self.evaluations[project]
        criteria = self.stage.within(found.content.nomination).criteria
        due = {one.criterion: one.points for one in given}
        last = state.last_sheet_of(judge)
        events = sheets.record_score(
            state,
            stage=self.stage,
            project=found,
            judge_id=judge,
            project_version=found.version,
            points=given,
            comments=[
                CriterionComment(criterion=one.id, comment="Анық жазылған")
                for one in criteria
                if one.comments.due(due[one.id])
            ],
            reason="Қайта оқыдым" if state.sheet_of(judge) else None,
            replaces=state.event_id(last.sequence) if last else None,
        )
        self.say(project, events, f"judge/{judge}")

    def score_all(self) -> None:
        """Hand in every judge's sheet of every project."""
        for project, found in list(self.evaluations.items()):
            for judge in found.active:
                self.score(project, judge)

    def hold_pitches(self, projects: Sequence[str]) -> None:
        """A member is recused from the second project; the first comes late, the last not at all.

        Then every judge scores what was pitched.
        """
        self.declare(projects[1], self.evaluations[projects[1]].active[1])
        drawn = self._draw_pitches()
        for slot in slots(drawn):
            self.say(
                slot.project_id, pitch.schedule(self.evaluations[slot.project_id], drawn, slot)
            )
        for project in projects:
            if project in (projects[0], projects[-1]):
                self.say(project, pitch.miss(self.evaluations[project]))
        found = self.evaluations[projects[0]].pitch
        assert found is not None
        later = pitch.reschedule(
            self.evaluations[projects[0]], found.starts_at + timedelta(hours=3), "Байланыс үзілді"
        )
        self.say(projects[0], later)
        for project in projects[:-1]:
            self.say(project, pitch.start(self.evaluations[project], self.told.heard[project]))
            for judge in self.evaluations[project].active:
                self.score(project, judge)
            self._ask(project, self.evaluations[project].active[0])
            self.say(project, pitch.end(self.evaluations[project]))

    def _ask(self, project: str, member: str) -> None:
        """A member asks, and the secretary enters the answer."""
        question = self.told.cast.id("question", project)
        asked = questions.ask(
            self.evaluations[project], question_id=question, person_id=member, text="Неліктен?"
        )
        self.say(project, asked, f"judge/{member}")
        answered = questions.answer(
            self.evaluations[project],
            question_id=question,
            contact_person_id=self.told.heard[project].contact_person_id,
            entered_by="secretary",
            text="Себебі бар.",
        )
        self.say(project, answered)

    def _draw_pitches(self) -> PitchesDrawn:
        morning = datetime.combine(self.told.season.final_days[0], time(4), UTC)
        said = pitch.draw_pitches(
            self.state,
            self.round_id,
            seed="chronicle",
            timetable=pitch.Timetable(
                days=(PitchDay(starts_at=morning, ends_at=morning + timedelta(hours=8)),),
                slot_minutes=12,
            ),
            evaluations=list(self.evaluations.values()),
            voting=[member.person_id for member in self.panel.voting],
            season=self.told.season,
        )
        self.say_of_round(said)
        (drawn,) = said
        assert isinstance(drawn, PitchesDrawn)
        return drawn

    def quarrel(self, project: str) -> None:
        """A sheet is changed, one is voided, and a conflict turns out to be none."""
        first, second, third = self.evaluations[project].active[:3]
        self.score(project, first, lowest=True)
        voided = sheets.void_score(self.evaluations[project], judge_id=second, reason="Қате")
        self.say(project, voided)
        self.score(project, second)
        self.declare(project, third)
        case = self.case(project, third)
        ruled = conflict.rule(
            self.evaluations[project],
            case,
            ruling="no-conflict",
            office="secretary",
            reason="Туыс емес",
        )
        self.say(project, ruled)
        self.score(project, third)

    def leave(self, project: str) -> None:
        """A judge abstains, and another one comes in the place of that one."""
        leaving = self.evaluations[project].active[0]
        coming = next(
            member.person_id
            for member in self.panel.voting
            if member.person_id not in self.evaluations[project].judges
        )
        abstained = assignment.abstain(self.evaluations[project], leaving, "Уақыт жоқ")
        self.say(project, abstained, f"judge/{leaving}")
        replaced = assignment.replace(self.evaluations[project], leaving, coming, "Уақыт жоқ")
        self.say(project, replaced)
        self.score(project, coming)

    def find_late_conflict(self, project: str) -> None:
        """After the ranking a conflict of the chair's comes out; it is confirmed, ranked anew."""
        chair, deputy = (member.person_id for member in self.panel.voting[:2])
        judge = chair if chair in self.evaluations[project].active else deputy
        self.declare(project, judge)
        ruled = conflict.rule(
            self.evaluations[project],
            self.case(project, judge),
            ruling="conflict",
            office="deputy" if judge == chair else "chair",
            reason="Бауырлар",
        )
        self.say(project, ruled, f"judge/{deputy if judge == chair else chair}")
        self.rank()

    def declare(self, project: str, judge: str) -> None:
        """A judge declares a conflict."""
        case = self.case(project, judge)
        declared = conflict.declare(self.evaluations[project], case, "family", "declared")
        self.say(project, declared, f"judge/{judge}")

    def case(self, project: str, judge: str) -> conflict.Case:
        """A judge and a project of this round."""
        return conflict.Case(self.told.season.id, self.round_id, project, judge)

    def close(self) -> None:
        """Seal, close and rank."""
        for project, found in list(self.evaluations.items()):
            self.say(project, sheets.seal(found))
        closing = round.close(self.state, self.round_id, list(self.evaluations.values()))
        self.say_of_round(closing)
        self.rank()

    def rank(self) -> None:
        """Rank the projects that have not withdrawn."""
        candidates = [
            ranking.Candidate(evaluation=found, project=self.told.heard[project])
            for project, found in self.evaluations.items()
            if self.told.heard[project].status == "eligible"
        ]
        few = shortfall.accept_few_sheets(self.state, self.stage, candidates, "Ауыстыру жоқ")
        self.say_of_round([ranking.compute_ranking(self.state.drawn, self.stage, candidates, few)])

    def say_of_round(self, events: Sequence[ScoringEvent], cause: str = "") -> None:
        """Say something of the round itself."""
        self.told.say(f"round/{self.round_id}", events, cause=cause)
        for event in events:
            self.state = round.evolve(self.state, event)
