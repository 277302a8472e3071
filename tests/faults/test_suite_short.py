"""The fault suite in short: one row with a few kills, on a fair that is smaller still.

It is judged by the demo's own checks, which spares the undisturbed play.
"""

from pathlib import Path

from admin.rehearsal.cast import FairSize
from tests.faults.suite import rows  # noqa: F401 - registers them
from tests.faults.suite.__main__ import new_suite
from tests.faults.suite.record import Recording
from tests.faults.suite.registry import FAULTS
from tests.faults.suite.verdict import judge

SIZE = FairSize(projects=6, shortlist=3, jury=3, judges_per_project=3, registrants=6)


def test_nothing_is_lost_or_doubled_when_services_are_killed(tmp_path: Path) -> None:
    suite = new_suite(tmp_path, "short", kills=10)
    suite.size = SIZE

    row = suite.run(FAULTS["kill-notify"])

    assert (row.lost, row.doubled, row.details) == (0, 0, [])
    assert row.injections == 2
    assert row.mails >= 6 + 6 + 3 + 12
    assert row.events > row.mails


def test_verdict_says_what_is_missing_and_what_came_twice() -> None:
    """A judge that can't find anything is worth nothing."""
    wanted, played = _two_mails(), _two_mails()
    played.ids.remove("submission/project/1:1")
    played.mails["lost"] = 0
    played.mails["doubled"] = 2
    played.documents["scoring/awards/2020"] = "{}"
    played.seats["2020-a 1"] = wanted.seats["2020-b 1"] = 1

    verdict = judge(played, wanted)

    assert sorted(verdict.lost) == [
        "mail lost (MessagePlanned, MessageAccepted)",
        "seats of 2020-b: 0, not 1",
        "submission/project/1:1",
    ]
    assert sorted(verdict.doubled) == [
        "document scoring/awards/2020",
        "mail doubled in the box",
        "seats of 2020-a: 1, not 0",
    ]


def test_mail_that_came_twice_after_an_unknown_is_counted_apart() -> None:
    played = _two_mails()
    played.messages["doubled"].insert(1, "MessageUnknown")
    played.mails["doubled"] = 2

    verdict = judge(played, _two_mails())

    assert (verdict.lost, verdict.doubled, verdict.resent_unknown) == ([], [], 1)


def test_mail_that_was_planned_under_two_ids_is_doubled() -> None:
    played = _two_mails()
    occasion = ("webinar-link", "registration/1", "person", "webinar/registration/1:1")
    played.plans[occasion] = {"lost", "doubled"}

    verdict = judge(played, _two_mails())

    assert verdict.doubled == [f"mail under another id: {' '.join(occasion)}"]


def _two_mails() -> Recording:
    found = Recording(ids={"submission/project/1:1"})
    for message in ("lost", "doubled"):
        found.messages[message] = ["MessagePlanned", "MessageAccepted"]
        found.mails[message] = 1
    return found
