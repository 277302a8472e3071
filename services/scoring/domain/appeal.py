"""Appeals: lodged in time by the applicant, resolved once, the one cause of later corrections.

An upheld appeal rests on a carried motion of a sitting, on sheets that it voids, or on both. What
it corrects is in `correction.py`.
"""

from collections.abc import Sequence
from datetime import datetime

from schemas.base import Moment, Paragraphs, Slug, Uuid
from schemas.scoring import (
    AppealGround,
    AppealLodged,
    AppealOffice,
    AppealOutcome,
    AppealResolved,
    ScoringEvent,
)
from services.kit.refusal import Refused
from services.scoring.domain.base import State, evaluation_id
from services.scoring.domain.evaluation import Evaluation
from services.scoring.domain.sitting import Sitting, require_known

LODGED, RESOLVED = 1, 2
"""The sequences of the two events an appeal ever says."""


class Appeal(State):
    """One project's appeal in one round."""

    season_id: Slug
    round_id: Slug
    project_id: Uuid
    against: str
    ground: AppealGround
    text: Paragraphs
    resolved: AppealResolved | None = None

    @property
    def lodged_id(self) -> str:
        """The id of its AppealLodged."""
        return f"{_origin(self.round_id, self.project_id)}:{LODGED}"

    @property
    def resolved_id(self) -> str:
        """The id that its AppealResolved has, or will have."""
        return f"{_origin(self.round_id, self.project_id)}:{RESOLVED}"

    @property
    def upheld(self) -> bool:
        """Whether it was resolved in the applicant's favour."""
        return self.resolved is not None and self.resolved.outcome == "upheld"


def lodge(
    appeal: Appeal | None,
    *,
    season_id: str,
    round_id: str,
    project_id: str,
    against: str | None,
    ground: AppealGround,
    text: str,
    until: Moment | None,
    now: datetime,
) -> list[ScoringEvent]:
    """Appeal against an outcome, once; the same again says nothing, also when it is late."""
    if appeal is not None:
        if (appeal.ground, appeal.text) == (ground, text):
            return []
        raise Refused("conflict", "appeal-exists", "This project has appealed before.")
    if against is None:
        raise Refused("conflict", "nothing-to-appeal", "No outcome against it was published.")
    if until is None or now > until:
        when = f" until {until.isoformat()}" if until else ""
        raise Refused("conflict", "appeals-closed", f"Appeals are not taken any more{when}.")
    return [
        AppealLodged(
            season_id=season_id,
            round_id=round_id,
            project_id=project_id,
            against=against,
            ground=ground,
            text=text,
        )
    ]


def resolve(
    appeal: Appeal | None,
    *,
    outcome: AppealOutcome,
    office: AppealOffice,
    reason: str,
    voids: Sequence[str] = (),
    sitting: Sitting | None = None,
    motion_id: str | None = None,
) -> list[ScoringEvent]:
    """Decide an appeal for good; the same again says nothing.

    With a motion the outcome is what its vote came to. Without one, an appeal is upheld only as far
    as the arithmetic goes: by the sheets that it voids.
    """
    found = require_lodged(appeal)
    resolved = AppealResolved(
        season_id=found.season_id,
        round_id=found.round_id,
        project_id=found.project_id,
        outcome=outcome,
        office=office,
        reason=reason,
        voids=tuple(voids),
        sitting_id=sitting.sitting_id if sitting else None,
        motion_id=motion_id,
    )
    if found.resolved is not None:
        if found.resolved.model_copy(update={"office": office}) == resolved:
            return []
        raise _already_resolved()
    if voids and outcome == "dismissed":
        raise Refused("conflict", "dismissed-voids-nothing", "A dismissed appeal voids no sheets.")
    if motion_id is not None:
        _require_motion(found, outcome, require_known(sitting), motion_id)
    elif outcome == "upheld" and not voids:
        raise Refused(
            "conflict",
            "motion-needed",
            "An appeal is upheld by a carried motion, or by the sheets that it voids.",
        )
    return [resolved]


def sheets_to_void(
    appeal: Appeal | None, evaluation: Evaluation | None, judges: Sequence[str], least: int
) -> tuple[str, ...]:
    """The ids of these judges' sheets; refused when too few would be left to rank by.

    Once the appeal is resolved, those that it named, although they are void by then.
    """
    if not judges:
        return ()
    if appeal is not None and appeal.resolved is not None:
        return _named_before(appeal.resolved, evaluation, judges)
    effective = {one.judge_id: one for one in evaluation.effective()} if evaluation else {}
    if missing := sorted(set(judges) - set(effective)):
        raise Refused("missing", "no-sheet", f"No effective sheet here: {', '.join(missing)}.")
    if len(effective) - len(set(judges)) < least:
        raise Refused(
            "conflict", "too-few-sheets", f"{least} sheets a project are due; fewer would be left."
        )
    assert evaluation is not None
    return tuple(f"{evaluation.origin}:{effective[id].sequence}" for id in sorted(set(judges)))


def require_lodged(appeal: Appeal | None) -> Appeal:
    """Refuse where nobody appealed."""
    if appeal is None:
        raise Refused("missing", "no-appeal", "This project has not appealed.")
    return appeal


def require_upheld(appeal: Appeal | None) -> AppealResolved:
    """Refuse to correct anything but on an upheld appeal."""
    found = require_lodged(appeal)
    if found.resolved is None or not found.upheld:
        raise Refused("conflict", "not-upheld", "Only an upheld appeal corrects what is published.")
    return found.resolved


def evolve(appeal: Appeal | None, event: ScoringEvent) -> Appeal:
    """The appeal after an event of its own."""
    if isinstance(event, AppealLodged):
        return Appeal.model_validate(event.model_dump())
    if appeal is None or not isinstance(event, AppealResolved):
        raise ValueError(f"an appeal does not say {type(event).__name__}")
    return appeal.model_copy(update={"resolved": event})


def _require_motion(
    appeal: Appeal, outcome: AppealOutcome, sitting: Sitting, motion_id: str
) -> None:
    motion = sitting.motion(motion_id)
    if sitting.round_id != appeal.round_id or motion.appeal != appeal.lodged_id:
        raise Refused("conflict", "other-motion", "This motion is not about this appeal.")
    if motion.decided is None:
        raise Refused("conflict", "motion-open", "The votes on this motion are not counted yet.")
    if motion.decided.carried != (outcome == "upheld"):
        came_to = "carried" if motion.decided.carried else "lost"
        raise Refused("conflict", "motion-otherwise", f"The motion was {came_to}.")


def _named_before(
    resolved: AppealResolved, evaluation: Evaluation | None, judges: Sequence[str]
) -> tuple[str, ...]:
    named = {
        sheet.judge_id
        for sheet in (evaluation.sheets if evaluation else ())
        if evaluation and f"{evaluation.origin}:{sheet.sequence}" in resolved.voids
    }
    if named != set(judges):
        raise _already_resolved()
    return resolved.voids


def _already_resolved() -> Refused:
    return Refused("conflict", "already-resolved", "This appeal is resolved for good.")


def _origin(round_id: str, project_id: str) -> str:
    return f"scoring/appeal/{evaluation_id(round_id, project_id)}"
