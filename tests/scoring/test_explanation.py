"""Explanations: the ranking's own numbers, line by line, and less of them for an applicant."""

import string
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from schemas.base import Language
from schemas.scoring import ScoringEvent
from schemas.season import RoundDefinition
from services.kit.refusal import Refused
from services.scoring.domain import decision, round
from services.scoring.domain.evaluation import Evaluation
from services.scoring.domain.explained import Explanation, for_applicant
from services.scoring.domain.explanation import explain
from services.scoring.domain.ranking import Candidate, shown
from services.scoring.domain.round import Round
from services.scoring.explaining import lines_of
from services.scoring.wording import LANGUAGES, WORDS

from . import given
from .given import JUDGES, PROJECTS, ROUND
from .test_ranking import RULESETS, histories, rank, sheets

NAMES = dict(zip(JUDGES, ("Айша", "Болат", "Светлана"), strict=True))


def ranked(evaluations: Sequence[Evaluation], on: RoundDefinition) -> Round:
    """The round of these evaluations, after its ranking."""
    state = given.drawn(on)
    return round.evolve(state, rank(list(evaluations), on))


def candidates(evaluations: Sequence[Evaluation]) -> list[Candidate]:
    """Each with its project."""
    return [Candidate(evaluation=one, project=given.project(one.project_id)) for one in evaluations]


def explained(
    evaluations: Sequence[Evaluation],
    on: RoundDefinition | None = None,
    project: str = PROJECTS[0],
    known: Round | None = None,
) -> Explanation:
    stage = on or given.stage()
    return explain(
        project,
        stage=stage,
        round_=known or ranked(evaluations, stage),
        round_id=ROUND,
        candidates=candidates(evaluations),
        decision=None,
    )


def by_hand(whole: Explanation) -> tuple[Decimal, Decimal | None]:
    """Total and normalised total from nothing but the lines of an explanation."""
    raw: list[Fraction] = []
    after: list[Fraction] = []
    for sheet in whole.sheets:
        weight = sum((Fraction(part.weight) for part in sheet.parts), Fraction(0))
        points = [Fraction(part.points) * Fraction(part.weight) for part in sheet.parts]
        total = sum(points, Fraction(0)) / weight
        raw += [total] if sheet.counts else []
        if sheet.scale is not None and sheet.offset is not None and sheet.normalised_counts:
            after.append(Fraction(sheet.scale) * total + Fraction(sheet.offset))
    mean = sum(raw, Fraction(0)) / max(1, len(raw))
    if whole.normalisation is None:
        return shown(mean), None
    return shown(mean), shown(sum(after, Fraction(0)) / max(1, len(after)))


# ── The numbers are those of the table ───────────────────────────────────────────────────────────


@given_any(histories(), RULESETS)
def test_explanation_totals_are_those_of_the_table_for_any_table(
    said: dict[str, list[ScoringEvent]], on: RoundDefinition
) -> None:
    evaluations = [given.after(given.assigned(id), events) for id, events in said.items()]
    known = ranked(evaluations, on)
    assert known.ranking is not None

    for row in known.ranking.table:
        whole = explained(evaluations, on, row.project_id, known)

        assert (whole.total, whole.normalised) == (row.total, row.normalised)
        assert by_hand(whole) == (row.total, row.normalised)
        assert (whole.rank, len(whole.sheets)) == (row.rank, row.sheets)
        assert whole.line.above == (row.rank <= on.limit)


@given_any(histories(), RULESETS, st.sampled_from(LANGUAGES))
def test_every_line_cites_events_and_every_sheet_is_accounted_for(
    said: dict[str, list[ScoringEvent]], on: RoundDefinition, language: Language
) -> None:
    evaluations = [given.after(given.assigned(id), events) for id, events in said.items()]
    known = ranked(evaluations, on)
    for one in evaluations:
        whole = explained(evaluations, on, one.project_id, known)
        lines = lines_of(whole, on, language, NAMES)
        cited = {id for line in lines for id in line.event_ids}

        assert all(line.event_ids for line in lines)
        assert {f"{one.origin}:{sheet.sequence}" for sheet in one.sheets} <= cited
        assert {f"{one.origin}:{void.sequence}" for void in one.voids} <= cited
        assert len(whole.sheets) + len(whole.aside) == len(one.sheets)


# ── What is on the lines ─────────────────────────────────────────────────────────────────────────


def test_arithmetic_is_written_out_in_each_language() -> None:
    whole = explained([sheets(PROJECTS[0], ("7.5", "8"), ("9", "6.5"))])
    stage = given.stage()
    english = [line.text for line in lines_of(whole, stage, "en", NAMES)]
    kazakh = [line.text for line in lines_of(whole, stage, "kk", NAMES)]

    assert english[:4] == [
        "Sheet 1 (Айша), on version 1 of the project",
        "Name: 7.50 × 0.6 = 4.500",
        "Name: 8.00 × 0.4 = 3.200",
        "total of the sheet: 7.700 / 1.0 = 7.700000 (exactly 77/10)",
    ]
    assert (
        "Total, the mean of the sheets: (7.700000 + 8.000000) / 2 = 7.850000 (exactly 157/20)"
        in (english)
    )
    assert "Rank: 1 of 1" in english
    assert kazakh[1] == "Атау: 7,50 × 0,6 = 4,500"


def test_trimmed_mean_names_the_sheets_it_leaves_out() -> None:
    on = given.stage(aggregation="trimmed-mean")
    whole = explained([sheets(PROJECTS[0], ("9", "9"), ("1", "1"), ("8", "8"))], on)

    assert [sheet.counts for sheet in whole.sheets] == [False, False, True]
    assert whole.total == Decimal("8.000000")


def test_tie_names_the_step_that_parts_it() -> None:
    tied = [sheets(PROJECTS[0], ("8", "5")), sheets(PROJECTS[1], ("6", "8"))]
    whole = explained(tied)

    (tie,) = whole.ties
    assert (tie.project_id, tie.rank, tie.left_to_chair) == (PROJECTS[1], 2, False)
    assert [(one.step, one.own, one.theirs, one.parts) for one in tie.steps] == [
        ("criterion:idea", "8", "6", True)
    ]


def test_tie_that_no_step_parts_is_left_to_the_chair() -> None:
    whole = explained([sheets(id, ("8", "5")) for id in PROJECTS[:2]])

    assert [tie.left_to_chair for tie in whole.ties] == [True]
    assert [step.parts for step in whole.ties[0].steps] == [False, False]


def test_no_show_is_said_to_be_last_for_want_of_sheets_and_ties_with_nobody() -> None:
    absent, zero = (given.assigned(id) for id in PROJECTS[:2])
    other = given.assigned(PROJECTS[2])
    found = [absent, given.scored(zero, idea="0", budget="0"), other]

    for project in (PROJECTS[0], PROJECTS[2]):
        whole = explained(found, project=project)
        assert (whole.ties, whole.total, whole.of) == ((), Decimal("0.000000"), 3)
        texts = [line.text for line in lines_of(whole, given.stage(), "en", NAMES)]
        assert WORDS["en"]["unscored"] in texts
    assert explained(found, project=PROJECTS[1]).rank == 1


def test_replaced_and_voided_sheets_are_put_aside_with_what_did_it() -> None:
    found = given.scored(given.assigned(), idea="5", budget="5")
    found = given.scored(found, idea="6", budget="6")
    found = given.scored(given.void(found), JUDGES[1], idea="9", budget="9")
    whole = explained([found])

    assert [(one.event_id, one.why, one.by_event_id) for one in whole.aside] == [
        (f"{found.origin}:4", "replaced", f"{found.origin}:5"),
        (f"{found.origin}:5", "voided", f"{found.origin}:6"),
    ]
    assert [one.judge_id for one in whole.sheets] == [JUDGES[1]]


def test_sheet_voided_after_the_ranking_still_explains_it_and_is_said_to_have_changed() -> None:
    before = sheets(PROJECTS[0], ("5", "5"), ("9", "9"))
    known = ranked([before], given.stage())
    whole = explained([given.void(before)], known=known)

    assert whole.total == Decimal("7.000000")
    assert whole.changed_since == (f"{before.origin}:6",)
    assert lines_of(whole, given.stage(), "ru", {})[-1].event_ids == whole.changed_since


def test_ranking_that_its_sheets_do_not_give_is_not_explained() -> None:
    known = ranked([sheets(PROJECTS[0], ("5", "5"))], given.stage())
    with pytest.raises(Refused, match="ranking-differs"):
        explained([sheets(PROJECTS[0], ("5", "5.5"))], known=known)


def test_decision_is_told_with_its_event() -> None:
    known = given.ranked({PROJECTS[0]: "9", PROJECTS[1]: "5"}, given.stage(limit=1))
    decided = given.decided(known, given.stage(limit=1))
    sealed = given.sealed_evaluations({PROJECTS[0]: "9", PROJECTS[1]: "5"})
    whole = explain(
        PROJECTS[1],
        stage=given.stage(limit=1),
        round_=known,
        round_id=ROUND,
        candidates=candidates(sealed),
        decision=decided,
    )

    assert whole.outcome is not None
    assert (whole.outcome.chosen, whole.outcome.event_id) == (
        False,
        f"scoring/decision/{ROUND}:1",
    )
    assert (whole.line.above, whole.line.last_above) == (False, Decimal("9.000000"))


def test_place_that_came_on_appeal_is_said_to() -> None:
    known = given.ranked({PROJECTS[0]: "9", PROJECTS[1]: "5"}, given.stage(limit=1))
    decided = given.decided(known, given.stage(limit=1))
    whole = explain(
        PROJECTS[1],
        stage=given.stage(limit=1),
        round_=known,
        round_id=ROUND,
        candidates=candidates(given.sealed_evaluations({PROJECTS[0]: "9", PROJECTS[1]: "5"})),
        decision=decided.model_copy(update={"corrected": (PROJECTS[1],)}),
    )

    assert whole.outcome is not None
    assert (whole.outcome.chosen, whole.outcome.on_appeal, whole.line.above) == (True, True, False)
    texts = [line.text for line in lines_of(whole, given.stage(limit=1), "en", {})]
    assert "Decision: chosen (rank 2), on appeal" in texts


def test_decision_counts_what_it_said() -> None:
    known = given.ranked({PROJECTS[0]: "9", PROJECTS[1]: "5"})
    decided = given.decided(known)
    for event in given.decide(known, before=decided, attended=given.voters()[:2]):
        decided = decision.evolve(decided, event)

    assert decided.recorded_event_id == f"scoring/decision/{ROUND}:2"


@pytest.mark.parametrize(
    ("project", "known", "rule"),
    [
        (PROJECTS[0], None, "unknown-round"),
        (PROJECTS[0], given.drawn(), "not-ranked"),
        (PROJECTS[5], given.ranked({PROJECTS[0]: "9"}), "not-in-ranking"),
    ],
)
def test_what_has_no_rank_is_refused(project: str, known: Round | None, rule: str) -> None:
    with pytest.raises(Refused, match=rule):
        explain(
            project,
            stage=given.stage(),
            round_=known,
            round_id=ROUND,
            candidates=candidates(given.sealed_evaluations({PROJECTS[0]: "9"})),
            decision=None,
        )


# ── What an applicant may see ────────────────────────────────────────────────────────────────────


def test_applicant_sees_the_numbers_and_neither_judges_nor_others() -> None:
    found = given.void(sheets(PROJECTS[0], ("8", "5"), ("8", "5")))
    whole = explained([found, sheets(PROJECTS[1], ("6", "8"))])
    theirs = for_applicant(whole)
    told = theirs.model_dump_json()

    assert (theirs.total, theirs.rank) == (whole.total, whole.rank)
    assert not [judge for judge in JUDGES if judge in told]
    assert "Мүдделер қақтығысы" in whole.model_dump_json()
    assert "Мүдделер қақтығысы" not in told
    assert [step.theirs for tie in theirs.ties for step in tie.steps] == [None]
    assert "judge 1" in lines_of(theirs, given.stage(), "en", {})[0].text


def test_languages_have_the_same_texts_with_the_same_values() -> None:
    def fields(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for language in LANGUAGES:
        assert WORDS[language].keys() == WORDS["kk"].keys()
        for key, text in WORDS[language].items():
            assert fields(text) == fields(WORDS["kk"][key]), (language, key)
