"""A small season with twists, written into a chronicle.

A rubric that differs by nomination; a revision, a failed screening, a withdrawal before the
ranking and one after the award; a winner who declines, and the reserve that moves up; appeals,
dismissed and upheld; sheets replaced and voided; conflicts, one of them found late; judges who
leave; a queue for a webinar; mails that bounce, get lost, or are not known to have arrived; a final
with pitches, one put off and one missed; a sitting that first lacks its quorum.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from admin.rehearsal.cast import Cast, FairSize, ProjectPlan, season_text
from admin.rehearsal.commands import SEASON_FILE
from schemas.scoring import AwardAdded, Member, ScoringEvent
from schemas.season import (
    CommentRule,
    CriterionWeight,
    NominationRubric,
    RoundDefinition,
    SeasonDefinition,
)
from services.kit.envelope import Envelope
from services.scoring.domain import (
    awards,
    commission,
    decision,
    defence,
    reserve,
    sitting,
    voting,
)
from services.submission import domain as submission
from services.submission.season_file import parse_season
from services.webinar.domain import registrations, webinars
from tests.admin import appeals_told
from tests.admin.appeals_told import Judged
from tests.admin.chronicle import OFFICE, Chronicle
from tests.admin.judging_told import Judging

TODAY = date(2026, 3, 2)
SIZE = FairSize(projects=7, shortlist=3, jury=4, judges_per_project=3, registrants=4)


def chronicle() -> Chronicle:
    """The whole season."""
    definition = parse_season(season_text(SEASON_FILE, TODAY, SIZE))
    limited = definition.webinars[0].model_copy(update={"capacity": 2})
    last = definition.rounds[-1].model_copy(update={"limit": 2, "reserve": 1})
    season = definition.model_copy(
        update={
            "webinars": (limited, *definition.webinars[1:]),
            "rounds": (_varied(definition), *definition.rounds[1:-1], last),
        }
    )
    told = Chronicle(season, Cast("chronicle", SIZE, season))
    opened = submission.open_season(None, season)
    told.say(f"season/{season.id}", opened, "admin/operator", "admin")
    _submit(told)
    _webinars(told)
    panels = {name: _appoint(told, name) for name in ("jury", "commission")}
    eligible = [id for id, found in told.heard.items() if found.status == "eligible"]
    jury = _judge(told, 0, panels["jury"], eligible, withdrawing=eligible[0])
    shortlist = appeals_told.shortlist_on_appeal(told, jury)
    final = _judge(told, 1, panels["commission"], list(shortlist.chosen))
    _award(told, final)
    return told


def _varied(definition: SeasonDefinition) -> RoundDefinition:
    """The first round: all sheets due, comments in one nomination, other weights in another."""
    first, names = definition.rounds[0], [one.id for one in definition.nominations]
    always = CommentRule(rule="required")
    asking = tuple(one.model_copy(update={"comment": always}) for one in first.criteria)
    level = Decimal(1) / len(first.criteria)
    weights = tuple(CriterionWeight(criterion=one.id, weight=level) for one in first.criteria)
    own = (
        NominationRubric(nomination=names[0], criteria=asking),
        NominationRubric(nomination=names[1], weights=weights),
    )
    return RoundDefinition.model_validate(dict(first) | {"nominations": own, "minimum_sheets": 3})


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


def _judge(
    told: Chronicle,
    number: int,
    panel: commission.Commission,
    projects: Sequence[str],
    withdrawing: str = "",
) -> Judged:
    season, stage = told.season, told.season.rounds[number]
    judging = Judging(told, stage, panel, f"{season.id}-{stage.id}")
    judging.draw(projects)
    if number:
        judging.hold_pitches(projects)
    else:
        judging.score_all()
        judging.quarrel(projects[1])
        judging.leave(projects[2])
        _withdraw(told, withdrawing)
    judging.close()
    if number == 0:
        judging.find_late_conflict(projects[3])
    sitting_id = _sit(told, panel, judging.round_id) if number else None
    decided = decision.decide(
        None,
        round_=judging.state,
        stage=stage,
        season_id=season.id,
        commission=panel,
        attended=[member.person_id for member in panel.voting],
        projects=told.heard,
        sitting_id=sitting_id,
        reserve=stage.reserve or 0,
    )
    told.say(f"decision/{judging.round_id}", decided)
    return Judged(judging, decision.evolve(None, decided[0]))


def _sit(told: Chronicle, panel: commission.Commission, round_id: str) -> str:
    """A sitting that comes to its quorum at the second roll call, and votes on a motion."""
    sitting_id, motion_id = told.cast.id("sitting", round_id), told.cast.id("motion", round_id)
    seats = next(one for one in told.season.panels if one.name == panel.panel)
    state: sitting.Sitting | None = None

    def say(events: Sequence[ScoringEvent]) -> None:
        nonlocal state
        told.say(f"sitting/{sitting_id}", events)
        for event in events:
            state = sitting.evolve(state, event)

    say(
        sitting.open_sitting(
            None,
            sitting_id=sitting_id,
            round_id=round_id,
            commission=panel,
            definition=seats,
            at=told.next_moment,
        )
    )
    members = [member.person_id for member in panel.voting]
    say(sitting.take_attendance(state, dict.fromkeys(members, "absent")))
    say(sitting.take_attendance(state, dict.fromkeys(members, "remote")))
    say(
        voting.put_motion(
            state, motion_id=motion_id, text="Тізімді бекіту", project_id=None, recused=()
        )
    )
    for number, member in enumerate(members):
        say(voting.cast_vote(state, motion_id, member, "for" if number else "abstain"))
    say(voting.decide_motion(state, motion_id))
    say(sitting.close_sitting(state, told.next_moment))
    return sitting_id


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


def _defended(told: Chronicle, state: awards.Awards | None, project_id: str) -> list[ScoringEvent]:
    """The first line of the project's budget is halved."""
    project = told.heard[project_id]
    wish = defence.Wish(
        revision_id=told.cast.id("revision", project_id),
        asked_by=told.cast.panel("commission")[0]["person_id"],
        lines={1: project.content.budget.lines[0].requested_tiyn // 2},
        reason="Арзанырақ болады",
    )
    return defence.revise(state, project=project, wish=wish)


def _award(told: Chronicle, judged: Judged) -> None:
    final = judged.decision
    season, subject = told.season, f"awards/{told.season.id}"
    state: awards.Awards | None = None

    def say(events: Sequence[ScoringEvent], actor: str = OFFICE, cause: str = "") -> None:
        nonlocal state
        told.say(subject, events, actor, cause=cause)
        for event in events:
            state = awards.evolve(state, event)

    for project_id in final.chosen[:2]:
        project = told.heard[project_id]
        say(_defended(told, state, project_id))
        amount = project.content.budget.requested_tiyn // 2  # within what is left
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
            at=told.next_moment,
            appeals_until=season.appeals_until(told.next_moment),
        )
    )
    declining, coming = final.chosen[1], final.reserve[0]
    applicant = told.heard[declining].applicant
    say(awards.give_back(state, declining, "Басқа грант алдық"), f"applicant/{applicant}")
    amount = told.heard[coming].content.budget.requested_tiyn // 3
    promoted = reserve.promote(
        state,
        season=season,
        round_id=final.round_id,
        decision=final,
        projects=told.heard,
        project_id=coming,
        in_place_of=declining,
        amount_tiyn=amount,
    )
    assert isinstance(promoted[0], AwardAdded)
    say(promoted, cause=promoted[0].cause)
    assert state is not None
    added = appeals_told.award_on_appeal(told, judged, state)
    say(added, cause=added[0].cause)
    left = _withdraw(told, final.chosen[0])
    say(
        awards.decline(state, final.chosen[0], awards.WITHDRAWN),
        "service/scoring",
        left.id,
    )
