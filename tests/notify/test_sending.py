"""The ledger at work on the real parts: every way an attempt can end, and who is mailed."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import httpx
import pytest

from tests.notify.ledger_view import LedgerView, registered, submitted
from tests.notify.smtp_script import Script, scripted_smtp
from tests.notify.stage import Stage, open_stage, somebody
from tests.rooms import Rooms, eventually


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Script, str]]:
    with scripted_smtp() as running:
        yield running


@pytest.fixture(scope="module")
def script(server: tuple[Script, str]) -> Script:
    return server[0]


@pytest.fixture(scope="module")
async def notify(rooms: Rooms, server: tuple[Script, str]) -> httpx.AsyncClient:
    return await rooms.open(
        "notify", smtp_url=server[1], smtp_timeout_seconds=2, smtp_connections=3, give_up_after=3
    )


@pytest.fixture(scope="module")
async def stage(rooms: Rooms) -> AsyncIterator[Stage]:
    async with open_stage(rooms) as opened:
        yield opened


async def test_event_heard_again_mails_nobody_again(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    person, project = somebody(), str(uuid4())
    ledger = LedgerView(rooms, notify, f"project/{project}")
    await stage.meet("submission", person)
    await submitted(stage, person, project)
    await ledger.until("accepted")

    await submitted(stage, person, project)  # the relay repeats itself
    other, later = somebody(), str(uuid4())
    await stage.meet("submission", other)
    await submitted(stage, other, later)
    await LedgerView(rooms, notify, f"project/{later}").until("accepted")

    assert len(await ledger.messages()) == 1
    assert len(script.attempts[person.email]) == 1


async def test_mail_for_a_person_not_heard_of_waits(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    person, project = somebody(), str(uuid4())
    ledger = LedgerView(rooms, notify, f"project/{project}")
    await submitted(stage, person, project)
    await ledger.until("planned")
    assert script.attempts[person.email] == []

    await stage.meet("submission", person)

    await ledger.until("accepted")
    assert len(script.attempts[person.email]) == 1


async def test_mail_for_an_erased_person_is_suppressed(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    person, project = somebody(), str(uuid4())
    await stage.meet("submission", person)
    await stage.forget("submission", person.person_id)

    await submitted(stage, person, project)

    await LedgerView(rooms, notify, f"project/{project}").until("suppressed")
    assert script.attempts[person.email] == []


async def test_mail_that_is_refused_for_good_is_failed_and_not_tried_again(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    person, project = somebody(), str(uuid4())
    script.answers[person.email] = ["550 5.1.1 no such mailbox"]
    await stage.meet("submission", person)
    await submitted(stage, person, project)

    message = await LedgerView(rooms, notify, f"project/{project}").until("failed")

    assert message["smtp_reply"] == "550 5.1.1 no such mailbox"
    assert len(script.attempts[person.email]) == 1


async def test_mail_that_is_deferred_is_tried_again_under_the_same_message_id(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    person, project = somebody(), str(uuid4())
    script.answers[person.email] = ["451 4.7.1 greylisted", "451 4.7.1 greylisted"]
    await stage.meet("submission", person)
    await submitted(stage, person, project)

    await LedgerView(rooms, notify, f"project/{project}").until("accepted")

    assert len(script.attempts[person.email]) == 3
    assert len(set(script.attempts[person.email])) == 1


async def test_mail_that_is_deferred_again_and_again_is_given_up_at_the_end(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    """`give_up_after` is 3 here: the pauses, of up to 1 and up to 2 seconds, come to an end."""
    person, project = somebody(), str(uuid4())
    script.answers[person.email] = ["451 4.7.1 greylisted"] * 4
    await stage.meet("submission", person)
    await submitted(stage, person, project)

    message = await LedgerView(rooms, notify, f"project/{project}").until("failed")

    assert message["smtp_reply"] == "451 4.7.1 greylisted"
    assert len(script.attempts[person.email]) == 3
    assert len(set(script.attempts[person.email])) == 1


async def test_mail_that_failed_is_sent_again_when_the_staff_wants_it(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    person, project = somebody(), str(uuid4())
    ledger = LedgerView(rooms, notify, f"project/{project}")
    script.answers[person.email] = ["552 5.2.2 mailbox full"]
    await stage.meet("submission", person)
    await submitted(stage, person, project)
    message = await ledger.until("failed")

    answer = await ledger.resend(message["message_id"])

    assert answer.status_code == 200, answer.text
    again = await ledger.until("accepted")
    assert again["attempts"] == 2
    assert len(set(script.attempts[person.email])) == 1


async def test_many_mails_go_over_the_connections_that_are_kept(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    before = len(script.connections)
    for _ in range(30):
        person, project = somebody(), str(uuid4())
        await stage.meet("submission", person)
        await submitted(stage, person, project)
    last = LedgerView(rooms, notify, f"project/{project}")
    await last.until("accepted")

    async def all_arrived() -> bool:
        counts = await notify.get("/messages/counts", headers=rooms.token("admin"))
        return "planned" not in counts.json()

    await eventually(all_arrived, "nothing waits")
    assert len(script.connections) - before <= 3, "30 mails, and one connection for each sender"


async def test_link_mail_of_unknown_outcome_is_sent_again_under_the_same_message_id(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    person, registration = somebody("ru"), str(uuid4())
    script.answers[person.email] = ["drop"]
    await stage.meet("webinar", person)
    await registered(stage, person, registration)

    message = await LedgerView(rooms, notify, f"registration/{registration}").until("accepted")

    assert (message["attempts"], message["resending"]) == (2, True)
    assert len(script.attempts[person.email]) == 2
    assert len(set(script.attempts[person.email])) == 1

    async def both_said() -> bool:
        said = await rooms.said("notify", "MessageUnknown", "MessageAccepted")
        return len([id for id, _ in said if str(message["message_id"]) in id]) == 2

    await eventually(both_said, "MessageUnknown and MessageAccepted are on the topic")


async def test_other_mail_of_unknown_outcome_waits_for_a_person(
    rooms: Rooms, notify: httpx.AsyncClient, script: Script, stage: Stage
) -> None:
    person, project = somebody("en"), str(uuid4())
    ledger = LedgerView(rooms, notify, f"project/{project}")
    script.answers[person.email] = ["drop"]
    await stage.meet("submission", person)
    await submitted(stage, person, project)
    message = await ledger.until("unknown")
    assert len(script.attempts[person.email]) == 1

    answer = await ledger.resend(message["message_id"])

    assert answer.status_code == 200, answer.text
    await ledger.until("accepted")
    assert len(set(script.attempts[person.email])) == 1
    again = await ledger.resend(message["message_id"])
    assert (again.status_code, again.json()["type"]) == (
        409,
        "urn:zharmenke:problem:nothing-to-resend",
    )


async def test_ledger_is_for_the_staff(rooms: Rooms, notify: httpx.AsyncClient) -> None:
    assert (await notify.get("/messages")).status_code == 401
    for role in ("applicant", "judge"):
        answer = await notify.get("/messages", headers=rooms.token(role))
        assert answer.status_code == 403
