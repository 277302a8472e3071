"""Mails a second, from planned messages to a Maildir.

Both sides send the same bytes to the same SMTP server (the stack's aiosmtpd, which stores each mail
before it says 250) over the same number of kept connections. Half are receipts, half are personal
webinar links with a calendar, in three languages.

Ours: the notify room without its reader (the people are known already), relay included, on a ledger
of planned messages whose MessagePlanned has gone out. Each mail is claimed with a lease, rendered,
its link signed, "data started" noted, sent, and the outcome recorded with its MessageAccepted,
which the relay takes to Kafka meanwhile. The clock stops when the last outcome is in the database.

The limit: workers that take mails from a list of bytes and send them by aiosmtplib, and keep no
record: after a crash it would send all of them again, or none.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, islice
from urllib.parse import urlsplit

import aiosmtplib

from admin.stack.stack import Stack
from bench.ratio import Comparison
from bench.stall import Stalled, reached
from schemas.notify import MessageEvent
from schemas.people import Person
from schemas.samples import SAMPLES
from schemas.topics import dead, dead_people, stream
from services.kit.envelope import Context, Envelope
from services.kit.http import server_now
from services.kit.service import Service, Topics
from services.notify.allowance import Allowance
from services.notify.domain import Message, Plan
from services.notify.letters import Letters
from services.notify.plans import plans_for
from services.notify.sending import Sending, fresh_messages
from services.notify.settings import Settings
from services.notify.store import Ledger

CONTEXT = Context("service/notify", "api", "bench")

LANGUAGES = ("kk", "ru", "en")


@dataclass(frozen=True, slots=True)
class Planned:
    """A message and whom it is for."""

    message: Message
    person: Person


class CountingLedger(Ledger):
    """The ledger, which also counts the outcomes recorded."""

    settled = 0

    async def settle(
        self,
        message_id: str,
        decide: Callable[[Message], Sequence[MessageEvent]],
        context: Context,
        now: datetime,
        token: str | None,
    ) -> None:
        """Settle, then count."""
        await super().settle(message_id, decide, context, now, token)
        self.settled += 1


class Mailing:
    """The comparison, on a stack whose infrastructure runs."""

    def __init__(self, stack: Stack, prefix: str, mails: int) -> None:
        self._environment = stack.environment()
        self._keys = stack.directory / "keys"
        self._maildir = stack.maildir
        self._prefix = prefix
        self._mails = mails

    def comparison(self) -> Comparison:
        """The two sides."""
        return Comparison("plan → Maildir", "mails", self._mails, self.ours, self.limit)

    async def ours(self, number: int) -> float:
        """One round of the notify room."""
        settings, planned = self._settings(number), _planned(self._mails, number)
        topics = Topics(
            stream("notify", self._prefix),
            "",
            dead("notify", self._prefix),
            dead_people("notify", self._prefix),
        )
        service = Service("notify", settings, topics)
        ledger = CountingLedger(service)
        await _fill(ledger, planned)
        allowance = Allowance(
            service.database,
            service.clock,
            per_recipient_hour=settings.mails_per_recipient_hour,
            per_second=settings.mails_per_second,
        )
        service.prepare(allowance.prepare)
        sending, go = Sending(settings, ledger, Letters(settings), allowance), asyncio.Event()

        async def run() -> None:
            await go.wait()
            await sending.run()

        service.background(run)
        before = self._arrived()
        async with service.app("bench", "").router.lifespan_context(None):
            await reached(True, lambda: service.started, "notify started")
            begun = time.perf_counter()
            go.set()
            await reached(len(planned), lambda: ledger.settled, "outcomes recorded")
            seconds = time.perf_counter() - begun
            await service.client.drop_database(service.database.name)
        self._check(before)
        return seconds

    async def limit(self, number: int) -> float:
        """One round of the bare loop."""
        settings = self._settings(number)
        letters, address = Letters(settings), urlsplit(settings.smtp_url)
        queue = [
            (planned.person.email, letters.write(planned.message, planned.person).as_bytes())
            for planned in _planned(self._mails, number)
        ]
        before = self._arrived()

        async def work() -> None:
            client = aiosmtplib.SMTP(hostname=address.hostname, port=address.port)
            async with client:
                while queue:
                    recipient, mail = queue.pop()
                    await client.mail(settings.mail_from)
                    await client.rcpt(recipient)
                    await client.data(mail)

        begun = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(settings.smtp_connections):
                tasks.create_task(work())
        seconds = time.perf_counter() - begun
        self._check(before)
        return seconds

    def _settings(self, number: int) -> Settings:
        return Settings(
            kafka_bootstrap_servers=self._environment["KAFKA_BOOTSTRAP_SERVERS"],
            kafka_idempotence=self._environment["KAFKA_IDEMPOTENCE"] == "true",
            mongo_url=self._environment["MONGO_URL"],
            mongo_database=f"bench_notify_{number}",
            topic_prefix=self._prefix,
            operator_public_key_file=self._keys / "operator.pub.pem",
            link_private_key_file=self._keys / "links.pem",
            smtp_url=self._environment["SMTP_URL"],
        )

    def _arrived(self) -> int:
        return sum(1 for _ in (self._maildir / "new").iterdir())

    def _check(self, before: int) -> None:
        arrived = self._arrived() - before
        if arrived != self._mails:
            raise Stalled(f"{arrived} mails arrived instead of {self._mails}")


def _planned(mails: int, round: int) -> list[Planned]:
    """The mails of one round, each to a person of its own."""
    plans = [plan for name in ("ProjectSubmitted", "WebinarRegistered") for plan in _plans(name)]
    now = server_now()
    planned = []
    for number, plan in enumerate(islice(cycle(plans), mails)):
        person = Person.model_validate(
            {
                "person_id": f"e{round:07d}-0000-4000-8000-{number:012d}",
                "name": f"Үлгі алушы {number} (sample recipient)",
                "email": f"bench-{round}-{number}@example.org",
                "language": LANGUAGES[number % len(LANGUAGES)],
            }
        )
        mine = plan.model_copy(update={"person_id": person.person_id})
        planned += [Planned(message, person) for message in fresh_messages([mine], now, CONTEXT)]
    return planned


def _plans(type_name: str) -> Sequence[Plan]:
    event = SAMPLES[type_name].full
    envelope = Envelope(
        service=event.SERVICE,
        type=type_name,
        major=event.MAJOR,
        subject=f"{event.KIND}/sample",
        sequence=1,
        time="2020-01-01T00:00:00.000Z",
    )
    return plans_for(envelope, event)


async def _fill(ledger: Ledger, planned: Sequence[Planned]) -> None:
    """Plan the messages and know the people, as if the reader and the relay had been here."""
    await ledger.plan([(item.message, CONTEXT) for item in planned], server_now())
    await ledger.messages.collection.update_many({}, {"$set": {"pending": False, "outbox": []}})
    await ledger.people.collection.insert_many(
        [
            {
                "_id": item.person.person_id,
                "version": 1,
                "heard": {},
                "state": {"person": item.person.model_dump(mode="json")},
            }
            for item in planned
        ]
    )
