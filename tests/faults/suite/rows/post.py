"""Rows about the mail server, and about the ledger of what it was given."""

import asyncio
import signal
from collections import Counter
from collections.abc import Awaitable, Callable

from admin.rehearsal.outside import read_topic
from schemas.topics import stream
from tests.faults.suite.arena import Arena
from tests.faults.suite.registry import fault

MAILS = 10
APPLICANTS = ":ngo-"
"""Whose mails alone are refused for good: a judge who got none would not come."""
VARIABLE = "ZHARMENKE_SMTP_FAULT"
HANG_SECONDS = 1.5
"""Shorter than the senders' patience: see `new_suite`."""


def _trouble(kind: str, *, bounced: bool = False) -> Callable[[Arena], Awaitable[None]]:
    """The first mails of the fair, and some later ones, meet this; a refusal only the receipts."""

    async def act(arena: Arena) -> None:
        await _mail_server(arena, f"{kind}:{MAILS}{APPLICANTS if bounced else ''}")
        async for _ in arena.draw(1, "webinar"):
            if not bounced:
                await _mail_server(arena, f"{kind}:{MAILS}")

        async def count() -> None:
            arena.injections = arena.count_in_log("smtp", f"fault {kind}")
            arena.bounced_expected = arena.injections if bounced else 0

        arena.at_rest.append(count)

    return act


async def _mail_server(arena: Arena, trouble: str) -> None:
    await arena.stops("smtp")
    await arena.comes_back("smtp", **{VARIABLE: trouble})


fault("smtp-421")(_trouble("421"))
fault("smtp-550")(_trouble("550", bounced=True))
fault("smtp-drop-after-data")(_trouble("drop"))
fault("smtp-slow")(_trouble("slow"))


@fault("smtp-away")
async def smtp_away(arena: Arena) -> None:
    """The mail server is gone until mails wait for it: receipts, and then links."""
    for service in ("submission", "webinar"):
        async for _ in arena.draw(2, service, early=0.5):
            if arena.moments.over:
                return  # nothing would wait
            await arena.dies("smtp")
            arena.injections += 1
            arena.moments.trickle()
            try:
                await arena.until(arena.mails_planned, "mails wait", within=30)
            finally:
                arena.moments.hold()
                await arena.comes_back("smtp")


@fault("two-senders")
async def two_senders(arena: Arena) -> None:
    """Two replicas of notify, and a mail server that hangs while both could have a mail in hand.

    No process ends here, so nothing has a reason to come twice, not even on the stream.
    """
    await arena.joins("notify", calls=False)
    async for _ in arena.draw(2, "webinar", early=0.5):
        if arena.moments.over:
            break  # nobody would have a mail in hand
        await _hang(arena)
    arena.at_rest.append(lambda: _said_once(arena, "notify"))


async def _hang(arena: Arena) -> None:
    await asyncio.to_thread(arena.stack.kill, "smtp", signal.SIGSTOP)
    arena.moments.go_on()
    try:
        await arena.until(arena.mails_planned, "mails wait", within=30)
        await asyncio.sleep(HANG_SECONDS)  # the fault itself: its length is what it is
    finally:
        await asyncio.to_thread(arena.stack.kill, "smtp", signal.SIGCONT)
    arena.injections += 1


async def _said_once(arena: Arena, service: str) -> None:
    """Find fault with an event that was put on the stream twice."""
    servers = arena.stack.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    records = await read_topic(servers, stream(service))
    ids = Counter(dict(record.headers)["ce_id"] for record in records)
    if repeated := sum(1 for count in ids.values() if count > 1):
        arena.findings.append(f"{repeated} events of {service} published more than once")


@fault("notify-ledger-lost")
async def notify_ledger_lost(arena: Arena) -> None:
    """notify's database is lost under it, in the middle and once more at rest."""

    async def lose() -> None:
        await arena.dies("notify")
        await arena.drop_database("notify")
        arena.injections += 1
        await arena.comes_back("notify")

    async for _ in arena.draw(3):
        await lose()
    arena.at_rest.append(lose)
