"""Rows about records on the topics: repeated, unreadable, of a major that nobody knows."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from schemas.topics import SERVICES, SERVICES_WITH_PEOPLE, people, stream
from tests.faults.suite.arena import Arena
from tests.faults.suite.record import MARK
from tests.faults.suite.registry import fault
from tests.faults.suite.wire import Headers, records_of, say

HEARD = frozenset({"ProjectSubmitted", "CommissionAppointed", "WebinarRegistered"})
"""One type of each stream that notify uses, so that a broken one is certain to be parked."""


@fault("everything-twice")
async def everything_twice(arena: Arena) -> None:
    """Every record there is by then is put on its topic again, byte for byte."""

    async def again() -> None:
        topics = [stream(name) for name in SERVICES]
        topics += [people(name) for name in SERVICES_WITH_PEOPLE]
        for topic in topics:
            records = await records_of(arena, topic)
            await say(arena, topic, [(r.key, r.value, list(r.headers)) for r in records])

    async for _ in arena.draw(2):
        await again()
    arena.at_rest.append(again)


@fault("poison-in-batch")
async def poison_in_batch(arena: Arena) -> None:
    """Good headers, a body that is none, between the good records."""
    await _among_the_records(arena, lambda headers: (b'{"not": ', headers))


@fault("unknown-major")
async def unknown_major(arena: Arena) -> None:
    """An event of a type in use, in a major that comes after all that are known."""

    def changed(headers: Headers) -> tuple[bytes, Headers]:
        return b"{}", [
            (name, value.replace(b":v1", b":v99") if name == "ce_dataschema" else value)
            for name, value in headers
        ]

    await _among_the_records(arena, changed)


@fault("random-bytes")
async def random_bytes(arena: Arena) -> None:
    """Keys, headers and bodies of any bytes."""
    chance = arena.chance
    async for _ in arena.draw(4):
        for service in SERVICES_WITH_PEOPLE:
            records: list[tuple[bytes | None, bytes, Headers]] = []
            for _number in range(5):
                name = chance.choice(("ce_type", "ce_id", "any", "ce_specversion"))
                header = (name, chance.randbytes(chance.randint(0, 40)))
                key = chance.choice((None, chance.randbytes(8)))
                records.append((key, chance.randbytes(200), [header, (MARK, b"random")]))
            await say(arena, stream(service), records)
            arena.parked_expected += len(records)


@fault("same-command-twice")
async def same_command_twice(arena: Arena) -> None:
    """Two clients give the same command at the same time, a hundred times."""
    arena.client.doubled = 100

    async def count() -> None:
        arena.injections = arena.client.twice

    arena.at_rest.append(count)


async def _among_the_records(
    arena: Arena, change: Callable[[Headers], tuple[bytes, Headers]]
) -> None:
    """Put changed copies of what is there beside it, under keys of their own."""

    async def inject() -> None:
        for service in SERVICES_WITH_PEOPLE:
            copies = [
                (f"fault/{uuid4()}".encode(), body, [*headers, (MARK, b"changed")])
                for found in await records_of(arena, stream(service))
                if _type(found) in HEARD and not _is_marked(found)
                for body, headers in [change(list(found.headers))]
            ][-5:]
            await say(arena, stream(service), copies)
            arena.parked_expected += len(copies)

    async for _ in arena.draw(4):
        await inject()
    arena.at_rest.append(inject)


def _type(found: Any) -> str:
    return str(dict(found.headers).get("ce_type", b"").decode(errors="replace"))


def _is_marked(found: Any) -> bool:
    return MARK in dict(found.headers)
