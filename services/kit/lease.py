"""Which replica relays which slots: leases in Mongo, timed by the database's clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

from motor.motor_asyncio import AsyncIOMotorCollection

from services.kit.aggregate import SLOTS
from services.kit.clock import DatabaseClock

LEASE = timedelta(seconds=10)
FORGOTTEN = timedelta(hours=1)
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


class SlotLeases:
    """A replica's share of the 16 slots. A dead replica's slots are free after `LEASE`.

    Two replicas never hold a slot at once by the database's clock; one that is stopped for longer
    than a lease may still publish what it had in hand, which readers recognise as repeats.
    """

    def __init__(
        self,
        collection: "AsyncIOMotorCollection[dict[str, Any]]",
        owner: str,
        clock: DatabaseClock,
    ) -> None:
        self._leases = collection
        self._owner = owner
        self._clock = clock

    async def prepare(self) -> None:
        """Make the slot documents and forget replicas that are long dead; idempotent."""
        long_dead = await self._clock.now() - FORGOTTEN
        await self._leases.delete_many({"slot": {"$exists": False}, "until": {"$lt": long_dead}})
        for slot in range(SLOTS):
            await self._leases.update_one(
                {"_id": f"slot-{slot:02d}"},
                {"$setOnInsert": {"slot": slot, **_free()}},
                upsert=True,
            )

    async def renew(self) -> list[int]:
        """Renew, take what is free up to a fair share, give back the rest; say what is held."""
        now = await self._clock.now()
        await self._leases.update_one(
            {"_id": f"replica-{self._owner}"}, {"$set": self._held(now)}, upsert=True
        )
        docs = [doc async for doc in self._leases.find({"until": {"$gt": now}})]
        replicas = sum(1 for doc in docs if str(doc["_id"]).startswith("replica-"))
        share = -(-SLOTS // max(1, replicas))
        mine = sorted(doc["slot"] for doc in docs if "slot" in doc and doc["owner"] == self._owner)
        taken = {doc["slot"] for doc in docs if "slot" in doc}
        await self._give_back(mine[share:])
        free = [slot for slot in range(SLOTS) if slot not in taken][: max(0, share - len(mine))]
        return [slot for slot in (*mine[:share], *free) if await self._take(slot, now)]

    async def release(self) -> None:
        """Give everything back, so that another replica need not wait for the leases to end."""
        await self._leases.update_many({"owner": self._owner}, {"$set": _free()})

    async def _take(self, slot: int, now: datetime) -> bool:
        taken = await self._leases.update_one(
            {
                "_id": f"slot-{slot:02d}",
                "$or": [{"owner": self._owner}, {"until": {"$lte": now}}],
            },
            {"$set": self._held(now)},
        )
        return bool(taken.matched_count)

    async def _give_back(self, slots: list[int]) -> None:
        for slot in slots:
            await self._leases.update_one(
                {"_id": f"slot-{slot:02d}", "owner": self._owner}, {"$set": _free()}
            )

    def _held(self, now: datetime) -> dict[str, Any]:
        return {"owner": self._owner, "until": now + LEASE}


def _free() -> dict[str, Any]:
    return {"owner": "", "until": _NEVER}
