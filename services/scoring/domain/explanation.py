"""Why a project has its rank: the ranking's own arithmetic, number by number. Pure.

Nothing is counted here in a way of its own. The sheets are those of the ranking's cut, the totals
those of `tally`, and a table that these do not give again is not explained but refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from schemas.base import format_utc
from schemas.scoring import RankedProject, RankingComputed
from schemas.season import Aggregation, RoundDefinition
from services.kit.refusal import Refused
from services.scoring.domain.decision import Decision
from services.scoring.domain.evaluation import Evaluation, Sheet
from services.scoring.domain.explained import (
    AsideLine,
    Explanation,
    LineOf,
    Outcome,
    Part,
    SheetLine,
    Sources,
    Tie,
    TieStep,
)
from services.scoring.domain.ranking import (
    Candidate,
    Tally,
    judge_scales,
    ranked,
    sheet_total,
    shown,
    sort_key,
    table_hash,
    tally,
)
from services.scoring.domain.register import set_aside, why_set_aside
from services.scoring.domain.round import Round, unknown_round
from services.scoring.domain.tally import TRIMMED_FROM


def explain(
    project_id: str,
    *,
    stage: RoundDefinition,
    round_: Round | None,
    round_id: str,
    candidates: Sequence[Candidate],
    decision: Decision | None,
) -> Explanation:
    """Explain a project's row of the round's last ranking.

    `candidates` are the evaluations of the round, at least those of the ranking's cut. Raises
    Refused where there is no such row, or where the sheets do not give the table again.
    """
    if round_ is None:
        raise unknown_round(round_id)
    if round_.ranking is None:
        raise Refused("missing", "not-ranked", f"Round {round_id} is not ranked yet.")
    own = next((one for one in candidates if one.project.project_id == project_id), None)
    row = next((one for one in round_.ranking.table if one.project_id == project_id), None)
    if own is None or row is None:
        raise Refused("missing", "not-in-ranking", "This project has no rank in this round.")
    then = [found for one in candidates if (found := _at_cut(one, round_.ranking))]
    tallied = tally(stage, [one.entrant for one in then])
    if table_hash(ranked(round_.drawn.seed, stage, tallied.entrants)) != round_.ranking.table_hash:
        raise Refused(
            "conflict", "ranking-differs", "The sheets of its cut do not give this ranking again."
        )
    ranking = round_.ranking
    case = _Case(stage, round_, ranking, tallied, row, own.evaluation.until(_cut_of(own, ranking)))
    return case.explanation(own, decision)


def _cut_of(candidate: Candidate, ranking: RankingComputed) -> int:
    return ranking.cut.get(candidate.evaluation.origin, 0)


def _at_cut(candidate: Candidate, ranking: RankingComputed) -> Candidate | None:
    last = _cut_of(candidate, ranking)
    if not last:
        return None
    return candidate.model_copy(update={"evaluation": candidate.evaluation.until(last)})


@dataclass(frozen=True, slots=True)
class _Case:
    """One row, and what it was made from."""

    stage: RoundDefinition
    round_: Round
    ranking: RankingComputed
    tallied: Tally
    row: RankedProject
    evaluation: Evaluation

    @property
    def number(self) -> int:
        """The project's place among the entrants."""
        return self._number(self.row.project_id)

    def _number(self, project_id: str) -> int:
        ids = [one.project_id for one in self.tallied.entrants]
        return ids.index(project_id)

    @property
    def rubric(self) -> RoundDefinition:
        """The round as the project's nomination is scored."""
        return self.stage.within(self.row.nomination)

    def explanation(self, own: Candidate, decision: Decision | None) -> Explanation:
        raw, counting = self.tallied.raw[self.number], self.tallied.counting[self.number]
        rule = self.stage.normalisation
        return Explanation(
            round_id=self.ranking.round_id,
            project_id=self.row.project_id,
            sources=Sources(
                season=f"submission/season/{self.round_.season_id}:1",
                draw=f"scoring/round/{self.ranking.round_id}:1",
                submission=f"{own.project.origin}:1",
                ranking=self.round_.ranking_event_id,
            ),
            ruleset_hash=self.ranking.ruleset_hash,
            inputs_hash=self.ranking.inputs_hash,
            table_hash=self.ranking.table_hash,
            sheets=self._sheets(),
            aside=self._aside(),
            aggregation=self.stage.aggregation or "mean",
            normalisation=rule.method if rule else None,
            total=shown(raw),
            total_exact=str(raw),
            normalised=shown(counting) if rule else None,
            normalised_exact=str(counting) if rule else None,
            rank=self.row.rank,
            of=len(self.ranking.table),
            ties=tuple(self._ties()),
            line=self._line(),
            outcome=self._outcome(decision),
            changed_since=_since(own.evaluation, self.evaluation),
        )

    def _sheets(self) -> tuple[SheetLine, ...]:
        sheets = sorted(self.evaluation.effective(), key=lambda one: one.sequence)
        scales = {one.judge_id: one for one in judge_scales(self.tallied)}
        raw = [sheet_total(one, self.rubric) for one in sheets]
        after = [
            Fraction(scales[one.judge_id].scale) * total + Fraction(scales[one.judge_id].offset)
            for one, total in zip(sheets, raw, strict=True)
        ]
        how = self.stage.aggregation or "mean"
        counted, counted_after = counting_of(raw, how), counting_of(after, how)
        lines = []
        for index, sheet in enumerate(sheets):
            line = self._sheet(index + 1, sheet, counts=index in counted)
            if self.stage.normalisation:
                scale = scales[sheet.judge_id]
                line = line.model_copy(
                    update={
                        "scale": scale.scale,
                        "offset": scale.offset,
                        "normalised": shown(after[index]),
                        "normalised_exact": str(after[index]),
                        "normalised_counts": index in counted_after,
                    }
                )
            lines.append(line)
        return tuple(lines)

    def _sheet(self, number: int, sheet: Sheet, *, counts: bool) -> SheetLine:
        criteria = {one.id: one for one in self.rubric.criteria}
        parts = tuple(
            Part(
                criterion=item.criterion,
                name=criteria[item.criterion].name,
                points=item.points,
                weight=criteria[item.criterion].weight,
                weighted=item.points * criteria[item.criterion].weight,
            )
            for item in sheet.points
        )
        total = sheet_total(sheet, self.rubric)
        return SheetLine(
            number=number,
            judge_id=sheet.judge_id,
            event_id=f"{self.evaluation.origin}:{sheet.sequence}",
            project_version=sheet.project_version,
            parts=parts,
            weight=sum((one.weight for one in parts), Decimal(0)),
            weighted=sum((one.weighted for one in parts), Decimal(0)),
            total=shown(total),
            total_exact=str(total),
            counts=counts,
        )

    def _aside(self) -> tuple[AsideLine, ...]:
        found, origin = self.evaluation, self.evaluation.origin
        voids = {one.score_sequence: one for one in found.voids}
        effective = {one.sequence for one in found.effective()}
        lines = []
        for sheet in found.sheets:
            if sheet.sequence in effective:
                continue
            void, by = voids.get(sheet.sequence), set_aside(found, sheet)
            lines.append(
                AsideLine(
                    judge_id=sheet.judge_id,
                    event_id=f"{origin}:{sheet.sequence}",
                    why="voided" if void else "replaced",
                    by_event_id=f"{origin}:{by}",
                    reason=why_set_aside(found, sheet),
                )
            )
        return tuple(lines)

    def _ties(self) -> list[Tie]:
        table, own = self.ranking.table, self.row.rank - 1
        beside = [table[at] for at in (own - 1, own + 1) if 0 <= at < len(table)]
        equal = self.tallied.counting[self.number]
        return [
            self._tie(row)
            for row in beside
            if row.sheets
            and self.row.sheets
            and self.tallied.counting[self._number(row.project_id)] == equal
        ]

    def _tie(self, other: RankedProject) -> Tie:
        own, theirs = (self._chain(one) for one in (self.row, other))
        steps = []
        for step, mine, other_value in zip(self.stage.tie_break, own, theirs, strict=True):
            parts = mine != other_value
            steps.append(TieStep(step=step, own=mine, theirs=other_value, parts=parts))
            if parts:
                break
        return Tie(
            project_id=other.project_id,
            rank=other.rank,
            steps=tuple(steps),
            left_to_chair=min(self.row, other, key=lambda one: one.rank).tied_with_next,
        )

    def _chain(self, row: RankedProject) -> list[str]:
        """The values of the tie-break chain in words, exact."""
        number = self._number(row.project_id)
        key = sort_key(
            self.tallied.entrants[number],
            self.tallied.counting[number],
            self.stage,
            self.round_.drawn.seed,
        )
        return [_in_words(value) for value in key[1:]]

    def _line(self) -> LineOf:
        table, limit = self.ranking.table, self.stage.limit
        return LineOf(
            limit=limit,
            above=self.row.rank <= limit,
            last_above=_counting(table[limit - 1]) if len(table) >= limit else None,
            first_below=_counting(table[limit]) if len(table) > limit else None,
        )

    def _outcome(self, decision: Decision | None) -> Outcome | None:
        if decision is None:
            return None
        decided = decision.recorded
        for row in decided.projects:
            if row.project_id == self.row.project_id:
                return Outcome(
                    event_id=decision.recorded_event_id,
                    ranking_event_id=decided.ranking_event_id,
                    rank=row.rank,
                    chosen=row.project_id in decision.chosen,
                    on_appeal=row.project_id in decision.corrected,
                    chair_reason=decided.chair_reason,
                )
        return None


def counting_of(values: Sequence[Fraction], how: Aggregation) -> frozenset[int]:
    """Which of a project's sheets its total is the mean of, by their places."""
    order = sorted(range(len(values)), key=lambda at: (values[at], at))
    if how == "median" and order:
        return frozenset(order[(len(order) - 1) // 2 : len(order) // 2 + 1])
    if how == "trimmed-mean" and len(order) >= TRIMMED_FROM:
        return frozenset(order[1:-1])
    return frozenset(order)


def _counting(row: RankedProject) -> Decimal:
    return row.total if row.normalised is None else row.normalised


def _in_words(value: object) -> str:
    if isinstance(value, Fraction):
        return str(-value)
    return value if isinstance(value, str) else format_utc(value)  # type: ignore[arg-type]


def _since(now: Evaluation, then: Evaluation) -> tuple[str, ...]:
    fresh = [one.sequence for one in now.sheets if one not in then.sheets]
    fresh += [one.sequence for one in now.voids if one not in then.voids]
    return tuple(f"{now.origin}:{sequence}" for sequence in sorted(fresh))
