"""/metrics: what is counted, by which labels, and that a service at work is shown as it is."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from admin.stack.stack import Stack
from services.kit import http
from services.kit.metrics import Figure, Metrics
from tests.kit.conftest import NewTopicNamed
from tests.kit.fakes import Wire
from tests.kit.jars import CONTEXT, NOW, CoinAdded, JarSealed, Record, add
from tests.kit.running import Ears, Place, jars_of, new_place, running
from tests.rooms import eventually

_SAMPLE = re.compile(r"^zharmenke_(\w+?)\{(.*)\} (\S+)$", re.MULTILINE)


@pytest.fixture
async def place(parts: Stack, new_topic: NewTopicNamed) -> AsyncIterator[Place]:
    async with new_place(parts, new_topic) as made:
        yield made


@pytest.fixture
def ears() -> Ears:
    made = Ears()
    made.gate.set()
    return made


def samples(text: str) -> dict[str, float]:
    """{`name{labels but the service's}`: value}."""
    found = {}
    for name, labels, value in _SAMPLE.findall(text):
        others = ",".join(one for one in labels.split(",") if not one.startswith("service="))
        found[f"{name}{{{others}}}" if others else name] = float(value)
    return found


async def scraped(client: httpx.AsyncClient) -> dict[str, float]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return samples(answer.text)


async def test_metrics_count_what_is_said_heard_skipped_and_parked(
    place: Place, ears: Ears
) -> None:
    service = place.service(ears)
    jars = jars_of(service)
    poison = Record.of("p", 1, CoinAdded(coin="x"))
    poison.value = b"{"
    async with running(service) as (client, _):
        await jars.execute("a", add("x", "y"), CONTEXT, now=NOW)
        await place.say(
            Record.of("b", 1, CoinAdded(coin="x")), Record.of("b", 2, JarSealed()), poison
        )

        async def counted() -> dict[str, float] | None:
            found = await scraped(client)
            done = found["handled_total"] == 1 and found["published_total"] == 3
            return found if done and found["parked"] == 1 and found["batch_seconds_count"] else None

        found = await eventually(counted, "everything is counted")
    assert {name: found[name] for name in found if "batch" not in name} == {
        "database_up": 1,
        "outbox_depth": 0,
        "outbox_oldest_seconds": 0,
        "parked": 1,
        "published_total": 3,
        "handled_total": 1,
        "skipped_total": 1,
        "partitions": 2,
        "reader_restarts_total": 0,
        f'lag_records{{topic="{place.stream}"}}': 0,
        f'lag_records{{topic="{place.people}"}}': 0,
    }
    assert 1 <= found["batch_seconds_count"] <= 3
    assert found['batch_seconds_bucket{le="+Inf"}'] == found["batch_seconds_count"]


async def test_lag_is_of_what_is_not_handled_yet_the_batch_in_hand_included(
    place: Place, ears: Ears
) -> None:
    ears.gate.clear()
    topic = f'lag_records{{topic="{place.stream}"}}'
    async with running(place.service(ears)) as (client, _):
        await place.say(Record.of("a", 1, CoinAdded(coin="x")))
        await ears.entered.wait()
        await place.say(*[Record.of("a", n, CoinAdded(coin="x")) for n in range(2, 6)])

        async def five_behind() -> bool:
            return (await scraped(client))[topic] == 5

        await eventually(five_behind, "five records are behind: one in hand and four to come")
        assert (await scraped(client))["batch_seconds_count"] == 0
        ears.gate.set()

        async def caught_up() -> bool:
            return (await scraped(client))[topic] == 0

        await eventually(caught_up, "nothing is behind")
    assert len(ears.heard) == 5


async def test_figures_of_the_process_are_told_while_the_database_is_away(
    place: Place, ears: Ears
) -> None:
    wire = Wire(place.environment["MONGO_URL"].removeprefix("mongodb://").partition("/")[0])
    await wire.open()
    url = f"mongodb://127.0.0.1:{wire.port}/?retryWrites=false&directConnection=true"
    async with running(place.service(ears, mongo_url=url)) as (client, _):
        await wire.cut()

        async def down() -> dict[str, float] | None:
            found = await scraped(client)
            return found if found["database_up"] == 0 else None

        found = await eventually(down, "the database is away")
        assert found["handled_total"] == 0
        assert not {"outbox_depth", "outbox_oldest_seconds", "parked"} & set(found)
        await wire.open()

        async def up() -> bool:
            return (await scraped(client)).get("outbox_depth") == 0

        await eventually(up, "the database is back")
    await wire.cut()


async def test_figure_of_a_service_s_own_is_told_by_its_label(place: Place, ears: Ears) -> None:
    async def look() -> Figure:
        return Figure("jars", "Jars by colour", {"red": 2, "blue": 1}, "colour")

    service = place.service(ears)
    service.figure(look)
    async with running(service) as (client, _):
        found = await scraped(client)
    assert {n: v for n, v in found.items() if n.startswith("jars")} == {
        'jars{colour="red"}': 2,
        'jars{colour="blue"}': 1,
    }


def counting(metrics: Metrics) -> httpx.AsyncClient:
    """A client of an app whose requests are counted."""
    app = FastAPI()
    http.install(app, metrics.answered)

    @app.get("/jars/{jar_id}/coins")
    async def coins(jar_id: str) -> str:
        return jar_id

    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError

    @app.get("/health/live")
    async def live() -> str:
        return "live"

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://kit.test")


async def test_requests_are_counted_by_route_template_method_and_status() -> None:
    metrics = Metrics("kit")
    async with counting(metrics) as client:
        for path in ("/jars/1/coins", "/jars/2/coins?token=secret", "/crash", "/nowhere/at/all"):
            await client.get(path)
        await client.post("/jars/3/coins")
        await client.request("BREW", "/jars/4/coins")
        await client.get("/health/live")
    text = metrics.text([]).decode()
    requests = {n: v for n, v in samples(text).items() if n.startswith("http_requests")}
    coins = 'route="/jars/{jar_id}/coins"'
    assert requests == {
        f'http_requests_total{{method="GET",{coins},status="200"}}': 2,
        'http_requests_total{method="GET",route="/crash",status="500"}': 1,
        'http_requests_total{method="GET",route="(none)",status="404"}': 1,
        f'http_requests_total{{method="POST",{coins},status="405"}}': 1,
        f'http_requests_total{{method="other",{coins},status="405"}}': 1,
    }
    assert samples(text)[f'http_request_seconds_count{{method="GET",{coins}}}'] == 2
    assert "secret" not in text
    assert "created" not in text


async def test_services_of_one_process_are_counted_apart() -> None:
    one, other = Metrics("one"), Metrics("other")
    async with counting(one) as client:
        await client.get("/jars/1/coins")
    assert 'service="one"' in one.text([]).decode()
    assert "http_requests_total{" not in other.text([]).decode()
