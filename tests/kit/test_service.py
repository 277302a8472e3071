"""A service's process: probes that tell the truth, metrics, and an end that finishes its work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from admin.rehearsal.outside import read_topic
from admin.stack.stack import Stack
from services.kit import pulse
from services.kit.service import Service
from tests.kit.conftest import NewTopicNamed
from tests.kit.fakes import Wire
from tests.kit.jars import CONTEXT, NOW, CoinAdded, Record, add
from tests.kit.running import Ears, Place, is_ready, jars_of, new_place, running
from tests.rooms import eventually


@pytest.fixture
async def place(parts: Stack, new_topic: NewTopicNamed) -> AsyncIterator[Place]:
    async with new_place(parts, new_topic) as made:
        yield made


@pytest.fixture
def ears() -> Ears:
    made = Ears()
    made.gate.set()
    return made


def mongo_address(place: Place) -> str:
    return place.environment["MONGO_URL"].removeprefix("mongodb://").partition("/")[0]


async def checks(client: httpx.AsyncClient) -> dict[str, str]:
    found: dict[str, str] = (await client.get("/health/ready")).json()["checks"]
    return found


async def not_ready(client: httpx.AsyncClient, part: str, saying: str = "") -> str:
    """What readiness says of a part, once it says that it is wrong, in these words."""

    async def wrong() -> str | None:
        answer = await client.get("/health/ready")
        found: str = answer.json()["checks"].get(part, "ok")
        return found if answer.status_code == 503 and found != "ok" and saying in found else None

    found: str = await eventually(wrong, f"readiness says that {part} is wrong: {saying}")
    return found


async def test_service_on_good_parts_is_ready_and_says_of_what(place: Place, ears: Ears) -> None:
    async with running(place.service(ears)) as (client, _):
        assert await checks(client) == {
            "started": "ok",
            "mongo": "ok",
            "relay": "ok",
            "reader": "ok",
        }
        live = await client.get("/health/live")
        assert (live.status_code, live.json()) == (200, {"status": "live", "service": "kit"})


async def test_kafka_away_at_start_is_alive_not_ready_and_recovers(
    place: Place, ears: Ears, logged: list[Any]
) -> None:
    wire = Wire(place.servers)
    await wire.reserve()
    service = place.service(ears, kafka_bootstrap_servers=f"127.0.0.1:{wire.port}")
    jars = jars_of(service)
    async with running(service, ready=False) as (client, _):
        assert await not_ready(client, "reader") == "no partitions assigned"
        assert (await checks(client))["mongo"] == "ok"
        assert (await client.get("/health/live")).status_code == 200
        result = await jars.execute("a", add("x"), CONTEXT, now=NOW)
        assert result.event_ids == ("kit/jar/a:1",)  # commands are accepted all the same
        await not_ready(client, "relay", "Kafka")
        await wire.open()
        await eventually(lambda: is_ready(client), "the service is ready")

        async def said() -> bool:
            return len(await read_topic(place.servers, place.topics.events)) == 1

        await eventually(said, "what was accepted meanwhile is said")
        await place.say(Record.of("b", 1, CoinAdded(coin="x")))

        async def heard() -> bool:
            return ears.heard == ["kit/jar/b:1"]

        await eventually(heard, "the reader hears")
    await wire.cut()
    said_of_it = {entry["event"] for entry in logged}
    assert "start_waits" in said_of_it
    assert "start_failed" not in said_of_it  # a broker that is away is no fault of ours


async def test_database_away_is_not_ready_and_named_and_recovers(place: Place, ears: Ears) -> None:
    wire = Wire(mongo_address(place))
    await wire.open()
    url = f"mongodb://127.0.0.1:{wire.port}/?retryWrites=false&directConnection=true"
    service = place.service(ears, mongo_url=url)
    async with running(service) as (client, _):
        await wire.cut()
        await not_ready(client, "mongo", str(wire.port))
        assert (await client.get("/health/live")).status_code == 200
        await wire.open()
        await eventually(lambda: is_ready(client), "the service is ready again")
    await wire.cut()


async def test_database_away_at_start_is_alive_not_ready_and_recovers(
    place: Place, ears: Ears
) -> None:
    wire = Wire(mongo_address(place))
    await wire.reserve()
    url = f"mongodb://127.0.0.1:{wire.port}/?retryWrites=false&directConnection=true"
    async with running(place.service(ears, mongo_url=url), ready=False) as (client, app):

        @app.get("/anything")
        async def anything() -> str:
            return "fine"

        assert await not_ready(client, "started") == "still starting"
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/anything")).status_code == 503
        await wire.open()
        await eventually(lambda: is_ready(client), "the service is ready")
        assert (await client.get("/anything")).json() == "fine"
    await wire.cut()


async def test_step_that_fails_at_start_is_loud_and_tried_again(
    place: Place, ears: Ears, logged: list[Any]
) -> None:
    failures = [RuntimeError("an index nobody expected")]

    async def step() -> None:
        if failures:
            raise failures.pop()

    service = place.service(ears)
    service.prepare(step)
    async with running(service):
        pass
    assert [entry["log_level"] for entry in logged if entry["event"] == "start_failed"] == ["error"]


async def test_loop_that_fails_is_loud_and_begins_again(
    place: Place, ears: Ears, logged: list[Any]
) -> None:
    begun: list[int] = []

    async def loop() -> None:
        begun.append(len(begun))
        if len(begun) == 1:
            raise RuntimeError("nobody expected it")
        await asyncio.Event().wait()

    service = place.service(ears)
    service.background(loop)
    async with running(service):

        async def again() -> bool:
            return len(begun) == 2

        await eventually(again, "the loop has begun again")
    assert [e["loop"] for e in logged if e["event"] == "loop_failed"] == ["background"]


async def test_outbox_age_is_of_the_oldest_unsent_event(place: Place, ears: Ears) -> None:
    service = place.service(ears)
    jars = jars_of(service)
    service.parking = None
    now = datetime.now(UTC)
    for number, hours in enumerate((1, 3, 2)):
        await jars.execute(f"jar-{number}", add("x"), CONTEXT, now=now - timedelta(hours=hours))
    depth, age = await service.outbox()
    service.client.close()
    assert depth == 3
    assert 3 * 3600 <= age < 3 * 3600 + 60


async def test_end_finishes_the_events_of_what_was_accepted(place: Place, ears: Ears) -> None:
    service = place.service(ears)
    jars = jars_of(service)
    async with running(service):
        await jars.execute("a", add("x"), CONTEXT, now=NOW)
    async with client_of(place) as database:
        held = await database["leases"].count_documents({"owner": {"$ne": ""}})
        (doc,) = await database["jars"].find().to_list(None)
    ids = [
        dict(record.headers)["ce_id"]
        for record in await read_topic(place.servers, place.topics.events)
    ]
    assert ids == [b"kit/jar/a:1"]
    assert doc["outbox"] == []
    assert held == 0


async def test_end_with_kafka_away_is_not_held_up(place: Place, ears: Ears) -> None:
    wire = Wire(place.servers)
    await wire.reserve()
    service = place.service(ears, kafka_bootstrap_servers=f"127.0.0.1:{wire.port}")
    jars = jars_of(service)
    ended = asyncio.Event()

    async def live_and_end() -> None:
        async with running(service, ready=False) as (client, _):
            await not_ready(client, "reader")
            await jars.execute("a", add("x"), CONTEXT, now=NOW)
            await not_ready(client, "relay", "Kafka")
        ended.set()

    await asyncio.wait_for(live_and_end(), 20)
    assert ended.is_set()
    async with client_of(place) as database:
        (doc,) = await database["jars"].find().to_list(None)
    assert [item["id"] for item in doc["outbox"]] == ["kit/jar/a:1"]


async def test_nothing_connects_before_the_lifespan_begins(place: Place, ears: Ears) -> None:
    service: Service = place.service(
        ears, kafka_bootstrap_servers="127.0.0.1:1", mongo_url="mongodb://127.0.0.1:1"
    )
    app = service.app("Kit", "A service of the kit alone.")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://kit.test") as client:
        assert (await client.get("/health/live")).status_code == 200
    service.client.close()


@contextlib.asynccontextmanager
async def client_of(place: Place) -> Any:
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(place.environment["MONGO_URL"])
    try:
        yield client[place.database]
    finally:
        client.close()


async def test_reader_that_stands_still_is_started_anew_and_hears_the_rest(
    place: Place, ears: Ears, logged: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "EVERY_SECONDS", 0.05)
    monkeypatch.setattr(pulse, "PATIENCE_SECONDS", 0.3)
    service = place.service(ears)
    async with running(service) as (client, _):
        await place.say(Record.of("a", 1, CoinAdded(coin="x")))
        await eventually(lambda: _heard(ears, 1), "the first is heard")
        assert service.reader is not None
        consumer = service.reader._subscriber.consumer  # as if it fetched nothing more
        consumer.pause(*consumer.assignment())

        await place.say(Record.of("a", 2, CoinAdded(coin="y")))

        await eventually(lambda: _heard(ears, 2), "the rest is heard")
        nothing = f'zharmenke_lag_records{{service="kit",topic="{place.stream}"}} 0.0'
        await eventually(lambda: _tells(client, nothing), "no lag is told as 0")
        assert ears.heard == ["kit/jar/a:1", "kit/jar/a:2"]
        assert "zharmenke_reader_restarts_total" in (await client.get("/metrics")).text
    assert [entry for entry in logged if entry["event"] == "reader_stuck"]


async def test_reader_whose_commit_never_ends_is_started_anew_and_commits(
    place: Place, ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "EVERY_SECONDS", 0.05)
    monkeypatch.setattr(pulse, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(pulse, "ANSWER_SECONDS", 0.1)
    service = place.service(ears)
    async with running(service):
        assert service.reader is not None
        consumer = service.reader._subscriber.consumer
        # As after a broker was away: it waits for a coordinator that it never finds.
        monkeypatch.setattr(consumer, "commit", asyncio.Event().wait)
        monkeypatch.setattr(consumer, "end_offsets", lambda _: asyncio.Event().wait())

        await place.say(Record.of("a", 1, CoinAdded(coin="x")))

        async def committed() -> bool:
            return await place.committed() == 1

        await eventually(committed, "the new consumer has committed")
    assert set(ears.heard) == {"kit/jar/a:1"}


async def _tells(client: httpx.AsyncClient, line: str) -> bool:
    return line in (await client.get("/metrics")).text.splitlines()


async def _heard(ears: Ears, count: int) -> bool:
    return len(ears.heard) >= count
