"""The draw: even, repeatable from its event alone, and the same for any order of its lists."""

from collections import Counter

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.canonical import canonical_hash
from schemas.scoring import AssignmentsDrawn, DrawnProject, JudgeTerms
from services.kit.refusal import Refused
from services.scoring.domain import round
from services.scoring.domain.draw import assignments, draw_inputs_hash, eligible

from . import given


def draw(seed: str, judges: list[str], projects: list[str], each: int) -> AssignmentsDrawn:
    (event,) = round.draw(
        None,
        season_id="2020",
        round_id=given.ROUND,
        stage=given.stage(judges_per_project=each),
        seed=seed,
        judges=judges,
        about=given.about(projects),
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
        read.seed, read.judges, read.projects, read.judges_per_project, read.about, read.terms
    )


@given_any(draws())
def test_a_draw_that_knows_only_the_load_is_repeated_as_it_was_drawn(
    parts: tuple[str, list[str], list[str], int],
) -> None:
    event = draw(*parts).model_copy(update={"about": None})
    given_to = assignments(event)

    load = Counter(judge for chosen in given_to.values() for judge in chosen)
    assert max(load.values()) - min(load[judge] for judge in event.judges) <= 1
    assert draw_inputs_hash(
        event.seed, event.judges, event.projects, event.judges_per_project
    ) == canonical_hash(
        event.model_dump(include={"seed", "judges", "projects", "judges_per_project"})
    )


@st.composite
def constrained(data: st.DrawFn) -> AssignmentsDrawn:
    """A draw in which judges are barred, read some languages and avoid some regions."""
    judges = sorted(given.id_of("judge", n) for n in range(data(st.integers(2, 7))))
    about = tuple(
        DrawnProject(
            project_id=id,
            nomination=data(st.sampled_from(("environment", "education"))),
            region=data(st.sampled_from(("almaty", "turkistan"))),
            language=data(st.sampled_from(("kk", "ru"))),
            barred=tuple(sorted(data(st.sets(st.sampled_from(judges), max_size=2)))),
        )
        for id in sorted(given.id_of("project", n) for n in range(data(st.integers(1, 15))))
    )
    terms = tuple(
        JudgeTerms(
            judge_id=judge,
            languages=data(st.sampled_from(((), ("kk",), ("kk", "ru")))),
            avoids_regions=data(st.sampled_from(((), ("almaty",)))),
            reserve=data(st.sampled_from((None, None, False, True))),
        )
        for judge in judges
        if data(st.booleans())
    )
    return draw("сид", judges, [one.project_id for one in about], 1).model_copy(
        update={"about": about, "terms": terms, "judges_per_project": data(st.integers(1, 3))}
    )


@given_any(constrained())
def test_a_draw_gives_no_project_to_a_conflicted_judge_or_one_who_cannot_read_it(
    event: AssignmentsDrawn,
) -> None:
    given_to = assignments(event)

    reserves = {one.judge_id for one in event.terms or () if one.reserve}
    for project in event.about or ():
        may = eligible(event.judges, project, event.terms or ())
        assert not reserves & set(given_to[project.project_id])
        assert not set(project.barred) & set(given_to[project.project_id])
        assert set(given_to[project.project_id]) <= set(may)
        assert len(given_to[project.project_id]) == min(event.judges_per_project, len(may))


@given_any(constrained())
def test_no_project_of_a_draw_could_go_to_a_judge_with_two_fewer(event: AssignmentsDrawn) -> None:
    given_to = assignments(event)
    load = Counter(judge for chosen in given_to.values() for judge in chosen)

    for project in event.about or ():
        has = given_to[project.project_id]
        for poor in eligible(event.judges, project, event.terms or ()):
            assert poor in has or all(load[rich] - load[poor] < 2 for rich in has)


def test_a_draw_spreads_the_nominations_over_the_judges() -> None:
    judges, projects = [given.id_of("judge", n) for n in range(2)], []
    for number, id in enumerate(sorted(given.id_of("project", n) for n in range(8))):
        one = given.about([id])[0]
        nomination = "environment" if number % 2 else "education"
        projects.append(one.model_copy(update={"nomination": nomination}))
    event = draw("s", judges, [one.project_id for one in projects], 1)

    given_to = assignments(event.model_copy(update={"about": tuple(projects)}))

    by_judge = Counter((given_to[one.project_id][0], one.nomination) for one in projects)
    assert max(by_judge.values()) - min(by_judge.values()) <= 1
    assert len(by_judge) == 4


def test_a_draw_without_enough_unconflicted_judges_names_the_project() -> None:
    about = given.about(given.PROJECTS)
    about[0] = about[0].model_copy(update={"barred": given.JUDGES[:1]})

    with pytest.raises(Refused, match=about[0].project_id):
        round.draw(
            None,
            season_id="2020",
            round_id=given.ROUND,
            stage=given.stage(judges_per_project=3),
            seed="s",
            judges=given.JUDGES,
            about=about,
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
        about=given.about(given.PROJECTS),
    )[0]

    assert isinstance(event, AssignmentsDrawn)
    assert assignments(event) == dict.fromkeys(given.PROJECTS, given.JUDGES)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"stage": given.stage(judges_per_project=4)}, "too-few-judges"),
        ({"about": ()}, "no-projects"),
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
        "about": given.about(given.PROJECTS),
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
        "about": given.about(given.PROJECTS[:1]),
    }

    assert round.draw(state, seed="seed", **again) == []  # type: ignore[arg-type]
    with pytest.raises(Refused, match="already-drawn"):
        round.draw(state, seed="a better one", **again)  # type: ignore[arg-type]
