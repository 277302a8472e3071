"""The ledger's leases on the real wire: who may send, and what a lost sender leaves behind."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from schemas.notify import MessageAccepted, MessageEvent
from services.kit.envelope import Context
from services.kit.service import Service, Topics
from services.notify import domain
from services.notify.store import Ledger
from tests.rooms import Rooms, eventually

NOW = datetime(2020, 4, 10, 9, 0, tzinfo=UTC)
CONTEXT = Context("test", "api", "test")
LONG, GONE = timedelta(minutes=5), timedelta(seconds=-1)


@pytest.fixture
async def ledger(rooms: Rooms) -> AsyncIterator[Ledger]:
    database = f"{rooms.database('notify')}_{uuid4().hex[:8]}"
    service = Service(
        "notify", rooms.settings("notify", mongo_database=database), Topics("", "", "", "")
    )
    ledger = Ledger(service)
    await ledger.prepare()
    yield ledger
    await service.client.drop_database(database)
    service.client.close()


def message(purpose: str = "submission-receipt") -> domain.Message:
    plan = domain.Plan.model_validate(
        {
            "purpose": purpose,
            "about": "project/1",
            "occurrence": str(uuid4()),
            "person_id": str(uuid4()),
            "season_id": "2020",
            "values": {"title": "Үлгі"},
        }
    )
    return domain.Message(message_id=plan.message_id, plan=plan, planned_at=NOW)


async def planned(ledger: Ledger, purpose: str = "submission-receipt") -> domain.Message:
    """A message whose MessagePlanned is on Kafka: its outbox is empty."""
    fresh = message(purpose)
    await ledger.plan([(fresh, CONTEXT)], NOW)
    await ledger.messages.collection.update_one(
        {"_id": fresh.message_id}, {"$set": {"pending": False, "outbox": []}}
    )
    return fresh


async def test_plan_is_inserted_only_once(ledger: Ledger) -> None:
    fresh = message()

    assert await ledger.plan([(fresh, CONTEXT)], NOW) == 1
    assert await ledger.plan([(fresh, CONTEXT), (message(), CONTEXT)], NOW) == 1

    doc = await ledger.messages.collection.find_one({"_id": fresh.message_id})
    assert doc is not None
    assert [entry["id"] for entry in doc["outbox"]] == [f"notify/message/{fresh.message_id}:1"]


async def test_nothing_is_claimed_before_its_plan_is_on_kafka(ledger: Ledger) -> None:
    await ledger.plan([(message(), CONTEXT)], NOW)

    assert await ledger.claim("first", 10, LONG) == []


async def test_claimed_message_is_nobody_elses_until_the_lease_ends(ledger: Ledger) -> None:
    fresh = await planned(ledger)

    first = await ledger.claim("first", 10, LONG)
    second = await ledger.claim("second", 10, LONG)

    assert [claim.message.message_id for claim in first] == [fresh.message_id]
    assert second == []


async def test_sender_that_lost_its_lease_may_not_begin_the_data(ledger: Ledger) -> None:
    await planned(ledger)
    [late] = await ledger.claim("late", 10, GONE)
    [prompt] = await ledger.claim("prompt", 10, LONG)

    assert not await ledger.data_starts(late)
    assert await ledger.data_starts(prompt)


async def test_sender_lost_before_the_data_leaves_no_doubt(ledger: Ledger) -> None:
    fresh = await planned(ledger)
    await ledger.claim("lost", 10, GONE)

    assert await ledger.recover() == []
    [again] = await ledger.claim("next", 10, LONG)
    assert again.message.message_id == fresh.message_id


async def test_sender_lost_after_the_data_began_leaves_the_outcome_unknown(
    ledger: Ledger,
) -> None:
    fresh = await planned(ledger)
    [claim] = await ledger.claim("lost", 10, timedelta(seconds=0.3))
    assert await ledger.data_starts(claim)

    async def recovered() -> list[domain.Message]:
        return await ledger.recover()

    [lost] = await eventually(recovered, "the lease has ended")

    assert lost.message_id == fresh.message_id
    assert await ledger.claim("next", 10, LONG) == [], "nobody sends what may have arrived"
    await ledger.settle(lost.message_id, domain.mark_unknown, CONTEXT, NOW, None)
    settled = await ledger.messages.get(lost.message_id)
    assert settled is not None
    assert settled.status == "unknown"


async def test_late_release_leaves_anothers_lease_alone(ledger: Ledger) -> None:
    await planned(ledger)
    [late] = await ledger.claim("late", 10, GONE)
    [prompt] = await ledger.claim("prompt", 10, LONG)

    await ledger.release([late], timedelta(0), deferred=True)

    assert await ledger.claim("third", 10, LONG) == []
    assert await ledger.data_starts(prompt)


async def test_settled_message_says_nothing_more(ledger: Ledger) -> None:
    fresh = await planned(ledger)

    def accepted(found: domain.Message) -> list[MessageEvent]:
        return domain.mark_accepted(found, language="kk", accepted_at=NOW, smtp_reply="250 OK")

    for _ in range(2):
        await ledger.settle(fresh.message_id, accepted, CONTEXT, NOW, "any")
    await ledger.settle(fresh.message_id, domain.mark_unknown, CONTEXT, NOW, "any")

    doc = await ledger.messages.collection.find_one({"_id": fresh.message_id})
    assert doc is not None
    said = [dict(entry["headers"])["ce_type"] for entry in doc["outbox"]]
    assert said == [MessageAccepted.type_name()]


async def test_figure_of_mails_names_every_status(ledger: Ledger) -> None:
    await planned(ledger)
    figure = await ledger.figure()
    assert (figure.name, figure.label) == ("mails", "status")
    assert figure.values == {
        "planned": 1,
        "accepted": 0,
        "unknown": 0,
        "failed": 0,
        "suppressed": 0,
        "not_sent": 0,
    }
