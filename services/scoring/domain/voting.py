"""Motions of a sitting, and how votes on them are counted.

Who is recused from a motion belongs neither to the present nor to the members its quorum is a
share of. A motion is carried with more votes for it than against. With equal votes the chair's own
vote decides (`chair-casts`) or the motion is lost (`lost`), as the season says; a chair who
abstained, is recused or is away leaves it lost.
"""

from collections import Counter
from collections.abc import Sequence

from schemas.scoring import MotionDecided, MotionPut, ScoringEvent, Vote, VoteCast
from services.kit.refusal import Fault, Refused
from services.scoring.domain.base import invalid
from services.scoring.domain.sitting import Sitting, common_fields, require_quorate


def put_motion(
    sitting: Sitting | None,
    *,
    motion_id: str,
    text: str,
    project_id: str | None,
    recused: Sequence[str],
    appeal: str | None = None,
) -> list[ScoringEvent]:
    """Put something to the vote; the same again says nothing."""
    found = require_quorate(sitting)
    strangers = sorted(set(recused) - set(found.voting))
    if strangers:
        raise invalid("motion-invalid", [Fault("recused", f"do not vote: {', '.join(strangers)}")])
    put = MotionPut(
        motion_id=motion_id,
        text=text,
        project_id=project_id,
        recused=tuple(sorted(set(recused))),
        appeal=appeal,
        **common_fields(found),
    )
    for known in found.motions:
        if known.motion_id == motion_id:
            same = (known.text, known.project_id, known.recused, known.appeal)
            if same == (put.text, put.project_id, put.recused, put.appeal):
                return []
            raise Refused("conflict", "motion-exists", "This motion was put in other words.")
    return [put]


def cast_vote(
    sitting: Sitting | None, motion_id: str, person_id: str, vote: Vote
) -> list[ScoringEvent]:
    """Vote, or change the vote before the motion is decided; the same vote again says nothing."""
    found = require_quorate(sitting)
    motion = found.motion(motion_id)
    if person_id not in found.voting:
        raise Refused("forbidden", "does-not-vote", "Only voting members of the panel vote.")
    if person_id in motion.recused:
        raise Refused("forbidden", "recused", "Who is recused from a motion does not vote on it.")
    if motion.votes.get(person_id) == vote:
        return []
    if motion.decided:
        raise Refused("conflict", "already-decided", "The votes on this motion are counted.")
    if person_id not in found.present:
        raise Refused("conflict", "not-present", "Only members who are present vote.")
    return [VoteCast(motion_id=motion_id, person_id=person_id, vote=vote, **common_fields(found))]


def decide_motion(sitting: Sitting | None, motion_id: str) -> list[ScoringEvent]:
    """Count the votes of those present and not recused; again says nothing."""
    found = require_quorate(sitting)
    motion = found.motion(motion_id)
    if motion.decided:
        return []
    entitled = [id for id in found.present if id not in motion.recused]
    needed = found.needed(motion.recused)
    if len(entitled) < needed:
        raise Refused(
            "conflict",
            "no-quorum",
            f"{len(entitled)} members may vote on this motion, {needed} must be present.",
        )
    if missing := [id for id in entitled if id not in motion.votes]:
        raise Refused(
            "conflict",
            "votes-missing",
            "These members have not voted; who will not says abstain: " + ", ".join(missing),
        )
    counts = Counter(motion.votes[id] for id in entitled)
    tied = counts["for"] == counts["against"]
    carried = counts["for"] > counts["against"]
    if tied and found.tie_rule == "chair-casts" and found.chair_id in entitled:
        carried = motion.votes[found.chair_id] == "for"
    return [
        MotionDecided(
            motion_id=motion_id,
            votes_for=counts["for"],
            votes_against=counts["against"],
            abstained=counts["abstain"],
            carried=carried,
            tie_broken_by=found.tie_rule if tied else None,
            **common_fields(found),
        )
    ]
