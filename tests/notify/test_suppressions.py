"""A mailbox that is refused for good: nothing more is sent there until the staff lifts it."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from schemas.people import Person
from services.notify.app import create_app
from tests.notify.ledger_view import LedgerView, registered, submitted
from tests.notify.smtp_script import Script, scripted_smtp
from tests.notify.stage import Stage, open_stage, somebody
from tests.rooms import Rooms, eventually

GONE = "550 5.1.1 <{address}>: no such mailbox"


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Script, str]]:
    with scripted_smtp() as running:
        yield running


@pytest.fixture
def script(server: tuple[Script, str]) -> Script:
    return server[0]


@pytest.fixture
async def stage(rooms: Rooms) -> AsyncIterator[Stage]:
    async with open_stage(rooms) as opened:
        yield opened


@asynccontextmanager
async def running_notify(rooms: Rooms, url: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(rooms.settings("notify", smtp_url=url, smtp_timeout_seconds=2.0))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notify") as client,
    ):
        await eventually(lambda: _is_ready(client), "notify is ready")
        yield client


async def _is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/health/ready")).is_success


@pytest.fixture
async def notify(rooms: Rooms, server: tuple[Script, str]) -> AsyncIterator[httpx.AsyncClient]:
    async with running_notify(rooms, server[1]) as client:
        yield client


async def suppressed_person(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> tuple[Person, LedgerView]:
    """Somebody whose mailbox was refused for good, and the message that met it."""
    person, project = somebody(), str(uuid4())
    script.recipients[person.email] = GONE.format(address=person.email)
    for service in ("submission", "webinar"):
        await stage.meet(service, person)
    await submitted(stage, person, project)
    view = LedgerView(rooms, notify, f"project/{project}")
    await view.until("failed")
    return person, view


async def suppressions(
    rooms: Rooms, notify: httpx.AsyncClient, person: Person, *, active: bool = True
) -> list[dict[str, object]]:
    answer = await notify.get(
        "/suppressions",
        params={"active": active, "limit": 500},
        headers=rooms.token("secretary"),
    )
    assert answer.status_code == 200, answer.text
    return [one for one in answer.json()["items"] if one["person_id"] == person.person_id]


async def lift(
    rooms: Rooms, notify: httpx.AsyncClient, person_id: str, key: str | None = None
) -> httpx.Response:
    headers = rooms.token("secretary") | ({"Idempotency-Key": key} if key else {})
    return await notify.post(
        f"/suppressions/{person_id}/lift", json={"reason": "Пошта қайта ашылды."}, headers=headers
    )


async def test_mailbox_that_is_refused_for_good_gets_no_more_mail(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    person, first = await suppressed_person(rooms, notify, script, stage)

    project = str(uuid4())
    await submitted(stage, person, project)

    later = await LedgerView(rooms, notify, f"project/{project}").until("suppressed")
    assert later["suppressed_because"] == "address-suppressed"
    assert script.asked[person.email] == 1, "the later mail was not even tried"
    [refused] = await first.messages()
    [suppression] = await suppressions(rooms, notify, person)
    assert suppression["message_id"] == refused["message_id"]
    assert suppression["smtp_reply"] == "550 5.1.1 <(address)>: no such mailbox"


async def test_suppressed_person_gets_no_link_mail_and_the_staff_sees_it(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    person, _ = await suppressed_person(rooms, notify, script, stage)

    registration = str(uuid4())
    await registered(stage, person, registration)

    link = await LedgerView(rooms, notify, f"registration/{registration}").until("suppressed")
    assert link["purpose"] == "webinar-link"
    assert script.asked[person.email] == 1


async def test_refused_message_does_not_suppress_its_person(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    person = somebody()
    await stage.meet("submission", person)
    for refusal in ("554 5.7.1 spam", "552 5.2.2 mailbox full", "550 refused"):
        script.answers[person.email] = [refusal]
        project = str(uuid4())
        await submitted(stage, person, project)
        message = await LedgerView(rooms, notify, f"project/{project}").until("failed")
        assert message["smtp_reply"] == refusal

    assert await suppressions(rooms, notify, person) == []
    project = str(uuid4())
    await submitted(stage, person, project)
    await LedgerView(rooms, notify, f"project/{project}").until("accepted")


async def test_lifted_suppression_lets_mails_go_again_also_what_was_held_back(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    person, _ = await suppressed_person(rooms, notify, script, stage)
    held = str(uuid4())
    await submitted(stage, person, held)
    held_back = LedgerView(rooms, notify, f"project/{held}")
    message = await held_back.until("suppressed")

    del script.recipients[person.email]
    answer = await lift(rooms, notify, person.person_id, key="lift-once")
    assert answer.status_code == 200, answer.text
    assert answer.json()["restored_because"] == "Пошта қайта ашылды."

    later = str(uuid4())
    await submitted(stage, person, later)
    await LedgerView(rooms, notify, f"project/{later}").until("accepted")
    assert (await held_back.resend(message["message_id"])).status_code == 200
    await held_back.until("accepted")
    assert await suppressions(rooms, notify, person) == []
    assert len(await suppressions(rooms, notify, person, active=False)) == 1
    repeated = await lift(rooms, notify, person.person_id, key="lift-once")
    assert (repeated.status_code, repeated.json()) == (200, answer.json())
    again = await lift(rooms, notify, person.person_id)
    assert (again.status_code, again.json()["type"]) == (
        409,
        "urn:zharmenke:problem:not-suppressed",
    )


async def test_suppressing_and_lifting_are_on_record_without_the_address(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    person, _ = await suppressed_person(rooms, notify, script, stage)
    await lift(rooms, notify, person.person_id)
    origin = f"notify/suppression/{person.person_id}"

    async def both() -> list[tuple[str, bytes]]:
        said = await rooms.said("notify", "AddressSuppressed", "AddressRestored")
        mine = [(id, body) for id, body in said if id.startswith(origin)]
        return mine if len(mine) == 2 else []

    said = await eventually(both, "AddressSuppressed and AddressRestored are on the topic")

    assert [id for id, _ in said] == [f"{origin}:1", f"{origin}:2"]
    assert json.loads(said[1][1])["reason"] == "Пошта қайта ашылды."
    for _, body in await rooms.said("notify"):
        assert person.email.encode() not in body


async def test_suppression_outlives_a_lost_ledger(
    rooms: Rooms, server: tuple[Script, str], stage: Stage
) -> None:
    script = server[0]
    async with running_notify(rooms, server[1]) as notify:
        standing, _ = await suppressed_person(rooms, notify, script, stage)
        lifted, _ = await suppressed_person(rooms, notify, script, stage)
        assert (await lift(rooms, notify, lifted.person_id)).status_code == 200
        before = [await suppressions(rooms, notify, person) for person in (standing, lifted)]
        await all_is_on_kafka(rooms)
    del script.recipients[lifted.email]

    await lose_the_ledger(rooms)
    async with running_notify(rooms, server[1]) as notify:
        projects = {person.person_id: str(uuid4()) for person in (standing, lifted)}
        for person in (standing, lifted):
            await submitted(stage, person, projects[person.person_id])
        view = LedgerView(rooms, notify, f"project/{projects[standing.person_id]}")
        await view.until("suppressed")
        view = LedgerView(rooms, notify, f"project/{projects[lifted.person_id]}")
        await view.until("accepted")

        assert script.asked[standing.email] == 1
        after = [await suppressions(rooms, notify, person) for person in (standing, lifted)]
        assert after == before
        # Its events go on from where the stream had come to.
        assert (await lift(rooms, notify, standing.person_id)).status_code == 200

        async def second_is_said() -> bool:
            said = await rooms.said("notify", "AddressRestored")
            return f"notify/suppression/{standing.person_id}:2" in {id for id, _ in said}

        await eventually(second_is_said, "the second event of the suppression is on the topic")


async def all_is_on_kafka(rooms: Rooms) -> None:
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(
        rooms.environment["MONGO_URL"]
    )
    database = client[rooms.database("notify")]

    async def sent() -> bool:
        counts = [
            await database[name].count_documents({"pending": True})
            for name in ("messages", "suppressions")
        ]
        return sum(counts) == 0

    await eventually(sent, "every outbox is empty")
    client.close()


async def lose_the_ledger(rooms: Rooms) -> None:
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(
        rooms.environment["MONGO_URL"]
    )
    await client.drop_database(rooms.database("notify"))
    client.close()


async def test_suppressions_are_for_the_staff(rooms: Rooms, notify: httpx.AsyncClient) -> None:
    path = f"/suppressions/{uuid4()}/lift"
    assert (await notify.get("/suppressions")).status_code == 401
    for role in ("applicant", "judge"):
        headers = rooms.token(role)
        assert (await notify.get("/suppressions", headers=headers)).status_code == 403
        answer = await notify.post(path, json={"reason": "no"}, headers=headers)
        assert answer.status_code == 403
    answer = await notify.post(path, json={"reason": "no"}, headers=rooms.token("admin"))
    assert answer.status_code == 404
