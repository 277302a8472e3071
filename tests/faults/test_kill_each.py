"""One SIGKILL of each process while a receipt is on its way: it arrives, and once."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from admin.rehearsal.cast import Cast, FairSize, season_text
from admin.rehearsal.client import Client
from admin.rehearsal.commands import SEASON_FILE
from admin.rehearsal.mailbox import Mailbox
from admin.rehearsal.outside import read_log
from admin.rehearsal.rest import wait_for_rest
from admin.stack.parts import PARTS
from admin.stack.stack import Stack
from services.submission.season_file import parse_season
from tests.parts import caller_environment, require_durable_broker
from tests.rooms import eventually

SIZE = FairSize(projects=len(PARTS))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    environment = {
        name: value
        for name, value in caller_environment().items()
        if name not in ("KAFKA_BOOTSTRAP_SERVERS", "MONGO_URL", "SMTP_URL")
    } | {"SMTP_TIMEOUT_SECONDS": "2"}  # so that a dead sender's lease ends soon
    stack = Stack(tmp_path_factory.mktemp("kill"), free_ports=True, environment=environment)
    stack.up()
    yield stack
    stack.down()


@pytest.fixture(scope="module")
def cast() -> Cast:
    text = season_text(SEASON_FILE, datetime.now(UTC).date(), SIZE)
    return Cast("kill", SIZE, parse_season(text))


@pytest.mark.parametrize("part", PARTS)
async def test_receipt_survives_a_kill(stack: Stack, cast: Cast, part: str) -> None:
    if part == "kafka":
        require_durable_broker(stack)
    environment = stack.environment()
    client = Client(environment, stack.directory / "keys" / "operator.pem")
    plan = cast.projects()[PARTS.index(part)]
    applicant = client.operator("applicant", plan.applicant)
    admin = client.operator("admin", "operator")
    season = season_text(SEASON_FILE, datetime.now(UTC).date(), SIZE).encode()
    await client.call("PUT", "submission", "/seasons/2020", token=admin, content=season)
    path = f"/projects/{plan.id}"
    await client.call("PUT", "submission", path, token=applicant, json=plan.draft)
    receipt = await client.call("POST", "submission", f"{path}/submit", token=applicant)

    await asyncio.to_thread(stack.kill, part)
    await asyncio.to_thread(stack.up)

    mailbox = Mailbox(stack.maildir)
    address = plan.draft["contact"]["email"]

    async def arrived() -> bool:
        return any(mail.recipient == address for mail in mailbox.mails())

    await eventually(arrived, f"the receipt to {address}", within=60)
    await wait_for_rest(environment, admin)
    await client.close()
    log = await read_log(environment["KAFKA_BOOTSTRAP_SERVERS"])
    received = [mail for mail in mailbox.mails() if mail.recipient == address]
    assert len(received) == 1
    assert receipt["event_id"] in received[0].text
    assert receipt["event_id"] in log.events
    assert log.faults == []
    assert log.parked == 0
