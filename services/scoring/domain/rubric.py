"""What a rubric takes: points within range and step, and comments where they are due. Pure."""

from collections.abc import Sequence

from schemas.scoring import CriterionComment, CriterionPoints
from schemas.season import Criterion
from services.kit.refusal import Fault


def faults(
    points: Sequence[CriterionPoints],
    comments: Sequence[CriterionComment],
    criteria: Sequence[Criterion],
) -> list[Fault]:
    """Everything that keeps a sheet from being handed in."""
    return [
        *_wrong_points(points, criteria),
        *_missing(points, criteria),
        *comment_faults(points, comments, criteria),
    ]


def draft_faults(
    points: Sequence[CriterionPoints],
    comments: Sequence[CriterionComment],
    criteria: Sequence[Criterion],
) -> list[Fault]:
    """What is wrong with a draft: anything may be missing, what is there must fit."""
    return [*_wrong_points(points, criteria), *_wrong_comments(comments, criteria)]


def comment_faults(
    points: Sequence[CriterionPoints],
    comments: Sequence[CriterionComment],
    criteria: Sequence[Criterion],
) -> list[Fault]:
    """Comments that don't belong there, and those that the points ask for."""
    given, said = {one.criterion: one.points for one in points}, {one.criterion for one in comments}
    due = [
        Fault(f"comments.{one.id}", f"a comment is required with {given[one.id]} points")
        for one in criteria
        if one.id in given and one.id not in said and one.comments.due(given[one.id])
    ]
    return _wrong_comments(comments, criteria) + due


def _wrong_points(points: Sequence[CriterionPoints], criteria: Sequence[Criterion]) -> list[Fault]:
    """What is wrong with the points that are there."""
    by_id = {criterion.id: criterion for criterion in criteria}
    given: set[str] = set()
    faults = []
    for item in points:
        where = f"points.{item.criterion}"
        criterion = by_id.get(item.criterion)
        if criterion is None:
            faults.append(Fault(where, f"is not one of: {', '.join(by_id)}"))
        elif item.criterion in given:
            faults.append(Fault(where, "appears twice"))
        elif not criterion.minimum <= item.points <= criterion.maximum:
            faults.append(Fault(where, f"must be {criterion.minimum} to {criterion.maximum}"))
        elif (item.points - criterion.minimum) % criterion.step:
            faults.append(Fault(where, f"must be in steps of {criterion.step}"))
        given.add(item.criterion)
    return faults


def _missing(points: Sequence[CriterionPoints], criteria: Sequence[Criterion]) -> list[Fault]:
    """What a sheet can't be handed in without."""
    given = {item.criterion for item in points}
    return [
        Fault(f"points.{criterion.id}", "is required")
        for criterion in criteria
        if criterion.required and criterion.id not in given
    ]


def _wrong_comments(
    comments: Sequence[CriterionComment], criteria: Sequence[Criterion]
) -> list[Fault]:
    """Comments on what is no criterion, or twice on the same one."""
    ids = [criterion.id for criterion in criteria]
    given = [item.criterion for item in comments]
    unknown = [
        Fault(f"comments.{id}", f"is not one of: {', '.join(ids)}") for id in given if id not in ids
    ]
    twice = [Fault(f"comments.{id}", "appears twice") for id in ids if given.count(id) > 1]
    silent = {one.id for one in criteria if one.comments.rule == "none"}
    unasked = [Fault(f"comments.{id}", "takes no comment") for id in given if id in silent]
    return unknown + twice + unasked
