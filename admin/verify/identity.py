"""That an event is said by the aggregate, in the season and at the moment that it tells of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from admin.verify.findings import Findings
from admin.verify.reading import Said
from schemas.base import Event, format_utc
from schemas.registry import EVENTS
from schemas.scoring import ResultsPublished, SittingClosed, SittingOpened
from schemas.submission import SeasonOpened
from services.scoring.domain.base import evaluation_id
from services.scoring.domain.commission import commission_id


def _field(name: str) -> Callable[[Any], str]:
    return lambda event: str(getattr(event, name))


ID_OF: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "season": lambda event: (
            event.season.id if isinstance(event, SeasonOpened) else event.season_id
        ),
        "project": _field("project_id"),
        "commission": lambda event: commission_id(event.season_id, event.panel),
        "round": _field("round_id"),
        "evaluation": lambda event: evaluation_id(event.round_id, event.project_id),
        "sitting": _field("sitting_id"),
        "appeal": lambda event: evaluation_id(event.round_id, event.project_id),
        "decision": _field("round_id"),
        "awards": _field("season_id"),
        "webinar": _field("webinar_id"),
        "registration": _field("registration_id"),
        "message": _field("message_id"),
        "suppression": _field("person_id"),
    }
)
"""How the id of an aggregate follows from what its events are about, by kind."""


NOTED: Mapping[type[Event], str] = MappingProxyType(
    {SittingOpened: "opened_at", SittingClosed: "closed_at", ResultsPublished: "published_at"}
)
"""The field in which an event notes when it was said, for what is printed of it."""


@dataclass(frozen=True, slots=True)
class _About:
    """What the bodies of one type of event tell."""

    kinds: frozenset[str]
    has_season: bool
    noted: str | None


@cache
def _about(name: str) -> _About:
    model = EVENTS[name]
    return _About(frozenset(model.kinds()), has_season(model), NOTED.get(model))


def check_identity(findings: Findings, said: Said) -> None:
    """Both accounts of an event, in its headers and in its body, must be the same."""
    event, subject = said.event, said.subject
    about = _about(type(event).__name__)
    findings.checked["subject"] += 1
    kind, _, id = subject.name.partition("/")
    if about.noted:
        _check_moment(findings, said, getattr(event, about.noted))
    if kind not in about.kinds or ID_OF[kind](event) != id:
        findings.fault("subject", said.place, f"is said by {subject.name}")
    season = said.values.get("ce_season", b"")
    if subject.season is None:
        subject.season = season
    if season != subject.season or (about.has_season and event.season_id.encode() != season):
        told = event.season_id if about.has_season else said.season
        findings.fault("subject", said.place, f"belongs to season {told!r} by one account only")


def _check_moment(findings: Findings, said: Said, noted: datetime | None) -> None:
    if noted is not None:
        what = f"notes {format_utc(noted)}, was said {said.time}"
        findings.expect(format_utc(noted) == said.time, "moment", said.place, what)


def has_season(model: type[Event]) -> bool:
    """Whether the body names the season too."""
    return "season_id" in model.model_fields
