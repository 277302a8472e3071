"""A store in memory whose every call lets the others go on: for trying out interleavings.

It keeps the promises the Mongo store makes (one decision is atomic; a seat and an active address
are unique within a webinar) and no others.
"""

from collections.abc import Callable, Coroutine, Generator
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from schemas.webinar import WebinarEvent
from services.kit.envelope import Context
from services.webinar.domain import registrations as rules
from services.webinar.domain.registrations import Registration, SeatTaken
from services.webinar.domain.webinars import Webinar, draw_ticket
from services.webinar.seats import Decide, SeatMap

Step = Coroutine[Any, Any, Any]


class _Turn:
    """Awaiting it hands control back to whoever drives the coroutine."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class Shelf:
    """Webinars and registrations in dictionaries."""

    def __init__(self, webinar: Webinar) -> None:
        self.webinars = {webinar.webinar_id: webinar}
        self.registrations: dict[str, Registration] = {}
        self.promoted: list[int] = []
        """Tickets in the order in which those who waited got seats."""

    async def webinar(self, id: str) -> Webinar | None:
        await _Turn()
        return self.webinars.get(id)

    async def registration(self, id: str) -> Registration | None:
        await _Turn()
        return self.registrations.get(id)

    async def is_registered(self, webinar_id: str, email_key: str) -> bool:
        await _Turn()
        return any(found.email_key == email_key for found in self.active())

    async def draw_ticket(self, webinar_id: str, context: Context, now: datetime) -> int:
        await _Turn()
        after = draw_ticket(self.webinars.get(webinar_id), webinar_id, now)
        self.webinars[webinar_id] = after
        await _Turn()
        return after.tickets

    async def decide(
        self, registration_id: str, decide: Decide, context: Context, now: datetime
    ) -> Registration:
        await _Turn()
        before = self.registrations.get(registration_id)
        decision = decide(before)
        after = decision.draft or before
        for event in decision.events:
            assert isinstance(event, WebinarEvent)
            after = rules.evolve_registration(after, event)
        assert after is not None
        others = [found for found in self.active() if found.registration_id != registration_id]
        if after.seat is not None and any(found.seat == after.seat for found in others):
            raise SeatTaken
        if after.active and any(found.email_key == after.email_key for found in others):
            raise rules.already_registered()
        if before and before.status == "waitlisted" and after.status == "confirmed":
            assert before.ticket is not None
            self.promoted.append(before.ticket)
        self.registrations[registration_id] = after
        await _Turn()
        return after

    async def limited_webinars(self, now: datetime) -> list[Webinar]:
        await _Turn()
        return [
            found for found in self.webinars.values() if found.capacity and now < found.starts_at
        ]

    async def count_held(self, webinar_id: str) -> int:
        await _Turn()
        return len([found for found in self.active() if found.seat])

    async def seats(self, webinar_id: str) -> SeatMap:
        await _Turn()
        held = frozenset(found.seat for found in self.active() if found.seat)
        await _Turn()
        all_of_them = self.registrations.values()
        return SeatMap(
            held, frozenset(found.freed_seat for found in all_of_them if found.freed_seat)
        )

    async def waiting(self, webinar_id: str, limit: int) -> list[Registration]:
        await _Turn()
        found = [found for found in self.active() if found.status == "waitlisted"]
        return sorted(found, key=lambda found: found.ticket or 0)[:limit]

    def active(self) -> list[Registration]:
        """Registrations that were not cancelled."""
        return [found for found in self.registrations.values() if found.active]


class Race:
    """Coroutines that go on step by step, in whatever order hypothesis draws."""

    def __init__(self, data: st.DataObject, *, crashes: bool = False) -> None:
        self._data = data
        self._crashes = crashes
        self._waiting: dict[str, Callable[[], Step]] = {}

    def enter(self, name: str, start: Callable[[], Step]) -> None:
        """Let one more take part."""
        self._waiting[name] = start

    def run(self, after_each_step: Callable[[], None]) -> None:
        """Run all to their ends; with `crashes`, some stop for ever somewhere on the way."""
        running: dict[str, Step] = {}
        try:
            while self._waiting or running:
                name = self._data.draw(st.sampled_from(sorted({*self._waiting, *running})))
                if name in self._waiting:
                    running[name] = self._waiting.pop(name)()
                try:
                    running[name].send(None)
                except StopIteration:
                    del running[name]
                else:
                    if self._crashes and self._data.draw(st.integers(0, 40)) == 0:
                        running.pop(name).close()
                after_each_step()
        finally:
            for step in running.values():
                step.close()


def finish(step: Step) -> Any:
    """Drive one coroutine to its end, alone."""
    while True:
        try:
            step.send(None)
        except StopIteration as stop:
            return stop.value
