"""What a project is scored by: criteria, what their points mean, and what differs by nomination."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Contract, Localised, Points, Slug


class Misfit(ValueError):
    """Values that are fine alone and wrong together; `path` leads to the one to mend."""

    def __init__(self, what: str, *path: str | int) -> None:
        super().__init__(what)
        self.path = path


class Anchor(Contract):
    """What certain points on a criterion mean, so that judges mean the same by them."""

    at: Points
    """The points that the text is about."""
    text: Localised
    """What a project is like that deserves them."""


class CommentRule(Contract):
    """Whether a judge comments on the points of a criterion."""

    rule: Literal["none", "optional", "required"]
    """none, optional, or required: always, or only beyond the bounds that are given."""
    below: Points | None = None
    """Required for points below this, and not within the bounds."""
    above: Points | None = None
    """Required for points above this, and not within the bounds."""

    @model_validator(mode="after")
    def _bounds_need_a_requirement(self) -> Self:
        if self.rule != "required" and (self.below, self.above) != (None, None):
            raise Misfit("below and above belong to a comment that is required", "rule")
        return self

    def due(self, points: Decimal) -> bool:
        """Whether these points can't be given without a comment."""
        if self.rule != "required":
            return False
        if self.below is None and self.above is None:
            return True
        under = self.below is not None and points < self.below
        return under or (self.above is not None and points > self.above)


class Criterion(Contract):
    """One line of a rubric: a weight, and the range and step of its points."""

    id: Slug
    name: Localised
    weight: Points
    minimum: Points = Decimal("0")
    maximum: Points = Decimal("10")
    step: Points = Decimal("0.5")
    required: bool = True
    anchors: Annotated[tuple[Anchor, ...], Field(min_length=1, max_length=21)] | None = None
    """What points mean, from the least to the most; null when it is left to the judge."""
    comment: CommentRule | None = None
    """Optional when it is not said."""

    @model_validator(mode="after")
    def _range_makes_sense(self) -> Self:
        if self.maximum <= self.minimum:
            raise Misfit("maximum must be above minimum", "maximum")
        if self.step <= 0 or (self.maximum - self.minimum) % self.step:
            raise Misfit("step must be positive and divide the range evenly", "step")
        if self.weight <= 0:
            raise Misfit("weight must be above 0", "weight")
        return self

    @model_validator(mode="after")
    def _anchors_are_on_the_scale(self) -> Self:
        told = [anchor.at for anchor in self.anchors or ()]
        for index, points in enumerate(told):
            off = not self.minimum <= points <= self.maximum
            if off or (points - self.minimum) % self.step:
                what = f"{points} can't be given on this criterion"
                raise Misfit(what, "anchors", index, "at")
        if any(one >= other for one, other in pairwise(told)):
            raise Misfit("anchors go from the least points to the most, each once", "anchors")
        return self

    @property
    def comments(self) -> CommentRule:
        """The comment rule that applies."""
        return self.comment or CommentRule(rule="optional")


class CriterionWeight(Contract):
    """Another weight of a criterion."""

    criterion: Slug
    weight: Points


class NominationRubric(Contract):
    """How the rubric differs for the projects of one nomination: other criteria, other weights."""

    nomination: Slug
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1, max_length=20)] | None = None
    """The criteria of this nomination; null when they are those of the round."""
    weights: Annotated[tuple[CriterionWeight, ...], Field(min_length=1, max_length=20)] | None = (
        None
    )
    """The weights of all its criteria; null when they are those that the criteria have."""

    @model_validator(mode="after")
    def _something_differs(self) -> Self:
        if self.criteria is None and self.weights is None:
            raise Misfit("say what differs: criteria, weights, or both", "nomination")
        return self

    @property
    def _weights(self) -> dict[str, Decimal]:
        return {one.criterion: one.weight for one in self.weights or ()}

    def rubric(self, common: Sequence[Criterion]) -> tuple[Criterion, ...]:
        """The criteria of this nomination, where the round's own are these."""
        criteria, weights = self.criteria or tuple(common), self._weights
        return tuple(
            one.model_copy(update={"weight": weights.get(one.id, one.weight)}) for one in criteria
        )

    def require_fit(self, common: Sequence[Criterion]) -> None:
        """Raise Misfit when its projects could not be ranked with those of the others."""
        part = "criteria" if self.weights is None else "weights"
        ids = {one.id for one in self.criteria or common}
        if self.weights is not None and sorted(one.criterion for one in self.weights) != sorted(
            ids
        ):
            raise Misfit(f"weights must name each of these once: {', '.join(sorted(ids))}", part)
        if any(weight <= 0 for weight in self._weights.values()):
            raise Misfit("weight must be above 0", part)
        own = self.rubric(common)
        require_consistent(own, part)
        if _span(own) != _span(common):
            raise Misfit("its totals must have the same range as those of the round", part)


def require_consistent(criteria: Sequence[Criterion], part: str) -> None:
    """Raise Misfit unless ids are unique and weights add up to 1."""
    ids = [criterion.id for criterion in criteria]
    if len(set(ids)) != len(ids):
        raise Misfit("two criteria have the same id", part)
    if sum(criterion.weight for criterion in criteria) != 1:
        raise Misfit("the criteria's weights must add up to 1", part)


def _span(criteria: Sequence[Criterion]) -> tuple[Decimal, Decimal]:
    """The least and the most that a total can be."""
    least = sum((one.weight * one.minimum for one in criteria), Decimal(0))
    return least, sum((one.weight * one.maximum for one in criteria), Decimal(0))
