"""Giving seats: from a request to a seat or a place in the queue, and the sweep behind it.

A seat is a ticket's number. Tickets are drawn from the webinar's counter, seats are kept in the
registrations; the two writes are apart, and the unique index on (webinar, seat) is what makes
"confirmed <= capacity" true whatever happens between them. The sweep repairs what does.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from schemas.people import Person
from schemas.webinar import WebinarEvent
from services.kit.aggregate import Decision, PersonRecord
from services.kit.envelope import Context
from services.kit.http import server_now
from services.kit.refusal import Refused
from services.webinar.domain import registrations as rules
from services.webinar.domain.registrations import Registration, Request, SeatTaken
from services.webinar.domain.webinars import Webinar, require_open, unknown_webinar

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 2.0
LOST_AFTER = timedelta(seconds=30)
"""A ticket nobody holds is taken for lost after this: longer than the store's patience, so that
one whose registration is still being written is not offered to others."""

Decide = Callable[[Registration | None], Decision[Registration]]


@dataclass(frozen=True, slots=True)
class SeatMap:
    """The seats of one webinar that are held now, and those that a cancellation freed."""

    held: frozenset[int]
    freed: frozenset[int]


class Records(Protocol):
    """What giving seats needs of the store."""

    async def webinar(self, id: str) -> Webinar | None:
        """One webinar, or None."""
        ...

    async def registration(self, id: str) -> Registration | None:
        """One registration, or None."""
        ...

    async def is_registered(self, webinar_id: str, email_key: str) -> bool:
        """True when the address has an active registration for the webinar."""
        ...

    async def draw_ticket(self, webinar_id: str, context: Context, now: datetime) -> int:
        """The next ticket's number; no two calls ever get the same."""
        ...

    async def decide(
        self, registration_id: str, decide: Decide, context: Context, now: datetime
    ) -> Registration:
        """Carry out one decision. Raises SeatTaken or Refused, and then nothing was changed."""
        ...

    async def limited_webinars(self, now: datetime) -> list[Webinar]:
        """The webinars with a capacity that have not begun at `now`."""
        ...

    async def count_held(self, webinar_id: str) -> int:
        """How many seats are held."""
        ...

    async def seats(self, webinar_id: str) -> SeatMap:
        """Which seats are held, and which were freed."""
        ...

    async def waiting(self, webinar_id: str, limit: int) -> list[Registration]:
        """Who waits, lowest ticket first."""
        ...


class Seats:
    """Registers people and gives seats. Any number of replicas may do so at once.

    First come, first served by ticket: a newcomer never gets a freed seat past those who wait.
    """

    def __init__(self, records: Records, lost_after: timedelta = LOST_AFTER) -> None:
        self._records = records
        self._lost_after = lost_after
        self._missing: dict[str, dict[int, datetime]] = {}
        self._wake = asyncio.Event()

    async def register(
        self, id: str, webinar_id: str, request: Request, context: Context, now: datetime
    ) -> Registration:
        """Register; a repeat changes nothing and gives the registration as it stands now.

        A crash on the way, or a second request with the same id at the same moment, can leave a
        ticket that nobody holds; the sweep gives it away.
        """
        found = await self._records.registration(id)
        webinar = await self._records.webinar(webinar_id)
        if webinar is None:
            raise unknown_webinar(webinar_id)
        asked = rules.requested(id, webinar, request)
        if found is not None and rules.is_repeat(found, asked):
            return found
        require_open(webinar, webinar_id, now)
        try:
            return await self._arrive(asked, webinar, rules.person(id, request), context, now)
        except Refused:
            # The same request at the same moment may have been faster: then this one repeats it.
            found = await self._records.registration(id)
            if found is None or not rules.is_repeat(found, asked):
                raise
            return found

    async def _arrive(
        self, asked: Registration, webinar: Webinar, person: Person, context: Context, now: datetime
    ) -> Registration:
        """Draw a ticket where there is a capacity, then write what it comes to."""
        id, webinar_id = asked.registration_id, webinar.webinar_id
        if await self._records.is_registered(webinar_id, asked.email_key):
            raise rules.already_registered()  # the index would refuse too, but a ticket later
        ticket = None
        if webinar.capacity is not None:
            ticket = await self._records.draw_ticket(webinar_id, context, now)

        def register(found: Registration | None) -> Decision[Registration]:
            return _asked(found, asked, person, rules.register(found, asked, webinar, ticket))

        def wait(found: Registration | None) -> Decision[Registration]:
            assert ticket is not None
            return _asked(found, asked, person, rules.waitlist(found, asked, ticket))

        try:
            return await self._records.decide(id, register, context, now)
        except SeatTaken:
            # The sweep took this ticket for lost. Its number is low, so it is served next.
            return await self._records.decide(id, wait, context, now)

    def wake(self) -> None:
        """A seat was freed: look at once instead of at the next sweep."""
        self._wake.set()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            self._wake.clear()
            await self.sweep(server_now())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SWEEP_SECONDS)

    async def sweep(self, now: datetime) -> int:
        """Give free seats to the lowest tickets waiting; says how many were given.

        Idempotent, and safe beside other replicas' sweeps. Gives nothing after a webinar's start.
        """
        given = 0
        for webinar in await self._records.limited_webinars(now):
            given += await self._sweep(webinar, now)
        return given

    async def _sweep(self, webinar: Webinar, now: datetime) -> int:
        free = await self._free(webinar, now)
        waiting = await self._records.waiting(webinar.webinar_id, len(free)) if free else []
        given = 0
        for seat, registration in zip(free, waiting, strict=False):
            try:
                after = await self._give(registration.registration_id, webinar, seat, now)
            except SeatTaken:
                break  # the picture is old: going on could serve a later ticket first
            given += after.seat == seat
        if given:
            log.info("seats_given", webinar_id=webinar.webinar_id, seats=given)
        return given

    async def _give(self, id: str, webinar: Webinar, seat: int, now: datetime) -> Registration:
        context = Context("service/webinar", "schedule", f"seat/{webinar.webinar_id}/{seat}")
        return await self._records.decide(
            id,
            lambda found: Decision(rules.give_seat(found, webinar, seat, now)),
            context,
            now,
        )

    async def _free(self, webinar: Webinar, now: datetime) -> list[int]:
        """The seats to give, lowest first: freed ones at once, lost ones after `lost_after`."""
        id, drawn = webinar.webinar_id, min(webinar.tickets, webinar.capacity or 0)
        if not await self._records.waiting(id, 1) or await self._records.count_held(id) >= drawn:
            return []
        seats = await self._records.seats(id)
        seen = self._missing.get(id, {})
        missing = {
            seat: seen.get(seat, now)
            for seat in range(1, drawn + 1)
            if seat not in seats.held and seat not in seats.freed
        }
        self._missing[id] = missing
        lost = {seat for seat, since in missing.items() if now - since >= self._lost_after}
        return sorted(lost | {seat for seat in seats.freed - seats.held if seat <= drawn})


def _asked(
    found: Registration | None,
    asked: Registration,
    person: Person,
    events: Sequence[WebinarEvent],
) -> Decision[Registration]:
    """A first request with its person; a repeat leaves all as it stands."""
    if found is not None:
        return Decision(events)
    record = PersonRecord(person.person_id, Person.TYPE, Person.MAJOR, person.model_dump_json())
    return Decision(events, draft=asked, people=[record])
