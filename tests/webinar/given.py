"""What the webinar tests begin with: a season, a webinar, people who register."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

from schemas.base import Localised
from schemas.season import SeasonDefinition, WebinarDefinition
from services.kit.envelope import Context
from services.webinar.domain.registrations import (
    Registration,
    Request,
    evolve_registration,
    register,
    requested,
)
from services.webinar.domain.webinars import Webinar, announce_webinar, evolve_webinar

BEFORE = datetime(2020, 5, 13, 8, 0, tzinfo=UTC)
STARTS = datetime(2020, 5, 13, 11, 0, tzinfo=UTC)
CONTEXT = Context("public", "api", "test")
SEASON_FILE = Path(__file__).parents[2] / "seasons" / "2020.yaml"


def season(*webinars: WebinarDefinition, id: str = "2020") -> SeasonDefinition:
    """The season of 2020 with these webinars instead of its own."""
    defined = [webinar.model_dump(mode="json") for webinar in webinars]
    return SeasonDefinition.model_validate(_season_of_2020() | {"id": id, "webinars": defined})


@cache
def _season_of_2020() -> dict[str, Any]:
    fields: dict[str, Any] = yaml.safe_load(SEASON_FILE.read_text("utf-8"))
    return fields


def definition(
    capacity: int | None = None, *, id: str = "media", starts_at: datetime = STARTS
) -> WebinarDefinition:
    """A webinar as a season file defines it."""
    return WebinarDefinition(
        id=id,
        title=Localised(kk="БАҚ пен ҮЕҰ", ru="СМИ и НПО", en="Media and NGOs"),
        speaker=Localised(kk="Сарапшы", ru="Эксперт", en="Expert"),
        starts_at=starts_at,
        minutes=90,
        capacity=capacity,
    )


@cache
def webinar(capacity: int | None = None, tickets: int = 0) -> Webinar:
    """A webinar that was announced."""
    defined = definition(capacity)
    (event,) = announce_webinar(None, season(defined), defined)
    return evolve_webinar(None, event).model_copy(update={"tickets": tickets})


def registration_id(number: int) -> str:
    """The id of the n-th person's registration."""
    return str(uuid5(NAMESPACE_URL, f"registration-{number}"))


def request(number: int, email: str = "") -> Request:
    """What the n-th person fills in."""
    return Request(
        name=f"Тыңдаушы {number}", email=email or f"person{number}@example.org", language="kk"
    )


def asked(number: int, of: Webinar) -> Registration:
    """The n-th person's registration before it comes to anything."""
    return requested(registration_id(number), of, request(number))


def registered(number: int, of: Webinar, ticket: int | None = None) -> Registration:
    """The n-th person's registration, with this ticket."""
    begun = asked(number, of)
    (event,) = register(None, begun, of, ticket)
    return evolve_registration(begun, event)


def later(seconds: float, since: datetime = BEFORE) -> datetime:
    """So many seconds after `since`."""
    return since + timedelta(seconds=seconds)
