"""A season up to its first ranking, with any number of score events, said by the domain's rules.

The same projects and judges hand in more sheets, each in place of the one before: so the number of
events grows, and that of subjects does not. Everything that `zharmenke verify` looks for is there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from admin.rehearsal.cast import Cast, FairSize, season_text
from admin.stack.layout import REPOSITORY
from schemas.base import Event, format_utc
from schemas.scoring import CriterionPoints, DrawnProject, Member, ScoreRecorded, ScoringEvent
from schemas.season import SeasonDefinition
from services.kit.envelope import Context, Envelope
from services.kit.fold import Heard
from services.notify import domain as mail
from services.notify.plans import plans_for
from services.notify.sending import fresh_messages
from services.scoring.domain import (
    assignment,
    commission,
    evaluation,
    evolution,
    ranking,
    round,
    sheets,
)
from services.scoring.domain.base import evaluation_id
from services.scoring.domain.draw import assignments
from services.scoring.domain.heard import PROJECTS, HeardProject
from services.submission import domain as submission
from services.submission.messages import SaveDraft
from services.submission.season_file import parse_season
from services.webinar.domain import webinars

OFFICE = "secretary/office"
JUDGES = 9
SHEETS_KNOWN = 500
"""Different sheets that are handed in, in turn."""
TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it goes on the wire."""

    envelope: Envelope
    body: bytes


class JudgedSeason:
    """Exactly so many events, the same on every day but for the season's dates."""

    def __init__(self, projects: int, events: int) -> None:
        size = FairSize(projects=projects, jury=JUDGES, judges_per_project=JUDGES, shortlist=1)
        text = season_text(REPOSITORY / "seasons" / "2020.yaml", datetime.now(UTC).date(), size)
        self.season: SeasonDefinition = parse_season(text)
        self._cast = Cast("bench", size, self.season)
        self._stage = self.season.rounds[0]
        self._round_id = f"{self.season.id}-{self._stage.id}"
        self._clock = self.season.opens_at
        self._sequences: dict[str, int] = {}
        self._heard: dict[str, HeardProject] = {}
        self._evaluations: dict[str, evaluation.Evaluation] = {}
        self._sheets: dict[str, list[evaluation.Sheet]] = {}
        self._wanted = events
        self._count = 0

    def __iter__(self) -> Iterator[Told]:
        yield from self._call()
        judges = [*self._panel()]
        yield from self._appoint(judges)
        yield from self._draw([judge.person_id for judge in judges])
        yield from self._score(self._wanted - self._count - len(self._evaluations) - 2)
        yield from self._close()

    def _call(self) -> Iterator[Told]:
        """The season, its webinars and its projects, all of them eligible."""
        season = self.season
        opened = submission.open_season(None, season)
        yield from self._say(f"season/{season.id}", opened, "admin/operator")
        for definition in season.webinars:
            announced = webinars.announce_webinar(None, season, definition)
            subject = f"webinar/{webinars.webinar_id(season.id, definition.id)}"
            cause = f"submission/season/{season.id}:1"
            yield from self._say(subject, announced, "service/webinar", cause)
        state = submission.Season(definition=season)
        for plan in self._cast.projects():
            body = SaveDraft.model_validate(plan.draft)
            draft = submission.Draft.model_validate(
                body.model_dump(exclude={"season_id", "contact"})
            )
            now = self._clock + TICK
            project = submission.save_draft(
                None,
                project_id=plan.id,
                season=state,
                applicant=plan.applicant,
                draft=draft,
                has_contact=True,
                now=now,
            )
            handed_in = submission.submit_project(
                project, project_id=plan.id, season=state, applicant=plan.applicant, now=now
            )
            yield from self._say(f"project/{plan.id}", handed_in, f"applicant/{plan.applicant}")
            for event in handed_in:
                project = submission.evolve_project(project, event)
            screened = submission.screen_project(
                project, project_id=plan.id, version=1, outcome="eligible", reason_code=None
            )
            yield from self._say(f"project/{plan.id}", screened)

    def _panel(self) -> Iterator[Member]:
        for one in self._cast.panel("jury"):
            told = {name: of for name, of in one.items() if name not in ("email", "language")}
            yield Member.model_validate(told)

    def _appoint(self, members: list[Member]) -> Iterator[Told]:
        appointed = commission.appoint(None, self.season, "jury", members)
        yield from self._say(f"commission/{self.season.id}-jury", appointed, "admin/operator")

    def _draw(self, judges: list[str]) -> Iterator[Told]:
        about = [
            DrawnProject(
                project_id=one.project_id,
                nomination=one.content.nomination,
                region=one.content.region,
                language=one.content.language,
            )
            for one in self._heard.values()
        ]
        season_id, round_id = self.season.id, self._round_id
        drawn = round.draw(
            None,
            season_id=season_id,
            round_id=round_id,
            stage=self._stage,
            seed="bench",
            judges=judges,
            about=about,
        )
        yield from self._say(f"round/{self._round_id}", drawn)
        self._round = round.evolve(None, drawn[0])
        for project, chosen in assignments(self._round.drawn).items():
            given = assignment.assign(
                None, season_id=season_id, round_id=round_id, project_id=project, judges=chosen
            )
            yield from self._say(self._subject(project), given)
            for event in given:
                self._evaluations[project] = evolution.evolve(self._evaluations.get(project), event)

    def _score(self, count: int) -> Iterator[Told]:
        """So many sheets: every judge's of every project, and again from the first."""
        known = [
            tuple(
                CriterionPoints.model_validate(one)
                for one in self._cast.points(self._round_id, str(number), "judge")
            )
            for number in range(SHEETS_KNOWN)
        ]
        places = [
            (project, judge)
            for project, found in self._evaluations.items()
            for judge in found.active
        ]
        if count < len(places):
            raise ValueError("too few events for every judge to hand in a sheet")
        last: dict[tuple[str, str], str] = {}
        for number in range(count):
            project, judge = places[number % len(places)]
            before = last.get((project, judge))
            event = ScoreRecorded(
                round_id=self._round_id,
                project_id=project,
                judge_id=judge,
                project_version=1,
                points=known[number % SHEETS_KNOWN],
                reason="Қайта оқыдым" if before else None,
                replaces=before,
            )
            (told,) = self._say(self._subject(project), [event], f"judge/{judge}")
            last[project, judge] = told.envelope.id
            self._sheets.setdefault(project, []).append(
                evaluation.Sheet.said(event, told.envelope.sequence)
            )
            yield told

    def _close(self) -> Iterator[Told]:
        """Seal, close and rank."""
        found = {}
        for project, before in self._evaluations.items():
            scored = before.model_copy(
                update={
                    "sheets": tuple(self._sheets[project]),
                    "said": self._sequences[f"scoring/{self._subject(project)}"],
                }
            )
            sealed = sheets.seal(scored)
            yield from self._say(self._subject(project), sealed)
            found[project] = evolution.evolve(scored, sealed[0])
        closed = round.close(self._round, self._round_id, list(found.values()))
        yield from self._say(f"round/{self._round_id}", closed)
        candidates = [
            ranking.Candidate.model_construct(evaluation=one, project=self._heard[project])
            for project, one in found.items()
        ]
        ranked = ranking.compute_ranking(self._round.drawn, self._stage, candidates)
        yield from self._say(f"round/{self._round_id}", [ranked])

    def _subject(self, project: str) -> str:
        return f"evaluation/{evaluation_id(self._round_id, project)}"

    def _say(
        self,
        subject: str,
        events: Iterable[Event | ScoringEvent],
        actor: str = OFFICE,
        cause: str = "",
    ) -> Iterator[Told]:
        """Events of one subject, and the mails that they call for."""
        for event in events:
            told = self._told(subject, event, actor, cause)
            yield told
            if told.envelope.type in PROJECTS.types:
                heard = Heard(told.envelope, event, None)  # type: ignore[arg-type]
                for id in PROJECTS.targets(heard):
                    self._heard[id] = PROJECTS.fold(self._heard.get(id), heard, id)
            yield from self._mail(told.envelope, event)

    def _told(self, subject: str, event: Event, actor: str, cause: str) -> Told:
        self._clock += TICK
        self._count += 1
        origin = f"{event.SERVICE}/{subject}"
        sequence = self._sequences[origin] = self._sequences.get(origin, 0) + 1
        envelope = Envelope(
            service=event.SERVICE,
            type=event.type_name(),
            major=event.MAJOR,
            subject=subject,
            sequence=sequence,
            time=format_utc(self._clock),
            season=self.season.id,
            actor=actor,
            via="api",
            causation_id=cause,
            correlation_id="http/5f2a40b1c6d7e8f901234567",
        )
        return Told(envelope, event.model_dump_json().encode())

    def _mail(self, envelope: Envelope, event: Event) -> Iterator[Told]:
        plans = plans_for(envelope, event)
        context = Context("service/notify", "schedule", "bench", envelope.id)
        for fresh in fresh_messages(plans, self._clock, context) if plans else ():
            message, planned = mail.plan_message(None, fresh)
            sent = mail.mark_accepted(
                message, language="kk", accepted_at=self._clock, smtp_reply="250 OK"
            )
            for one in (*planned, *sent):
                yield self._told(f"message/{message.message_id}", one, context.actor, envelope.id)
