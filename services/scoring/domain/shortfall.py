"""Projects that a late void left with fewer sheets than are due. Pure.

A round closes only with enough sheets, and no sheet comes after that; a conflict found late can
still take one away. Then the ranking is refused, until the secretary gives a reason for ranking the
projects by the sheets they have: it is on record which they are, and why.
"""

from collections.abc import Sequence

from schemas.scoring import FewSheets
from schemas.season import RoundDefinition
from services.kit.refusal import Refused
from services.scoring.domain.ranking import Candidate
from services.scoring.domain.round import Round


def short_of_sheets(stage: RoundDefinition, candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """The projects with fewer valid sheets than the round asks for, in the order of their ids.

    One whose pitch was missed is not scored, and needs none.
    """
    return tuple(
        sorted(
            one.project.project_id
            for one in candidates
            if not one.evaluation.no_show and len(one.evaluation.effective()) < stage.minimum_sheets
        )
    )


def accept_few_sheets(
    round_: Round, stage: RoundDefinition, candidates: Sequence[Candidate], reason: str | None
) -> FewSheets | None:
    """What the ranking says of such projects; None where there is none.

    Refused without a reason, unless one was given before for the very same projects.
    """
    short = short_of_sheets(stage, candidates)
    if not short:
        return None
    before = round_.ranking.few_sheets if round_.ranking else None
    if reason is None and before is not None and before.projects == short:
        return before
    if reason is None:
        raise Refused(
            "conflict",
            "too-few-sheets",
            f"{stage.minimum_sheets} valid sheets a project are due; too few are left to: "
            f"{', '.join(short)}. To rank them by the sheets they have, give a reason.",
        )
    return FewSheets(projects=short, reason=reason)
