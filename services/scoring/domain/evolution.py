"""How events change an evaluation: each sheet, conflict and departure as it is said. Pure."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ConfigDict

from schemas.scoring import (
    AssignmentDeclined,
    ConflictDeclared,
    ConflictRuled,
    JudgeAbstained,
    JudgeAssigned,
    JudgeRecused,
    JudgeReinstated,
    JudgeReplaced,
    PitchEnded,
    PitchMissed,
    PitchRescheduled,
    PitchScheduled,
    PitchStarted,
    QuestionAnswered,
    QuestionAsked,
    ScoreRecorded,
    ScoresSealed,
    ScoreVoided,
    ScoringEvent,
)
from services.scoring.domain.evaluation import Conflict, Departure, Evaluation, Sheet, Void
from services.scoring.domain.final import pitch_after, questions_after

T = TypeVar("T")


def evolve(evaluation: Evaluation | None, event: ScoringEvent) -> Evaluation:
    """The evaluation after an event of its own."""
    return evolve_all(evaluation, ((event, None),))


def evolve_all(
    evaluation: Evaluation | None, events: Iterable[tuple[ScoringEvent, datetime | None]]
) -> Evaluation:
    """The evaluation after these events, and it keeps when each sheet was handed in.

    No ranking depends on those moments. All events change one copy: rebuilding a season folds
    twenty for each evaluation, and a copy for each would take most of its time.
    """
    now = _Changing(**dict(evaluation)) if evaluation is not None else None
    for event, at in events:
        if now is None:
            now = _begun(event)
        now.said += 1
        change = _CHANGES.get(type(event))
        if change is None:
            raise ValueError(f"an evaluation does not say {type(event).__name__}")
        change(now, event, at)
    if now is None:
        raise ValueError("no event, and no evaluation")
    return Evaluation.model_construct(**now.__dict__)


class _Changing(Evaluation):
    """An evaluation while events change it; nobody else sees it, and nothing is validated."""

    model_config = ConfigDict(frozen=False)

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__[name] = value


def _begun(event: ScoringEvent) -> _Changing:
    if not isinstance(event, JudgeAssigned | ConflictDeclared | ConflictRuled):
        raise ValueError("an evaluation begins with JudgeAssigned, or with a conflict")
    return _Changing(
        round_id=event.round_id, project_id=event.project_id, season_id=event.season_id
    )


def _assigned(now: _Changing, event: JudgeAssigned, _at: datetime | None) -> None:
    now.judges = (*(id for id in now.judges if id != event.judge_id), event.judge_id)
    now.left = _without(now.left, event.judge_id)


def _declared(now: _Changing, event: ConflictDeclared, _at: datetime | None) -> None:
    found = now.conflicts.get(event.judge_id, Conflict())
    known = found.model_copy(update={"ground": event.ground, "source": event.source})
    now.conflicts = {**now.conflicts, event.judge_id: known}


def _ruled(now: _Changing, event: ConflictRuled, _at: datetime | None) -> None:
    found = now.conflicts.get(event.judge_id, Conflict())
    ruled = found.model_copy(update={"ruling": event.ruling})
    now.conflicts = {**now.conflicts, event.judge_id: ruled}


def _reinstated(now: _Changing, event: JudgeReinstated, _at: datetime | None) -> None:
    now.left = _without(now.left, event.judge_id)


_LEAVING: Mapping[type[ScoringEvent], Departure] = {
    JudgeRecused: "recused",
    AssignmentDeclined: "declined",
    JudgeAbstained: "abstained",
    JudgeReplaced: "replaced",
}


def _gone(now: _Changing, event: Any, _at: datetime | None) -> None:
    now.left = {**now.left, event.judge_id: _LEAVING[type(event)]}
    now.drafts = _without(now.drafts, event.judge_id)


def _recorded(now: _Changing, event: ScoreRecorded, at: datetime | None) -> None:
    now.sheets = (*now.sheets, Sheet.said(event, now.said, at))
    now.drafts = _without(now.drafts, event.judge_id)


def _voided(now: _Changing, event: ScoreVoided, _at: datetime | None) -> None:
    void = Void(
        sequence=now.said,
        judge_id=event.judge_id,
        reason=event.reason,
        cause=event.cause,
        score_sequence=int(event.score_event_id.rpartition(":")[2]),
    )
    now.voids = (*now.voids, void)


def _sealed(now: _Changing, _event: ScoresSealed, _at: datetime | None) -> None:
    now.sealed = True


def _pitched(now: _Changing, event: ScoringEvent, _at: datetime | None) -> None:
    pitch = pitch_after(now.pitch, event)
    if pitch is None:
        raise ValueError(f"an evaluation does not say {type(event).__name__} before its slot")
    now.pitch = pitch


def _asked(now: _Changing, event: ScoringEvent, _at: datetime | None) -> None:
    now.questions = questions_after(now.questions, event) or ()


_CHANGES: Mapping[type, Callable[[_Changing, Any, datetime | None], None]] = {
    JudgeAssigned: _assigned,
    ConflictDeclared: _declared,
    ConflictRuled: _ruled,
    JudgeReinstated: _reinstated,
    **dict.fromkeys(_LEAVING, _gone),
    ScoreRecorded: _recorded,
    ScoreVoided: _voided,
    ScoresSealed: _sealed,
    **dict.fromkeys(
        (PitchScheduled, PitchStarted, PitchEnded, PitchMissed, PitchRescheduled), _pitched
    ),
    QuestionAsked: _asked,
    QuestionAnswered: _asked,
}


def _without(by_judge: Mapping[str, T], judge_id: str) -> Mapping[str, T]:
    if judge_id not in by_judge:
        return by_judge
    return {id: value for id, value in by_judge.items() if id != judge_id}
