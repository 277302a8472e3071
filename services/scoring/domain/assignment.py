"""Who scores a project: assigning, declining, abstaining, replacing.

Three ways not to score are three different acts: a recused judge is barred by a conflict, one who
declines refuses the duty before scoring, one who abstains chooses not to score. None is a 0.
"""

from collections.abc import Sequence

from schemas.scoring import (
    AssignmentDeclined,
    JudgeAbstained,
    JudgeAssigned,
    JudgeReplaced,
    ScoringEvent,
)
from services.kit.refusal import Refused
from services.scoring.domain.evaluation import Evaluation, sealed, voiding


def assign(
    evaluation: Evaluation | None,
    *,
    season_id: str,
    round_id: str,
    project_id: str,
    judges: Sequence[str],
) -> list[ScoringEvent]:
    """Give the project to these judges; who has it already is not told again.

    A judge who declined may be asked again; one with a conflict is refused.
    """
    if evaluation is not None and (barred := [id for id in judges if evaluation.barred(id)]):
        raise Refused("conflict", "judge-conflicted", f"Has a conflict: {', '.join(barred)}.")
    present = evaluation.active if evaluation else ()
    missing = [judge for judge in judges if judge not in present]
    if missing and evaluation is not None and evaluation.sealed:
        raise sealed(round_id)
    return [
        JudgeAssigned(season_id=season_id, round_id=round_id, project_id=project_id, judge_id=judge)
        for judge in missing
    ]


def decline(evaluation: Evaluation | None, judge_id: str, reason: str) -> list[ScoringEvent]:
    """Refuse the duty before scoring; again says nothing."""
    found = _assigned(evaluation, judge_id, "declined")
    if found is None:
        return []
    if found.sheet_of(judge_id) is not None:
        raise Refused(
            "conflict", "already-scored", "You have scored this project; you may abstain instead."
        )
    return [AssignmentDeclined(**_about(found, judge_id), reason=reason)]


def abstain(evaluation: Evaluation | None, judge_id: str, reason: str) -> list[ScoringEvent]:
    """Choose not to score; a sheet that is there is voided. Again says nothing."""
    found = _assigned(evaluation, judge_id, "abstained")
    if found is None:
        return []
    return [
        JudgeAbstained(**_about(found, judge_id), reason=reason),
        *voiding(found, judge_id, f"Abstained: {reason}"[:300]),
    ]


def replace(
    evaluation: Evaluation | None, judge_id: str, by_judge_id: str, reason: str
) -> list[ScoringEvent]:
    """Put another judge in this one's place; a sheet that is there is voided. Again says nothing.

    A judge who left already may be replaced too: that is how the number of sheets is kept.
    """
    if evaluation is None or judge_id not in evaluation.judges:
        raise Refused("missing", "not-assigned", "This judge does not score this project.")
    if evaluation.left.get(judge_id) == "replaced":
        return []
    if evaluation.sealed:
        raise sealed(evaluation.round_id)
    if by_judge_id in evaluation.active or by_judge_id == judge_id:
        raise Refused("conflict", "already-assigned", "The other judge scores this project.")
    successor = assign(
        evaluation,
        season_id=evaluation.season_id,
        round_id=evaluation.round_id,
        project_id=evaluation.project_id,
        judges=[by_judge_id],
    )
    replaced = JudgeReplaced(**_about(evaluation, judge_id), by_judge_id=by_judge_id, reason=reason)
    return [replaced, *voiding(evaluation, judge_id, f"Replaced: {reason}"[:300]), *successor]


def require_active(evaluation: Evaluation | None, judge_id: str) -> Evaluation:
    """Refuse who is not to score the project; a barred judge is told no more than a stranger."""
    if evaluation is None or judge_id not in evaluation.judges or evaluation.barred(judge_id):
        raise Refused("forbidden", "not-assigned", "This project is not assigned to you.")
    why = evaluation.left.get(judge_id)
    if why == "recused":
        raise Refused("forbidden", "not-assigned", "This project is not assigned to you.")
    if why is not None:
        raise Refused("conflict", f"judge-{why}", f"You are not to score this project: {why}.")
    return evaluation


def _assigned(evaluation: Evaluation | None, judge_id: str, leaving: str) -> Evaluation | None:
    """The evaluation that a judge wants to leave; None when the judge has left it just so."""
    if evaluation is not None and evaluation.left.get(judge_id) == leaving:
        return None
    found = require_active(evaluation, judge_id)
    if found.sealed:
        raise sealed(found.round_id)
    return found


def _about(evaluation: Evaluation, judge_id: str) -> dict[str, str]:
    return {
        "season_id": evaluation.season_id,
        "round_id": evaluation.round_id,
        "project_id": evaluation.project_id,
        "judge_id": judge_id,
    }
