"""The rules of webinars, seats and the queue."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from admin.verify.facts import Facts, Handlers
from admin.verify.findings import Place
from admin.verify.reading import Said
from admin.verify.subjects import Subject
from schemas.season import SeasonDefinition, WebinarDefinition
from schemas.webinar import (
    RegistrationCancelled,
    RegistrationWaitlisted,
    WebinarAnnounced,
    WebinarRegistered,
    WebinarSchedule,
)
from services.webinar.domain.webinars import webinar_id

SKEW = timedelta(seconds=5)
"""How far the clocks of two replicas may be apart before the order of two seats is judged."""


@dataclass(slots=True)
class Registration:
    """What is remembered of one registration."""

    webinar_id: str
    place: Place
    status: Literal["waitlisted", "confirmed", "cancelled"]
    seat: int | None = None
    ticket: int | None = None
    waiting_since: str = ""
    waiting_until: str = ""
    promoted: bool = False


class WebinarRules:
    """Checks webinar's stream."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._findings = facts.findings
        self._opened: list[Said] = []

    def handlers(self) -> Handlers:
        """What looks at which event."""
        return {
            WebinarAnnounced: self._on_announced,
            WebinarRegistered: self._on_registered,
            RegistrationWaitlisted: self._on_waitlisted,
            RegistrationCancelled: self._on_cancelled,
        }

    def on_opened(self, said: Said) -> None:
        """Remember a season: its webinars must be announced."""
        self._opened.append(said)

    def settle(self, subjects: Iterable[Subject]) -> None:
        """Check announcements, seats and queues."""
        for said in self._opened:
            self._check_announced(said)
        by_webinar: dict[str, list[Registration]] = defaultdict(list)
        for subject in subjects:
            if isinstance(subject.trace, Registration):
                by_webinar[subject.trace.webinar_id].append(subject.trace)
        for id, registrations in by_webinar.items():
            announced = self._facts.trace(f"webinar/webinar/{id}")
            if not isinstance(announced, WebinarAnnounced):
                self._findings.fault(
                    "webinar", registrations[0].place, f"webinar {id} is not on record"
                )
                continue
            self._check_seats(announced, registrations)
            self._check_queue(registrations)

    def _on_announced(self, said: Said) -> None:
        first = said.subject.trace is None
        self._findings.expect(first, "webinar", said.place, "the webinar was announced before")
        if first:
            said.subject.trace = said.event
        self._facts.with_season(said.event.season_id, said, self._check_definition)

    def _check_definition(self, said: Said, season: SeasonDefinition) -> None:
        event: WebinarAnnounced = said.event
        found = _definition(season, event.webinar_id)
        self._findings.expect(
            found is not None and _is_as_defined(event, found, season),
            "webinar",
            said.place,
            f"is not the webinar that season {season.id} defines",
        )

    def _check_announced(self, said: Said) -> None:
        season: SeasonDefinition = said.event.season
        for definition in season.webinars:
            id = webinar_id(season.id, definition.id)
            if self._facts.trace(f"webinar/webinar/{id}") is None:
                self._findings.missing(
                    "webinar", said.place, said.time, f"webinar {id} was not announced"
                )

    def _on_registered(self, said: Said) -> None:
        event, found = said.event, said.subject.trace
        before = found.status if found else "nothing"
        self._findings.expect(
            before in ("nothing", "waitlisted")
            and datetime.fromisoformat(said.time) < event.starts_at,
            "registration",
            said.place,
            f"is confirmed at {said.time} after {before}; the webinar starts at {event.starts_at}",
        )
        if found is None:
            found = said.subject.trace = Registration(event.webinar_id, said.place, "confirmed")
        elif found.status == "waitlisted":
            found.promoted, found.waiting_until = True, said.time
        found.status, found.seat, found.place = "confirmed", event.seat, said.place
        self._facts.with_season(event.season_id, said, self._check_schedule)

    def _check_schedule(self, said: Said, season: SeasonDefinition) -> None:
        event: WebinarRegistered = said.event
        found = _definition(season, event.webinar_id)
        self._findings.expect(
            found is not None and _is_as_defined(event, found, season),
            "webinar",
            said.place,
            f"is for a webinar that season {season.id} does not define so",
        )

    def _on_waitlisted(self, said: Said) -> None:
        event, found = said.event, said.subject.trace
        self._findings.expect(
            found is None, "registration", said.place, "is put in the queue after something else"
        )
        if found is None:
            said.subject.trace = Registration(
                event.webinar_id,
                said.place,
                "waitlisted",
                ticket=event.ticket,
                waiting_since=said.time,
            )

    def _on_cancelled(self, said: Said) -> None:
        found = said.subject.trace
        self._findings.expect(
            found is not None and found.status != "cancelled",
            "registration",
            said.place,
            "cancels what was not there, or was cancelled",
        )
        if found is not None:
            if found.status == "waitlisted":
                found.waiting_until = said.time
            found.status, found.seat = "cancelled", None

    def _check_seats(self, webinar: WebinarAnnounced, registrations: list[Registration]) -> None:
        confirmed = [found for found in registrations if found.status == "confirmed"]
        capacity, taken = webinar.capacity, set[int]()
        for found in confirmed:
            self._findings.checked["capacity"] += 1
            if capacity is None:
                if found.seat is not None:
                    self._findings.fault("capacity", found.place, "a seat where none are counted")
            elif found.seat is None or found.seat > capacity or found.seat in taken:
                self._findings.fault(
                    "capacity", found.place, f"seat {found.seat} of {capacity}, or taken twice"
                )
            taken.add(found.seat or 0)

    def _check_queue(self, registrations: list[Registration]) -> None:
        tickets = set[int]()
        for found in registrations:
            if found.ticket is not None:
                self._findings.expect(
                    found.ticket not in tickets,
                    "queue",
                    found.place,
                    f"ticket {found.ticket} was drawn twice",
                )
                tickets.add(found.ticket)
        for late, earlier in _overtaken(registrations):
            self._findings.fault(
                "queue", late.place, f"ticket {late.ticket} was served before ticket {earlier}"
            )


def _overtaken(registrations: list[Registration]) -> Iterator[tuple[Registration, int]]:
    """Those given a seat while a lower ticket had been waiting for longer, with that ticket."""
    waited = [found for found in registrations if found.ticket is not None]
    arriving = sorted(waited, key=lambda found: found.waiting_since)
    promoted = sorted((f for f in waited if f.promoted), key=lambda found: found.waiting_until)
    queue: list[tuple[int, str, str]] = []
    next_ = 0
    for found in promoted:
        at = datetime.fromisoformat(found.waiting_until)
        while next_ < len(arriving) and _moment(arriving[next_].waiting_since) < at - SKEW:
            one = arriving[next_]
            heapq.heappush(queue, (one.ticket or 0, one.waiting_since, one.waiting_until))
            next_ += 1
        while queue and queue[0][2] and _moment(queue[0][2]) <= at + SKEW:
            heapq.heappop(queue)
        if queue and queue[0][0] < (found.ticket or 0):
            yield found, queue[0][0]


def _definition(season: SeasonDefinition, id: str) -> WebinarDefinition | None:
    return next((one for one in season.webinars if webinar_id(season.id, one.id) == id), None)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _is_as_defined(
    event: WebinarSchedule, definition: WebinarDefinition, season: SeasonDefinition
) -> bool:
    capacity = getattr(event, "capacity", definition.capacity)
    return (
        event.title == definition.title
        and event.speaker == definition.speaker
        and event.starts_at == definition.starts_at
        and event.ends_at == definition.starts_at + timedelta(minutes=definition.minutes)
        and event.timezone == season.timezone
        and capacity == definition.capacity
    )
