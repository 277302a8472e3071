"""The rows of the fault suite: all that there are to be, by name and in order."""

import pytest

from tests.faults.suite import rows  # noqa: F401 - registers them
from tests.faults.suite.registry import FAULTS, fault, in_order

NAMES = """
kill-submission kill-scoring kill-webinar kill-notify kill-all-at-once crash-after-write
crash-after-publish crash-mid-planning crash-before-data crash-after-accept kafka-kill kafka-away
kafka-away-at-start mongo-kill mongo-away smtp-away smtp-421 smtp-550 smtp-drop-after-data smtp-slow
stop-cont replica-joins-leaves rolling-restart everything-twice worst-order poison-in-batch
random-bytes unknown-major clock-jump disk-full-maildir replay-same-group replay-new-group
replay-under-traffic notify-ledger-lost same-command-twice seats-race funds-race two-senders
"""


def test_rows_are_these_in_this_order() -> None:
    names = NAMES.split()
    assert [each.name for each in in_order()] == names
    assert sorted(FAULTS) == sorted(names)


def test_row_without_a_place_in_the_order_is_refused() -> None:
    async def act(_arena: object) -> None:
        raise AssertionError("it is never run")

    with pytest.raises(ValueError, match="no place"):
        fault("kill-everybody")(act)
