"""Sittings: who attended, whether it was enough, what was moved and how they voted."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Contract, Count, Line, Moment, Ordinal, Slug, Uuid, Visibility
from schemas.scoring.base import EventId, ScoringEvent
from schemas.season import PanelName, TieRule

Presence = Literal["in-person", "remote", "absent"]
Vote = Literal["for", "against", "abstain"]


class SittingEvent(ScoringEvent):
    """Said of one sitting of a panel about one round."""

    season_id: Slug
    round_id: Slug
    sitting_id: Uuid


class SittingOpened(SittingEvent):
    """A panel meets about a round."""

    KIND: ClassVar[str] = "sitting"
    SAID_WHEN: ClassVar[str] = "the secretary opens a sitting"
    panel: PanelName
    chair_id: Uuid | None
    """The voting member who presides; null when the panel has no chair."""
    voting: Annotated[tuple[Uuid, ...], Field(min_length=1, max_length=60)]
    """Everybody who may vote: all members but the secretary."""
    quorum_share: Annotated[str, Field(pattern=r"^[1-9][0-9]?/[1-9][0-9]?$")]
    """The share of the voting members that must be present, as a fraction; rounded up."""
    tie_rule: TieRule
    """What equal votes come to at this sitting."""
    opened_at: Moment | None = None
    """When it was opened, for its protocol; null where it was not noted."""


class MemberPresence(Contract):
    """How one member took part."""

    person_id: Uuid
    how: Presence
    """absent, in-person, or remote."""


class AttendanceTaken(SittingEvent):
    """The roll was called; a later roll replaces it."""

    KIND: ClassVar[str] = "sitting"
    SAID_WHEN: ClassVar[str] = "the secretary calls the roll"
    attendance: Annotated[tuple[MemberPresence, ...], Field(min_length=1, max_length=60)]
    """Every voting member, present or not."""


class QuorumEstablished(SittingEvent):
    """Enough voting members are present: the sitting may decide."""

    KIND: ClassVar[str] = "sitting"
    SAID_WHEN: ClassVar[str] = "a roll call finds enough voting members"
    present: Count
    needed: Ordinal
    """The least number of voting members that makes a quorum."""


class QuorumFailed(SittingEvent):
    """Too few voting members are present: the sitting can't decide."""

    KIND: ClassVar[str] = "sitting"
    SAID_WHEN: ClassVar[str] = "a roll call finds too few voting members"
    present: Count
    needed: Ordinal
    """The least number of voting members that makes a quorum."""


class MotionPut(SittingEvent):
    """Something was put to the vote."""

    KIND: ClassVar[str] = "sitting"
    VISIBILITY: ClassVar[Visibility] = "after-results"
    SAID_WHEN: ClassVar[str] = "the secretary puts a motion to the vote"
    motion_id: Uuid
    text: Line
    """What is moved, in the words that were voted on."""
    project_id: Uuid | None = None
    """The project it is about; null when it is about none."""
    recused: tuple[Uuid, ...] = ()
    """Voting members who take no part in this vote because of a conflict."""
    appeal: EventId | None = None
    """`ce_id` of the AppealLodged that it upholds if it is carried; null when it is about none."""


class VoteCast(SittingEvent):
    """A member voted; until the motion is decided a later vote replaces it."""

    KIND: ClassVar[str] = "sitting"
    VISIBILITY: ClassVar[Visibility] = "after-results"
    SAID_WHEN: ClassVar[str] = "a present member votes, or the secretary records the vote"
    motion_id: Uuid
    person_id: Uuid
    vote: Vote
    """for, against, or abstain."""


class MotionDecided(SittingEvent):
    """The votes were counted. Carried with more for than against; abstentions count for neither."""

    KIND: ClassVar[str] = "sitting"
    VISIBILITY: ClassVar[Visibility] = "after-results"
    SAID_WHEN: ClassVar[str] = "the secretary has the votes on a motion counted"
    motion_id: Uuid
    votes_for: Count
    """How many voted for it."""
    votes_against: Count
    """How many voted against it."""
    abstained: Count
    """How many abstained."""
    carried: bool
    """Whether it was accepted."""
    tie_broken_by: TieRule | None = None
    """The rule that decided equal votes; null when they were not equal."""


class SittingClosed(SittingEvent):
    """The sitting is over; nothing is added to it any more."""

    KIND: ClassVar[str] = "sitting"
    SAID_WHEN: ClassVar[str] = "the secretary closes a sitting"
    closed_at: Moment | None = None
    """When it was closed, for its protocol; null where it was not noted."""
