"""What the notify service hears: every stream for what is due, every people topic for whom."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any

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
MODELS: Mapping[str, Any] = {model.type_name(): model for model in HEARD} | {Person.TYPE: Person}


def listen(service: Service, ledger: Ledger, *, rehearses: bool = False) -> None:
    """Hear people, and plan the mails that events call for.

    Imported history is passed over: its mails were planned by the rebuild, at this start or the
    next. With `rehearses` the events of a rehearsal are mailed, else they are planned as not sent.
    """

    async def plan(batch: Sequence[Heard]) -> None:
        now = server_now()
        with ExitStack() as steps:

            def follow(heard: Heard) -> Context:
                return consequence(steps.enter_context(service.tracing.processing(heard)))

            mailed = [heard for heard in batch if is_mailed(heard, rehearses=rehearses)]
            played = [heard for heard in batch if heard.envelope.imported == "rehearsal"]
            await ledger.plan(due(mailed, now, follow), now)
            if not rehearses:
                await ledger.plan(due(played, now, follow), now, imported=True)

    topics = heard_topics(service.settings.topic_prefix)
    service.hear(topics, MODELS, [ledger.people.hear, plan])


def heard_topics(prefix: str) -> list[str]:
    """Every stream that calls for mails, and every topic that says for whom."""
    return [stream(name, prefix) for name in WRITERS] + [people(name, prefix) for name in WRITERS]


def is_mailed(heard: Heard, *, rehearses: bool) -> bool:
    """Whether what an event calls for goes out: not so when it happened elsewhere."""
    imported = heard.envelope.imported
    return not imported or (imported == "rehearsal" and rehearses)


def consequence(heard: Heard) -> Context:
    """The context of a mail that this event calls for."""
    return heard.envelope.consequence("service/notify")


def due(
    batch: Sequence[Heard], now: datetime, follow: Callable[[Heard], Context] = consequence
) -> list[tuple[Message, Context]]:
    """The messages that a batch calls for, planned at `now`, and as a consequence of what."""
    found: list[tuple[Message, Context]] = []
    for heard in batch:
        if heard.envelope.type == Person.TYPE:
            continue
        if plans := plans_for(heard.envelope, heard.event):
            context = follow(heard)
            found += [(message, context) for message in fresh_messages(plans, now, context)]
    return found
