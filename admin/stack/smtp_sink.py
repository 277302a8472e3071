"""An SMTP server for laptop and tests: takes every mail and keeps it in a Maildir.

Nothing leaves the machine. The envelope, which a mail itself doesn't hold, is kept in the headers
X-Mail-From and X-Rcpt-To (one per recipient), put before the mail's own.
"""

import argparse
import asyncio
import itertools
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

SIZE_LIMIT = 10 * 1024 * 1024
SLOW_SECONDS = 3.0


class Maildir:
    """The directory every mail goes to. A mail is there entire or not at all."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._serial = itertools.count(1)
        for part in ("tmp", "new", "cur"):
            (directory / part).mkdir(parents=True, exist_ok=True)

    def keep(self, mail: bytes) -> str:
        """Store one mail; its name. Survives a kill of the process, not a power cut.

        Raises OSError, and then nothing is left of it, when the disk is full or refuses the write.
        """
        name = f"{time.time():.6f}.P{os.getpid()}Q{next(self._serial)}.localhost"
        unfinished = self._directory / "tmp" / name
        try:
            unfinished.write_bytes(mail)
            unfinished.rename(self._directory / "new" / name)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        return name


class Trouble:
    """What the first mails of this process meet, for fault tests; nothing by default.

    ZHARMENKE_SMTP_FAULT is `kind:count` or `kind:count:beginning`, which is met only by mails to
    addresses that begin so. `421` and `550` refuse the mail, and blame no mailbox;
    `drop` ends the connection without an answer, every other time with the mail kept; `slow` keeps
    it and answers late.
    """

    def __init__(self, told: str) -> None:
        self._kind, count, self._beginning = (*told.split(":", 2), "", "")[:3]
        self._left = int(count or 1) if self._kind else 0

    def comes(self, recipients: Sequence[str]) -> str:
        """The kind that this mail meets, or nothing. Said on standard output, to be counted."""
        if not self._left or not any(who.startswith(self._beginning) for who in recipients):
            return ""
        self._left -= 1
        print(f"fault {self._kind}", flush=True)
        return "loss" if self._kind == "drop" and self._left % 2 else self._kind


class Keeper:
    """Answers the end of DATA: 250 only after the mail is in the Maildir."""

    def __init__(self, maildir: Maildir, trouble: Trouble | None = None) -> None:
        self._maildir = maildir
        self._trouble = trouble or Trouble("")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd with the whole message."""
        match trouble := self._trouble.comes(envelope.rcpt_tos):
            case "421":
                asyncio.get_running_loop().call_later(0.05, _cut, server)
                return "421 Try again later"
            case "550":
                return "550 5.7.1 The message is refused"
            case "loss":
                _cut(server)
                return "451 Nobody hears this"
        answer = self._keep(envelope)
        if trouble == "drop":
            _cut(server)
        elif trouble == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        return answer

    def _keep(self, envelope: Envelope) -> str:
        content = envelope.content
        if not isinstance(content, bytes):
            return "451 The message did not arrive as bytes"
        try:
            name = self._maildir.keep(_envelope_headers(envelope) + content)
        except OSError as error:
            return f"452 The mail could not be stored: {error.strerror}"
        return f"250 Kept as {name}"


def _cut(server: SMTP) -> None:
    """End the connection, whatever was still to be said on it."""
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


def _envelope_headers(envelope: Envelope) -> bytes:
    lines = [f"X-Mail-From: {envelope.mail_from or '<>'}"]
    lines += [f"X-Rcpt-To: {recipient}" for recipient in envelope.rcpt_tos]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")


async def serve(host: str, port: int, maildir: Path) -> None:
    """Take mail until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    keeper = Keeper(Maildir(maildir), Trouble(os.environ.get("ZHARMENKE_SMTP_FAULT", "")))

    def connection() -> SMTP:
        return SMTP(
            keeper,
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="Zharmenke mail sink",
            loop=loop,
        )

    server = await loop.create_server(connection, host, port, backlog=512)
    print(f"taking mail on {host}:{port}, keeping it in {maildir}", flush=True)
    await stop.wait()
    server.close()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m admin.stack.smtp_sink", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--maildir", type=Path, required=True)
    given = parser.parse_args()
    asyncio.run(serve(given.host, given.port, given.maildir))


if __name__ == "__main__":
    main()
