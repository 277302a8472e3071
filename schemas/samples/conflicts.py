"""Samples of conflicts, and of judges who leave a project."""

from datetime import UTC, datetime

from schemas.samples import cast
from schemas.samples.sample import Circumstances, Sample
from schemas.scoring import (
    AssignmentDeclined,
    ConflictDeclared,
    ConflictRuled,
    JudgeAbstained,
    JudgeRecused,
    JudgeReinstated,
    JudgeReplaced,
)

JUDGED_AT = datetime(2020, 5, 5, 6, 0, tzinfo=UTC)
OFFICE = "secretary/sample"
JUDGE = f"judge/{cast.MEMBER}"
COMMON = {
    "season_id": cast.SEASON,
    "round_id": cast.ROUND,
    "project_id": cast.PROJECT,
    "judge_id": cast.MEMBER,
}
RULED = ConflictRuled(
    ruling="no-conflict", office="chair", reason="Совпадают только названия", **COMMON
)
DECLINED = AssignmentDeclined(reason="Не читаю на языке заявки", **COMMON)
ABSTAINED = JudgeAbstained(reason="Не хватает знаний о теме", **COMMON)
REPLACED = JudgeReplaced(by_judge_id=cast.CHAIR, reason="Член жюри заболел", **COMMON)


def _at(sequence: int, actor: str = OFFICE) -> Circumstances:
    return Circumstances(cast.EVALUATION, sequence=sequence, at=JUDGED_AT, actor=actor)


CONFLICTS = (
    Sample(ConflictDeclared(ground="organisation", source="declared", **COMMON), _at(4, JUDGE)),
    Sample(RULED, _at(6), kazakh=RULED.model_copy(update={"reason": "Тек атаулары бірдей екен"})),
    Sample(JudgeRecused(**COMMON), _at(5, JUDGE)),
    Sample(JudgeReinstated(**COMMON), _at(7)),
    Sample(
        DECLINED,
        _at(8, JUDGE),
        kazakh=DECLINED.model_copy(update={"reason": "Өтінімнің тілінде оқи алмаймын"}),
    ),
    Sample(
        ABSTAINED,
        _at(8, JUDGE),
        kazakh=ABSTAINED.model_copy(update={"reason": "Тақырыпты жеткілікті білмеймін"}),
    ),
    Sample(
        REPLACED,
        _at(8),
        kazakh=REPLACED.model_copy(update={"reason": "Қазылар алқасының мүшесі ауырып қалды"}),
    ),
)
