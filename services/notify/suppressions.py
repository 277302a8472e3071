"""Where suppressions are kept: one document a person, with a stream of events of its own."""

from collections.abc import Sequence
from datetime import datetime

from services.kit.aggregate import Aggregate, Decide, Decision
from services.kit.envelope import Context
from services.kit.history import Past
from services.kit.service import Service
from services.kit.store import Store
from services.notify import domain

SUPPRESSION = Aggregate(
    service="notify",
    kind="suppression",
    state=domain.Suppression,
    evolve=domain.evolve_suppression,
    season_of=lambda suppression: suppression.season_id,
)


class Suppressions:
    """People whose mailboxes were refused for good, by person id. No address is kept here."""

    def __init__(self, service: Service) -> None:
        self.store: Store[domain.Suppression] = service.store("suppressions", SUPPRESSION)

    async def of(self, person_ids: Sequence[str]) -> set[str]:
        """Those of these people who are suppressed now."""
        query = {"_id": {"$in": sorted(set(person_ids))}, "state.active": True}
        return {doc["_id"] async for doc in self.store.collection.find(query, {"_id": 1})}

    async def add(
        self, message: domain.Message, smtp_reply: str, context: Context, now: datetime
    ) -> None:
        """Record that this message's mailbox is refused for good; idempotent."""
        plan = message.plan
        fresh = domain.Suppression(person_id=plan.person_id, season_id=plan.season_id)

        def decide(found: domain.Suppression | None) -> Decision[domain.Suppression]:
            draft, events = domain.suppress(found, fresh, message, smtp_reply, now)
            return Decision(events, draft=draft)

        await self.store.execute(plan.person_id, decide, context, now=now)

    async def put_back(self, past: Sequence[Past[domain.Suppression]], now: datetime) -> None:
        """Put back what is not there, as it was; says nothing.

        Later events go on from the sequence that the stream had come to.
        """
        context = Context("service/notify", "schedule", "")
        await self.store.insert_new(
            [(one.state.person_id, _as_it_was(one.state), context) for one in past],
            now=now,
            extra={},
            after={one.state.person_id: one.sequence for one in past},
        )


def _as_it_was(suppression: domain.Suppression) -> Decide[domain.Suppression]:
    return lambda _found: Decision(draft=suppression)
