"""Each mechanism switched off by itself: the laws of test_laws.py must notice."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from services.kit import deciding, parking, relay, store
from services.kit.fold import Fold
from services.kit.redrive import Redrive
from services.kit.relay import _pull
from tests.kit.laws.replica import RECORDS_AT_ONCE, RelayOfFakes, Replica
from tests.kit.test_laws import AnySchedule, redrive_a_jar_that_gets_a_coin

Patch = pytest.MonkeyPatch


def without_the_guard_of_heard_documents(patch: Patch) -> None:
    advance = Fold.advance
    patch.setattr(
        Fold, "advance", lambda fold, id, state, heard, events: advance(fold, id, state, {}, events)
    )


def without_the_guard_of_commands(patch: Patch) -> None:
    made = deciding.Command
    patch.setattr(store, "Command", lambda *given: replace(made(*given), heard=None))


def commit_before_write(patch: Patch) -> None:
    async def read(found: Replica) -> None:
        while True:
            records: Any = await found.consumer.fetch(RECORDS_AT_ONCE)
            await found.consumer.commit()
            await found.reader.handle(records)

    patch.setattr(Replica, "read", read)


def pull_before_publish(patch: Patch) -> None:
    async def look(found: RelayOfFakes, collection: Any, docs: Sequence[Any]) -> None:
        entries = [found._entry(doc["_id"], raw) for doc in docs for raw in doc["outbox"]]
        await _pull(collection, [doc["_id"] for doc in docs], entries)
        await found._publish(entries)

    patch.setattr(relay.Relay, "_relay", look)


def no_token_in_a_write(patch: Patch) -> None:
    patch.setattr(store._Write, "landed", lambda write, doc: False)


def keys_forgotten(patch: Patch) -> None:
    patch.setattr(deciding, "_stored_key", lambda doc, command: None)


def nobody_waits_behind(patch: Patch) -> None:
    async def nothing(found: parking.Parking, records: Sequence[Any]) -> dict[Any, int]:
        return {}

    patch.setattr(parking.Parking, "blocked", nothing)


def nothing_goes_on_by_itself(patch: Patch) -> None:
    async def resume(found: Redrive, place: Any) -> None:
        return None

    patch.setattr(Redrive, "resume", resume)


@pytest.mark.parametrize(
    "sabotage",
    [
        without_the_guard_of_heard_documents,
        without_the_guard_of_commands,
        commit_before_write,
        pull_before_publish,
        no_token_in_a_write,
        keys_forgotten,
        nobody_waits_behind,
    ],
    ids=lambda sabotage: sabotage.__name__,
)
def test_laws_notice_when_a_mechanism_is_switched_off(sabotage: Any, monkeypatch: Patch) -> None:
    sabotage(monkeypatch)
    once = settings(
        max_examples=400,
        stateful_step_count=25,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(AnySchedule, settings=once)


def redrive_at_any_pace() -> None:
    for before in range(10):
        redrive_a_jar_that_gets_a_coin(before, 0, killed=False)


def test_laws_notice_when_a_queue_does_not_go_on_by_itself(monkeypatch: Patch) -> None:
    nothing_goes_on_by_itself(monkeypatch)
    with pytest.raises(AssertionError, match="waits for nothing"):
        redrive_at_any_pace()
