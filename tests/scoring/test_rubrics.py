"""Rubrics: anchors, comments where they are due, and what differs by nomination."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.canonical import canonical_hash, contract_hash
from schemas.scoring import CriterionComment, RankedProject
from schemas.season import (
    Anchor,
    CommentRule,
    Criterion,
    CriterionWeight,
    NominationRubric,
    RoundDefinition,
)
from services.kit.refusal import Refused
from services.scoring.domain import round, sheets
from services.scoring.domain.evaluation import SheetDraft
from services.scoring.domain.explanation import explain
from services.scoring.domain.ranking import Candidate, compute_ranking
from services.scoring.domain.register import register

from . import given
from .given import JUDGE, JUDGES, NAME, PROJECTS

NEW_FIELDS = {"nominations", "visibility", "blind"}
YOUTH = "environment"
OTHER = "social-entrepreneurship"


def weights(**by_criterion: str) -> tuple[CriterionWeight, ...]:
    return tuple(
        CriterionWeight(criterion=id, weight=Decimal(weight)) for id, weight in by_criterion.items()
    )


def rubric(**fields: Any) -> NominationRubric:
    return NominationRubric(nomination=fields.pop("nomination", YOUTH), **fields)


def anchors(*points: str) -> tuple[Anchor, ...]:
    return tuple(Anchor(at=Decimal(one), text=NAME) for one in points)


# ── What a season may say ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("points", "what"),
    [
        (("11",), "can't be given"),
        (("2.25",), "can't be given"),
        (("5", "2"), "from the least"),
        (("5", "5"), "from the least"),
    ],
)
def test_anchors_are_points_of_the_scale_in_order(points: Sequence[str], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        given.criterion("idea", "1", anchors=anchors(*points))

    assert given.criterion("idea", "1", anchors=anchors("0", "5.5", "10")).anchors


def test_bounds_of_a_comment_belong_to_a_required_one() -> None:
    with pytest.raises(ValidationError, match="belong to a comment that is required"):
        CommentRule(rule="optional", below=Decimal("3"))


IDEA, BUDGET = given.criterion("idea", "0.6"), given.criterion("budget", "0.4")


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({}, "say what differs"),
        ({"weights": weights(idea="1")}, "name each of these once: budget, idea"),
        ({"weights": weights(idea="0.5", budget="0.4")}, "add up to 1"),
        ({"weights": weights(idea="1", budget="0")}, "above 0"),
        ({"criteria": (IDEA,)}, "add up to 1"),
        ({"criteria": (IDEA, IDEA)}, "the same id"),
        ({"criteria": (given.criterion("charm", "1"),)}, "tie_break needs idea"),
        (
            {"criteria": (IDEA, given.criterion("budget", "0.4", maximum=Decimal("5")))},
            "the same range",
        ),
    ],
)
def test_nominations_that_could_not_be_ranked_together_are_refused(
    fields: dict[str, Any], what: str
) -> None:
    with pytest.raises(ValidationError, match=what):
        given.stage(nominations=(rubric(**fields),))


def test_a_nomination_has_one_rubric_and_is_one_of_the_seasons() -> None:
    own = rubric(weights=weights(idea="0.5", budget="0.5"))
    with pytest.raises(ValidationError, match="about the same nomination"):
        given.stage(nominations=(own, own))

    season = given.season().model_dump()
    stranger = {"nomination": "atlantis", "weights": [{"criterion": "x", "weight": "1"}]}
    first = season["rounds"][0]
    first["nominations"] = [
        stranger
        | {"weights": [{"criterion": c["id"], "weight": c["weight"]} for c in first["criteria"]]}
    ]
    with pytest.raises(ValidationError, match="no nomination atlantis"):
        type(given.season()).model_validate(season)


def test_rules_that_are_not_used_leave_the_rulesets_hash_as_it_was() -> None:
    on = given.stage()
    before = {k: v for k, v in on.model_dump(mode="json").items() if k not in NEW_FIELDS}
    for one in before["criteria"]:
        del one["anchors"], one["comment"]

    assert contract_hash(on) == canonical_hash(before)
    assert contract_hash(on.model_copy(update={"blind": True})) != contract_hash(on)


# ── Comments ─────────────────────────────────────────────────────────────────────────────────────


def hand_in(on: RoundDefinition, points: str, *said: str) -> list[Any]:
    return sheets.record_score(
        given.assigned(),
        stage=on,
        project=given.project(),
        judge_id=JUDGE,
        project_version=1,
        points=given.points(idea=points),
        comments=[CriterionComment(criterion=id, comment="Анық") for id in said],
    )


def commented(rule: CommentRule | None) -> RoundDefinition:
    return given.stage(given.criterion("idea", "1", comment=rule), tie_break=())


ALWAYS = CommentRule(rule="required")
LOW = CommentRule(rule="required", below=Decimal("3"))
ENDS = CommentRule(rule="required", below=Decimal("3"), above=Decimal("9"))


@pytest.mark.parametrize(
    ("rule", "due", "free"),
    [
        (ALWAYS, ["0", "5", "10"], []),
        (LOW, ["0", "2.5"], ["3", "10"]),
        (ENDS, ["2.5", "9.5"], ["3", "9"]),
        (CommentRule(rule="optional"), [], ["0", "10"]),
        (None, [], ["0", "10"]),
    ],
)
def test_a_comment_is_required_where_the_rule_says(
    rule: CommentRule | None, due: list[str], free: list[str]
) -> None:
    on = commented(rule)

    for points in due:
        with pytest.raises(Refused, match="sheet-invalid") as refused:
            hand_in(on, points)
        assert [fault.where for fault in refused.value.faults] == ["comments.idea"]
    for points in (*due, *free):
        assert hand_in(on, points, "idea")
    for points in free:
        assert hand_in(on, points)


def test_no_comment_is_taken_where_the_rule_says_none() -> None:
    with pytest.raises(Refused, match="takes no comment"):
        hand_in(commented(CommentRule(rule="none")), "5", "idea")


def test_a_draft_may_lack_the_comment_that_the_sheet_needs() -> None:
    draft = SheetDraft(project_version=1, points=given.points(idea="1"))

    kept = sheets.save_draft(
        given.assigned(), stage=commented(LOW), project=given.project(), judge_id=JUDGE, draft=draft
    )
    assert kept.drafts


# ── By nomination ────────────────────────────────────────────────────────────────────────────────

OWN_CRITERIA = (given.criterion("idea", "0.5"), given.criterion("roots", "0.5"))


def test_a_project_is_scored_by_the_criteria_of_its_nomination() -> None:
    on = given.stage(nominations=(rubric(criteria=OWN_CRITERIA),))
    arguments: dict[str, Any] = {"stage": on, "judge_id": JUDGE, "project_version": 1}
    own, common = given.project(nomination=YOUTH), given.project(nomination=OTHER)

    by_own = given.points(idea="5", roots="5")
    by_common = given.points(idea="5", budget="5")
    for project, right, wrong in ((own, by_own, by_common), (common, by_common, by_own)):
        assert sheets.record_score(given.assigned(), project=project, points=right, **arguments)
        with pytest.raises(Refused, match="sheet-invalid"):
            sheets.record_score(given.assigned(), project=project, points=wrong, **arguments)


def ranked(on: RoundDefinition, *projects: tuple[str, dict[str, str]]) -> tuple[RankedProject, ...]:
    """The table of one sheet on each of these projects, given as (nomination, points)."""
    candidates = []
    for id, (nomination, points) in zip(PROJECTS, projects, strict=False):
        project = given.project(id, nomination=nomination)
        events = sheets.record_score(
            given.assigned(id),
            stage=on,
            project=project,
            judge_id=JUDGES[0],
            project_version=1,
            points=given.points(**points),
        )
        found = given.after(given.assigned(id), events)
        candidates.append(Candidate(evaluation=found, project=project))
    return compute_ranking(given.drawn(on).drawn, on, candidates).table


def test_a_ranking_weighs_each_project_by_its_nomination() -> None:
    on = given.stage(
        nominations=(
            rubric(weights=weights(idea="0.1", budget="0.9")),
            rubric(
                nomination=OTHER, criteria=OWN_CRITERIA, weights=weights(idea="0.8", roots="0.2")
            ),
        )
    )

    table = ranked(
        on,
        (YOUTH, {"idea": "10", "budget": "0"}),
        (OTHER, {"idea": "10", "roots": "5"}),
        ("equal-opportunities", {"idea": "10", "budget": "0"}),
    )
    assert [(row.nomination, row.total) for row in table] == [
        (OTHER, Decimal("9.000000")),
        ("equal-opportunities", Decimal("6.000000")),
        (YOUTH, Decimal("1.000000")),
    ]


def test_explanation_and_register_weigh_by_the_nomination_too() -> None:
    own = rubric(criteria=OWN_CRITERIA, weights=weights(idea="0.8", roots="0.2"))
    on = given.stage(nominations=(own,))
    found = given.after(
        given.assigned(), given.record(given.assigned(), on=on, idea="10", roots="5")
    )
    (row,) = register(on, [found], given.projects(), {})

    candidates = [Candidate(evaluation=found, project=given.project())]
    state = given.drawn(on)
    state = round.evolve(state, compute_ranking(state.drawn, on, candidates))
    whole = explain(
        given.PROJECT,
        stage=on,
        round_=state,
        round_id=given.ROUND,
        candidates=candidates,
        decision=None,
    )
    assert (row.total, whole.total) == (Decimal("9.000000"), Decimal("9.000000"))
    assert [part.weight for part in whole.sheets[0].parts] == [Decimal("0.8"), Decimal("0.2")]
    assert [one.id for one in on.every_criterion] == ["idea", "budget", "roots"]


@given_any(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=6, max_size=6))
def test_a_nomination_with_the_rounds_own_rubric_changes_nothing(
    halves: list[tuple[int, int]],
) -> None:
    plain = given.stage()
    same: tuple[Criterion, ...] = plain.criteria
    on = given.stage(nominations=(rubric(criteria=same),))
    projects = [
        ((YOUTH, OTHER)[number % 2], {"idea": str(one / 2), "budget": str(two / 2)})
        for number, (one, two) in enumerate(halves)
    ]

    assert ranked(on, *projects) == ranked(plain, *projects)
