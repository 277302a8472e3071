"""Panels: who sits on the jury and on the commission."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import (
    Contract,
    Line,
    Localised,
    Slug,
    Uuid,
    Visibility,
)
from schemas.scoring.base import ScoringEvent
from schemas.season import PanelName

Bin = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
"""A business identification number."""


class Member(Contract):
    """A member of a panel. Name and post are public record; the address is in `people`."""

    person_id: Uuid
    name: Line
    post: Localised
    role: Literal["chair", "member", "secretary"]
    organisation: Line | None = None
    """Where the member works or sits on the board; its projects are a conflict."""
    bin: Bin | None = None
    """That organisation's business identification number, when it is known."""
    related_bins: Annotated[tuple[Bin, ...], Field(max_length=50)] | None = None
    """Organisations that the member states a relation to; their projects are a conflict, too."""


class CommissionAppointed(ScoringEvent):
    """The jury or the commission of a season was appointed."""

    KIND: ClassVar[str] = "commission"
    VISIBILITY: ClassVar[Visibility] = "public"
    SAID_WHEN: ClassVar[str] = "an admin appoints the members of a panel"
    season_id: Slug
    panel: PanelName
    members: Annotated[tuple[Member, ...], Field(min_length=1, max_length=60)]


class SignInLinkRequested(ScoringEvent):
    """A member of a panel is sent another sign-in link."""

    KIND: ClassVar[str] = "commission"
    SAID_WHEN: ClassVar[str] = "the secretary has a judge's sign-in link sent again"
    season_id: Slug
    panel: PanelName
    person_id: Uuid
    post: Localised
