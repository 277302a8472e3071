"""Score events written for `inputs_hash`: fast, and not a byte otherwise than by the contract."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.verify.inputs import Lines, event_of
from admin.verify.spool import Spool
from schemas.canonical import input_line
from schemas.samples import SAMPLES
from schemas.scoring import CriterionComment, CriterionPoints, ScoreRecorded, ScoreVoided

IDS = st.uuids().map(str)
POINTS = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,16})?", fullmatch=True).map(Decimal)
SLUGS = st.from_regex(r"[a-z0-9]{1,10}(-[a-z0-9]{1,5})?", fullmatch=True)
COMMENTS = st.builds(CriterionComment, criterion=SLUGS, comment=st.just("Жақсы \n \\ “" + '"'))
SHEETS = st.builds(
    ScoreRecorded,
    comments=st.none() | st.tuples(COMMENTS),
    reason=st.none() | st.just("Қате «бағалау»\\" + '"'),
    replaces=st.none() | st.just("scoring/evaluation/x~y:3"),
    round_id=SLUGS,
    project_id=IDS,
    judge_id=IDS,
    project_version=st.integers(1, 99),
    points=st.lists(
        st.builds(CriterionPoints, criterion=SLUGS, points=POINTS), min_size=1, max_size=5
    ),
)


@given(st.text(min_size=1), st.integers(1, 10**9), SHEETS)
def test_sheet_is_written_as_the_contract_writes_it_and_read_again(
    subject: str, sequence: int, sheet: ScoreRecorded
) -> None:
    lines = Lines()
    line = lines.of(subject, sequence, sheet)

    assert line == lines.of(subject, sequence, sheet)
    assert line == input_line(subject, sequence, "ScoreRecorded", sheet)
    assert event_of(line) == sheet


@pytest.mark.parametrize("name", ["ScoreRecorded", "ScoreVoided"])
def test_samples_are_written_so_too(name: str) -> None:
    for event in (SAMPLES[name].full, SAMPLES[name].kazakh):
        if event is None:
            continue
        assert isinstance(event, ScoreRecorded | ScoreVoided)
        line = Lines().of("evaluation/x", 7, event)

        assert line == input_line("evaluation/x", 7, name, event)
        assert event_of(line) == event


def test_lines_come_back_in_their_order_whatever_went_to_the_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("admin.verify.spool.MOST_BUFFERED", 300)
    told = [(f"s{n % 3}", n, n % 2, b"%d" % (n % 5), b"line %d\n" % n) for n in range(50)]
    with Spool() as spool:
        for one in told:
            spool.add(*one)

        for subject in ("s0", "s1", "s2"):
            assert list(spool.read(subject)) == [one[1:] for one in told if one[0] == subject]
        assert list(spool.read("nobody")) == []
