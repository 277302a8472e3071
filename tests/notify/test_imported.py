"""A record that was imported: what was due elsewhere is mailed to nobody from here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from admin.rehearsal.mailbox import Mailbox
from schemas.notify import MessageNotSent, MessagePlanned, MessageRequeued
from schemas.people import Person
from services.notify import domain
from services.notify.app import create_app
from services.notify.settings import Settings
from tests.notify.stage import Stage, open_stage, sample, somebody
from tests.rooms import Rooms, eventually

NOW = datetime(2020, 4, 10, 9, 0, tzinfo=UTC)


def plan(person: Person, project_id: str) -> domain.Plan:
    """The receipt of a project that is handed in for the first time."""
    return domain.Plan(
        purpose="submission-receipt",
        about=f"project/{project_id}",
        occurrence=f"submission/project/{project_id}:1",
        person_id=person.person_id,
        season_id="2020",
        values={},
    )


def message(found: domain.Plan) -> domain.Message:
    return domain.Message(message_id=found.message_id, plan=found, planned_at=NOW)


# ── The rules ────────────────────────────────────────────────────────────────────────────────────


def test_plan_message_says_at_once_that_an_imported_one_is_not_sent() -> None:
    fresh = message(plan(somebody(), str(uuid4())))

    state, said = domain.plan_message(None, fresh, imported=True)
    for event in said:
        state = domain.evolve(state, event)

    assert [type(event) for event in said] == [MessagePlanned, MessageNotSent]
    assert state.status == "not_sent"
    assert domain.mark_not_sent(state) == []


def test_person_may_have_a_message_sent_that_was_not_sent() -> None:
    fresh = message(plan(somebody(), str(uuid4()))).model_copy(update={"status": "not_sent"})

    (event,) = domain.resend(fresh, fresh.message_id)

    assert isinstance(event, MessageRequeued)
    assert domain.evolve(fresh, event).status == "planned"


@pytest.mark.parametrize(
    ("url", "stays"),
    [
        ("smtp://127.0.0.1:1025", True),
        ("smtp://user:word@localhost", True),
        ("smtp://[::1]:25", True),
        ("smtp://mailpit:1025", False),
        ("smtps://mail.example.org", False),
        ("smtp://127.0.0.1.example.org", False),
    ],
)
def test_rehearsal_may_mail_only_where_mails_stay_on_the_machine(url: str, stays: bool) -> None:
    assert Settings(smtp_url=url).mails_stay_here is stays


# ── On the topics ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def stage(rooms: Rooms) -> AsyncIterator[Stage]:
    async with open_stage(rooms) as stage:
        yield stage


class Ledger:
    """What notify has come to."""

    def __init__(self, rooms: Rooms, client: httpx.AsyncClient) -> None:
        self._rooms = rooms
        self._client = client

    async def is_ready(self) -> bool:
        """Whether it has rebuilt its ledger, and hears."""
        return (await self._client.get("/health/ready")).is_success

    async def has(self, person: Person, *statuses: str) -> None:
        """Wait until a person's messages are in these statuses."""

        async def counted() -> bool:
            answer = await self._client.get("/messages", headers=self._rooms.token("admin"))
            if not answer.is_success:
                return False
            own = [m for m in answer.json()["items"] if m["person_id"] == person.person_id]
            return sorted(one["status"] for one in own) == sorted(statuses)

        await eventually(counted, f"the messages of {person.email} are {statuses}")


@asynccontextmanager
async def notify(rooms: Rooms, database: str, **settings: object) -> AsyncIterator[Ledger]:
    """notify as it starts with an empty database."""
    names = {"mongo_database": f"{rooms.prefix}_notify_{database}", "consumer_group": database}
    app = create_app(rooms.settings("notify", **names, **settings))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notify") as client,
    ):
        ledger = Ledger(rooms, client)
        await eventually(ledger.is_ready, "notify hears")
        yield ledger


def mails(rooms: Rooms, person: Person) -> int:
    found = Mailbox(rooms.stack.maildir).mails()
    return sum(1 for mail in found if mail.recipient == person.email)


async def submit(stage: Stage, person: Person) -> str:
    project_id = str(uuid4())
    event = sample("ProjectSubmitted", project_id=project_id, contact_person_id=person.person_id)
    await stage.say(event, project_id)
    return project_id


async def test_imported_history_is_mailed_to_nobody_and_what_comes_after_it_is(
    rooms: Rooms, stage: Stage
) -> None:
    person = somebody()
    stage.imported = "history"
    await stage.meet("submission", person)
    planned_there = plan(person, await submit(stage, person))
    (said,) = domain.plan_message(None, message(planned_there))[1]
    await stage.say(said, planned_there.message_id)
    await submit(stage, person)  # of this one the record has no plan

    async with notify(rooms, "history") as ledger:
        await ledger.has(person, "not_sent", "not_sent")
        stage.imported = ""
        await submit(stage, person)
        await ledger.has(person, "not_sent", "not_sent", "accepted")
    assert mails(rooms, person) == 1

    async with notify(rooms, "history-again") as ledger:  # its ledger is lost
        await ledger.has(person, "not_sent", "not_sent", "accepted")
    assert mails(rooms, person) == 1


async def test_history_that_is_imported_while_notify_runs_is_not_planned_beside_its_record(
    rooms: Rooms, stage: Stage
) -> None:
    person, later = somebody(), somebody()
    async with notify(rooms, "running") as ledger:
        for one in (person, later):
            await stage.meet("submission", one)
        stage.imported = "history"
        await submit(stage, person)
        stage.imported = ""
        await submit(stage, later)
        await ledger.has(later, "accepted")
        await ledger.has(person)
    assert mails(rooms, person) == 0


async def test_rehearsal_mails_where_mails_stay_and_is_planned_as_not_sent_elsewhere(
    rooms: Rooms, stage: Stage
) -> None:
    person = somebody()
    stage.imported = "rehearsal"
    await stage.meet("submission", person)

    async with notify(rooms, "elsewhere", smtp_url="smtp://mail.example.org") as ledger:
        await submit(stage, person)
        await ledger.has(person, "not_sent")
    assert mails(rooms, person) == 0
    async with notify(rooms, "here") as ledger:
        await submit(stage, person)
        await ledger.has(person, "not_sent", "accepted")
    assert mails(rooms, person) == 1
