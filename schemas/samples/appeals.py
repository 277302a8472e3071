"""Samples of the scoring service's appeals."""

from datetime import UTC, datetime

from schemas.samples import cast
from schemas.samples.sample import Circumstances, Sample
from schemas.scoring import AppealLodged, AppealResolved, DecisionCorrected

APPEAL = f"{cast.ROUND}~{cast.OTHER_PROJECT}"
LODGED_AT = datetime(2020, 5, 12, 6, 0, tzinfo=UTC)
RESOLVED_AT = datetime(2020, 5, 12, 12, 0, tzinfo=UTC)
ABOUT = {
    "season_id": cast.SEASON,
    "round_id": cast.ROUND,
    "project_id": cast.OTHER_PROJECT,
}
RESOLVED_ID = cast.scoring_event(f"appeal/{APPEAL}", 2)

LODGED = AppealLodged(
    **ABOUT,
    against=cast.scoring_event(f"decision/{cast.ROUND}", 4),
    ground="conflict-of-interest",
    text="Один из членов жюри работает в организации другого участника.",
)
RESOLVED = AppealResolved(
    **ABOUT,
    outcome="upheld",
    office="secretary",
    reason="Конфликт интересов подтверждён",
    voids=(cast.scoring_event(f"evaluation/{cast.OTHER_EVALUATION}", 3),),
    sitting_id=cast.SITTING,
    motion_id=cast.MOTION,
)

APPEALS = (
    Sample(
        LODGED,
        Circumstances(APPEAL, 1, LODGED_AT, actor="applicant/sample"),
        kazakh=LODGED.model_copy(
            update={"text": "Қазылар алқасының бір мүшесі басқа қатысушының ұйымында істейді."}
        ),
    ),
    Sample(
        RESOLVED,
        Circumstances(APPEAL, 2, RESOLVED_AT, actor="secretary/sample"),
        kazakh=RESOLVED.model_copy(update={"reason": "Мүдделер қақтығысы расталды"}),
    ),
    Sample(
        DecisionCorrected(
            **ABOUT,
            corrects=cast.scoring_event(f"decision/{cast.ROUND}", 1),
            cause=RESOLVED_ID,
            ranking_event_id=cast.scoring_event(f"round/{cast.ROUND}", 4),
            table_hash=cast.OTHER_HASH,
            rank=1,
        ),
        Circumstances(cast.ROUND, 5, RESOLVED_AT, actor="secretary/sample", cause=RESOLVED_ID),
    ),
)
