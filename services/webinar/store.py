"""The webinar service's Mongo: webinars and registrations it owns."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.base import format_utc
from services.kit.aggregate import Aggregate, Decision
from services.kit.envelope import Context
from services.kit.fold import Heard
from services.kit.refusal import Refused
from services.kit.service import Service
from services.kit.store import Store, UniqueTaken
from services.webinar.domain import registrations, webinars
from services.webinar.domain.registrations import Registration, SeatTaken
from services.webinar.domain.webinars import Webinar
from services.webinar.seats import Decide, SeatMap

WEBINAR = Aggregate(
    service="webinar",
    kind="webinar",
    state=Webinar,
    evolve=webinars.evolve_webinar,
    season_of=lambda webinar: webinar.season_id,
)
REGISTRATION = Aggregate(
    service="webinar",
    kind="registration",
    state=Registration,
    evolve=registrations.evolve_registration,
    season_of=lambda registration: registration.season_id,
)
HELD = {"$gt": 0}


class Webinars:
    """What the service keeps."""

    def __init__(self, service: Service) -> None:
        self._webinars: Store[Webinar] = service.store("webinars", WEBINAR)
        self._registrations: Store[Registration] = service.store("registrations", REGISTRATION)
        self._prepared = False
        service.prepare(self.prepare)

    async def prepare(self) -> None:
        """Create the indexes; idempotent. The unique ones are what the rules rest on."""
        by_season = [("state.season_id", 1), ("_id", 1)]
        await self._webinars.collection.create_index(by_season, name="by_season")
        collection = self._registrations.collection
        await collection.create_index(
            [("state.webinar_id", 1), ("state.email_key", 1)],
            name="one_active_per_address",
            unique=True,
            partialFilterExpression={"state.active": True},
        )
        await collection.create_index(
            [("state.webinar_id", 1), ("state.seat", 1)],
            name="one_per_seat",
            unique=True,
            partialFilterExpression={"state.seat": HELD},
        )
        await collection.create_index(
            [("state.webinar_id", 1), ("state.freed_seat", 1)],
            name="freed_seats",
            partialFilterExpression={"state.freed_seat": HELD},
        )
        queue = [("state.webinar_id", 1), ("state.status", 1), ("state.ticket", 1)]
        await collection.create_index(queue, name="queue")
        await collection.create_index([("state.webinar_id", 1), ("_id", 1)], name="by_webinar")
        self._prepared = True

    async def announce(self, heard: Heard, now: datetime) -> None:
        """Announce every webinar of a season that was opened. Exact when heard again.

        One event makes several documents: a reader can see some of them before the others.
        """
        season, envelope = heard.event.season, heard.envelope
        for definition in season.webinars:

            def decide(found: Webinar | None, definition: Any = definition) -> Decision[Webinar]:
                return Decision(webinars.announce_webinar(found, season, definition))

            await self._webinars.execute(
                webinars.webinar_id(season.id, definition.id),
                decide,
                envelope.consequence("service/webinar"),
                now=now,
                heard=(envelope.origin, envelope.sequence),
            )

    async def webinar(self, id: str) -> Webinar | None:
        """One webinar, or None."""
        return await self._webinars.get(id)

    async def list_webinars(self, season_id: str | None) -> list[Webinar]:
        """All webinars, or those of a season, in the order of their ids."""
        query = {"state.season_id": season_id} if season_id else {}
        return [webinar for _, webinar in await self._webinars.find(query)]

    async def limited_webinars(self, now: datetime) -> list[Webinar]:
        """The webinars with a capacity that have not begun at `now`."""
        query = {"state.capacity": HELD, "state.starts_at": {"$gt": format_utc(now)}}
        return [webinar for _, webinar in await self._webinars.find(query)]

    async def draw_ticket(self, webinar_id: str, context: Context, now: datetime) -> int:
        """The next ticket's number; no two calls ever get the same. Raises Refused."""
        result = await self._webinars.execute(
            webinar_id,
            lambda found: Decision(draft=webinars.draw_ticket(found, webinar_id, now)),
            context,
            now=now,
        )
        return result.state.tickets

    async def registration(self, id: str) -> Registration | None:
        """One registration, or None."""
        return await self._registrations.get(id)

    async def decide(
        self, registration_id: str, decide: Decide, context: Context, now: datetime
    ) -> Registration:
        """Carry out one decision. Raises SeatTaken or Refused, and then nothing was changed."""
        if not self._prepared:  # the app answers before its indexes exist
            raise Refused("busy", "starting", "The service is starting; please try again.")
        try:
            result = await self._registrations.execute(registration_id, decide, context, now=now)
        except UniqueTaken as taken:
            if "state.seat" in taken.fields:
                raise SeatTaken from taken
            raise registrations.already_registered() from taken
        return result.state

    async def is_registered(self, webinar_id: str, email_key: str) -> bool:
        """True when the address has an active registration for the webinar."""
        query = {
            "state.webinar_id": webinar_id,
            "state.email_key": email_key,
            "state.active": True,
        }
        return await self._registrations.collection.find_one(query, {"_id": 1}) is not None

    async def list_registrations(
        self, webinar_id: str, after: str, limit: int
    ) -> list[Registration]:
        """A webinar's registrations in the order of their ids, after one id."""
        query = {"state.webinar_id": webinar_id, "_id": {"$gt": after}}
        return [found for _, found in await self._registrations.find(query, limit=limit)]

    async def waiting(self, webinar_id: str, limit: int) -> list[Registration]:
        """Who waits, lowest ticket first."""
        query = _with_status(webinar_id, "waitlisted")
        found = await self._registrations.find(query, limit=limit, sort="state.ticket")
        return [registration for _, registration in found]

    async def count(self, webinar_id: str, status: registrations.Status) -> int:
        """How many registrations of a webinar have this status."""
        query = _with_status(webinar_id, status)
        return int(await self._registrations.collection.count_documents(query))

    async def count_held(self, webinar_id: str) -> int:
        """How many seats are held."""
        query = {"state.webinar_id": webinar_id, "state.seat": HELD}
        return int(await self._registrations.collection.count_documents(query))

    async def seats(self, webinar_id: str) -> SeatMap:
        """Which seats are held, and which were freed."""
        return SeatMap(
            held=await self._numbers(webinar_id, "seat"),
            freed=await self._numbers(webinar_id, "freed_seat"),
        )

    async def _numbers(self, webinar_id: str, field: str) -> frozenset[int]:
        query = {"state.webinar_id": webinar_id, f"state.{field}": HELD}
        cursor = self._registrations.collection.find(query, {f"state.{field}": 1})
        return frozenset([doc["state"][field] async for doc in cursor])


def _with_status(webinar_id: str, status: registrations.Status) -> Mapping[str, Any]:
    return {"state.webinar_id": webinar_id, "state.status": status}
