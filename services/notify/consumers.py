"""What the notify service hears: every stream for what is due, every people topic for whom."""

from collections.abc import Sequence

from schemas.people import Person
from schemas.topics import people, stream
from services.kit.envelope import Context
from services.kit.fold import Heard
from services.kit.http import server_now
from services.kit.service import Service
from services.notify.domain import Message
from services.notify.plans import HEARD, plans_for
from services.notify.sending import fresh_messages
from services.notify.store import Ledger

WRITERS = ("submission", "scoring", "webinar")


def listen(service: Service, ledger: Ledger) -> None:
    """Hear people, and plan the mails that events call for."""

    async def plan(batch: Sequence[Heard]) -> None:
        now = server_now()
        fresh: list[tuple[Message, Context]] = []
        for heard in batch:
            if heard.envelope.type == Person.TYPE:
                continue
            context = heard.envelope.consequence("service/notify")
            messages = fresh_messages(plans_for(heard.envelope, heard.event), now)
            fresh += [(message, context) for message in messages]
        await ledger.plan(fresh, now)

    prefix = service.settings.topic_prefix
    service.hear(
        [stream(name, prefix) for name in WRITERS] + [people(name, prefix) for name in WRITERS],
        {model.type_name(): model for model in HEARD} | {Person.TYPE: Person},
        [ledger.people.hear, plan],
    )
