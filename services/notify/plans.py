"""Which mails an event calls for: a pure table from events to plans."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from pydantic import JsonValue

from schemas.base import Event, Language
from schemas.notify import Purpose
from schemas.scoring import (
    CommissionAppointed,
    ProjectNotAwarded,
    ProjectNotShortlisted,
    ProjectShortlisted,
    SignInLinkRequested,
    WinnerAnnounced,
)
from schemas.submission import ProjectRevised, ProjectScreened, ProjectSubmitted
from schemas.webinar import WebinarRegistered
from services.kit.envelope import Envelope
from services.notify import wording
from services.notify.domain import Plan


def plans_for(envelope: Envelope, event: Any) -> list[Plan]:
    """The mails due because of this event; none for most."""
    plan = _MAILS.get(type(event))
    return plan(envelope, event) if plan else []


def _receipt(envelope: Envelope, event: ProjectSubmitted) -> list[Plan]:
    values: dict[str, JsonValue] = {
        "title": event.content.title,
        "project_id": event.project_id,
        "version": event.version,
        "submitted_at": event.submitted_at.isoformat(),
        "event_id": envelope.id,
    }
    return [_about_project("submission-receipt", envelope, event, values)]


def _screened_out(envelope: Envelope, event: ProjectScreened) -> list[Plan]:
    if event.reason_code is None:
        return []
    values: dict[str, JsonValue] = {"title": event.title, "reason_code": event.reason_code}
    return [_about_project("screened-out", envelope, event, values)]


def _shortlisted(envelope: Envelope, event: ProjectShortlisted) -> list[Plan]:
    values: dict[str, JsonValue] = {"title": event.title, "final_hint": _dates(event.final_days)}
    return [_about_project("shortlisted", envelope, event, values)]


def _not_shortlisted(envelope: Envelope, event: ProjectNotShortlisted) -> list[Plan]:
    return [_about_project("not-shortlisted", envelope, event, {"title": event.title})]


def _won(envelope: Envelope, event: WinnerAnnounced) -> list[Plan]:
    values: dict[str, JsonValue] = {"title": event.title, "amount_tiyn": event.amount_tiyn}
    return [_about_project("won", envelope, event, values)]


def _not_awarded(envelope: Envelope, event: ProjectNotAwarded) -> list[Plan]:
    values: dict[str, JsonValue] = {"title": event.title}
    if event.reserve is not None:
        values["reserve"] = event.reserve
    return [_about_project("not-awarded", envelope, event, values)]


def _about_project(
    purpose: Purpose, envelope: Envelope, event: Any, values: dict[str, JsonValue]
) -> Plan:
    return Plan(
        purpose=purpose,
        about=f"project/{event.project_id}",
        occurrence=envelope.id,
        person_id=event.contact_person_id,
        season_id=event.season_id,
        values=values,
    )


def _appointments(envelope: Envelope, event: CommissionAppointed) -> list[Plan]:
    """The secretary runs the procedure and does not judge: no sign-in link for that seat."""
    return [
        Plan(
            purpose="judge-appointed",
            about=envelope.subject,
            occurrence=envelope.id,
            person_id=member.person_id,
            season_id=event.season_id,
            values={"post": member.post.model_dump(), "panel": event.panel},
        )
        for member in event.members
        if member.role != "secretary"
    ]


def _link_again(envelope: Envelope, event: SignInLinkRequested) -> list[Plan]:
    """Another message, whose link has not been used."""
    return [
        Plan(
            purpose="judge-appointed",
            about=envelope.subject,
            occurrence=envelope.id,
            person_id=event.person_id,
            season_id=event.season_id,
            values={"post": event.post.model_dump(), "panel": event.panel},
        )
    ]


def _webinar_link(_envelope: Envelope, event: WebinarRegistered) -> list[Plan]:
    """One per registration and version of the schedule."""
    plan = Plan(
        purpose="webinar-link",
        about=f"registration/{event.registration_id}",
        occurrence=f"schedule-{event.schedule_version}",
        person_id=event.person_id,
        season_id=event.season_id,
        values={
            "webinar_title": event.title.model_dump(),
            "speaker": event.speaker.model_dump(),
            "starts_at": event.starts_at.isoformat(),
            "ends_at": event.ends_at.isoformat(),
            "timezone": event.timezone,
            "registration_id": event.registration_id,
            "schedule_version": event.schedule_version,
        },
    )
    return [plan]


def _dates(days: Sequence[date]) -> dict[str, JsonValue]:
    """A sentence in each language about when the final is."""
    begin: dict[Language, str] = {
        "kk": "Финал күндері",
        "ru": "Дни финала",
        "en": "Days of the final",
    }
    return {
        language: f"{words}: {', '.join(wording.day(day, language) for day in days)}."
        for language, words in begin.items()
    }


_MAILS: dict[type, Callable[[Envelope, Any], list[Plan]]] = {
    ProjectSubmitted: _receipt,
    ProjectRevised: _receipt,
    ProjectScreened: _screened_out,
    CommissionAppointed: _appointments,
    SignInLinkRequested: _link_again,
    ProjectShortlisted: _shortlisted,
    ProjectNotShortlisted: _not_shortlisted,
    WinnerAnnounced: _won,
    ProjectNotAwarded: _not_awarded,
    WebinarRegistered: _webinar_link,
}
HEARD: tuple[type[Event], ...] = tuple(_MAILS)
"""The event types that call for a mail."""
