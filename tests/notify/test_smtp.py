"""The connection against a real server: how each answer, at each step, ends an attempt."""

import asyncio
from collections.abc import Iterator

import pytest

from services.notify.smtp import Connection
from tests.notify.smtp_script import Script, scripted_smtp

SENDER, RECIPIENT = "fair@example.org", "ngo@example.org"
MAIL = b"Subject: sample\r\nMessage-ID: <m@example.org>\r\n\r\nsample\r\n"


@pytest.fixture
def server() -> Iterator[tuple[Script, str]]:
    with scripted_smtp() as running:
        yield running


class Started:
    """Says yes to the data, and remembers that it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self) -> bool:
        self.asked += 1
        return True


async def outcome(url: str, started: Started) -> str:
    connection = Connection(url, 5)
    try:
        return (await connection.send(SENDER, RECIPIENT, MAIL, started)).outcome
    finally:
        await connection.quit()


@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        ("550 5.1.1 no such mailbox", "gone"),
        ("551 not here", "gone"),
        ("550 not you", "bounced"),
        ("554 5.7.1 not from there", "bounced"),
        ("450 4.2.1 not now", "deferred"),
    ],
)
async def test_recipient_that_is_refused_ends_the_attempt_before_the_data(
    server: tuple[Script, str], answer: str, ended: str
) -> None:
    script, url = server
    script.recipients[RECIPIENT] = answer
    started = Started()

    assert await outcome(url, started) == ended
    assert started.asked == 0


@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        ("550 5.1.1 no such mailbox", "gone"),
        ("551 not here", "bounced"),
        ("552 5.2.2 mailbox full", "bounced"),
        ("554 5.7.1 spam", "bounced"),
        ("451 4.7.1 greylisted", "deferred"),
        ("250 2.0.0 taken", "accepted"),
        ("drop", "unknown"),
    ],
)
async def test_answer_to_the_data_ends_the_attempt(
    server: tuple[Script, str], answer: str, ended: str
) -> None:
    script, url = server
    script.answers[RECIPIENT] = [answer]
    started = Started()

    assert await outcome(url, started) == ended
    assert started.asked == 1


async def test_refused_sender_blames_no_recipient(server: tuple[Script, str]) -> None:
    script, url = server
    script.sender = "550 5.1.1 no such sender"

    assert await outcome(url, Started()) == "bounced"


async def test_server_that_refuses_the_platform_is_waited_for() -> None:
    """A block list, or a wrong password, must not fail every mail there is."""

    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 5.7.1 no service for you\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]

        assert await outcome(f"smtp://127.0.0.1:{port}", Started()) == "deferred"


async def test_one_connection_is_used_for_many_mails(server: tuple[Script, str]) -> None:
    script, url = server
    script.answers[RECIPIENT] = ["250 OK", "554 5.7.1 spam", "451 4.7.1 later"]
    connection = Connection(url, 5)
    for _ in range(10):
        await connection.send(SENDER, RECIPIENT, MAIL, Started())
    await connection.quit()

    assert len(script.attempts[RECIPIENT]) == 10
    assert len(script.connections) == 1
