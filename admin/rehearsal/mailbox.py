"""The Maildir as a person reads it, with the standard library's `email` alone."""

import asyncio
import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mail:
    """What the checks look at in one mail."""

    message_id: str
    recipient: str
    language: str
    text: str
    has_calendar: bool
    calendar: str


class Mailbox:
    """All mails that the server accepted. Files are read once."""

    def __init__(self, maildir: Path) -> None:
        self._directory = maildir / "new"
        self._seen: dict[str, Mail] = {}

    def mails(self) -> list[Mail]:
        """Every mail there is now, in the order of arrival."""
        if self._directory.is_dir():
            for path in sorted(self._directory.iterdir()):
                if path.name not in self._seen:
                    self._seen[path.name] = _read(path)
        return list(self._seen.values())

    async def wait_for(self, address: str, within: float = 60.0) -> str:
        """The text of a mail to this address, once it is there."""
        async with asyncio.timeout(within):
            while True:
                for mail in self.mails():
                    if mail.recipient == address:
                        return mail.text
                await asyncio.sleep(0.2)


def _read(path: Path) -> Mail:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    if not isinstance(message, EmailMessage):
        raise TypeError(f"{path} is not a mail")
    body = message.get_body(("plain",))
    calendars = list(_calendars(message))
    return Mail(
        message_id=str(message["Message-ID"]).strip("<>"),
        recipient=str(message["To"].addresses[0].addr_spec),
        language=str(message.get("Content-Language", "")),
        text=str(body.get_content()) if body else "",
        has_calendar=bool(calendars),
        calendar=calendars[0] if calendars else "",
    )


def _calendars(message: EmailMessage) -> Iterator[str]:
    for part in message.walk():
        if part.get_content_type() == "text/calendar":
            content = part.get_payload(decode=True)
            yield content.decode() if isinstance(content, bytes) else str(content)
