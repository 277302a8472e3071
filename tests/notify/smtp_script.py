"""A real SMTP server that does to each recipient what a test has written down."""

import asyncio
import socket
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Script:
    """Answers the data in the order given for a recipient, then 250.

    "drop" takes the data and closes the connection without an answer. MAIL FROM and RCPT TO are
    answered as `sender` and `recipients` say, if they say anything.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[str]] = defaultdict(list)
        self.pause = 0.0
        """Seconds from the data to the answer."""
        self.sender = ""
        self.recipients: dict[str, str] = {}
        self.connections: set[Any] = set()
        """The other end of every connection that a mail came by."""
        self.asked: dict[str, int] = defaultdict(int)
        """How often RCPT TO named somebody."""
        self.began: list[float] = []
        """When each mail's data came, by a monotonic clock."""
        self.attempts: dict[str, list[str]] = defaultdict(list)
        """The Message-ID of every mail whose data came, by recipient."""

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if not self.sender:
            envelope.mail_from = address
        return self.sender or "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        self.asked[address] += 1
        if refusal := self.recipients.get(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.connections.add(session.peer)
        self.began.append(time.monotonic())
        recipient = envelope.rcpt_tos[0]
        content = envelope.content
        assert isinstance(content, bytes)
        self.attempts[recipient].append(str(message_from_bytes(content)["Message-ID"]))
        await asyncio.sleep(self.pause)
        answer = self.answers[recipient].pop(0) if self.answers[recipient] else "250 OK"
        if answer == "drop":
            transport: Any = server.transport
            transport.abort()
            await asyncio.sleep(0)
        return answer


@contextmanager
def scripted_smtp() -> Iterator[tuple[Script, str]]:
    """The script and the URL of a server that follows it."""
    script = Script()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    controller = Controller(script, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield script, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()
