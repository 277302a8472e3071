"""A small season written down as the services would say it, by their own rules, without a stack.

Twists on the way: a revision, a failed screening, a withdrawal before the ranking and one after the
award; a sheet replaced and one voided; a queue for a webinar; mails that bounce, get lost, or are
not known to have arrived.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zlib import crc32

from admin.rehearsal.cast import Cast, FairSize, ProjectPlan, season_text
from admin.rehearsal.commands import SEASON_FILE
from schemas.base import Event, format_utc
from schemas.scoring import CriterionPoints, Member, ScoringEvent
from schemas.season import SeasonDefinition
from schemas.topics import PARTITIONS, stream
from services.kit.envelope import Context, Envelope
from services.kit.fold import Heard
from services.notify import domain as mail
from services.notify.plans import plans_for
from services.notify.sending import fresh_messages
from services.scoring.domain import awards, commission, decision, evaluation, ranking, round
from services.scoring.domain.base import evaluation_id
from services.scoring.domain.draw import assignments
from services.scoring.domain.heard import PROJECTS, HeardProject
from services.submission import domain as submission
from services.submission.season_file import parse_season
from services.webinar.domain import registrations, webinars

TODAY = date(2026, 3, 2)
BEGIN = datetime(2026, 3, 2, 6, tzinfo=UTC)
SIZE = FairSize(projects=7, shortlist=3, jury=3, judges_per_project=3, registrants=4)
OFFICE = "secretary/office"


@dataclass(slots=True)
class Written:
    """A record as a consumer gives it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: int = 0

    def header(self, name: str) -> str:
        """A header's text."""
        return (dict(self.headers)[name] or b"").decode()


@dataclass
class Chronicle:
    """What was said so far. Every event takes a second."""

    season: SeasonDefinition
    cast: Cast
    records: list[Written] = field(default_factory=list)
    heard: dict[str, HeardProject] = field(default_factory=dict)
    clock: datetime = BEGIN
    _sequences: dict[str, int] = field(default_factory=dict)

    def say(
        self,
        subject: str,
        events: Iterable[Event],
        actor: str = OFFICE,
        via: str = "api",
        cause: str = "",
    ) -> list[Envelope]:
        """Say events of one subject, and have notify plan and send what they call for."""
        return [self._say(subject, event, actor, via, cause) for event in events]

    def _say(self, subject: str, event: Event, actor: str, via: str, cause: str) -> Envelope:
        self.clock += timedelta(seconds=1)
        origin = f"{event.SERVICE}/{subject}"
        self._sequences[origin] = self._sequences.get(origin, 0) + 1
        envelope = Envelope(
            service=event.SERVICE,
            type=event.type_name(),
            major=event.MAJOR,
            subject=subject,
            sequence=self._sequences[origin],
            time=format_utc(self.clock),
            season=self.season.id,
            actor=actor,
            via=via,
            causation_id=cause,
            correlation_id="test",
        )
        self.write(envelope, event.model_dump_json().encode())
        if envelope.type in PROJECTS.types:
            found = Heard(envelope, event, self.records[-1])
            for id in PROJECTS.targets(found):
                self.heard[id] = PROJECTS.fold(self.heard.get(id), found, id)
        self._mail(envelope, event)
        return envelope

    def write(self, envelope: Envelope, body: bytes | None) -> None:
        """Put a record at the end of its partition."""
        topic, key = stream(envelope.service), envelope.subject.encode()
        partition = crc32(key) % PARTITIONS
        offset = sum(1 for one in self.records if (one.topic, one.partition) == (topic, partition))
        headers = tuple((name, value.encode()) for name, value in envelope.headers())
        self.records.append(Written(topic, partition, offset, key, body, headers))

    def _mail(self, envelope: Envelope, event: Event) -> None:
        context = Context("service/notify", envelope.via, "test", envelope.id)
        for fresh in fresh_messages(plans_for(envelope, event), self.clock, context):
            message, said = mail.plan_message(None, fresh)
            subject = f"message/{message.message_id}"
            self.say(subject, said, context.actor, cause=envelope.id)
            for step in self._way(message):
                said = step(message)
                self.say(subject, said, context.actor, "schedule", envelope.id)
                for one in said:
                    message = mail.evolve(message, one)

    def _way(self, message: mail.Message) -> Sequence[Callable[[mail.Message], Any]]:
        def accept(found: mail.Message) -> Any:
            return mail.mark_accepted(
                found, language="kk", accepted_at=self.clock, smtp_reply="250 OK"
            )

        match int(message.message_id[:2], 16) % 4:
            case 0:
                return (lambda found: mail.mark_bounced(found, "550 no such mailbox"),)
            case 1 if message.plan.purpose in mail.SENT_AGAIN:
                return (mail.mark_unknown, mail.mark_unknown, accept)
            case 1:
                return (
                    mail.mark_unknown,
                    lambda found: mail.resend(found, found.message_id),
                    accept,
                )
            case 2:
                return (lambda found: mail.mark_suppressed(found, "the person was erased"),)
        return (accept,)


def chronicle() -> Chronicle:
    """The whole season."""
    definition = parse_season(season_text(SEASON_FILE, TODAY, SIZE))
    limited = definition.webinars[0].model_copy(update={"capacity": 2})
    season = definition.model_copy(update={"webinars": (limited, *definition.webinars[1:])})
    told = Chronicle(season, Cast("chronicle", SIZE, season))
    opened = submission.open_season(None, season)
    told.say(f"season/{season.id}", opened, "admin/operator", "admin")
    _submit(told)
    _webinars(told)
    panels = {name: _appoint(told, name) for name in ("jury", "commission")}
    eligible = [id for id, found in told.heard.items() if found.status == "eligible"]
    first = _judge(told, 0, panels["jury"], eligible, withdrawing=eligible[0])
    published = decision.publish_shortlist(first, first.round_id, told.heard, season.final_days)
    told.say(f"decision/{first.round_id}", published)
    final = _judge(told, 1, panels["commission"], list(first.chosen))
    _award(told, final)
    return told


def _submit(told: Chronicle) -> None:
    season = submission.Season(definition=told.season)
    for number, plan in enumerate(told.cast.projects()):
        project = _hand_in(told, season, plan, None, "")
        if number == 1:
            project = _hand_in(told, season, plan, project, " (2)")
        outcome = "ineligible" if number == 2 else "eligible"
        screened = submission.screen_project(
            project,
            project_id=plan.id,
            version=len(project.versions),
            outcome=outcome,  # type: ignore[arg-type]
            reason_code="incomplete" if outcome == "ineligible" else None,
        )
        told.say(f"project/{plan.id}", screened)
    closed = submission.close_season(season, told.season.id, told.clock, SIZE.projects)
    told.say(f"season/{told.season.id}", closed, "admin/operator", "admin")


def _hand_in(
    told: Chronicle,
    season: submission.Season,
    plan: ProjectPlan,
    project: submission.Project | None,
    mark: str,
) -> submission.Project:
    draft = {k: v for k, v in plan.draft.items() if k not in ("season_id", "contact")}
    now = told.clock + timedelta(seconds=1)
    project = submission.save_draft(
        project,
        project_id=plan.id,
        season=season,
        applicant=plan.applicant,
        draft=submission.Draft.model_validate(draft | {"title": draft["title"] + mark}),
        has_contact=True,
        now=now,
    )
    events = submission.submit_project(
        project, project_id=plan.id, season=season, applicant=plan.applicant, now=now
    )
    told.say(f"project/{plan.id}", events, f"applicant/{plan.applicant}", "page")
    for event in events:
        project = submission.evolve_project(project, event)
    return project


def _webinars(told: Chronicle) -> None:
    for definition in told.season.webinars:
        (event,) = webinars.announce_webinar(None, told.season, definition)
        webinar = webinars.evolve_webinar(None, event)
        cause = f"submission/season/{told.season.id}:1"
        told.say(f"webinar/{webinar.webinar_id}", [event], "service/webinar", "admin", cause)
        found = [
            _register(told, webinar, person.id, person.body, ticket)
            for ticket, person in enumerate(told.cast.registrants(webinar.webinar_id), 1)
        ]
        if webinar.capacity is not None and webinar.capacity < len(found):
            leaving, next_ = found[0], found[webinar.capacity]
            id = leaving.registration_id
            gone = registrations.cancel_registration(leaving, webinar.webinar_id, id)
            told.say(f"registration/{id}", gone, "public", "page")
            given = registrations.give_seat(next_, webinar, leaving.seat or 0, told.clock)
            subject = f"registration/{next_.registration_id}"
            told.say(subject, given, "service/webinar", "schedule")


def _register(
    told: Chronicle, webinar: webinars.Webinar, id: str, body: dict[str, Any], ticket: int
) -> registrations.Registration:
    request = registrations.Request.model_validate(body)
    registration = registrations.requested(id, webinar, request)
    events = registrations.register(None, registration, webinar, ticket)
    told.say(f"registration/{id}", events, "public", "page")
    for event in events:
        registration = registrations.evolve_registration(registration, event)
    return registration


def _appoint(told: Chronicle, name: Any) -> commission.Commission:
    members = [
        Member.model_validate({k: v for k, v in one.items() if k not in ("email", "language")})
        for one in told.cast.panel(name)
    ]
    (event,) = commission.appoint(None, told.season, name, members)
    panel = commission.evolve(None, event)
    subject = f"commission/{told.season.id}-{name}"
    told.say(subject, [event], "admin/operator", "admin")
    told.say(subject, commission.request_link(panel, panel.voting[0].person_id))
    return panel


class _Judging:
    """The aggregates of one round."""

    def __init__(self, told: Chronicle, stage: Any, round_id: str) -> None:
        self.told = told
        self.stage = stage
        self.round_id = round_id
        self.evaluations: dict[str, evaluation.Evaluation] = {}

    def say(self, project: str, events: Sequence[ScoringEvent], actor: str = OFFICE) -> None:
        self.told.say(f"evaluation/{evaluation_id(self.round_id, project)}", events, actor)
        for event in events:
            self.evaluations[project] = evaluation.evolve(self.evaluations.get(project), event)

    def score(self, project: str, judge: str, points: Sequence[CriterionPoints]) -> None:
        found = self.told.heard[project]
        events = evaluation.record_score(
            self.evaluations[project],
            stage=self.stage,
            project=found,
            judge_id=judge,
            project_version=found.version,
            points=points,
        )
        self.say(project, events, f"judge/{judge}")


def _judge(
    told: Chronicle,
    number: int,
    panel: commission.Commission,
    projects: Sequence[str],
    withdrawing: str = "",
) -> decision.Decision:
    season, stage = told.season, told.season.rounds[number]
    judging = _Judging(told, stage, f"{season.id}-{stage.id}")
    subject = f"round/{judging.round_id}"
    judges = [member.person_id for member in panel.voting]
    drawn = round.draw(
        None,
        season_id=season.id,
        round_id=judging.round_id,
        stage=stage,
        seed="chronicle",
        judges=judges,
        projects=projects,
    )
    told.say(subject, drawn)
    state = round.evolve(None, drawn[0])
    for project, chosen in assignments(state.drawn).items():
        fields = {"season_id": season.id, "round_id": judging.round_id, "project_id": project}
        judging.say(project, evaluation.assign(None, judges=chosen, **fields))
        for judge in chosen:
            _score(judging, project, judge)
    if number == 0:
        _second_thoughts(judging, projects[1])
        _withdraw(told, withdrawing)
    for project in projects:
        judging.say(project, evaluation.seal(judging.evaluations[project]))
    closing = round.close(state, judging.round_id, list(judging.evaluations.values()))
    told.say(subject, closing)
    candidates = [
        ranking.Candidate(evaluation=found, project=told.heard[project])
        for project, found in judging.evaluations.items()
        if told.heard[project].status == "eligible"
    ]
    computed = ranking.compute_ranking(state.drawn, stage, candidates)
    told.say(subject, [computed])
    for event in (*closing, computed):
        state = round.evolve(state, event)
    decided = decision.decide(
        None,
        round_=state,
        stage=stage,
        season_id=season.id,
        commission=panel,
        attended=judges,
        projects=told.heard,
    )
    told.say(f"decision/{judging.round_id}", decided)
    return decision.evolve(None, decided[0])


def _score(judging: _Judging, project: str, judge: str) -> None:
    given = judging.told.cast.points(judging.round_id, project, judge)
    judging.score(project, judge, [CriterionPoints.model_validate(one) for one in given])


def _second_thoughts(judging: _Judging, project: str) -> None:
    """One judge changes a sheet; another's is voided, and handed in anew."""
    found = judging.evaluations[project]
    first, second = found.judges[:2]
    lowest = [
        CriterionPoints(criterion=criterion.id, points=criterion.minimum)
        for criterion in judging.stage.criteria
    ]
    judging.score(project, first, lowest)
    voided = evaluation.void_score(found, judge_id=second, reason="Мүдделер қақтығысы")
    judging.say(project, voided)
    _score(judging, project, second)


def _withdraw(told: Chronicle, project_id: str) -> Envelope:
    plan = next(plan for plan in told.cast.projects() if plan.id == project_id)
    state = submission.Project(
        project_id=plan.id, season_id=told.season.id, applicant=plan.applicant
    )
    found = told.heard[project_id]
    version = submission.Version(
        number=found.version, content=found.content, submitted_at=told.clock, sequence=1
    )
    events = submission.withdraw_project(
        state.model_copy(update={"versions": (version,), "status": "eligible"}),
        project_id=project_id,
        applicant=plan.applicant,
    )
    subject = f"project/{project_id}"
    return told.say(subject, events, f"applicant/{plan.applicant}", "page")[0]


def _award(told: Chronicle, final: decision.Decision) -> None:
    season, subject = told.season, f"awards/{told.season.id}"
    state: awards.Awards | None = None

    def say(events: Sequence[ScoringEvent], actor: str = OFFICE, cause: str = "") -> None:
        nonlocal state
        told.say(subject, events, actor, cause=cause)
        for event in events:
            state = awards.evolve(state, event)

    for project_id in final.chosen[:2]:
        project = told.heard[project_id]
        amount = project.content.budget.requested_tiyn // 2
        say(
            awards.confirm(
                state, season=season, decision=final, project=project, amount_tiyn=amount
            )
        )
    say(
        awards.publish(
            state,
            season=season,
            round_id=final.round_id,
            decision=final,
            projects=told.heard,
        )
    )
    left = _withdraw(told, final.chosen[0])
    say(
        awards.decline(state, final.chosen[0], awards.WITHDRAWN),
        "service/scoring",
        left.id,
    )
