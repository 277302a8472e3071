"""Generations of heard state under one pointer: folded anew beside the live one, then switched.

The pointer says which generation is live. Every write to heard state is followed by a look at the
pointer; where that has moved meanwhile, the same events are written to the new generation too. Who
has just written waits while it is handed over. So a generation that holds all that was on record
when the handover began holds, for whoever goes on in it, everything before what they have in hand.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo.errors import DuplicateKeyError, PyMongoError

Document = dict[str, Any]
HANDOVER = timedelta(seconds=20)
"""How long writers wait for a handover before they call it off."""
LOOK_SECONDS = 1.0
_POINTER = "pointer"


class Clock(Protocol):
    """The clock that all replicas share."""

    async def now(self) -> datetime:
        """The present time, in UTC."""
        ...


def generation_name(collection: str, number: int) -> str:
    """The name of a collection in a generation; the first, number 0, has the bare name."""
    return f"{collection}_g{number}" if number else collection


@dataclass(frozen=True, slots=True)
class Handover:
    """A switch under way; it is called off by whoever finds it overdue, or made by its owner."""

    token: str
    until: datetime


class Pointer:
    """Which generation of a database's heard state is live.

    `number` is the one that was seen last: a reader may see it late by `LOOK_SECONDS`. A writer
    asks `settled` after each write.
    """

    def __init__(self, database: "AsyncIOMotorDatabase[Document]", clock: Clock) -> None:
        self._documents = database["generations"]
        self._clock = clock
        self.number = 0

    async def look(self) -> int:
        """The live generation, from now on the one that is read and written here."""
        self.number = _live(await self._document())
        return self.number

    async def watch(self) -> None:
        """Look again and again, as long as the service lives."""
        while True:
            with contextlib.suppress(PyMongoError):  # told of by those who need the database
                await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def settled(self, number: int) -> bool:
        """Whether what was written to this generation is in the live one, and stays there.

        Waits for the end of a handover. When False the write must be made again, in `number`.
        """
        while True:
            document = await self._document()
            handover = _handover(document)
            if handover is None:
                self.number = _live(document)
                return self.number == number
            if handover.until <= await self._clock.now():
                await self.call_off(handover)
            else:
                await asyncio.sleep(0.02)

    async def switched(self) -> datetime | None:
        """When the live generation became so; None for the first one."""
        document = await self._document()
        return document.get("switched_at") if document else None

    async def hand_over(self) -> Handover | None:
        """Begin a switch: no write to heard state is relied on any more until it ends.

        None while another one is under way.
        """
        now = await self._clock.now()
        handover = Handover(secrets.token_hex(8), now + HANDOVER)
        fresh = {"token": handover.token, "until": handover.until}
        free: list[Document] = [{"handover": None}, {"handover.until": {"$lte": now}}]
        try:
            await self._documents.update_one(
                {"_id": _POINTER, "$or": free}, {"$set": {"handover": fresh}}, upsert=True
            )
        except DuplicateKeyError:
            return None
        return handover

    async def switch(self, handover: Handover, number: int) -> bool:
        """Make this generation the live one; False when the handover was called off."""
        change: Document = {
            "$set": {
                "live": number,
                "switched_at": await self._clock.now(),
                "handover": None,
            }
        }
        made = await self._documents.update_one(_of(handover), change)
        return bool(made.matched_count)

    async def call_off(self, handover: Handover) -> None:
        """End a handover without a switch; idempotent."""
        await self._documents.update_one(_of(handover), {"$set": {"handover": None}})

    async def _document(self) -> Document | None:
        return await self._documents.find_one({"_id": _POINTER})


def _of(handover: Handover) -> Document:
    return {"_id": _POINTER, "handover.token": handover.token}


def _live(document: Document | None) -> int:
    return int(document.get("live", 0)) if document else 0


def _handover(document: Document | None) -> Handover | None:
    found = document.get("handover") if document else None
    return Handover(found["token"], found["until"]) if found else None


async def copy_indexes(
    database: "AsyncIOMotorDatabase[Document]", pairs: Sequence[tuple[str, str]]
) -> None:
    """Give each second collection the indexes of the first; idempotent."""
    for old, new in pairs:
        for name, index in (await database[old].index_information()).items():
            if name != "_id_":
                options = {key: index[key] for key in index if key not in ("v", "key", "ns")}
                await database[new].create_index(index["key"], name=name, **options)
