"""Panels: who sits on the jury and on the commission, and how many make a quorum."""

from collections import Counter
from collections.abc import Sequence

from schemas.scoring import CommissionAppointed, Member, ScoringEvent, SignInLinkRequested
from schemas.season import PanelName, SeasonDefinition
from services.kit.refusal import Fault, Refused
from services.scoring.domain.base import State, invalid


class Commission(State):
    """An appointed panel of a season."""

    season_id: str
    panel: PanelName
    members: tuple[Member, ...]

    @property
    def voting(self) -> tuple[Member, ...]:
        """Those who score and vote: everybody but the secretary."""
        return tuple(member for member in self.members if member.role != "secretary")

    @property
    def quorum(self) -> int:
        """At least two thirds of the voting members, rounded up."""
        return -(-2 * len(self.voting) // 3)


def commission_id(season_id: str, panel: str) -> str:
    """The id of a season's panel."""
    return f"{season_id}-{panel}"


def appoint(
    commission: Commission | None,
    season: SeasonDefinition,
    panel: PanelName,
    members: Sequence[Member],
) -> list[ScoringEvent]:
    """Fill the seats that the season gives the panel; the same members again say nothing."""
    definition = next((found for found in season.panels if found.name == panel), None)
    if definition is None:
        raise Refused("missing", "unknown-panel", f"Season {season.id} has no panel {panel!r}.")
    faults = []
    ids = [member.person_id for member in members]
    if len(set(ids)) != len(ids):
        faults.append(Fault("members", "a person appears twice"))
    wanted = Counter(seat.role for seat in definition.seats)
    given = Counter(member.role for member in members)
    for role in sorted(wanted | given):
        if wanted[role] != given[role]:
            faults.append(
                Fault("members", f"{wanted[role]} x {role} are due, {given[role]} are given")
            )
    if faults:
        raise invalid("panel-invalid", faults)
    if commission is not None:
        if commission.members == tuple(members):
            return []
        raise Refused(
            "conflict",
            "panel-already-appointed",
            f"The {panel} of season {season.id} was appointed before.",
        )
    return [CommissionAppointed(season_id=season.id, panel=panel, members=tuple(members))]


def request_link(commission: Commission | None, person_id: str) -> list[ScoringEvent]:
    """Have a judge's sign-in link sent again; each request is another mail with another link."""
    members = commission.voting if commission else ()
    member = next((found for found in members if found.person_id == person_id), None)
    if commission is None or member is None:
        raise Refused("missing", "not-on-the-panel", "This person does not judge on this panel.")
    return [
        SignInLinkRequested(
            season_id=commission.season_id,
            panel=commission.panel,
            person_id=person_id,
            post=member.post,
        )
    ]


def evolve(commission: Commission | None, event: ScoringEvent) -> Commission:
    """The panel after an event of its own."""
    if isinstance(event, CommissionAppointed):
        return Commission(season_id=event.season_id, panel=event.panel, members=event.members)
    if isinstance(event, SignInLinkRequested) and commission is not None:
        return commission
    raise ValueError(f"a commission does not say {type(event).__name__}")
