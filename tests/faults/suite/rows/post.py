"""Rows about the mail server, and about the ledger of what it was given."""

from collections.abc import Awaitable, Callable

from tests.faults.suite.arena import Arena
from tests.faults.suite.registry import fault

MAILS = 10
VARIABLE = "ZHARMENKE_SMTP_FAULT"


def _trouble(kind: str, *, bounced: bool = False) -> Callable[[Arena], Awaitable[None]]:
    """The first mails of the fair (its receipts), and some later ones, meet this."""

    async def act(arena: Arena) -> None:
        await _mail_server(arena, f"{kind}:{MAILS}")
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
            arena.moments.go_on()
            try:
                await arena.until(arena.mails_planned, "mails wait", within=30)
            finally:
                await arena.comes_back("smtp")


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
