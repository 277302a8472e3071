"""A round: its draws, its closing, its ranking."""

from collections.abc import Mapping, Sequence

from schemas.base import Slug
from schemas.scoring import (
    AssignmentsDrawn,
    DrawnProject,
    JudgeTerms,
    PitchesDrawn,
    RankedProject,
    RankingComputed,
    RoundClosed,
    ScoringEvent,
)
from schemas.season import RoundDefinition
from services.kit.refusal import Fault, Refused
from services.scoring.domain.base import State, invalid
from services.scoring.domain.draw import draw_inputs_hash, eligible
from services.scoring.domain.evaluation import Evaluation


class RankingBefore(State):
    """The ranking that the last one took the place of."""

    sequence: int
    table: tuple[RankedProject, ...]


class Round(State):
    """A round as far as it has come. `said` is the sequence of its last event."""

    round_id: Slug
    season_id: Slug
    drawn: AssignmentsDrawn
    pitches: PitchesDrawn | None = None
    cut: Mapping[str, int] | None = None
    ranking: RankingComputed | None = None
    ranking_sequence: int = 0
    published: RankingComputed | None = None
    """The ranking that was published, once an appeal has corrected it."""
    published_sequence: int = 0
    before: RankingBefore | None = None
    said: int = 0

    @property
    def ranking_event_id(self) -> str:
        """The id of the last RankingComputed."""
        return self.event_id(self.ranking_sequence)

    def event_id(self, sequence: int) -> str:
        """The id of an event of this round."""
        return f"scoring/round/{self.round_id}:{sequence}"

    @property
    def as_published(self) -> "Round":
        """The round with the ranking that was published first."""
        if self.published is None or self.ranking is None:
            return self
        return self.model_copy(
            update={
                "ranking": self.published,
                "ranking_sequence": self.published_sequence,
                "before": None,
            }
        )


def draw(
    round_: Round | None,
    *,
    season_id: str,
    round_id: str,
    stage: RoundDefinition,
    seed: str,
    judges: Sequence[str],
    about: Sequence[DrawnProject],
    terms: Sequence[JudgeTerms] = (),
) -> list[ScoringEvent]:
    """Draw the judges; the same seed again says nothing, another one is refused.

    Every project must have enough judges without a conflict who read its language.
    """
    if round_ is not None:
        if round_.drawn.seed != seed:
            raise Refused("conflict", "already-drawn", f"Round {round_id} was drawn before.")
        return []
    wanted = stage.judges_per_project
    each = len(judges) if wanted == "all" else wanted
    if each > len(judges):
        raise Refused(
            "conflict",
            "too-few-judges",
            f"{each} judges a project are due, the panel has {len(judges)}.",
        )
    if not about:
        raise Refused("conflict", "no-projects", "There is no project to be scored in this round.")
    strangers = sorted({one.judge_id for one in terms} - set(judges))
    if strangers:
        raise invalid("terms-invalid", [Fault("terms", f"do not judge: {', '.join(strangers)}")])
    judges = tuple(sorted(judges))
    about = tuple(sorted(about, key=lambda one: one.project_id))
    kept = tuple(sorted(terms, key=lambda one: one.judge_id)) or None
    _require_enough_judges(judges, about, kept or (), stage)
    projects = tuple(one.project_id for one in about)
    drawn = AssignmentsDrawn(
        season_id=season_id,
        round_id=round_id,
        seed=seed,
        judges_per_project=each,
        judges=judges,
        projects=projects,
        inputs_hash=draw_inputs_hash(seed, judges, projects, each, about, kept),
        about=about,
        terms=kept,
    )
    return [drawn]


def _require_enough_judges(
    judges: Sequence[str],
    about: Sequence[DrawnProject],
    terms: Sequence[JudgeTerms],
    stage: RoundDefinition,
) -> None:
    """Refuse a draw that leaves a project with too few judges for it ever to be ranked."""
    wanted = stage.judges_per_project
    needed = stage.minimum_sheets if wanted == "all" else wanted
    short = [one.project_id for one in about if len(eligible(judges, one, terms)) < needed]
    if short:
        raise Refused(
            "conflict",
            "too-few-judges",
            f"Fewer than {needed} judges may score these projects: {', '.join(short[:5])}",
        )


def require_finished_draw(
    round_: Round | None, round_id: str, evaluations: Sequence[Evaluation]
) -> None:
    """Refuse to close while a project that was drawn has not been given to its judges."""
    if round_ is None:
        raise unknown_round(round_id)
    missing = set(round_.drawn.projects) - {found.project_id for found in evaluations}
    if missing:
        raise Refused(
            "conflict",
            "draw-unfinished",
            f"The draw stopped half way, {len(missing)} projects have no judges yet; "
            "ask for the same draw again.",
        )


def require_sheets(stage: RoundDefinition, evaluations: Sequence[Evaluation]) -> None:
    """Refuse to close while a project has fewer sheets than the rules ask for.

    One whose pitch was missed needs none.
    """
    short = [
        evaluation.project_id
        for evaluation in evaluations
        if not evaluation.sealed
        and not evaluation.no_show
        and len(evaluation.effective()) < stage.minimum_sheets
    ]
    if short:
        raise Refused(
            "conflict",
            "too-few-sheets",
            f"{stage.minimum_sheets} sheets a project are due; too few have: {', '.join(short)}",
        )


def close(
    round_: Round | None, round_id: str, evaluations: Sequence[Evaluation]
) -> list[ScoringEvent]:
    """Close after every evaluation is sealed; closing again says nothing."""
    if round_ is None:
        raise unknown_round(round_id)
    if round_.cut is not None:
        return []
    if any(not evaluation.sealed for evaluation in evaluations):
        raise ValueError("a round closes after its evaluations are sealed")
    cut = {evaluation.origin: evaluation.said for evaluation in evaluations}
    return [RoundClosed(round_id=round_id, cut=dict(sorted(cut.items())))]


def record_ranking(
    round_: Round | None, ranking: RankingComputed, *, published: bool = False
) -> list[ScoringEvent]:
    """Say the ranking of a closed round; the same again says nothing.

    Once the round's results are published, the ranking they rest on stands.
    """
    if round_ is None:
        raise unknown_round(ranking.round_id)
    if round_.cut is None:
        raise Refused("conflict", "round-open", "Only a closed round can be ranked.")
    if round_.ranking and round_.ranking.model_copy(update={"corrects": None}) == ranking:
        return []
    if published:
        raise Refused("conflict", "already-published", "The ranking is published and stands.")
    return [ranking]


def correct_ranking(
    round_: Round | None, ranking: RankingComputed, evaluations: Sequence[Evaluation]
) -> list[ScoringEvent]:
    """Say a published round's ranking anew when appeals have voided sheets of it; else nothing."""
    if round_ is None or round_.ranking is None:
        raise unknown_round(ranking.round_id)
    cut = round_.ranking.cut
    voided = any(
        void.cause is not None and void.sequence > cut.get(found.origin, void.sequence)
        for found in evaluations
        for void in found.voids
    )
    corrects = round_.ranking_event_id
    return [ranking.model_copy(update={"corrects": corrects})] if voided else []


def require_current(round_: Round, evaluations: Sequence[Evaluation]) -> None:
    """Refuse to go on from a ranking whose sheets are others by now: a late conflict voids one."""
    if round_.ranking is None:
        return
    cut = round_.ranking.cut
    changed = [
        found.project_id
        for found in evaluations
        if found.scored_at > cut.get(found.origin, found.scored_at)
    ]
    if changed:
        raise Refused(
            "conflict",
            "ranking-outdated",
            f"Sheets of these projects changed since the ranking; rank again: {', '.join(changed)}",
        )


def evolve(round_: Round | None, event: ScoringEvent) -> Round:
    """The round after an event of its own."""
    if isinstance(event, AssignmentsDrawn):
        return Round(round_id=event.round_id, season_id=event.season_id, drawn=event, said=1)
    if round_ is None:
        raise ValueError("a round begins with AssignmentsDrawn")
    said = round_.said + 1
    match event:
        case PitchesDrawn():
            return round_.model_copy(update={"pitches": event, "said": said})
        case RoundClosed():
            return round_.model_copy(update={"cut": event.cut, "said": said})
        case RankingComputed():
            change: dict[str, object] = {"ranking": event, "ranking_sequence": said, "said": said}
            if event.corrects is not None and round_.published is None:
                change["published"] = round_.ranking
                change["published_sequence"] = round_.ranking_sequence
            return round_.model_copy(update={**change, "before": _before(round_)})
    raise ValueError(f"a round does not say {type(event).__name__}")


def _before(round_: Round) -> RankingBefore | None:
    if round_.ranking is None:
        return None
    return RankingBefore(sequence=round_.ranking_sequence, table=round_.ranking.table)


def unknown_round(round_id: str) -> Refused:
    """The refusal for a round that is not defined or not drawn."""
    return Refused("missing", "unknown-round", f"There is no round {round_id!r} yet.")
