"""Sending: claim, note that the data starts, SMTP, record the outcome; several at once."""

import asyncio
import contextlib
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from pymongo.errors import PyMongoError

from schemas.people import Person
from services.kit.crash import crash_point
from services.kit.envelope import Context
from services.kit.http import server_now
from services.kit.tracing import CLIENT, OFF, Tracing
from services.notify import domain
from services.notify.allowance import Allowance
from services.notify.letters import Letters
from services.notify.limits import batch_size
from services.notify.mails import AddressNotSendable, TemplateIncomplete
from services.notify.replies import without_address
from services.notify.settings import Settings
from services.notify.smtp import Attempt, Connection
from services.notify.store import MESSAGE, Claim, Decide, Ledger

log = structlog.get_logger(__name__)

CLAIMED_AT_ONCE = 40
IDLE_SECONDS = 0.25
UNKNOWN_PERSON = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(hours=1)
SERVER_AWAY = timedelta(seconds=10)
"""A server that can't be reached is asked again soon: when it is back, nobody should wait long."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claimed message and whom it is for; None for somebody who gets no mail."""

    claim: Claim
    person: Person | None


class Sending:
    """The loop that turns planned messages into mails. Safe beside other replicas' loops."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        letters: Letters,
        allowance: Allowance,
        tracing: Tracing = OFF,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._letters = letters
        self._allowance = allowance
        self._tracing = tracing
        self._finishing = asyncio.Event()
        self._at_once = batch_size(CLAIMED_AT_ONCE, settings.mails_per_second)
        self._lease = timedelta(seconds=2 * settings.smtp_timeout_seconds)
        self._connections = [
            Connection(settings.smtp_url, settings.smtp_timeout_seconds)
            for _ in range(settings.smtp_connections)
        ]

    async def run(self) -> None:
        """Send what is due until told to finish; a database that is away is waited for."""
        try:
            while not self._finishing.is_set():
                try:
                    busy = await self.round()
                except PyMongoError as error:
                    log.warning("database_away", error=str(error)[:300])
                    busy = False
                if not busy:
                    await self._pause(IDLE_SECONDS)
        finally:
            await asyncio.gather(*(connection.quit() for connection in self._connections))

    def finish(self) -> None:
        """Let `run` end when the mails under way are settled; cancelled, they would be unknown."""
        self._finishing.set()

    async def _pause(self, seconds: float) -> None:
        """Wait so long, but not past the end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._finishing.wait(), seconds)

    async def round(self) -> bool:
        """One look at what is due; True when something was tried."""
        for lost in await self._ledger.recover():
            log.warning("outcome_unknown", message_id=lost.message_id)
            await self._settle(lost, domain.mark_unknown, None)
        token = secrets.token_hex(8)
        claims = await self._ledger.claim(token, self._at_once, self._lease)
        if not claims:
            return False
        keeping = asyncio.create_task(self._keep(token))
        try:
            return await self._send_all(claims)
        finally:
            keeping.cancel()

    async def _keep(self, token: str) -> None:
        """Renew the lease of what is in hand for as long as this process lives."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            with contextlib.suppress(PyMongoError):
                await self._ledger.extend(token, self._lease)

    async def _send_all(self, claims: Sequence[Claim]) -> bool:
        person_ids = [claim.message.plan.person_id for claim in claims]
        people, refused = await asyncio.gather(
            self._ledger.addressees(person_ids), self._ledger.suppressions.of(person_ids)
        )
        known = [claim for claim in claims if claim.message.plan.person_id in people]
        unheard = [claim for claim in claims if claim.message.plan.person_id not in people]
        await self._ledger.release(unheard, UNKNOWN_PERSON, deferred=False)
        queue = await self._admitted(
            [
                Parcel(claim, people[claim.message.plan.person_id].person)
                for claim in known
                if claim.message.plan.person_id not in refused
            ]
        )
        queue += [Parcel(claim, None) for claim in known if claim.message.plan.person_id in refused]
        await asyncio.gather(
            *(self._work(connection, queue, refused) for connection in self._connections)
        )
        if queue:
            unsent = [parcel.claim for parcel in queue]
            await self._ledger.release(unsent, timedelta(0), deferred=False)
        return bool(known)

    async def _admitted(self, parcels: Sequence[Parcel]) -> list[Parcel]:
        """What the limits let go now; waits for the pace, and gives back what has to wait long."""
        admission = await self._allowance.admit(
            {
                parcel.claim.message.message_id: parcel.person.email
                for parcel in parcels
                if parcel.person is not None
            }
        )
        if admission.waits:
            log.info("recipient_limit", messages=len(admission.waits))
        held: dict[timedelta, list[Claim]] = {}
        for parcel in parcels:
            if (wait := admission.waits.get(parcel.claim.message.message_id)) is not None:
                held.setdefault(wait, []).append(parcel.claim)
        for wait, claims in held.items():
            await self._ledger.release(claims, wait, deferred=False)
        await self._pause(admission.starts_in.total_seconds())
        return [p for p in parcels if p.claim.message.message_id not in admission.waits]

    async def _work(self, connection: Connection, queue: list[Parcel], refused: set[str]) -> None:
        while queue and not self._finishing.is_set():
            parcel = queue.pop()
            claim, person = parcel.claim, parcel.person
            if claim.message.plan.person_id in refused:
                await self._suppress(claim, "address-suppressed")
            elif person is None:
                await self._suppress(claim, "person-erased")
            else:
                await self._send(connection, claim, person, refused)

    async def _suppress(self, claim: Claim, reason: domain.Reason) -> None:
        await self._settle(
            claim.message, lambda message: domain.mark_suppressed(message, reason), claim.token
        )

    async def _send(
        self, connection: Connection, claim: Claim, person: Person, refused: set[str]
    ) -> None:
        try:
            mail = self._letters.write(claim.message, person)
        except (TemplateIncomplete, AddressNotSendable) as error:
            reason = f"not sent: {error}"
            log.error("mail_not_written", message_id=claim.message.message_id, error=reason)
            await self._settle(claim.message, lambda m: domain.mark_bounced(m, reason), claim.token)
            return
        plan = claim.message.plan
        with self._tracing.step(
            "send mail",
            claim.message.traceparent,
            CLIENT,
            zharmenke__message_id=claim.message.message_id,
            zharmenke__purpose=plan.purpose,
        ) as step:
            attempt = await connection.send(
                self._settings.mail_from,
                person.email,
                mail.as_bytes(),
                lambda: self._ledger.data_starts(claim),
            )
            attempt = replace(attempt, reply=without_address(attempt.reply, person.email))
            step.note(zharmenke__outcome=attempt.outcome, zharmenke__smtp_reply=attempt.reply[:300])
            if attempt.outcome != "accepted":
                step.fail(attempt.outcome)
        message = claim.message.model_copy(update={"traceparent": step.traceparent})
        if attempt.outcome == "gone":
            # First of all: should this process be lost here, nothing more is sent there.
            refused.add(person.person_id)
            await self._ledger.suppressions.add(
                message, attempt.reply, _context(message), server_now()
            )
        await self._record(replace(claim, message=message), person, attempt)

    async def _record(self, claim: Claim, person: Person, attempt: Attempt) -> None:
        message, now = claim.message, server_now()
        log.info(
            "smtp",
            message_id=message.message_id,
            outcome=attempt.outcome,
            event_id=message.cause,
            correlation_id=message.correlation_id,
            purpose=message.plan.purpose,
        )
        if attempt.outcome == "accepted":
            crash_point("after-accept")
            await self._settle(
                message,
                lambda m: domain.mark_accepted(
                    m, language=person.language, accepted_at=now, smtp_reply=attempt.reply
                ),
                claim.token,
            )
        elif attempt.outcome == "unknown":
            await self._settle(message, domain.mark_unknown, claim.token)
        elif attempt.outcome in ("bounced", "gone") or self._exhausted(claim, attempt):
            await self._settle(
                message, lambda m: domain.mark_bounced(m, attempt.reply), claim.token
            )
        elif attempt.outcome == "deferred":
            wait = pause(claim.deferrals)
            if not _answered(attempt):
                wait = min(wait, SERVER_AWAY)
            if attempt.reply[:1] == "5":
                log.error("mail_server_refuses_this_platform", reply=attempt.reply[:300])
            await self._ledger.release([claim], wait, deferred=True)

    def _exhausted(self, claim: Claim, attempt: Attempt) -> bool:
        """A server that keeps answering 4xx has had its chances; one that is away is waited for."""
        return (
            attempt.outcome == "deferred"
            and _answered(attempt)
            and claim.deferrals + 1 >= self._settings.give_up_after
        )

    async def _settle(self, message: domain.Message, decide: Decide, token: str | None) -> None:
        await self._ledger.settle(
            message.message_id, decide, _context(message), server_now(), token
        )


def _context(message: domain.Message) -> Context:
    """What becomes of a message follows from its plan, however much later."""
    correlation = message.correlation_id or f"message/{message.message_id}"
    planned = f"{MESSAGE.service}/{MESSAGE.kind}/{message.message_id}:1"
    return Context("service/notify", "schedule", correlation, planned, message.traceparent)


def _answered(attempt: Attempt) -> bool:
    """Whether the server itself said to come again later; else it was not reached."""
    return attempt.reply[:1] == "4"


def pause(deferrals: int) -> timedelta:
    """How long to wait before the next try: doubling from a second to an hour, with jitter."""
    doubled = timedelta(seconds=min(2.0 ** min(deferrals, 12), LONGEST_PAUSE.total_seconds()))
    return doubled * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, keeps no secret


def fresh_messages(
    plans: Sequence[domain.Plan], now: datetime, context: Context
) -> list[domain.Message]:
    """Messages as they begin, with what they are a consequence of."""
    return [
        domain.Message(
            message_id=plan.message_id,
            plan=plan,
            planned_at=now,
            cause=context.causation_id,
            correlation_id=context.correlation_id,
            traceparent=context.traceparent,
        )
        for plan in plans
    ]
