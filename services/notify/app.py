"""The notify service, wired."""

from fastapi import FastAPI

from schemas.topics import dead, dead_people, stream
from services.kit.access import Access
from services.kit.service import Service, Topics
from services.notify import api, consumers, suppressions_api
from services.notify.allowance import Allowance
from services.notify.letters import Letters
from services.notify.rebuild import Rebuild
from services.notify.sending import Sending
from services.notify.settings import Settings
from services.notify.store import Ledger

NAME = "notify"


def create_app(settings: Settings) -> FastAPI:
    """The app; nothing connects before its lifespan begins."""
    prefix = settings.topic_prefix
    service = Service(
        NAME,
        settings,
        Topics(stream(NAME, prefix), "", dead(NAME, prefix), dead_people(NAME, prefix)),
    )
    ledger = Ledger(service)
    rehearses = settings.mails_stay_here
    consumers.listen(service, ledger, rehearses=rehearses)
    service.prepare(Rebuild(service, ledger, rehearses).run)
    allowance = Allowance(
        service.database,
        service.clock,
        per_recipient_hour=settings.mails_per_recipient_hour,
        per_second=settings.mails_per_second,
    )
    service.prepare(allowance.prepare)
    sending = Sending(settings, ledger, Letters(settings), allowance, service.tracing)
    service.background(sending.run, sending.finish)
    access = Access(settings.operator_public_key_file.read_text())
    app = service.app("Zharmenke notify", "The ledger of mails: one per person and occasion.")
    app.include_router(api.routes(ledger, access))
    app.include_router(suppressions_api.routes(ledger.suppressions, access))
    return app
