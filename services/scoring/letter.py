"""An applicant's letter of result, after the results of a round are out."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from schemas.base import Language
from schemas.scoring import RankedProject, RankingComputed
from schemas.season import RoundDefinition, SeasonDefinition
from services.kit.refusal import Refused
from services.kit.writing import day, money
from services.scoring.document_words import DOCUMENT_WORDS
from services.scoring.domain.decision import Decision
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.round import Round
from services.scoring.printing import Paper
from services.scoring.wording import number


@dataclass(frozen=True, slots=True)
class Result:
    """What a letter tells of. `amount_tiyn` is the award's; `is_final`: a round that awards."""

    season: SeasonDefinition
    stage: RoundDefinition
    round_: Round | None
    decision: Decision | None
    project: HeardProject
    published_at: datetime | None
    is_final: bool
    amount_tiyn: int | None = None


def letter(result: Result, language: Language) -> Paper:
    """The letter in a language. Refused for a project without a published outcome."""
    if result.published_at is None:
        raise Refused("conflict", "no-moment", "It was not noted when these results came out.")
    if result.project.status != "eligible":
        status = result.project.status
        raise Refused("conflict", "project-not-eligible", f"The project is {status}.")
    round_, decision, id = result.round_, result.decision, result.project.project_id
    ranking = round_.ranking if round_ else None
    row = next((one for one in ranking.table if one.project_id == id), None) if ranking else None
    if round_ is None or ranking is None or decision is None or row is None:
        raise Refused("missing", "not-in-ranking", "This project has no rank in this round.")
    return _Letter(result, language, round_, ranking, decision, row).paper(result.published_at)


@dataclass(frozen=True, slots=True)
class _Letter:
    result: Result
    language: Language
    round_: Round
    ranking: RankingComputed
    decision: Decision
    row: RankedProject

    def paper(self, published_at: datetime) -> Paper:
        result, content = self.result, self.result.project.content
        local = published_at.astimezone(ZoneInfo(result.season.timezone))
        title = self._words("letter")
        data: dict[str, JsonValue] = {
            "language": self.language,
            "title": title,
            "author": result.season.title.get(self.language),
            "subtitle": result.season.title.get(self.language),
            "footer": f"{title} · {result.project.project_id}",
            "recipient": content.organisation.name,
            "day": day(local, self.language),
            "paragraphs": [self._outcome(), *self._reserve()],
            "facts": self._facts(),
            "explanation": self._words("explanation"),
            "references": [
                [self._words("decision-event"), self.decision.recorded_event_id],
                [self._words("ranking-event"), self.round_.ranking_event_id],
                ["table_hash", self.ranking.table_hash],
            ],
        }
        return Paper("letter.typ", published_at, data)

    def _words(self, key: str, **values: object) -> str:
        return DOCUMENT_WORDS[self.language][key].format_map(values)

    def _outcome(self) -> str:
        result = self.result
        title = result.project.content.title
        if result.is_final:
            if result.amount_tiyn is None:
                return self._words("not-awarded", title=title)
            amount = money(result.amount_tiyn, self.language)
            return self._words("won", title=title, amount=amount)
        chosen = result.project.project_id in self.decision.chosen
        return self._words("goes-on" if chosen else "stays", title=title)

    def _reserve(self) -> list[JsonValue]:
        """The place in the reserve, of a finalist who has one and no award."""
        result, reserve = self.result, self.decision.reserve
        id = result.project.project_id
        if not result.is_final or result.amount_tiyn is not None or id not in reserve:
            return []
        return [self._words("reserve", place=reserve.index(id) + 1)]

    def _facts(self) -> list[JsonValue]:
        result, content = self.result, self.result.project.content
        nominations = {one.id: one.name for one in result.season.nominations}
        counting = self.row.total if self.row.normalised is None else self.row.normalised
        found = {
            "project": content.title,
            "nomination": nominations[content.nomination].get(self.language),
            "round": result.stage.name.get(self.language),
            "rank": self._words("rank-of", rank=self.row.rank, of=len(self.ranking.table)),
            "total": number(counting, self.language),
            "sheets": str(self.row.sheets),
        }
        if result.amount_tiyn is not None:
            found["amount"] = money(result.amount_tiyn, self.language)
        return [[self._words(key), value] for key, value in found.items()]
