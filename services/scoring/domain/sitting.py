"""A sitting of a panel: its roll, its quorum, its motions and votes.

The quorum is a share of the voting members, rounded up (two thirds when the season says nothing).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Literal

from schemas.base import Line, Moment, Slug, Uuid
from schemas.scoring import (
    AttendanceTaken,
    MemberPresence,
    MotionDecided,
    MotionPut,
    Presence,
    QuorumEstablished,
    QuorumFailed,
    ScoringEvent,
    SittingClosed,
    SittingOpened,
    Vote,
    VoteCast,
)
from schemas.season import PanelDefinition, PanelName, TieRule
from services.kit.refusal import Fault, Refused
from services.scoring.domain.base import State, invalid
from services.scoring.domain.commission import Commission


class Motion(State):
    """Something put to the vote."""

    motion_id: Uuid
    text: Line
    project_id: Uuid | None
    recused: tuple[Uuid, ...]
    appeal: str | None = None
    """The appeal that it is to uphold, by the id of its AppealLodged."""
    votes: Mapping[Uuid, Vote] = {}
    decided: MotionDecided | None = None


class Sitting(State):
    """A sitting as far as it has come."""

    sitting_id: Uuid
    season_id: Slug
    round_id: Slug
    panel: PanelName
    chair_id: Uuid | None
    voting: tuple[Uuid, ...]
    quorum_share: str
    tie_rule: TieRule
    status: Literal["opened", "quorate", "inquorate", "closed"] = "opened"
    attendance: tuple[MemberPresence, ...] = ()
    motions: tuple[Motion, ...] = ()
    opened_at: Moment | None = None
    closed_at: Moment | None = None

    @property
    def present(self) -> tuple[str, ...]:
        """The voting members who are there, in the order of their ids."""
        there = {member.person_id for member in self.attendance if member.how != "absent"}
        return tuple(sorted(there.intersection(self.voting)))

    @property
    def quorate(self) -> bool:
        """Whether the last roll found enough voting members."""
        return bool(self.attendance) and len(self.present) >= self.needed()

    def needed(self, recused: Sequence[str] = ()) -> int:
        """How many voting members make a quorum when these are recused; at least one."""
        return max(1, quorum_of(self.quorum_share, len(set(self.voting) - set(recused))))

    def motion(self, motion_id: str) -> Motion:
        """A motion of this sitting; refused as missing when there is none."""
        for found in self.motions:
            if found.motion_id == motion_id:
                return found
        raise Refused("missing", "unknown-motion", f"This sitting has no motion {motion_id}.")


def quorum_of(share: str, voting: int) -> int:
    """A share of the voting members, rounded up."""
    part = Fraction(share) * voting
    return -(-part.numerator // part.denominator)


def open_sitting(
    sitting: Sitting | None,
    *,
    sitting_id: str,
    round_id: str,
    commission: Commission,
    definition: PanelDefinition,
    at: datetime | None = None,
) -> list[ScoringEvent]:
    """Have a panel meet about a round; the same again says nothing."""
    if sitting is not None:
        if sitting.round_id != round_id:
            raise Refused("conflict", "sitting-exists", "This sitting is about another round.")
        return []
    voting = tuple(sorted(member.person_id for member in commission.voting))
    chairs = [member.person_id for member in commission.voting if member.role == "chair"]
    return [
        SittingOpened(
            season_id=commission.season_id,
            round_id=round_id,
            sitting_id=sitting_id,
            panel=commission.panel,
            chair_id=next(iter(chairs), None),
            voting=voting,
            quorum_share=definition.quorum_share,
            tie_rule=definition.ties,
            opened_at=at,
        )
    ]


def take_attendance(
    sitting: Sitting | None, attendance: Mapping[str, Presence]
) -> list[ScoringEvent]:
    """Call the roll of all voting members; says whether they are enough."""
    found = require_open(sitting)
    strangers = sorted(set(attendance) - set(found.voting))
    unnamed = sorted(set(found.voting) - set(attendance))
    faults = [Fault(f"attendance.{id}", "does not vote on this panel") for id in strangers]
    faults += [Fault(f"attendance.{id}", "is missing; say absent") for id in unnamed]
    if faults:
        raise invalid("roll-invalid", faults)
    roll = tuple(MemberPresence(person_id=id, how=attendance[id]) for id in sorted(attendance))
    if roll == found.attendance:
        return []
    if any(motion.decided for motion in found.motions):
        raise Refused("conflict", "already-decided", "The roll stands once a motion is decided.")
    present = sum(1 for member in roll if member.how != "absent")
    outcome = QuorumEstablished if present >= found.needed() else QuorumFailed
    common = common_fields(found)
    return [
        AttendanceTaken(attendance=roll, **common),
        outcome(present=present, needed=found.needed(), **common),
    ]


def close_sitting(sitting: Sitting | None, at: datetime | None = None) -> list[ScoringEvent]:
    """End it; again says nothing. Motions that are put must be decided first."""
    found = require_known(sitting)
    if found.status == "closed":
        return []
    if open_ones := [motion.motion_id for motion in found.motions if not motion.decided]:
        raise Refused(
            "conflict", "motions-open", "Not decided yet: " + ", ".join(sorted(open_ones))
        )
    return [SittingClosed(closed_at=at, **common_fields(found))]


def attended(sitting: Sitting | None, round_id: str) -> tuple[str, ...]:
    """Who takes part in the round's decision; refused unless the sitting had its quorum."""
    found = require_known(sitting)
    if found.round_id != round_id:
        raise Refused("conflict", "other-round", "This sitting is about another round.")
    if found.quorate:
        return found.present
    raise no_quorum(found)


def evolve(sitting: Sitting | None, event: ScoringEvent) -> Sitting:
    """The sitting after an event of its own."""
    if isinstance(event, SittingOpened):
        return Sitting.model_validate(event.model_dump())
    if sitting is None:
        raise ValueError("a sitting begins with SittingOpened")
    match event:
        case AttendanceTaken():
            change: dict[str, object] = {"attendance": event.attendance}
        case QuorumEstablished():
            change = {"status": "quorate"}
        case QuorumFailed():
            change = {"status": "inquorate"}
        case SittingClosed():
            change = {"status": "closed", "closed_at": event.closed_at}
        case MotionPut():
            motion = Motion.model_validate(event.model_dump())
            change = {"motions": (*sitting.motions, motion)}
        case VoteCast() | MotionDecided():
            change = {"motions": tuple(_after(motion, event) for motion in sitting.motions)}
        case _:
            raise ValueError(f"a sitting does not say {type(event).__name__}")
    return sitting.model_copy(update=change)


def _after(motion: Motion, event: VoteCast | MotionDecided) -> Motion:
    if motion.motion_id != event.motion_id:
        return motion
    if isinstance(event, VoteCast):
        votes = {**motion.votes, event.person_id: event.vote}
        return motion.model_copy(update={"votes": votes})
    return motion.model_copy(update={"decided": event})


def require_known(sitting: Sitting | None) -> Sitting:
    """Refuse a sitting that there is not."""
    if sitting is None:
        raise Refused("missing", "unknown-sitting", "There is no such sitting.")
    return sitting


def require_open(sitting: Sitting | None) -> Sitting:
    """Refuse a sitting that is closed."""
    found = require_known(sitting)
    if found.status == "closed":
        raise Refused("conflict", "sitting-closed", "This sitting is closed.")
    return found


def require_quorate(sitting: Sitting | None) -> Sitting:
    """Refuse a sitting that can't decide."""
    found = require_open(sitting)
    if not found.quorate:
        raise no_quorum(found)
    return found


def no_quorum(found: Sitting) -> Refused:
    """The refusal where too few are present."""
    detail = f"{len(found.present)} of {len(found.voting)} voting members are present, "
    return Refused("conflict", "no-quorum", detail + f"{found.needed()} must be.")


def common_fields(sitting: Sitting) -> dict[str, str]:
    """What every event of a sitting says."""
    return {
        "season_id": sitting.season_id,
        "round_id": sitting.round_id,
        "sitting_id": sitting.sitting_id,
    }
