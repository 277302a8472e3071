"""Samples of what is said of a sitting."""

from datetime import UTC, datetime

from schemas.samples import cast
from schemas.samples.sample import Circumstances, Sample
from schemas.scoring import (
    AttendanceTaken,
    MemberPresence,
    MotionDecided,
    MotionPut,
    QuorumEstablished,
    QuorumFailed,
    SittingClosed,
    SittingOpened,
    VoteCast,
)

MET_AT = datetime(2020, 5, 9, 5, 0, tzinfo=UTC)
OFFICE = "secretary/sample"
COMMON = {"season_id": cast.SEASON, "round_id": cast.ROUND, "sitting_id": cast.SITTING}
MOTION = MotionPut(
    motion_id=cast.MOTION,
    text="Утвердить предложенный список",
    project_id=cast.PROJECT,
    recused=(cast.CHAIR,),
    appeal=cast.scoring_event(f"appeal/{cast.EVALUATION}", 1),
    **COMMON,
)


def _at(sequence: int, actor: str = OFFICE) -> Circumstances:
    return Circumstances(cast.SITTING, sequence=sequence, at=MET_AT, actor=actor)


SITTINGS = (
    Sample(
        SittingOpened(
            panel="jury",
            chair_id=cast.CHAIR,
            voting=(cast.CHAIR, cast.MEMBER),
            quorum_share="2/3",
            tie_rule="chair-casts",
            opened_at=MET_AT,
            **COMMON,
        ),
        _at(1),
    ),
    Sample(
        AttendanceTaken(
            attendance=(
                MemberPresence(person_id=cast.CHAIR, how="in-person"),
                MemberPresence(person_id=cast.MEMBER, how="remote"),
            ),
            **COMMON,
        ),
        _at(4),
    ),
    Sample(QuorumEstablished(present=2, needed=2, **COMMON), _at(5)),
    Sample(QuorumFailed(present=1, needed=2, **COMMON), _at(3)),
    Sample(
        MOTION,
        _at(6),
        kazakh=MOTION.model_copy(update={"text": "Ұсынылған тізім бекітілсін"}),
    ),
    Sample(
        VoteCast(motion_id=cast.MOTION, person_id=cast.MEMBER, vote="for", **COMMON),
        _at(7, f"judge/{cast.MEMBER}"),
    ),
    Sample(
        MotionDecided(
            motion_id=cast.MOTION,
            votes_for=1,
            votes_against=1,
            abstained=0,
            carried=True,
            tie_broken_by="chair-casts",
            **COMMON,
        ),
        _at(8),
    ),
    Sample(SittingClosed(closed_at=MET_AT, **COMMON), _at(9)),
)
