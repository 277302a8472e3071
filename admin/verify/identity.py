"""That an event is said by the aggregate, and in the season, that it is about."""

from collections.abc import Callable, Mapping
from typing import Any

from admin.verify.findings import Findings
from admin.verify.reading import Said
from schemas import notify, scoring, submission, webinar

_evaluation: Callable[[Any], str] = lambda e: f"evaluation/{e.round_id}~{e.project_id}"  # noqa: E731


def _by(kind: str, field: str) -> Callable[[Any], str]:
    return lambda event: f"{kind}/{getattr(event, field)}"


def _panel(event: Any) -> str:
    return f"commission/{event.season_id}-{event.panel}"


_SUBJECTS: Mapping[type, tuple[Callable[[Any], str], ...]] = {
    submission.SeasonOpened: (lambda event: f"season/{event.season.id}",),
    submission.SeasonClosed: (_by("season", "season_id"),),
    submission.ProjectSubmitted: (_by("project", "project_id"),),
    submission.ProjectRevised: (_by("project", "project_id"),),
    submission.ProjectScreened: (_by("project", "project_id"),),
    submission.ProjectWithdrawn: (_by("project", "project_id"),),
    scoring.CommissionAppointed: (_panel,),
    scoring.SignInLinkRequested: (_panel,),
    scoring.AssignmentsDrawn: (_by("round", "round_id"),),
    scoring.RoundClosed: (_by("round", "round_id"),),
    scoring.RankingComputed: (_by("round", "round_id"),),
    scoring.JudgeAssigned: (_evaluation,),
    scoring.ScoreRecorded: (_evaluation,),
    scoring.ScoreVoided: (_evaluation,),
    scoring.ScoresSealed: (_evaluation,),
    scoring.SittingOpened: (_by("sitting", "sitting_id"),),
    scoring.AttendanceTaken: (_by("sitting", "sitting_id"),),
    scoring.QuorumEstablished: (_by("sitting", "sitting_id"),),
    scoring.QuorumFailed: (_by("sitting", "sitting_id"),),
    scoring.MotionPut: (_by("sitting", "sitting_id"),),
    scoring.VoteCast: (_by("sitting", "sitting_id"),),
    scoring.MotionDecided: (_by("sitting", "sitting_id"),),
    scoring.SittingClosed: (_by("sitting", "sitting_id"),),
    scoring.DecisionRecorded: (_by("decision", "round_id"),),
    scoring.ProjectShortlisted: (_by("decision", "round_id"),),
    scoring.ProjectNotShortlisted: (_by("decision", "round_id"),),
    scoring.ResultsPublished: (_by("decision", "round_id"), _by("awards", "season_id")),
    scoring.AwardConfirmed: (_by("awards", "season_id"),),
    scoring.AwardDeclined: (_by("awards", "season_id"),),
    scoring.WinnerAnnounced: (_by("awards", "season_id"),),
    scoring.ProjectNotAwarded: (_by("awards", "season_id"),),
    webinar.WebinarAnnounced: (_by("webinar", "webinar_id"),),
    webinar.WebinarRegistered: (_by("registration", "registration_id"),),
    webinar.RegistrationWaitlisted: (_by("registration", "registration_id"),),
    webinar.RegistrationCancelled: (_by("registration", "registration_id"),),
    notify.MessagePlanned: (_by("message", "message_id"),),
    notify.MessageAccepted: (_by("message", "message_id"),),
    notify.MessageUnknown: (_by("message", "message_id"),),
    notify.MessageRequeued: (_by("message", "message_id"),),
    notify.MessageBounced: (_by("message", "message_id"),),
    notify.MessageSuppressed: (_by("message", "message_id"),),
    notify.AddressSuppressed: (_by("suppression", "person_id"),),
    notify.AddressRestored: (_by("suppression", "person_id"),),
}


def check_identity(findings: Findings, said: Said) -> None:
    """An event that is not in the table must at least be said by an aggregate of its kind."""
    event, subject = said.event, said.subject
    subjects = _SUBJECTS.get(type(event))
    findings.checked["subject"] += 1
    if subjects is None:
        fits = subject.name.partition("/")[0] in event.kinds()
    else:
        fits = any(of(event) == subject.name for of in subjects)
    if not fits:
        findings.fault("subject", said.place, f"is said by {subject.name}")
    season = said.values.get("ce_season", b"")
    if subject.season is None:
        subject.season = season
    about = event.season_id if "season_id" in type(event).model_fields else None
    if season != subject.season or (about is not None and about.encode() != season):
        findings.fault(
            "subject", said.place, f"belongs to season {about or said.season!r} by one account only"
        )
