"""Protocols and letters: what is in them, and that the same cut gives the same bytes."""

import hashlib
import string
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from admin.stack.layout import REPOSITORY
from schemas.base import Language
from services.kit.refusal import Refused
from services.scoring.document_words import DOCUMENT_WORDS
from services.scoring.domain import conflict, sitting, voting
from services.scoring.domain.sitting import Sitting
from services.scoring.letter import Result, letter
from services.scoring.printing import Paper, printed
from services.scoring.protocol import Minutes, protocol
from services.scoring.wording import LANGUAGES
from tests.submission.given import definition

from . import given
from .given import PROJECTS, ROUND
from .pdf_text import text_of
from .test_sittings import MOTION, SITTING, moved, quorate, told, voted

OPENED = datetime(2020, 5, 9, 5, 0, tzinfo=UTC)
CLOSED = datetime(2020, 5, 9, 7, 30, tzinfo=UTC)
KAZAKH = "Ә ә Ғ ғ Қ қ Ң ң Ө ө Ұ ұ Ү ү Һ һ І і"
TOTALS = {PROJECTS[0]: "9", PROJECTS[1]: "7.5", PROJECTS[2]: "5"}
ON = given.stage(limit=2)
LINES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=60)


def met(**changes: Any) -> Sitting:
    """A closed sitting that carried a motion."""
    found = quorate(**changes)
    found = found.model_copy(update={"opened_at": OPENED})
    found = voted(moved(found), dict.fromkeys(found.present, "for"))
    found = told(found, voting.decide_motion(found, MOTION))
    return told(found, sitting.close_sitting(found, CLOSED))


def minutes(**changes: Any) -> Minutes:
    """What the protocol of that sitting tells of: it decided on a ranked round."""
    known = given.ranked(TOTALS, ON)
    fields: dict[str, Any] = {
        "season": definition(),
        "stage": ON,
        "sitting": met(),
        "panel": given.panel(4),
        "round_": known,
        "decision": given.decided(
            known, ON, commission=given.panel(4), attended=given.voters(4), sitting_id=SITTING
        ),
        "conflicts": (),
        "projects": given.projects(),
    }
    return Minutes(**(fields | changes))


def result(**changes: Any) -> Result:
    """What the letter of the best project tells of."""
    found = minutes()
    fields: dict[str, Any] = {
        "season": found.season,
        "stage": found.stage,
        "round_": found.round_,
        "decision": found.decision,
        "project": given.project(PROJECTS[0], nomination=definition().nominations[0].id),
        "published_at": CLOSED,
        "is_final": False,
    }
    return Result(**(fields | changes))


def says(paper: Paper, *texts: str) -> None:
    """The printed document has these texts."""
    found = text_of(printed(paper))
    for text in texts:
        assert "".join(text.split()) in found, text


# ── The protocol ─────────────────────────────────────────────────────────────────────────────────


def test_protocol_tells_of_attendance_quorum_votes_hashes_and_the_decision() -> None:
    found = minutes()
    assert found.round_ is not None
    assert found.round_.ranking is not None
    says(
        protocol(found, "en"),
        "Protocol of a sitting of the jury",
        "9 May 2020, 11:00 (Almaty, UTC+6)",
        "Voting members: 4. Present: 4. Quorum: 2/3, that is at least 3. There is a quorum.",
        "For (4): Мүше 0, Мүше 1, Мүше 2, Мүше 3. Carried.",
        "No conflict is known.",
        found.round_.ranking.inputs_hash,
        found.round_.ranking.table_hash,
        "Chosen: 2, considered: 3.",
        f"scoring/decision/{ROUND}:1",
    )


def test_protocol_names_the_recused_and_the_conflicts() -> None:
    chair = given.voters(4)[0]
    found = quorate()
    found = told(
        found,
        voting.put_motion(
            found, motion_id=MOTION, text="Бекіту", project_id=PROJECTS[0], recused=(chair,)
        ),
    )
    others = [id for id in found.present if id != chair]
    found = voted(found, dict.fromkeys(others, "for"))
    found = told(found, voting.decide_motion(found, MOTION))
    found = told(found, sitting.close_sitting(found, CLOSED))
    case = conflict.Case(given.SEASON, ROUND, PROJECTS[0], chair)
    declared = given.after(None, conflict.declare(None, case, "family", "declared"))
    met = found.model_copy(update={"opened_at": OPENED})

    says(
        protocol(minutes(sitting=met, conflicts=(declared,)), "ru"),
        "Мүше 0 Жоба",
        "родство",
        "не решено: отведён",
        "Отведены (1): Мүше 0.",
        f"Проект: {given.project(PROJECTS[0]).content.title}.",
    )


def test_protocol_of_a_failed_quorum_says_so_and_has_no_decision() -> None:
    found = quorate(present=2)
    found = told(found, sitting.close_sitting(found, CLOSED))
    met = found.model_copy(update={"opened_at": OPENED})

    says(
        protocol(minutes(sitting=met, decision=None, round_=None), "kk"),
        "Кворум жоқ: отырыс шешім қабылдай алмайды.",
        "Дауысқа ештеңе қойылған жоқ.",
        "Кезең бойынша рейтинг жоқ.",
        "Бұл отырыс кезең бойынша шешім тіркеген жоқ.",
    )


def test_decision_of_another_sitting_is_not_in_the_protocol() -> None:
    known = given.ranked(TOTALS, ON)
    says(
        protocol(minutes(decision=given.decided(known, ON)), "en"),
        "This sitting recorded no decision on the round.",
    )


def test_protocol_is_of_a_closed_sitting_that_noted_its_moments() -> None:
    with pytest.raises(Refused, match="sitting-open"):
        protocol(minutes(sitting=quorate()), "kk")
    with pytest.raises(Refused, match="no-moment"):
        protocol(minutes(sitting=met().model_copy(update={"opened_at": None})), "kk")


# ── The letter ───────────────────────────────────────────────────────────────────────────────────


def test_letter_tells_of_the_outcome_the_rank_and_the_award() -> None:
    says(letter(result(), "en"), "goes on to the next round", "1 (of 3)", "9.000000", "9 May 2020")
    last = given.project(PROJECTS[2], nomination=definition().nominations[0].id)
    says(letter(result(project=last), "en"), "does not go on to the next round", "3 (of 3)")
    says(letter(result(is_final=True, amount_tiyn=41_327_500), "kk"), "413 275 ₸ көлемінде грант")
    says(letter(result(is_final=True), "ru"), "не получает гранта")


def test_documents_tell_who_is_in_reserve() -> None:
    known = given.ranked(TOTALS, ON)
    decided = given.decided(
        known,
        ON,
        commission=given.panel(4),
        attended=given.voters(4),
        sitting_id=SITTING,
        reserve=1,
    )
    last = given.project(PROJECTS[2], nomination=definition().nominations[0].id)
    told = result(decision=decided, project=last, is_final=True)

    says(letter(told, "en"), "receives no grant", "Your project has place 1 in the reserve")
    assert "reserve" not in text_of(printed(letter(replace(told, amount_tiyn=100), "en")))
    says(protocol(minutes(decision=decided), "kk"), "резервте 1-орын")


def test_letter_is_of_a_published_outcome_of_a_project_that_stands() -> None:
    left = given.project(PROJECTS[0], status="withdrawn")
    for changes, rule in (
        ({"published_at": None}, "no-moment"),
        ({"project": left}, "project-not-eligible"),
        ({"project": given.project(PROJECTS[5])}, "not-in-ranking"),
        ({"round_": None}, "not-in-ranking"),
    ):
        with pytest.raises(Refused, match=rule):
            letter(result(**changes), "kk")


# ── The bytes ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", LANGUAGES)
def test_documents_have_the_same_bytes_when_they_are_made_again(language: Language) -> None:
    papers = [(protocol(minutes(), language), letter(result(), language)) for _ in range(2)]
    for first, again in zip(*papers, strict=True):
        assert printed(first) == printed(again)
    for first in map(printed, papers[0]):
        assert b"/CreationDate(D:20200509073000Z)" in first
        assert b"<pdfaid:part>2</pdfaid:part>" in first
        assert f"/Lang({language})".encode() in first


def test_votes_in_another_order_give_the_same_bytes() -> None:
    found = minutes()
    motion = found.sitting.motions[0]
    turned = motion.model_copy(update={"votes": dict(list(motion.votes.items())[::-1])})
    other = replace(found, sitting=found.sitting.model_copy(update={"motions": (turned,)}))

    assert printed(protocol(found, "kk")) == printed(protocol(other, "kk"))


def test_another_process_elsewhere_gives_the_same_bytes() -> None:
    code = (
        "import hashlib\n"
        "from tests.scoring.test_documents import minutes\n"
        "from services.scoring.printing import printed\n"
        "from services.scoring.protocol import protocol\n"
        "print(hashlib.sha256(printed(protocol(minutes(), 'kk'))).hexdigest())\n"
    )
    environment = {"TZ": "Pacific/Auckland", "LANG": "C", "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        env=environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )

    own = hashlib.sha256(printed(protocol(minutes(), "kk"))).hexdigest()
    assert done.stdout.strip() == own, done.stderr


def test_kazakh_letters_are_in_the_document_and_can_be_copied() -> None:
    found = given.project(PROJECTS[0], nomination=definition().nominations[0].id)
    content = found.content.model_copy(update={"title": KAZAKH})
    pdf = printed(letter(result(project=found.model_copy(update={"content": content})), "kk"))

    assert KAZAKH.replace(" ", "") in text_of(pdf)
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf  # which no letter without a glyph may be in


@pytest.mark.parametrize(
    "text",
    [
        '#panic("x")',
        "*bold* _it_ $x^2$ `raw` @ref <label> \\ // /* #",
        '"]); #eval("1")',
        '#read("page.typ")',
        "= = - + 1.",
    ],
)
def test_markup_in_what_people_wrote_is_text(text: str) -> None:
    found = given.project(PROJECTS[0], nomination=definition().nominations[0].id)
    content = found.content.model_copy(update={"title": text})
    says(letter(result(project=found.model_copy(update={"content": content})), "en"), text)


@given_any(LINES)
@settings(max_examples=40, deadline=None)
def test_letter_can_be_printed_whatever_people_wrote(text: str) -> None:
    found = given.project(PROJECTS[0], nomination=definition().nominations[0].id)
    content = found.content.model_copy(update={"title": text})
    paper = letter(result(project=found.model_copy(update={"content": content})), "en")

    assert printed(paper) == printed(paper)


# ── Words ────────────────────────────────────────────────────────────────────────────────────────


def test_documents_have_the_same_texts_with_the_same_values_in_each_language() -> None:
    def fields(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for language in LANGUAGES:
        assert DOCUMENT_WORDS[language].keys() == DOCUMENT_WORDS["kk"].keys()
        for key, text in DOCUMENT_WORDS[language].items():
            assert fields(text) == fields(DOCUMENT_WORDS["kk"][key]), (language, key)
