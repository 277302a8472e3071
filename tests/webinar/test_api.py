"""The API on the real parts: what it answers, and what it says on the streams."""

import json
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response

from schemas.people import Person
from schemas.webinar import WebinarRegistered

from .running import Running, say_season_opened, until


def path(webinar: str, registration_id: str) -> str:
    return f"/webinars/2020-{webinar}/registrations/{registration_id}"


def body(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Айгүл Үлгі",
        "email": f"{uuid4().hex}@example.org",
        "language": "kk",
        "personal_data_consent": True,
    } | changes


def problem(answer: Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


async def status(service: Running, webinar: str, registration_id: str) -> str:
    answer = await service.client.get(path(webinar, registration_id))
    return str(answer.json()["status"])


async def heard(service: Running, count: int) -> bool:
    metrics = (await service.client.get("/metrics")).text
    return f'zharmenke_handled_total{{service="webinar"}} {count}.0' in metrics


async def test_register_confirms_and_a_repeat_answers_the_same(service: Running) -> None:
    id, sent = str(uuid4()), body(organisation="Үлгі ҚҚ")
    first = await service.client.put(path("open", id), json=sent)
    again = await service.client.put(path("open", id), json=sent)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json() == {
        "registration_id": id,
        "webinar_id": "2020-open",
        "status": "confirmed",
        "seat": None,
        "ticket": None,
        "event_id": f"webinar/registration/{id}:1",
    }
    other = await service.client.put(path("open", id), json=sent | {"name": "Another"})
    assert problem(other) == (409, "registration-id-taken")


async def test_an_address_registers_once(service: Running) -> None:
    sent = body()
    await service.client.put(path("open", str(uuid4())), json=sent)
    shouted = sent | {"email": f"  {sent['email'].upper()} "}
    second = await service.client.put(path("open", str(uuid4())), json=shouted)
    assert problem(second) == (409, "already-registered")
    elsewhere = await service.client.put(path("small", str(uuid4())), json=sent)
    assert elsewhere.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "nobody"},
        {"email": f"{'a' * 250}@example.org"},
        {"name": ""},
        {"name": "x" * 301},
        {"name": "Two\r\nlines"},
        {"name": None},
        {"language": "de"},
        {"personal_data_consent": False},
        {"personal_data_consent": None},
        {"organisation": "x" * 301},
        {"nickname": "unknown field"},
    ],
)
async def test_bad_input_is_refused_and_leaves_nothing(
    service: Running, changes: dict[str, Any]
) -> None:
    id = str(uuid4())
    answer = await service.client.put(path("open", id), json=body(**changes))
    assert problem(answer) == (422, "invalid-request")
    assert answer.json()["errors"][0]["where"] == next(iter(changes))
    assert problem(await service.client.get(path("open", id))) == (404, "unknown-registration")


async def test_what_is_not_there_is_404_and_what_began_409(service: Running) -> None:
    id = str(uuid4())
    assert problem(await service.client.put(path("none", id), json=body())) == (
        404,
        "unknown-webinar",
    )
    assert problem(await service.client.get("/webinars/2020-none")) == (404, "unknown-webinar")
    assert problem(await service.client.put(path("begun", id), json=body())) == (
        409,
        "webinar-started",
    )
    assert problem(await service.client.put(path("open", "1"), json=body()))[0] == 422


async def test_cancelling_needs_proof(service: Running) -> None:
    id, other = str(uuid4()), str(uuid4())
    for each in (id, other):
        await service.client.put(path("open", each), json=body())
    where = path("open", id)
    client, link = service.client, service.link
    assert problem(await client.delete(where)) == (401, "proof-missing")
    assert problem(await client.delete(where, params={"token": "x"})) == (401, "token-rejected")
    assert problem(await client.delete(where, params={"token": link(other)})) == (
        403,
        "not-your-registration",
    )
    judge = await client.delete(where, headers=service.bearer("judge"))
    assert problem(judge) == (403, "role-not-allowed")
    assert await status(service, "open", id) == "confirmed"
    done = await client.delete(where, params={"token": link(id)})
    again = await client.delete(where, headers=service.bearer("secretary"))
    assert done.json() == again.json()
    assert done.json()["event_id"] == f"webinar/registration/{id}:2"
    assert await status(service, "open", id) == "cancelled"
    missing = await client.delete(path("open", str(uuid4())), headers=service.bearer("admin"))
    assert problem(missing) == (404, "unknown-registration")


async def test_a_freed_seat_reaches_the_first_who_waits_by_itself(service: Running) -> None:
    ids = [str(uuid4()) for _ in range(5)]
    for id in ids:
        await service.client.put(path("small", id), json=body())
    waiting = [id for id in ids if await status(service, "small", id) == "waitlisted"]
    listed = await service.client.get("/webinars", params={"season_id": "2020"})
    small = next(found for found in listed.json() if found["webinar_id"] == "2020-small")
    assert (small["capacity"], small["confirmed"], small["seats_left"]) == (2, 2, 0)
    assert small["waitlisted"] >= len(waiting) >= 3
    staff = service.bearer("secretary")
    holders = await service.client.get("/webinars/2020-small/registrations", headers=staff)
    holder = next(item for item in holders.json()["items"] if item["status"] == "confirmed")
    await service.client.delete(path("small", holder["registration_id"]), headers=staff)

    async def first_is_confirmed() -> bool:
        return await status(service, "small", waiting[0]) == "confirmed"

    await until(first_is_confirmed)
    assert [await status(service, "small", id) for id in waiting[1:]] == ["waitlisted"] * (
        len(waiting) - 1
    )


async def test_only_staff_lists_registrations_and_sees_no_addresses(service: Running) -> None:
    where = "/webinars/2020-open/registrations"
    await service.client.put(path("open", str(uuid4())), json=body())
    await service.client.put(path("open", str(uuid4())), json=body())
    assert problem(await service.client.get(where)) == (401, "token-missing")
    refused = await service.client.get(where, headers=service.bearer("judge"))
    assert problem(refused) == (403, "role-not-allowed")
    page = await service.client.get(where, headers=service.bearer("admin"), params={"limit": 1})
    (item,) = page.json()["items"]
    assert set(item) == {
        "registration_id", "webinar_id", "status", "seat", "ticket", "event_id"
    }  # fmt: skip
    rest = await service.client.get(
        where, headers=service.bearer("admin"), params={"after": page.json()["next"]}
    )
    assert item not in rest.json()["items"]
    assert rest.json()["items"]


async def test_the_streams_say_it_and_hold_no_address(service: Running) -> None:
    id, sent = str(uuid4()), body()
    await service.client.put(path("open", id), json=sent)
    await service.client.put(path("small", str(uuid4())), json=body(email="bad"))
    await say_season_opened(service.settings)  # the relay of submission repeats itself
    await until(lambda: heard(service, 2))
    events: list[Any] = []

    async def said() -> bool:
        events[:] = await service.records(service.events_topic)
        return any(f"registration/{id}".encode() == record.key for record in events)

    await until(said)
    headers = [dict(record.headers) for record in events]
    announced = [each for each in headers if each["ce_type"] == b"WebinarAnnounced"]
    assert len(announced) == 3
    ids = [each["ce_id"] for each in headers]
    assert len(set(ids)) == len(ids)
    mine = next(record for record in events if record.key == f"registration/{id}".encode())
    assert WebinarRegistered.model_validate_json(mine.value).registration_id == id
    assert not any(b"@example.org" in record.value for record in events)
    people = await service.records(service.people_topic)
    person_id = json.loads(mine.value)["person_id"]
    (person,) = [record.value for record in people if record.key == person_id.encode()]
    assert Person.model_validate_json(person).email == sent["email"]


async def test_openapi_has_examples_and_problems(service: Running) -> None:
    document = (await service.client.get("/openapi.json")).json()
    put = document["paths"]["/webinars/{webinar_id}/registrations/{registration_id}"]["put"]
    assert "application/problem+json" in put["responses"]["409"]["content"]
    schemas = document["components"]["schemas"]
    for name in ("Register", "RegistrationAnswer", "WebinarDetails", "JoinDetails"):
        assert "example" in schemas[name], name
