"""Conflicts of interest: declared or detected, and ruled.

A conflict bars the judge at once: neither sees nor scores the project. A ruling pins it: after
"no-conflict" nothing that is detected bars again, and after "conflict" the judge stays barred. A
sheet that is there is voided, also after the round is closed, until its results are published.
Nobody rules on a conflict of their own: the chair's passes to the deputy, who is the voting member
appointed next after the chair, and the deputy's to the chair; the secretary may rule on all.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.scoring import (
    ConflictDeclared,
    ConflictGround,
    ConflictRuled,
    ConflictSource,
    JudgeRecused,
    JudgeReinstated,
    RulingOffice,
    RulingOutcome,
    ScoringEvent,
)
from services.kit.refusal import Refused
from services.scoring.domain.commission import Commission
from services.scoring.domain.evaluation import Evaluation, voiding

LATE = "A conflict of interest became known."


@dataclass(frozen=True, slots=True)
class Case:
    """A judge and a project in a round, whether or not the judge is assigned to it."""

    season_id: str
    round_id: str
    project_id: str
    judge_id: str
    published: bool = False
    """The round's results are out: nothing about them changes any more."""

    def fields(self) -> Mapping[str, str]:
        """What every event about it says."""
        return {
            "season_id": self.season_id,
            "round_id": self.round_id,
            "project_id": self.project_id,
            "judge_id": self.judge_id,
        }


def declare(
    evaluation: Evaluation | None, case: Case, ground: ConflictGround, source: ConflictSource
) -> list[ScoringEvent]:
    """Bar the judge. A conflict that is known, or that was ruled on, is not said again."""
    known = evaluation.conflicts.get(case.judge_id) if evaluation else None
    if known is not None:
        if known.ruling == "no-conflict" and source == "declared":
            raise Refused(
                "conflict", "already-ruled", "It was ruled that this is no conflict; ask again."
            )
        return []
    _require_unpublished(case)
    declared = ConflictDeclared(**case.fields(), ground=ground, source=source)
    return [declared, *_barring(evaluation, case)]


def rule(
    evaluation: Evaluation | None,
    case: Case,
    *,
    ruling: RulingOutcome,
    office: RulingOffice,
    reason: str,
) -> list[ScoringEvent]:
    """Decide whether it is one, also where nobody declared it; the same again says nothing."""
    known = evaluation.conflicts.get(case.judge_id) if evaluation else None
    if known is not None and known.ruling == ruling:
        return []
    _require_unpublished(case)
    ruled = ConflictRuled(**case.fields(), ruling=ruling, office=office, reason=reason)
    if ruling == "conflict":
        return [ruled, *_barring(evaluation, case)]
    recused = evaluation is not None and evaluation.left.get(case.judge_id) == "recused"
    return [ruled, *([JudgeReinstated(**case.fields())] if recused else [])]


def office_of(commission: Commission, person_id: str, judge_id: str) -> RulingOffice:
    """As what a member of the panel rules on a judge's conflict; refused where not entitled."""
    chair = next((one for one in commission.voting if one.role == "chair"), None)
    others = [one for one in commission.voting if one is not chair]
    deputy = others[0] if others else None
    if person_id == judge_id:
        raise Refused("forbidden", "own-conflict", "Nobody rules on a conflict of their own.")
    if chair is not None and person_id == chair.person_id:
        return "chair"
    chairs_own = chair is not None and judge_id == chair.person_id
    if chairs_own and deputy is not None and person_id == deputy.person_id:
        return "deputy"
    raise Refused(
        "forbidden", "not-entitled", "The chair rules on conflicts, the deputy on the chair's own."
    )


def _barring(evaluation: Evaluation | None, case: Case) -> list[ScoringEvent]:
    """Take an assigned judge off the project, and the sheet out of account."""
    if evaluation is None or case.judge_id not in evaluation.active:
        return []
    return [JudgeRecused(**case.fields()), *voiding(evaluation, case.judge_id, LATE)]


def _require_unpublished(case: Case) -> None:
    if case.published:
        raise Refused("conflict", "already-published", "The results are published and stand.")
