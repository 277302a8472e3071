"""A season as its organiser defines it: calendar, nominations, rounds, funds, webinars."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import chain
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, model_validator

from schemas.base import (
    LONGEST_SLUG,
    Contract,
    Language,
    Line,
    Localised,
    Moment,
    Points,
    Slug,
    Tiyn,
)
from schemas.rubric import (
    Anchor,
    CommentRule,
    Criterion,
    CriterionWeight,
    Misfit,
    NominationRubric,
    require_consistent,
)

__all__ = ["Anchor", "CommentRule", "Criterion", "CriterionWeight", "Misfit", "NominationRubric"]


@cache
def _known_zones() -> frozenset[str]:
    """The names of all time zones; finding them out reads a whole directory."""
    return frozenset(available_timezones())


Goal = Annotated[int, Field(strict=True, ge=1, le=17)]
"""One of the 17 Sustainable Development Goals of the United Nations."""

SettlementKind = Literal["city", "monotown", "remote-settlement", "village"]
PanelName = Literal["jury", "commission"]
TieRule = Literal["chair-casts", "lost"]
"""With equal votes the chair's own vote decides, or the motion is lost."""
DEFAULT_APPEAL_DAYS = 5
TieBreak = Annotated[str, Field(pattern=r"^(criterion:[a-z0-9-]+|median|earliest-submission|lot)$")]
"""How equal totals are parted; `lot` is the SHA-256 of `<draw's seed>/lot/<project id>`."""


class Nomination(Contract):
    """A category with its own part of the funds."""

    id: Slug
    name: Localised
    funds_tiyn: Tiyn


class Region(Contract):
    """A region of the country as it stood in this season."""

    id: Slug
    name: Localised
    kind: Literal["city", "region"]


Aggregation = Literal["mean", "median", "trimmed-mean"]
"""How a project's sheets become one total; trimmed-mean leaves out the lowest and the highest."""


class Normalisation(Contract):
    """How the judges' severity is evened out before the totals are made; see docs/ranking.md."""

    method: Literal["z-score", "judge-effect"]
    """z-score gives every judge the same mean and spread; judge-effect takes severity away."""
    minimum_sheets: Annotated[int, Field(ge=2, le=50)] = 3
    """A judge with fewer sheets in the round is taken as he is."""
    shrinkage: Points = Decimal("5")
    """With judge-effect: so many sheets of no effect are added to each judge's own."""


ScoresVisible = Literal["never", "after-own", "always"]
"""Not before the results, once the judge's own sheet of the project is in, or at any time."""


class RoundDefinition(Contract):
    """One evaluation stage: who scores, on which rubric, and how the ranking is made of it."""

    id: Slug
    name: Localised
    panel: PanelName
    judges_per_project: Annotated[int, Field(ge=1, le=50)] | Literal["all"]
    minimum_sheets: Annotated[int, Field(ge=1, le=50)] = 1
    limit: Annotated[int, Field(ge=1, le=50)]
    """At most this many projects go on (first round) or are proposed for an award (final)."""
    reserve: Annotated[int, Field(ge=0, le=50)] | None = None
    """In the last round: so many after the line are a reserve, who move up in their order when an
    award falls away. The decision says how many when it is not said here."""
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1, max_length=20)]
    tie_break: tuple[TieBreak, ...] = ()
    """Tried in order when totals are equal; what still ties is broken by the chair."""
    aggregation: Aggregation | None = None
    """The mean when it is not said."""
    normalisation: Normalisation | None = None
    """None when it is not said: the points count as they were given."""

    nominations: Annotated[tuple[NominationRubric, ...], Field(max_length=30)] | None = None
    """Nominations whose projects are scored by another rubric; null when all have the same."""
    visibility: ScoresVisible | None = None
    """When a judge sees the others' sheets of a project before the results; never if not said."""
    blind: bool | None = None
    """Whether judges see projects without the applicant's name and number; no when not said."""

    @model_validator(mode="after")
    def _rubric_is_consistent(self) -> Self:
        require_consistent(self.criteria, "criteria")
        ids = [criterion.id for criterion in self.criteria]
        for index, step in enumerate(self.tie_break):
            if step.startswith("criterion:") and step.removeprefix("criterion:") not in ids:
                what = f"tie_break names an unknown criterion: {step}"
                raise Misfit(what, "tie_break", index)
        return self

    @model_validator(mode="after")
    def _nominations_can_be_ranked_together(self) -> Self:
        named = [one.nomination for one in self.nominations or ()]
        if len(set(named)) != len(named):
            raise Misfit("two entries are about the same nomination", "nominations")
        for index, one in enumerate(self.nominations or ()):
            try:
                one.require_fit(self.criteria)
                self._require_tie_breaks(one)
            except Misfit as misfit:
                raise Misfit(str(misfit), "nominations", index, *misfit.path) from misfit
        return self

    def _require_tie_breaks(self, one: NominationRubric) -> None:
        """A criterion that parts equal totals is scored in every nomination, on one scale."""
        scales = {c.id: (c.minimum, c.maximum) for c in one.rubric(self.criteria)}
        for common in self.criteria:
            parts = f"criterion:{common.id}" in self.tie_break
            if parts and scales.get(common.id) != (common.minimum, common.maximum):
                what = f"tie_break needs {common.id} here too, with the round's range"
                raise Misfit(what, "criteria" if one.criteria else "weights")

    @property
    def every_criterion(self) -> tuple[Criterion, ...]:
        """The criteria of the round and those that only some nominations have, each once."""
        own = (one.rubric(self.criteria) for one in self.nominations or ())
        found = {one.id: one for one in chain(self.criteria, *own)}
        return tuple(found.values())

    def within(self, nomination: str) -> Self:
        """The round as the projects of this nomination are scored: with their own criteria."""
        own = next((one for one in self.nominations or () if one.nomination == nomination), None)
        if own is None:
            return self
        return self.model_copy(update={"criteria": own.rubric(self.criteria), "nominations": None})


class Seat(Contract):
    """A place on a panel, given by its post; persons are appointed to it later."""

    post: Localised
    role: Literal["chair", "member", "secretary"] = "member"


class PanelDefinition(Contract):
    """A body that scores: the jury of the first round or the commission of the final."""

    name: PanelName
    seats: Annotated[tuple[Seat, ...], Field(min_length=1, max_length=60)]
    quorum: Annotated[str, Field(pattern=r"^[1-9][0-9]?/[1-9][0-9]?$")] | None = None
    """The share of the voting members that must be present, rounded up; 2/3 when not said."""
    tie_rule: TieRule | None = None
    """What equal votes come to; the chair's vote decides when it is not said."""

    @model_validator(mode="after")
    def _quorum_is_a_share(self) -> Self:
        if Fraction(self.quorum_share) > 1:
            raise Misfit("quorum must be a share of the members, at most 1", "quorum")
        return self

    @property
    def quorum_share(self) -> str:
        """The share that makes a quorum, as a fraction."""
        return self.quorum or "2/3"

    @property
    def ties(self) -> TieRule:
        """The tie rule that applies."""
        return self.tie_rule or "chair-casts"


class WebinarDefinition(Contract):
    """A free webinar of the season. Without a capacity everybody gets a link."""

    id: Slug
    title: Localised
    speaker: Localised
    starts_at: Moment
    minutes: Annotated[int, Field(ge=5, le=600)] = 90
    capacity: Annotated[int, Field(ge=1, le=100_000)] | None = None


class SeasonDefinition(Contract):
    """Everything a season is run by. Fixed when the season opens."""

    id: Slug
    title: Localised
    theme: Localised
    timezone: str
    languages: tuple[Language, ...] = ("kk", "ru", "en")
    opens_at: Moment
    deadline: Moment
    grace_minutes: Annotated[int, Field(ge=0, le=1440)] = 0
    final_days: Annotated[tuple[date, ...], Field(min_length=1)]
    award_day: date
    goals: Annotated[tuple[Goal, ...], Field(min_length=1)]
    nominations: Annotated[tuple[Nomination, ...], Field(min_length=1, max_length=30)]
    regions: Annotated[tuple[Region, ...], Field(min_length=1, max_length=100)]
    settlement_kinds: Annotated[tuple[SettlementKind, ...], Field(min_length=1)]
    requested_cap_tiyn: Tiyn
    """The most that one project may ask for."""
    funds_tiyn: Tiyn
    panels: Annotated[tuple[PanelDefinition, ...], Field(min_length=1)]
    rounds: Annotated[tuple[RoundDefinition, ...], Field(min_length=1, max_length=5)]
    webinars: tuple[WebinarDefinition, ...] = ()
    appeal_days: Annotated[int, Field(ge=0, le=60)] | None = None
    """So many days after results are published applicants can appeal; 5 when it is not said."""
    sample: tuple[Line, ...] = ()
    """Names of the parts that are invented for the example and not facts of the fair."""

    @model_validator(mode="after")
    def _calendar_and_money_make_sense(self) -> Self:
        if self.timezone not in _known_zones():
            raise Misfit(f"unknown time zone: {self.timezone}", "timezone")
        if self.deadline <= self.opens_at:
            raise Misfit("deadline must be after opens_at", "deadline")
        if sum(nomination.funds_tiyn for nomination in self.nominations) > self.funds_tiyn:
            what = "the nominations' funds add up to more than funds_tiyn"
            raise Misfit(what, "funds_tiyn")
        return self

    @model_validator(mode="after")
    def _ids_are_unique_and_known(self) -> Self:
        for part in ("nominations", "regions", "rounds", "webinars"):
            ids = [item.id for item in getattr(self, part)]
            if len(set(ids)) != len(ids):
                raise Misfit(f"two entries of {part} have the same id", part)
        composed = [
            *(("rounds", index, stage.id) for index, stage in enumerate(self.rounds)),
            *(("webinars", index, item.id) for index, item in enumerate(self.webinars)),
        ]
        for part, index, id in composed:
            if len(f"{self.id}-{id}") > LONGEST_SLUG:
                what = f"{self.id}-{id} is longer than {LONGEST_SLUG} letters"
                raise Misfit(what, part, index, "id")
        for index, stage in enumerate(self.rounds[:-1]):
            if stage.reserve:
                raise Misfit("only the last round has a reserve", "rounds", index, "reserve")
        panels = {panel.name for panel in self.panels}
        for index, stage in enumerate(self.rounds):
            if stage.panel not in panels:
                what = f"round {stage.id} names panel {stage.panel}, which is not defined"
                raise Misfit(what, "rounds", index, "panel")
        return self

    @model_validator(mode="after")
    def _rubrics_are_of_its_nominations(self) -> Self:
        nominations = {nomination.id for nomination in self.nominations}
        for index, stage in enumerate(self.rounds):
            for number, one in enumerate(stage.nominations or ()):
                if one.nomination not in nominations:
                    what = f"there is no nomination {one.nomination}"
                    raise Misfit(what, "rounds", index, "nominations", number, "nomination")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The organiser's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def closes_at(self) -> Moment:
        """The last moment at which a submission is accepted: deadline + grace."""
        return self.deadline + timedelta(minutes=self.grace_minutes)

    def appeals_until(self, published_at: Moment) -> Moment | None:
        """The last moment of appeals against results of this moment; None when there are none."""
        days = DEFAULT_APPEAL_DAYS if self.appeal_days is None else self.appeal_days
        return published_at + timedelta(days=days) if days else None

    def round(self, round_id: str) -> RoundDefinition | None:
        """The stage with this id, or None."""
        return next((stage for stage in self.rounds if stage.id == round_id), None)
