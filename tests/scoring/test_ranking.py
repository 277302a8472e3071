"""Ranking: exact, repeatable from the log, and the same bytes for any order of arrival."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.canonical import canonical_hash, contract_hash, inputs_hash
from schemas.registry import EVENTS
from schemas.scoring import RankingComputed, ScoringEvent
from schemas.season import RoundDefinition
from services.kit.refusal import Refused
from services.scoring.domain import evolution
from services.scoring.domain.base import evaluation_id
from services.scoring.domain.evaluation import Evaluation
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.ranking import Candidate, compute_ranking, sheet_total, shown
from services.scoring.domain.sheets import void_score

from . import given
from .given import JUDGES, PROJECTS, SUBMITTED

Arrival = tuple[str, int, ScoringEvent]
"""(project, sequence, event), as it comes from the log."""

HALVES = st.integers(0, 20).map(lambda halves: f"{Decimal(halves) / 2:.2f}")


def rank(
    evaluations: list[Evaluation],
    on: RoundDefinition | None = None,
    projects: Mapping[str, HeardProject] | None = None,
) -> RankingComputed:
    return compute_ranking(
        given.drawn().drawn,
        on or given.stage(),
        [
            Candidate(
                evaluation=one,
                project=(projects or {}).get(one.project_id) or given.project(one.project_id),
            )
            for one in evaluations
        ],
    )


def sheets(id: str, *given_points: tuple[str, str]) -> Evaluation:
    """An evaluation with (idea, budget) of one judge each."""
    found = given.assigned(id)
    for judge, (idea, budget) in zip(JUDGES, given_points, strict=False):
        found = given.scored(found, judge, idea=idea, budget=budget)
    return found


def order(ranking: RankingComputed) -> list[str]:
    return [row.project_id for row in ranking.table]


# ── The same bytes for any order of arrival ──────────────────────────────────────────────────────


@st.composite
def histories(draw: st.DrawFn) -> dict[str, list[ScoringEvent]]:
    """What each evaluation of a round says, in its own order."""
    said: dict[str, list[ScoringEvent]] = {}
    for id in PROJECTS[: draw(st.integers(1, 5))]:
        state, events = given.assigned(id), []
        for _ in range(draw(st.integers(0, 5))):
            judge = draw(st.sampled_from(JUDGES))
            if draw(st.integers(0, 4)) == 0:
                try:
                    new = void_score(state, judge_id=judge, reason="қақтығыс")
                except Refused:
                    continue
            else:
                new = given.record(state, judge, idea=draw(HALVES), budget=draw(HALVES))
            events += new
            state = given.after(state, new)
        said[id] = events
    return said


RULESETS = st.builds(
    given.stage,
    tie_break=st.sampled_from(
        [(), ("lot",), ("criterion:idea", "median"), ("earliest-submission", "lot")]
    ),
    aggregation=st.sampled_from([None, "median", "trimmed-mean"]),
    normalisation=st.sampled_from(
        [None] + [{"method": name, "minimum_sheets": 2} for name in ("z-score", "judge-effect")]
    ),
)


@given_any(histories(), RULESETS, st.data())
def test_a_ranking_has_the_same_bytes_for_any_order_of_arrival_and_any_repeats(
    said: dict[str, list[ScoringEvent]], on: RoundDefinition, data: st.DataObject
) -> None:
    expected = rank([given.after(given.assigned(id), events) for id, events in said.items()], on)
    begun = len(JUDGES)
    waiting = {id: [(begun + n, event) for n, event in enumerate(events, start=1)]
               for id, events in said.items()}  # fmt: skip
    arrived: list[tuple[str, int, ScoringEvent]] = []
    while open_ones := sorted(id for id, events in waiting.items() if events):
        id = data.draw(st.sampled_from(open_ones))
        sequence, event = waiting[id].pop(0)
        arrived.append((id, sequence, event))
        for repeated in data.draw(st.lists(st.sampled_from(arrived), max_size=2)):
            arrived.append(repeated)

    folded = {id: given.assigned(id) for id in data.draw(st.permutations(list(said)))}
    for id, sequence, event in arrived:
        if sequence > folded[id].said:
            read = type(event).model_validate_json(event.model_dump_json())
            folded[id] = evolution.evolve(folded[id], read)

    assert rank(list(folded.values()), on).model_dump_json() == expected.model_dump_json()


@given_any(histories())
def test_the_inputs_hash_can_be_recomputed_from_the_log(
    said: dict[str, list[ScoringEvent]],
) -> None:
    ranking = rank([given.after(given.assigned(id), events) for id, events in said.items()])
    log = [
        (f"evaluation/{evaluation_id(given.ROUND, id)}", len(JUDGES) + n, event.type_name(),
         EVENTS[event.type_name()].model_validate_json(event.model_dump_json()))
        for id, events in said.items()
        for n, event in enumerate(events, start=1)
    ]  # fmt: skip

    assert inputs_hash(log) == inputs_hash(log[::-1] + log) == ranking.inputs_hash
    for subject, sequence, _, _ in log:
        assert ranking.cut[f"scoring/{subject}"] >= sequence


def test_the_hashes_are_over_the_ruleset_and_the_table_and_no_times() -> None:
    evaluations = [sheets(id, ("5", "5")) for id in PROJECTS[:2]]
    ranking = rank(evaluations)
    rows = json.loads(ranking.model_dump_json())["table"]
    later = {
        id: given.project(id, first_submitted_at=SUBMITTED + timedelta(days=n))
        for n, id in enumerate(PROJECTS)
    }

    assert ranking.table_hash == canonical_hash(rows)
    assert ranking.ruleset_hash == contract_hash(given.stage())
    assert rank(evaluations, projects=later).table_hash == ranking.table_hash
    assert rank(evaluations, given.stage(limit=2)).ruleset_hash != ranking.ruleset_hash


def test_the_cut_names_the_last_sequence_of_every_evaluation_and_project() -> None:
    ranking = rank([sheets(PROJECTS[0], ("5", "5"), ("6", "6"))])

    assert ranking.cut == {f"scoring/round/{given.ROUND}": 1} | {
        f"scoring/evaluation/{given.ROUND}~{PROJECTS[0]}": 5,
        f"submission/project/{PROJECTS[0]}": 2,
    }


# ── The order ────────────────────────────────────────────────────────────────────────────────────


def test_projects_are_ranked_by_the_weighted_mean() -> None:
    ranking = rank(
        [
            sheets(PROJECTS[0], ("10", "0")),  # 6.0
            sheets(PROJECTS[1], ("5", "10")),  # 7.0
            sheets(PROJECTS[2], ("6", "6"), ("7", "7")),  # 6.5
        ]
    )

    assert order(ranking) == [PROJECTS[1], PROJECTS[2], PROJECTS[0]]
    assert [row.rank for row in ranking.table] == [1, 2, 3]
    assert [f"{row.total}" for row in ranking.table] == ["7.000000", "6.500000", "6.000000"]
    assert [row.sheets for row in ranking.table] == [1, 2, 1]


def test_weights_of_what_was_given_are_what_counts() -> None:
    on = given.stage(
        given.criterion("idea", "0.6"),
        given.criterion("extra", "0.4", required=False),
        tie_break=(),
    )
    full = given.after(given.assigned(), given.record(given.assigned(), on=on, idea="9", extra="0"))
    only = given.after(given.assigned(), given.record(given.assigned(), on=on, idea="7"))

    assert sheet_total(full.effective()[0], on) == Fraction(27, 5)
    assert sheet_total(only.effective()[0], on) == 7


def test_a_difference_too_small_to_show_still_decides() -> None:
    thirds = given.stage(
        given.criterion("idea", "0.33333333"),
        given.criterion("budget", "0.66666667"),
        tie_break=(),
    )
    ranking = rank([sheets(PROJECTS[0], ("10", "9.5")), sheets(PROJECTS[1], ("9", "10"))], thirds)
    first, second = ranking.table

    assert first.total == second.total == Decimal("9.666667")
    assert order(ranking) == [PROJECTS[1], PROJECTS[0]]
    assert not first.tied_with_next


CHAIN = given.stage(tie_break=("criterion:idea", "median", "earliest-submission"))


@pytest.mark.parametrize(
    ("better", "worse", "decides"),
    [
        ([("8", "3")], [("6", "6")], "criterion:idea"),
        ([("6", "6"), ("6", "6"), ("3", "3")], [("4", "4"), ("4", "4"), ("7", "7")], "median"),
    ],
)
def test_ties_are_broken_by_the_declared_chain(
    better: list[tuple[str, str]], worse: list[tuple[str, str]], decides: str
) -> None:
    for first, second in ((PROJECTS[0], PROJECTS[1]), (PROJECTS[1], PROJECTS[0])):
        found = [sheets(first, *better), sheets(second, *worse)]
        ranking = rank(found, CHAIN)
        assert ranking.table[0].total == ranking.table[1].total
        assert order(ranking) == [first, second], decides
        tied = rank(found, given.stage(tie_break=()))
        assert [row.tied_with_next for row in tied.table] == [True, False]


def test_an_equal_project_handed_in_earlier_is_first() -> None:
    same = [sheets(id, ("5", "5")) for id in PROJECTS[:2]]
    for early, late in ((PROJECTS[0], PROJECTS[1]), (PROJECTS[1], PROJECTS[0])):
        times = {
            early: given.project(early),
            late: given.project(late, first_submitted_at=SUBMITTED + timedelta(milliseconds=1)),
        }
        ranking = rank(same, CHAIN, times)
        assert order(ranking) == [early, late]
        assert not ranking.table[0].tied_with_next


def test_the_lot_is_a_hash_that_anyone_can_recompute() -> None:
    ranking = rank([sheets(id, ("5", "5")) for id in PROJECTS], given.stage(tie_break=("lot",)))
    seed = given.drawn().drawn.seed
    lots = {id: hashlib.sha256(f"{seed}/lot/{id}".encode()).hexdigest() for id in PROJECTS}

    assert order(ranking) == sorted(PROJECTS, key=lots.__getitem__)
    assert not any(row.tied_with_next for row in ranking.table)


def test_what_the_chain_leaves_tied_is_marked_for_the_chair() -> None:
    evaluations = [sheets(id, ("5", "5")) for id in PROJECTS[:3]] + [
        sheets(PROJECTS[3], ("9", "9"))
    ]
    ranking = rank(evaluations)

    assert order(ranking) == [PROJECTS[3], *PROJECTS[:3]]
    assert [row.tied_with_next for row in ranking.table] == [False, True, True, False]


def test_voided_sheets_count_nowhere() -> None:
    clean = sheets(PROJECTS[0], ("9", "9"))
    both = given.scored(clean, JUDGES[1], idea="0", budget="0")

    voided = rank([given.void(both, JUDGES[1])])
    assert voided.table == rank([clean]).table
    assert voided.inputs_hash != rank([clean]).inputs_hash


# ── The total as shown ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0.000000"),
        (Fraction(1, 3), "0.333333"),
        (Fraction(2, 3), "0.666667"),
        (Fraction(5, 10**7), "0.000000"),  # exactly half way: to the even neighbour
        (Fraction(15, 10**7), "0.000002"),
        (Fraction(25, 10**7), "0.000002"),
        (Fraction(5, 10**7) + Fraction(1, 10**30), "0.000001"),  # a hair above half way
        (Fraction(25, 10**7) - Fraction(1, 10**30), "0.000002"),
        (Fraction(25, 10**7) + Fraction(1, 10**30), "0.000003"),
        (Fraction(1000), "1000.000000"),
    ],
)
def test_totals_are_shown_to_six_decimals_half_even(value: Fraction, text: str) -> None:
    assert f"{shown(value)}" == text


@given_any(st.fractions(min_value=0, max_value=1000))
def test_shown_is_the_nearest_decimal(value: Fraction) -> None:
    with localcontext() as context:
        context.prec = 80
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        assert shown(value) == exact.quantize(Decimal("0.000001"), ROUND_HALF_EVEN)


# ── Normalisation ────────────────────────────────────────────────────────────────────────────────


def test_a_normalised_ranking_shows_raw_and_normalised_totals_and_each_judge_s_scale() -> None:
    strict = given.stage(normalisation={"method": "z-score", "minimum_sheets": 2})
    evaluations = [
        sheets(PROJECTS[0], ("2.00", "2.00"), ("9.00", "9.00")),
        sheets(PROJECTS[1], ("4.00", "4.00"), ("8.50", "8.50")),
    ]

    raw, normalised = rank(evaluations), rank(evaluations, strict)

    # Raw means are 5.5 and 6.25. The first judge tells the projects far apart, the second hardly:
    # each gets an equal say, so that the two part by nothing but the tie-break chain.
    assert [row.total for row in raw.table] == [Decimal("6.250000"), Decimal("5.500000")]
    assert raw.judges is None
    assert {row.total for row in normalised.table} == {row.total for row in raw.table}
    assert [row.normalised for row in normalised.table] == [Decimal("5.875000")] * 2
    assert normalised.judges is not None
    assert [one.judge_id for one in normalised.judges] == list(JUDGES[:2])
    assert normalised.judges[0].scale < normalised.judges[1].scale


def test_a_round_without_normalisation_keeps_the_hashes_it_had_before_there_was_any() -> None:
    ranking = rank([sheets(PROJECTS[0], ("2.00", "2.00"))])
    rows = [row.model_dump(mode="json", exclude={"normalised"}) for row in ranking.table]
    rules = given.stage().model_dump(mode="json", exclude={"aggregation", "normalisation"})

    assert ranking.table_hash == canonical_hash(rows)
    assert ranking.ruleset_hash == canonical_hash(rules)
