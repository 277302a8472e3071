"""One kept SMTP connection, used step by step, so that it is known how far an attempt came."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.notify.replies import Step, mailbox_is_gone

Outcome = Literal["accepted", "deferred", "bounced", "gone", "unknown", "abandoned"]
PERMANENT = 500


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended.

    accepted: 250 after the data. deferred: nothing was sent, or 4xx. bounced: 5xx. gone: 5xx that
    says that the mailbox is refused for good. unknown: the data had begun and no answer came.
    abandoned: the lease was lost before the data.
    """

    outcome: Outcome
    reply: str


class Connection:
    """A connection to the mail server that is kept from message to message."""

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError(f"SMTP_URL must be smtp://host:port or smtps://host:port, not {url!r}")
        self._client = aiosmtplib.SMTP(
            hostname=parts.hostname,
            port=parts.port or (465 if parts.scheme == "smtps" else 25),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            tls_context=ssl.create_default_context() if parts.scheme == "smtps" else None,
            timeout=timeout,
        )

    async def send(
        self,
        sender: str,
        recipient: str,
        message: bytes,
        data_starts: Callable[[], Awaitable[bool]],
    ) -> Attempt:
        """Send one message. `data_starts` is awaited right before DATA and may say no."""
        try:
            if not self._client.is_connected:
                await self._client.connect()
            await self._client.mail(sender)
            await self._client.rcpt(recipient)
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPRecipientRefused) as error:
            await self._reset()
            sender_refused = isinstance(error, aiosmtplib.SMTPSenderRefused)
            return _refused(error, "sender" if sender_refused else "recipient")
        except aiosmtplib.SMTPResponseException as error:
            # The greeting, EHLO or AUTH: the server refuses this platform, not this mail.
            self.close()
            return Attempt("deferred", f"{error.code} {error.message}")
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            self.close()
            return Attempt("deferred", f"{type(error).__name__}: {error}")
        if not await data_starts():
            await self._reset()
            return Attempt("abandoned", "the lease was lost")
        try:
            reply = await self._client.data(message)
        except aiosmtplib.SMTPResponseException as error:
            await self._reset()
            return _refused(error, "data")
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            self.close()
            return Attempt("unknown", f"{type(error).__name__}: {error}")
        return Attempt("accepted", f"{reply.code} {reply.message}")

    def close(self) -> None:
        """Drop the connection; the next message opens a new one."""
        self._client.close()

    async def quit(self) -> None:
        """Say goodbye to the server."""
        if self._client.is_connected:
            try:
                await self._client.quit()
            except (aiosmtplib.SMTPException, OSError, TimeoutError):
                self.close()

    async def _reset(self) -> None:
        try:
            await self._client.rset()
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            self.close()


def _refused(error: aiosmtplib.SMTPResponseException, step: Step) -> Attempt:
    reply = f"{error.code} {error.message}"
    if error.code < PERMANENT:
        return Attempt("deferred", reply)
    gone = mailbox_is_gone(step, error.code, error.message)
    return Attempt("gone" if gone else "bounced", reply)
