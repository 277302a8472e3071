"""The mail sink's troubles, as a client meets them: the first mails suffer, the next are kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP

from admin.stack.smtp_sink import Keeper, Maildir, Trouble
from tests.ports import free_port


@asynccontextmanager
async def server(directory: Path, trouble: str) -> AsyncIterator[int]:
    port = free_port()
    keeper = Keeper(Maildir(directory), Trouble(trouble))
    loop = asyncio.get_running_loop()
    serving = await loop.create_server(lambda: SMTP(keeper, hostname="sink"), "127.0.0.1", port)
    yield port
    serving.close()


async def send(port: int) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "fair@example.org", "ngo@example.org"
    mail.set_content("Сәлем")
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=port, timeout=10)


def kept(directory: Path) -> int:
    return len(list((directory / "new").iterdir()))


@pytest.mark.parametrize("code", [421, 550])
async def test_first_mails_are_refused_and_the_next_is_kept(tmp_path: Path, code: int) -> None:
    async with server(tmp_path, f"{code}:2") as port:
        for _ in range(2):
            with pytest.raises(aiosmtplib.SMTPDataError) as refused:
                await send(port)
            assert refused.value.code == code
        await send(port)
    assert kept(tmp_path) == 1


async def test_dropped_mails_have_no_answer_and_every_other_is_kept(tmp_path: Path) -> None:
    async with server(tmp_path, "drop:4") as port:
        for _ in range(4):
            with pytest.raises((aiosmtplib.SMTPServerDisconnected, ConnectionError)):
                await send(port)
    assert kept(tmp_path) == 2
