"""A real SMTP server that does to each recipient what a test has written down."""

import asyncio
import socket
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Script:
    """Answers in the order given for a recipient, then 250.

    "drop" takes the data and closes the connection without an answer.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[str]] = defaultdict(list)
        self.attempts: dict[str, list[str]] = defaultdict(list)
        """The Message-ID of every mail whose data came, by recipient."""

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        recipient = envelope.rcpt_tos[0]
        content = envelope.content
        assert isinstance(content, bytes)
        self.attempts[recipient].append(str(message_from_bytes(content)["Message-ID"]))
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
