"""The draw: even, repeatable from its event alone, and the same for any order of its lists."""

from collections import Counter

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.scoring import AssignmentsDrawn
from services.kit.refusal import Refused
from services.scoring.domain import round
from services.scoring.domain.draw import assignments, draw_inputs_hash

from . import given


def draw(seed: str, judges: list[str], projects: list[str], each: int) -> AssignmentsDrawn:
    (event,) = round.draw(
        None,
        season_id="2020",
        round_id=given.ROUND,
        stage=given.stage(judges_per_project=each),
        seed=seed,
        judges=judges,
        projects=projects,
    )
    assert isinstance(event, AssignmentsDrawn)
    return event


@st.composite
def draws(data: st.DrawFn) -> tuple[str, list[str], list[str], int]:
    judges = [given.id_of("judge", n) for n in range(data(st.integers(1, 12)))]
    projects = [given.id_of("project", n) for n in range(data(st.integers(1, 40)))]
    return data(st.text("сид-1", min_size=1)), judges, projects, data(st.integers(1, len(judges)))


@given_any(draws(), st.randoms())
def test_a_draw_is_even_complete_and_independent_of_order(
    parts: tuple[str, list[str], list[str], int], chance: object
) -> None:
    seed, judges, projects, each = parts
    event = draw(seed, judges, projects, each)
    given_to = assignments(event)

    assert sorted(given_to) == sorted(projects)
    assert all(len(set(chosen)) == len(chosen) == each for chosen in given_to.values())
    load = Counter(judge for chosen in given_to.values() for judge in chosen)
    loads = [load[judge] for judge in judges]
    assert max(loads) - min(loads) <= 1

    shuffle = chance.shuffle  # type: ignore[attr-defined]
    shuffle(judges)
    shuffle(projects)
    assert draw(seed, judges, projects, each) == event


@given_any(draws())
def test_anyone_can_repeat_a_draw_from_its_event(
    parts: tuple[str, list[str], list[str], int],
) -> None:
    event = draw(*parts)
    read = AssignmentsDrawn.model_validate_json(event.model_dump_json())

    assert assignments(read) == assignments(event)
    assert read.inputs_hash == draw_inputs_hash(
        read.seed, read.judges, read.projects, read.judges_per_project
    )


def test_another_seed_gives_another_draw() -> None:
    judges, projects = [given.id_of("judge", n) for n in range(9)], list(given.PROJECTS)

    assert assignments(draw("one", judges, projects, 3)) != assignments(
        draw("two", judges, projects, 3)
    )


def test_all_judges_score_all_projects_when_the_round_says_all() -> None:
    event = round.draw(
        None,
        season_id="2020",
        round_id=given.ROUND,
        stage=given.stage(judges_per_project="all"),
        seed="seed",
        judges=given.JUDGES,
        projects=given.PROJECTS,
    )[0]

    assert isinstance(event, AssignmentsDrawn)
    assert assignments(event) == dict.fromkeys(given.PROJECTS, given.JUDGES)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"stage": given.stage(judges_per_project=4)}, "too-few-judges"),
        ({"projects": ()}, "no-projects"),
        ({"judges": (), "stage": given.stage(judges_per_project=1)}, "too-few-judges"),
    ],
)
def test_a_draw_needs_judges_and_projects(changes: dict[str, object], rule: str) -> None:
    arguments: dict[str, object] = {
        "season_id": "2020",
        "round_id": given.ROUND,
        "stage": given.stage(),
        "seed": "seed",
        "judges": given.JUDGES,
        "projects": given.PROJECTS,
    }
    with pytest.raises(Refused, match=rule):
        round.draw(None, **(arguments | changes))  # type: ignore[arg-type]


def test_a_round_is_drawn_once() -> None:
    state = given.drawn()
    again = {
        "season_id": "2020",
        "round_id": given.ROUND,
        "stage": given.stage(),
        "judges": given.JUDGES,
        "projects": given.PROJECTS[:1],
    }

    assert round.draw(state, seed="seed", **again) == []  # type: ignore[arg-type]
    with pytest.raises(Refused, match="already-drawn"):
        round.draw(state, seed="a better one", **again)  # type: ignore[arg-type]
