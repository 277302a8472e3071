"""Events of `zharmenke.scoring`: panels, draws, score sheets, rankings, decisions, awards.

The order here is that of the procedure, and of the catalogue.
"""
# ruff: noqa: I001, RUF022

from schemas.scoring.base import Cut, EventId, ScoringEvent
from schemas.scoring.panel import Member, CommissionAppointed, SignInLinkRequested
from schemas.scoring.round import AssignmentsDrawn
from schemas.scoring.judging import (
    JudgeAssigned,
    CriterionPoints,
    ScoreRecorded,
    ScoreVoided,
    ScoresSealed,
)
from schemas.scoring.round import RoundClosed, RankedProject, JudgeScale, RankingComputed
from schemas.scoring.sitting import (
    MemberPresence,
    Presence,
    Vote,
    SittingEvent,
    SittingOpened,
    AttendanceTaken,
    QuorumEstablished,
    QuorumFailed,
    MotionPut,
    VoteCast,
    MotionDecided,
    SittingClosed,
)
from schemas.scoring.outcome import (
    DecidedProject,
    DecisionRecorded,
    ResultsPublished,
    ProjectOutcome,
    ProjectShortlisted,
    ProjectNotShortlisted,
    AwardConfirmed,
    AwardDeclined,
    WinnerAnnounced,
    ProjectNotAwarded,
)

__all__ = [
    "Cut",
    "EventId",
    "ScoringEvent",
    "Member",
    "CommissionAppointed",
    "SignInLinkRequested",
    "AssignmentsDrawn",
    "JudgeAssigned",
    "CriterionPoints",
    "ScoreRecorded",
    "ScoreVoided",
    "ScoresSealed",
    "RoundClosed",
    "RankedProject",
    "JudgeScale",
    "RankingComputed",
    "MemberPresence",
    "Presence",
    "Vote",
    "SittingEvent",
    "SittingOpened",
    "AttendanceTaken",
    "QuorumEstablished",
    "QuorumFailed",
    "MotionPut",
    "VoteCast",
    "MotionDecided",
    "SittingClosed",
    "DecidedProject",
    "DecisionRecorded",
    "ResultsPublished",
    "ProjectOutcome",
    "ProjectShortlisted",
    "ProjectNotShortlisted",
    "AwardConfirmed",
    "AwardDeclined",
    "WinnerAnnounced",
    "ProjectNotAwarded",
]
