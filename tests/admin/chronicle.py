"""Writing down a season as the services would say it, by their own rules, without a stack."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from admin.rehearsal.cast import Cast
from schemas.base import Event, format_utc
from schemas.season import SeasonDefinition
from schemas.topics import PARTITIONS, stream
from services.kit.envelope import Context, Envelope
from services.kit.fold import Heard
from services.notify import domain as mail
from services.notify.plans import plans_for
from services.notify.sending import fresh_messages
from services.scoring.domain.heard import PROJECTS, HeardProject

BEGIN = datetime(2026, 3, 2, 6, tzinfo=UTC)
OFFICE = "secretary/office"


@dataclass(slots=True)
class Written:
    """A record as a consumer gives it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: int = 0

    def header(self, name: str) -> str:
        """A header's text."""
        return (dict(self.headers)[name] or b"").decode()


@dataclass
class Chronicle:
    """What was said so far. Every event takes a second."""

    season: SeasonDefinition
    cast: Cast
    records: list[Written] = field(default_factory=list)
    heard: dict[str, HeardProject] = field(default_factory=dict)
    clock: datetime = BEGIN
    _sequences: dict[str, int] = field(default_factory=dict)

    @property
    def next_moment(self) -> datetime:
        """When the next event will be said."""
        return self.clock + timedelta(seconds=1)

    def say(
        self,
        subject: str,
        events: Iterable[Event],
        actor: str = OFFICE,
        via: str = "api",
        cause: str = "",
    ) -> list[Envelope]:
        """Say events of one subject, and have notify plan and send what they call for."""
        return [self._say(subject, event, actor, via, cause) for event in events]

    def _say(self, subject: str, event: Event, actor: str, via: str, cause: str) -> Envelope:
        self.clock += timedelta(seconds=1)
        origin = f"{event.SERVICE}/{subject}"
        self._sequences[origin] = self._sequences.get(origin, 0) + 1
        envelope = Envelope(
            service=event.SERVICE,
            type=event.type_name(),
            major=event.MAJOR,
            subject=subject,
            sequence=self._sequences[origin],
            time=format_utc(self.clock),
            season=self.season.id,
            actor=actor,
            via=via,
            causation_id=cause,
            correlation_id="test",
        )
        self.write(envelope, event.model_dump_json().encode())
        if envelope.type in PROJECTS.types:
            found = Heard(envelope, event, self.records[-1])
            for id in PROJECTS.targets(found):
                self.heard[id] = PROJECTS.fold(self.heard.get(id), found, id)
        self._mail(envelope, event)
        return envelope

    def write(self, envelope: Envelope, body: bytes | None) -> None:
        """Put a record at the end of its partition."""
        topic, key = stream(envelope.service), envelope.subject.encode()
        partition = crc32(key) % PARTITIONS
        offset = sum(1 for one in self.records if (one.topic, one.partition) == (topic, partition))
        headers = tuple((name, value.encode()) for name, value in envelope.headers())
        self.records.append(Written(topic, partition, offset, key, body, headers))

    def _mail(self, envelope: Envelope, event: Event) -> None:
        context = Context("service/notify", envelope.via, "test", envelope.id)
        for fresh in fresh_messages(plans_for(envelope, event), self.clock, context):
            message, said = mail.plan_message(None, fresh)
            subject = f"message/{message.message_id}"
            self.say(subject, said, context.actor, cause=envelope.id)
            for step in self._way(message):
                said = step(message)
                self.say(subject, said, context.actor, "schedule", envelope.id)
                for one in said:
                    message = mail.evolve(message, one)
            if message.status == "failed":
                self._suppress(message, envelope)

    def _suppress(self, message: mail.Message, cause: Envelope) -> None:
        """A mailbox is refused for good, and later it is there again."""
        person = message.plan.person_id
        fresh = mail.Suppression(person_id=person, season_id=self.season.id)
        found, said = mail.suppress(None, fresh, message, "550 no such mailbox", self.clock)
        subject = f"suppression/{person}"
        self.say(subject, said, "service/notify", "schedule", cause.id)
        for one in said:
            found = mail.evolve_suppression(found, one)
        self.say(subject, mail.restore(found, person, "Түзетілді", self.clock))

    def _way(self, message: mail.Message) -> Sequence[Callable[[mail.Message], Any]]:
        def accept(found: mail.Message) -> Any:
            return mail.mark_accepted(
                found, language="kk", accepted_at=self.clock, smtp_reply="250 OK"
            )

        match int(message.message_id[:2], 16) % 4:
            case 0:
                return (lambda found: mail.mark_bounced(found, "550 no such mailbox"),)
            case 1 if message.plan.purpose in mail.SENT_AGAIN:
                return (mail.mark_unknown, mail.mark_unknown, accept)
            case 1:
                return (
                    mail.mark_unknown,
                    lambda found: mail.resend(found, found.message_id),
                    accept,
                )
            case 2:
                return (lambda found: mail.mark_suppressed(found, "person-erased"),)
        return (accept,)
