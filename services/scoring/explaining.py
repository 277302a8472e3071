"""An explanation in words: line by line, each with the ids of the events it rests on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from schemas.base import Language
from schemas.season import RoundDefinition
from services.scoring.domain.base import State
from services.scoring.domain.explained import AsideLine, Explanation, SheetLine, Tie, TieStep
from services.scoring.wording import WORDS, number


class ExplainedLine(State):
    """One line for a reader. `level` is 1 for what belongs to the line before it."""

    text: str
    level: int
    event_ids: tuple[str, ...]


def lines_of(
    whole: Explanation, stage: RoundDefinition, language: Language, names: Mapping[str, str]
) -> tuple[ExplainedLine, ...]:
    """All lines, in the order of the arithmetic. `names` are the judges' by id, as far as shown."""
    return tuple(_Telling(whole, stage, language, names).lines())


@dataclass(frozen=True, slots=True)
class _Telling:
    whole: Explanation
    stage: RoundDefinition
    language: Language
    names: Mapping[str, str]

    def lines(self) -> Iterator[ExplainedLine]:
        """Sheets, total, rank, ties, line, decision."""
        for sheet in self.whole.sheets:
            yield from self._sheet(sheet)
        for aside in self.whole.aside:
            yield self._aside(aside)
        yield from self._totals()
        yield self._line("rank", self._ranking, rank=self.whole.rank, of=self.whole.of)
        if not self.whole.sheets:
            yield self._line("unscored", self._ranking, level=1)
        for tie in self.whole.ties:
            yield from self._tie(tie)
        yield from self._at_the_line()
        yield from self._outcome()
        if self.whole.changed_since:
            yield self._line("changed", self.whole.changed_since)

    @property
    def _ranking(self) -> tuple[str, ...]:
        return (self.whole.sources.ranking,)

    def _line(
        self,
        key: str,
        event_ids: Sequence[str],
        *,
        level: int = 0,
        more: str = "",
        **values: object,
    ) -> ExplainedLine:
        text = self._words(key, **values) + more
        return ExplainedLine(text=text, level=level, event_ids=tuple(event_ids))

    def _words(self, key: str, **values: object) -> str:
        written = {
            name: number(value, self.language) if isinstance(value, Decimal) else value
            for name, value in values.items()
        }
        return WORDS[self.language][key].format_map(written)

    def _sheet(self, sheet: SheetLine) -> Iterator[ExplainedLine]:
        said, rules = (sheet.event_id,), (sheet.event_id, self.whole.sources.season)
        judge = self.names.get(sheet.judge_id or "") or self._words("judge", number=sheet.number)
        yield self._line(
            "sheet", said, number=sheet.number, judge=judge, version=sheet.project_version
        )
        for part in sheet.parts:
            yield self._line(
                "part",
                rules,
                level=1,
                criterion=part.name.get(self.language),
                points=part.points,
                weight=part.weight,
                weighted=part.weighted,
            )
        yield self._line(
            "mean",
            rules,
            level=1,
            weighted=sheet.weighted,
            weight=sheet.weight,
            total=sheet.total,
            exact=sheet.total_exact,
        )
        counts = sheet.counts
        if sheet.normalised is not None:
            counts = bool(sheet.normalised_counts)
            yield self._line(
                "normalised",
                self._ranking,
                level=1,
                scale=sheet.scale,
                total=sheet.total,
                offset=sheet.offset,
                normalised=sheet.normalised,
            )
        if not counts:
            yield self._line("beside", rules, level=1)

    def _aside(self, aside: AsideLine) -> ExplainedLine:
        judge = self.names.get(aside.judge_id or "") or self._words("a_judge")
        reason = self._words("reason", reason=aside.reason) if aside.reason else ""
        said = (aside.event_id, aside.by_event_id)
        return self._line(aside.why, said, more=reason, judge=judge)

    def _totals(self) -> Iterator[ExplainedLine]:
        whole = self.whole
        said = (*(sheet.event_id for sheet in whole.sheets), whole.sources.ranking)
        counted = [one.total for one in whole.sheets if one.counts]
        yield self._line(
            f"total-{whole.aggregation}",
            said,
            sum=self._sum(counted),
            total=whole.total,
            exact=whole.total_exact,
        )
        if whole.normalised is None:
            return
        after = [
            one.normalised
            for one in whole.sheets
            if one.normalised_counts and one.normalised is not None
        ]
        yield self._line(
            "total-normalised",
            said,
            sum=self._sum(after),
            total=whole.normalised,
            exact=whole.normalised_exact,
        )

    def _sum(self, values: Sequence[Decimal]) -> str:
        """`(7.000000 + 8.000000) / 2`; nothing at all is 0."""
        if not values:
            return "0"
        return f"({' + '.join(number(one, self.language) for one in values)}) / {len(values)}"

    def _tie(self, tie: Tie) -> Iterator[ExplainedLine]:
        yield self._line("tie", self._ranking, rank=tie.rank)
        for step in tie.steps:
            end = self._words("parts" if step.parts else "equal")
            key = "step" if step.theirs is not None else "step-own"
            yield self._line(
                key,
                self._behind(step),
                level=1,
                more=end,
                step=self._step(step.step),
                own=step.own,
                theirs=step.theirs,
            )
        if tie.left_to_chair:
            yield self._line("chair", self._ranking, level=1)

    def _behind(self, step: TieStep) -> tuple[str, ...]:
        """What a step's value is made of."""
        if step.step == "lot":
            return (self.whole.sources.draw,)
        if step.step == "earliest-submission":
            return (self.whole.sources.submission,)
        return (*(sheet.event_id for sheet in self.whole.sheets), *self._ranking)

    def _step(self, step: str) -> str:
        if not step.startswith("criterion:"):
            return self._words(step)
        wanted = step.removeprefix("criterion:")
        name = next(one.name for one in self.stage.criteria if one.id == wanted)
        return self._words("criterion", criterion=name.get(self.language))

    def _at_the_line(self) -> Iterator[ExplainedLine]:
        line = self.whole.line
        rules = (self.whole.sources.season, self.whole.sources.ranking)
        yield self._line("above" if line.above else "below", rules, limit=line.limit)
        if line.last_above is not None:
            yield self._line("last_above", self._ranking, level=1, total=line.last_above)
        if line.first_below is not None:
            yield self._line("first_below", self._ranking, level=1, total=line.first_below)

    def _outcome(self) -> Iterator[ExplainedLine]:
        outcome = self.whole.outcome
        if outcome is None:
            return
        key = "chosen" if outcome.chosen else "not_chosen"
        yield self._line(
            key,
            (outcome.event_id, outcome.ranking_event_id),
            more=self._words("on_appeal") if outcome.on_appeal else "",
            rank=outcome.rank,
        )
        if outcome.chair_reason:
            yield self._line(
                "chair_reason", (outcome.event_id,), level=1, reason=outcome.chair_reason
            )
