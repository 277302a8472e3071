"""The limits at work: what exceeds them waits in the ledger and goes later, nothing is lost."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from services.notify.app import create_app
from tests.notify.ledger_view import submitted
from tests.notify.smtp_script import Script, scripted_smtp
from tests.notify.stage import Stage, open_stage, somebody
from tests.rooms import Rooms, eventually


@pytest.fixture
def server() -> Iterator[tuple[Script, str]]:
    with scripted_smtp() as running:
        yield running


@pytest.fixture
async def stage(rooms: Rooms) -> AsyncIterator[Stage]:
    async with open_stage(rooms) as opened:
        yield opened


@asynccontextmanager
async def limited(rooms: Rooms, url: str, **limits: float) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(rooms.settings("notify", smtp_url=url, smtp_timeout_seconds=2.0, **limits))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notify") as client,
    ):
        yield client


async def counted(rooms: Rooms, notify: httpx.AsyncClient, **counts: int) -> None:
    """Wait until the ledger counts this."""

    async def there() -> bool:
        answer = await notify.get("/messages/counts", headers=rooms.token("admin"))
        return answer.is_success and answer.json() == counts

    await eventually(there, f"the ledger counts {counts}", within=60)


async def an_hour_passes(rooms: Rooms) -> None:
    """Put everything that the limits and the ledger have noted an hour back."""
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(
        rooms.environment["MONGO_URL"], tz_aware=True
    )
    database = client[rooms.database("notify")]
    ago = datetime.now(UTC) - timedelta(hours=1)
    async for doc in database["recipients"].find({}):
        sent = doc["sent"]
        assert isinstance(sent, list)
        past = [{"id": one["id"], "at": ago} for one in sent]
        await database["recipients"].update_one({"_id": doc["_id"]}, {"$set": {"sent": past}})
    await database["messages"].update_many(
        {"state.status": "planned"}, {"$set": {"work.next_at": ago}}
    )
    client.close()


async def test_mails_over_a_recipients_limit_wait_for_the_next_hour(
    rooms: Rooms, server: tuple[Script, str], stage: Stage
) -> None:
    script, url = server
    many, few = somebody(), somebody()
    async with limited(rooms, url, mails_per_recipient_hour=3) as notify:
        for person in (many, few):
            await stage.meet("submission", person)
        for _ in range(5):
            await submitted(stage, many, str(uuid4()))
        await counted(rooms, notify, accepted=3, planned=2)
        await submitted(stage, few, str(uuid4()))  # nobody else is held up
        await counted(rooms, notify, accepted=4, planned=2)

    async with limited(rooms, url, mails_per_recipient_hour=3) as notify:  # nor is it forgotten
        await submitted(stage, many, str(uuid4()))
        await counted(rooms, notify, accepted=4, planned=3)
    assert len(script.attempts[many.email]) == 3

    await an_hour_passes(rooms)
    async with limited(rooms, url, mails_per_recipient_hour=3) as notify:
        await counted(rooms, notify, accepted=7)
    assert len(set(script.attempts[many.email])) == len(script.attempts[many.email]) == 6


async def test_mails_over_the_rate_of_all_replicas_go_later(
    rooms: Rooms, server: tuple[Script, str], stage: Stage
) -> None:
    """Two replicas and 5 mails a second: 20 mails take 3 seconds or more, whoever sends them."""
    script, url = server
    async with AsyncExitStack() as exits:
        for _ in range(2):
            replica = limited(rooms, url, mails_per_second=5.0, mails_per_recipient_hour=0)
            await exits.enter_async_context(replica)
        for _ in range(20):
            person = somebody()
            await stage.meet("submission", person)
            await submitted(stage, person, str(uuid4()))

        async def all_began() -> bool:
            return len(script.began) == 20

        await eventually(all_began, "20 mails were sent")

    assert script.began[-1] - script.began[0] > 2.5
