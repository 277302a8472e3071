"""Redriving on real Kafka and MongoDB: the documents come out as if nothing had happened."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from admin.stack.stack import Stack
from admin.tokens import operator_token
from services.kit import reader as kit_reader
from services.kit.fold import Heard
from services.kit.parking import Parking
from services.kit.service import Service
from services.kit.tokens import Role
from tests.kit.conftest import NewTopicNamed
from tests.kit.jars import BY_JAR, CoinAdded, Heaps, Record, Said
from tests.kit.running import Ears, Place, new_place, running
from tests.rooms import eventually


@dataclass
class Booth:
    """A handler that fails and holds single events as it is told, and a heard collection."""

    fails: set[str] = field(default_factory=set)
    holds: dict[str, asyncio.Event] = field(default_factory=dict)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    heard: list[str] = field(default_factory=list)

    async def hear(self, batch: Sequence[Heard]) -> None:
        for one in batch:
            name = f"{one.envelope.aggregate_id}{one.envelope.sequence}"
            if name in self.fails:
                raise ValueError(f"{name} breaks a rule")
            if name in self.holds:
                self.held.set()
                await self.holds[name].wait()
            self.heard.append(name)


class Door:
    """The service's HTTP, as an admin."""

    def __init__(self, client: httpx.AsyncClient, key_file: Path) -> None:
        self._client, self._key_file = client, key_file

    async def call(
        self, method: str, path: str, *, role: Role = "admin", **request: Any
    ) -> httpx.Response:
        token = operator_token(self._key_file, role, "aigul", timedelta(hours=1))
        headers = {"Authorization": f"Bearer {token}"}
        return await self._client.request(method, path, headers=headers, **request)

    async def redrive(self, **what: Any) -> list[dict[str, Any]]:
        answer = await self.call("POST", "/parked/redrive", json=what)
        assert answer.status_code == 200, answer.text
        queues: list[dict[str, Any]] = answer.json()["queues"]
        return queues


@pytest.fixture
async def place(parts: Stack, new_topic: NewTopicNamed) -> AsyncIterator[Place]:
    async with new_place(parts, new_topic) as made:
        yield made


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit_reader, "FIRST_PAUSE", 0.01)


def service_of(place: Place, booth: Booth, parts: Stack, **overrides: Any) -> Service:
    keys = parts.directory / "keys"
    overrides["operator_public_key_file"] = keys / "operator.pub.pem"
    service = place.service(Ears(), **overrides)
    assert service._hearing is not None
    projection = service.projection("heaps", BY_JAR)
    service._hearing.hears[:] = [booth.hear, projection.hear]
    return service


def door_of(client: httpx.AsyncClient, place: Place) -> Door:
    return Door(client, Path(place.environment["OPERATOR_KEY_FILE"]))


def coin(jar: str, sequence: int) -> Record:
    return Record.of(jar, sequence, CoinAdded(coin=f"{jar}{sequence}"))


async def committed(place: Place, count: int) -> None:
    async def reached() -> bool:
        return await place.committed() == count

    await eventually(reached, f"{count} committed")


async def parked(service: Service) -> list[tuple[int, str]]:
    docs = service.database["parked"].find().sort("offset", 1)
    return [(doc["offset"], doc["reason"]) async for doc in docs]


async def coins(service: Service, jar: str) -> tuple[str, ...]:
    heap: Heaps | None = await service.projection("heaps", BY_JAR).get(jar)
    return heap.coins if heap else ()


BROKEN = "ValueError: p1 breaks a rule"
BEHIND = kit_reader.BEHIND


async def test_redrive_comes_to_the_documents_as_if_nothing_had_happened(
    place: Place, parts: Stack
) -> None:
    booth = Booth(fails={"p1"})
    service = service_of(place, booth, parts)
    async with running(service) as (client, _):
        await place.say(coin("p", 1), coin("p", 2), coin("a", 1), coin("p", 3))
        await committed(place, 4)
        assert await parked(service) == [(0, BROKEN), (1, BEHIND), (3, BEHIND)]
        assert booth.heard == ["a1"]
        booth.fails.clear()
        (queue,) = await door_of(client, place).redrive(topic=place.stream, key="jar/p")
        assert (queue["state"], queue["handled"], queue["left"]) == ("done", 3, 0)
        await place.say(coin("p", 4))
        await committed(place, 5)
        assert await parked(service) == []
        assert booth.heard == ["a1", "p1", "p2", "p3", "p4"]
        assert await coins(service, "p") == ("p1", "p2", "p3", "p4")
        assert await coins(service, "a") == ("a1",)


async def test_record_that_fails_again_stays_and_stops_its_queue(
    place: Place, parts: Stack
) -> None:
    booth = Booth(fails={"p1", "q1"})
    service = service_of(place, booth, parts)
    async with running(service) as (client, _):
        door = door_of(client, place)
        await place.say(coin("p", 1), coin("p", 2), coin("p", 3), coin("q", 1), coin("q", 2))
        await committed(place, 5)
        booth.fails = {"p2"}
        first = await door.redrive(all=True)
        again = await door.redrive(id=f"{place.stream}/0/2")
        states = {one["key"]: (one["state"], one["handled"], one["left"]) for one in first}
        assert states == {"jar/p": ("stopped", 1, 2), "jar/q": ("done", 2, 0)}
        assert (again[0]["stopped_at"], again[0]["attempts"]) == (f"{place.stream}/0/1", 2)
        assert again[0]["reason"] == "ValueError: p2 breaks a rule"
        assert await parked(service) == [(1, "ValueError: p2 breaks a rule"), (2, BEHIND)]
        listed = (await door.call("GET", "/parked")).json()
        assert [(one["offset"], one["attempts"]) for one in listed["items"]] == [(1, 2), (2, 0)]
        assert booth.heard == ["p1", "q1", "q2"]


async def _redrive_under_traffic(
    place: Place, parts: Stack, spoil: Callable[[], None]
) -> tuple[list[str], tuple[str, ...]]:
    """New records of a key arrive while its queue is redriven; what was heard, and the document."""
    booth = Booth(fails={"p1"})
    service = service_of(place, booth, parts)
    async with running(service) as (client, _):
        await place.say(coin("p", 1), coin("p", 2))
        await committed(place, 2)
        booth.fails.clear()
        booth.holds["p1"] = asyncio.Event()
        spoil()
        redriving = asyncio.create_task(
            door_of(client, place).redrive(topic=place.stream, key="jar/p")
        )
        await asyncio.wait_for(booth.held.wait(), 20)
        await place.say(coin("p", 3), coin("a", 1))
        await committed(place, 4)
        booth.holds["p1"].set()
        (queue,) = await redriving
        assert queue["state"] == "done"
        assert await parked(service) == []
        heard = [name for name in booth.heard if name[0] == "p"]
        return heard, await coins(service, "p")


async def test_new_records_of_the_key_wait_behind_a_redrive(place: Place, parts: Stack) -> None:
    heard, coins = await _redrive_under_traffic(place, parts, lambda: None)
    assert heard == ["p1", "p2", "p3"]
    assert coins == ("p1", "p2", "p3")


async def test_without_the_rule_of_waiting_behind_order_and_records_are_lost(
    place: Place, parts: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(self: Parking, records: Sequence[Any]) -> dict[Any, int]:
        return {}

    def spoil() -> None:
        monkeypatch.setattr(Parking, "blocked", nothing)

    heard, coins = await _redrive_under_traffic(place, parts, spoil)
    assert heard[0] == "p3"
    assert coins == ("p3",)


async def test_unknown_major_is_redriven_once_the_model_knows_it(
    place: Place, parts: Stack
) -> None:
    class CoinAdded2(Said):
        MAJOR: ClassVar[int] = 2
        coin: str

    future = coin("p", 1).with_header("ce_dataschema", b"urn:zharmenke:schema:CoinAdded:v2")
    second = coin("p", 2).with_header("ce_dataschema", b"urn:zharmenke:schema:CoinAdded:v2")
    service = service_of(place, Booth(), parts)
    async with running(service) as (client, _):
        await place.say(future, second)
        await committed(place, 2)
        (queue,) = await door_of(client, place).redrive(all=True)
        assert (queue["state"], queue["attempts"], queue["left"]) == ("stopped", 1, 2)
    booth = Booth()
    upgraded = service_of(place, booth, parts)
    assert upgraded._hearing is not None
    upgraded._hearing.models = {"CoinAdded": CoinAdded2}
    async with running(upgraded) as (client, _):
        (queue,) = await door_of(client, place).redrive(all=True)
        assert (queue["state"], queue["handled"]) == ("done", 2)
        assert await coins(upgraded, "p") == ("p1", "p2")


async def test_two_replicas_share_a_queue_by_turns(place: Place, parts: Stack) -> None:
    booth = Booth(fails={"p1"})
    services = [service_of(place, booth, parts) for _ in range(2)]
    async with (
        running(services[0]) as (one, _),
        running(services[1], ready=False) as (other, _app),
    ):
        await place.say(*[coin("p", n) for n in range(1, 6)])
        await committed(place, 5)
        booth.fails.clear()
        booth.holds["p1"] = asyncio.Event()
        first = asyncio.create_task(door_of(one, place).redrive(all=True))
        await asyncio.wait_for(booth.held.wait(), 20)
        (refused,) = await door_of(other, place).redrive(all=True)
        conflict = await door_of(other, place).call(
            "POST", "/parked/discard", json={"id": f"{place.stream}/0/4", "reason": "a test"}
        )
        booth.holds["p1"].set()
        (done,) = await first
        heard = list(booth.heard)
    assert (refused["state"], refused["handled"], refused["left"]) == ("busy", 0, 5)
    assert (conflict.status_code, conflict.json()["type"][-10:]) == (409, "queue-busy")
    assert (done["state"], done["handled"]) == ("done", 5)
    assert heard == ["p1", "p2", "p3", "p4", "p5"]


async def test_discard_takes_an_admin_and_a_reason_and_is_on_record(
    place: Place, parts: Stack, logged: list[Any]
) -> None:
    booth = Booth(fails={"p1"})
    service = service_of(place, booth, parts)
    async with running(service) as (client, _):
        door = door_of(client, place)
        await place.say(coin("p", 1), coin("p", 2))
        await committed(place, 2)
        what = {"id": f"{place.stream}/0/0", "reason": "written by hand"}
        path = "/parked/discard"
        assert (await door.call("POST", path, json={"id": what["id"]})).status_code == 422
        assert (await door.call("POST", path, json=what | {"reason": "  "})).status_code == 422
        assert (await door.call("POST", path, json=what, role="secretary")).status_code == 403
        assert (await client.post(path, json=what)).status_code == 401
        unknown = await door.call("POST", path, json=what | {"id": "nowhere/0/0"})
        assert unknown.status_code == 404
        assert len(await parked(service)) == 2
        first = await door.call("POST", path, json=what)
        second = await door.call("POST", path, json=what | {"reason": "another reason"})
        assert first.json() == second.json()
        assert (first.json()["by"], first.json()["reason"]) == ("admin/aigul", "written by hand")
        (kept,) = await service.database["discarded"].find().to_list(None)
        assert (kept["value"], kept["discard"]["by"]) == (coin("p", 1).value, "admin/aigul")
        assert ("discarded", "admin/aigul") in [(e["event"], e.get("by")) for e in logged]
        assert await parked(service) == [(1, BEHIND)]
        assert booth.heard == []
        (queue,) = await door.redrive(all=True)
        assert (queue["state"], booth.heard) == ("done", ["p2"])


async def test_discarded_record_that_is_read_again_is_not_handled(
    place: Place, parts: Stack
) -> None:
    booth = Booth(fails={"p1"})
    async with running(service_of(place, booth, parts)) as (client, _):
        await place.say(coin("p", 1), coin("p", 2))
        await committed(place, 2)
        what = {"id": f"{place.stream}/0/0", "reason": "written by hand"}
        answer = await door_of(client, place).call("POST", "/parked/discard", json=what)
        assert answer.status_code == 200
        await door_of(client, place).redrive(all=True)
    again = Booth()
    service = service_of(place, again, parts, consumer_group=f"{place.database}.again")
    async with running(service):

        async def heard() -> bool:
            return "p2" in again.heard

        await eventually(heard, "the new group has heard the stream")
        assert again.heard == ["p2"]
        assert await parked(service) == []


async def test_list_and_show_keep_personal_data_until_it_is_asked_for(
    place: Place, parts: Stack
) -> None:
    person = Record.of("p", 1, None, type_name="Owner", topic="people")
    person.key, person.value = b"dana@example.org", b"Dana Secretova"
    person.with_header("ce_subject", b"Dana Secretova")
    service = service_of(place, Booth(), parts)
    async with running(service) as (client, _):
        door = door_of(client, place)
        await place.say(person)
        await committed(place, 1)
        id = f"{place.people}/0/0"
        listed = await door.call("GET", "/parked")
        shown = await door.call("GET", f"/parked/{id}")
        whole = await door.call("GET", f"/parked/{id}?with_people=true")
        redriven = await door.call("POST", "/parked/redrive", json={"id": id})
        for answer in (listed, shown, redriven):
            assert answer.status_code == 200
            assert "Dana" not in answer.text
            assert "dana" not in answer.text
        assert shown.json()["hidden"] is True
        assert whole.json()["body"] == "Dana Secretova"
        assert whole.json()["record"]["key"] == "dana@example.org"

        async def letter_is_said() -> bool:
            return await service.database["parked"].count_documents({"pending": True}) == 0

        await eventually(letter_is_said, "the dead letter is said")
        await door.call("POST", "/parked/discard", json={"id": id, "reason": "a test"})
        (kept,) = await service.database["discarded"].find().to_list(None)
    assert "Dana" not in repr(kept)
    assert "dana" not in repr(kept)


async def test_show_gives_text_when_it_is_utf8_and_hex_when_it_is_not(
    place: Place, parts: Stack
) -> None:
    bad = coin("p", 1).with_header("ce_type", b"\xff")
    bad.value = b"\xfe\x00"
    async with running(service_of(place, Booth(), parts)) as (client, _):
        await place.say(bad, coin("p", 2))
        await committed(place, 2)
        door = door_of(client, place)
        binary = (await door.call("GET", f"/parked/{place.stream}/0/0")).json()
        text = (await door.call("GET", f"/parked/{place.stream}/0/1")).json()
        missing = await door.call("GET", f"/parked/{place.stream}/0/9")
    assert (binary["body"], binary["body_hex"]) == (None, "fe00")
    assert {"name": "ce_type", "text": None, "hex": "ff"} in binary["headers"]
    assert (text["body"], text["body_hex"]) == ('{"coin":"p2","note":""}', None)
    assert missing.status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"topic": "t"}, {"key": "k"}, {"all": True, "id": "t/0/0"}, {"id": "t/0/0", "key": "k"}],
)
async def test_redrive_names_one_thing(place: Place, parts: Stack, body: dict[str, Any]) -> None:
    async with running(service_of(place, Booth(), parts), ready=False) as (client, _):
        door = door_of(client, place)

        async def prepared() -> bool:
            return (await door.call("GET", "/parked")).status_code == 200

        await eventually(prepared, "the service is prepared")
        assert (await door.call("POST", "/parked/redrive", json=body)).status_code == 422
