"""The mail sink: what it takes is in the Maildir, entire and with its envelope."""

import asyncio
import mailbox
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import aiosmtplib
import pytest

from admin.stack.smtp_sink import SIZE_LIMIT
from admin.stack.stack import Stack


def letter(subject: str, text: str = "Сәлеметсіз бе!") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "fair@example.kz"
    message["To"] = "ngo@example.kz"
    message["Subject"] = subject
    message.set_content(text)
    return message


def connection(stack: Stack) -> aiosmtplib.SMTP:
    port = next(status.port for status in stack.status(["smtp"]))
    return aiosmtplib.SMTP(hostname="127.0.0.1", port=port, timeout=20)


@contextmanager
def writing_at_most(stack: Stack, size: int) -> Iterator[None]:
    """The sink can't write files of more bytes than this: the write is cut off there."""
    pid = stack.pid("smtp")
    assert pid
    usual = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)


def kept(maildir: Path, subject: str) -> list[EmailMessage]:
    parser = BytesParser(policy=policy.default)
    mails = [parser.parsebytes(path.read_bytes()) for path in (maildir / "new").iterdir()]
    return [m for m in mails if isinstance(m, EmailMessage) and m["Subject"] == subject]


async def test_a_mail_is_kept_with_its_envelope(infra: Stack) -> None:
    async with connection(infra) as smtp:
        await smtp.send_message(
            letter("Жәрмеңке 1"), sender="bounce@example.kz", recipients=["a@b.kz", "c@d.kz"]
        )
    (mail,) = kept(infra.maildir, "Жәрмеңке 1")
    assert mail["X-Mail-From"] == "bounce@example.kz"
    assert mail.get_all("X-Rcpt-To") == ["a@b.kz", "c@d.kz"]
    assert mail.get_content().strip() == "Сәлеметсіз бе!"
    assert len(mailbox.Maildir(infra.maildir, create=False)) >= 1


async def test_an_address_in_kazakh_letters_is_taken(infra: Stack) -> None:
    async with connection(infra) as smtp:
        await smtp.mail("fair@example.kz", options=["SMTPUTF8"], encoding="utf-8")
        await smtp.rcpt("әсем@мысал.қаз", encoding="utf-8")
        await smtp.data(letter("Жәрмеңке 2").as_bytes())
    files = [path.read_bytes().decode() for path in (infra.maildir / "new").iterdir()]
    assert any("X-Rcpt-To: әсем@мысал.қаз" in text for text in files)


async def test_too_long_a_mail_is_refused_and_not_kept(infra: Stack) -> None:
    long_line = "x" * 900 + "\n"
    mail = letter("Жәрмеңке 3", long_line * (SIZE_LIMIT // 900 + 10))
    async with connection(infra) as smtp:
        with pytest.raises(aiosmtplib.SMTPResponseException) as refusal:
            await smtp.send_message(mail)
    assert refusal.value.code == 552
    assert kept(infra.maildir, "Жәрмеңке 3") == []


async def test_mail_that_the_disk_refuses_is_refused_for_now_and_leaves_nothing(
    infra: Stack,
) -> None:
    async with connection(infra) as smtp:
        refused = pytest.raises(aiosmtplib.SMTPResponseException)
        with writing_at_most(infra, 1_000), refused as refusal:
            await smtp.send_message(letter("Жәрмеңке 5", "сәлем " * 1_000))
        left_in_tmp = list((infra.maildir / "tmp").iterdir())
        await smtp.send_message(letter("Жәрмеңке 5"))
    assert refusal.value.code == 452
    assert left_in_tmp == []
    assert len(kept(infra.maildir, "Жәрмеңке 5")) == 1


async def test_many_connections_at_once_lose_nothing(infra: Stack) -> None:
    async def send(number: int) -> None:
        async with connection(infra) as smtp:
            for _ in range(5):
                await smtp.send_message(letter(f"Жәрмеңке 4/{number}"))

    await asyncio.gather(*(send(number) for number in range(30)))
    assert [len(kept(infra.maildir, f"Жәрмеңке 4/{n}")) for n in range(30)] == [5] * 30
    assert list((infra.maildir / "tmp").iterdir()) == []


def test_the_sink_ends_cleanly_when_asked(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack()
    stack.up(["smtp"])
    assert stack.down() == []
    assert "Traceback" not in "\n".join(stack.log_lines("smtp"))
