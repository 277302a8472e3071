"""What a judge sees: whose a project is, and what the others gave it. Pure.

Every view for judges asks here, so that a round's own rules hold in all of them.
"""

import re
from collections.abc import Callable

from schemas.base import Language, Slug
from schemas.season import Goal, RoundDefinition, SettlementKind
from schemas.submission import Budget, Organisation, ProjectContent
from services.kit.refusal import Refused
from services.scoring.domain.base import State
from services.scoring.domain.evaluation import Evaluation

HIDDEN = "[…]"
"""What stands in a blind round where the applicant's name or number was written."""

SHORT = 4
"""Names of fewer letters are looked for as whole words."""


class SeenContent(State):
    """A project's content as judges see it: all of it, but in a blind round not whose it is."""

    title: str
    summary: str
    organisation: Organisation | None
    nomination: Slug
    goals: tuple[Goal, ...]
    region: Slug
    settlement_kind: SettlementKind
    language: Language
    budget: Budget


def seen(stage: RoundDefinition, content: ProjectContent) -> SeenContent:
    """The content as the round's judges see it.

    In a blind round the applicant's name and number are taken out of the applicant's own texts too,
    wherever they are written out; what else a text gives away, nobody can take out.
    """
    hide: Callable[[str], str] = _hiding(content.organisation) if stage.blind else str
    lines = tuple(
        line.model_copy(update={"title": hide(line.title)}) for line in content.budget.lines
    )
    return SeenContent(
        title=hide(content.title),
        summary=hide(content.summary),
        organisation=None if stage.blind else content.organisation,
        nomination=content.nomination,
        goals=content.goals,
        region=content.region,
        settlement_kind=content.settlement_kind,
        language=content.language,
        budget=content.budget.model_copy(update={"lines": lines}),
    )


def require_sheets_visible(
    stage: RoundDefinition, evaluation: Evaluation, judge_id: str, *, published: bool
) -> None:
    """Refuse a judge the others' sheets of a project before the round's rule shows them.

    A voided sheet is not the own one that opens the others'. After the results they are open.
    """
    own = evaluation.sheet_of(judge_id) is not None
    rule = stage.visibility or "never"
    if published or rule == "always" or (rule == "after-own" and own):
        return
    when = "your own is in" if rule == "after-own" else "the results are published"
    raise Refused("forbidden", "sheets-hidden", f"The others' sheets are shown once {when}.")


def _hiding(organisation: Organisation) -> Callable[[str], str]:
    # A Kazakh ending may follow a name; a name of a few letters may begin another word.
    end = r"(?!\w)" if len(organisation.name) < SHORT else ""
    names = rf"(?<!\w){re.escape(organisation.name)}{end}|{organisation.bin}"
    written = re.compile(names, re.IGNORECASE)
    return lambda text: written.sub(HIDDEN, text)
