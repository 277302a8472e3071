"""The page behind a personal link, in three languages, and what it refuses."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from httpx import Response

from schemas.base import Language
from services.kit.tokens import issue_link
from services.webinar.wording import LANGUAGES, WORDS, preferred, when

from .given import STARTS
from .keys import private_pem
from .running import Running


async def registered(service: Running, language: Language = "kk", webinar: str = "open") -> str:
    id = str(uuid4())
    answer = await service.client.put(
        f"/webinars/2020-{webinar}/registrations/{id}",
        json={
            "name": "<b>Айгүл</b>",
            "email": f"{id}@example.org",
            "language": language,
            "personal_data_consent": True,
        },
    )
    assert answer.status_code == 200
    return id


async def join(service: Running, token: str, language: str = "") -> Response:
    return await service.client.get(
        "/join", params={"token": token}, headers={"Accept-Language": language}
    )


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_is_in_the_registrations_language(
    service: Running, language: Language
) -> None:
    id = await registered(service, language)
    page = await join(service, service.link(id), "de")
    assert page.status_code == 200
    assert page.headers["content-language"] == language
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert f'<html lang="{language}">' in page.text
    assert WORDS[language]["confirmed"] in page.text
    assert 'href="https://meet.example.org/2020-open"' in page.text
    assert "<script" not in page.text


async def test_the_json_says_the_same(service: Running) -> None:
    id = await registered(service, "ru")
    answer = await service.client.get("/join.json", params={"token": service.link(id)})
    assert answer.status_code == 200
    found = answer.json()
    assert (found["status"], found["phase"], found["title"]) == (
        "confirmed",
        "upcoming",
        "СМИ и НПО",
    )
    assert found["room_url"] == "https://meet.example.org/2020-open"
    assert datetime.fromisoformat(found["starts_at"]).utcoffset() == timedelta(hours=5)


async def test_a_forged_expired_or_foreign_link_is_401(service: Running) -> None:
    id = await registered(service)
    stranger = private_pem(Ed25519PrivateKey.generate())
    expires = datetime.now(UTC) + timedelta(hours=1)
    tokens = [
        "",
        "nonsense",
        service.link(id)[:-3],
        service.link(id, expires=datetime.now(UTC) - timedelta(seconds=1)),
        service.link(id, audience="scoring"),
        service.link(id, purpose="sign-in"),
        service.bearer("admin")["Authorization"].removeprefix("Bearer "),
        issue_link(
            stranger,
            audience="webinar",
            purpose="join",
            subject=id,
            message_id="m",
            expires=expires,
        ),
    ]
    for token in tokens:
        page = await join(service, token, "ru-RU,ru;q=0.9")
        assert page.status_code == 401, token
        assert WORDS["ru"]["denied_title"] in page.text
        program = await service.client.get("/join.json", params={"token": token})
        assert program.status_code == 401
        assert program.headers["content-type"] == "application/problem+json"


async def test_a_link_to_nothing_is_404(service: Running) -> None:
    page = await join(service, service.link(str(uuid4())), "en")
    assert page.status_code == 404
    assert WORDS["en"]["missing_title"] in page.text


async def test_a_get_changes_nothing_and_the_button_cancels(service: Running) -> None:
    id = await registered(service, "en")
    token = service.link(id)
    for _ in range(3):
        assert (await join(service, token)).status_code == 200
    answer = await service.client.post("/join/cancel", data={"token": token})
    assert answer.status_code == 303
    page = await service.client.get(f"/join/{answer.headers['location']}")
    assert page.status_code == 410
    assert WORDS["en"]["gone_title"] in page.text
    program = await service.client.get("/join.json", params={"token": token})
    assert (program.status_code, program.json()["type"]) == (
        410,
        "urn:zharmenke:problem:registration-cancelled",
    )
    assert (await service.client.post("/join/cancel", data={"token": token})).status_code == 303
    assert (await service.client.post("/join/cancel", data={})).status_code == 401


async def test_who_waits_gets_no_way_into_the_room(service: Running) -> None:
    ids = [await registered(service, "kk", "small") for _ in range(3)]
    page = await join(service, service.link(ids[2]))
    assert page.status_code == 200
    assert WORDS["kk"]["waitlisted"] in page.text
    assert "meet.example.org" not in page.text
    program = await service.client.get("/join.json", params={"token": service.link(ids[2])})
    assert program.json()["room_url"] is None


def test_the_languages_have_the_same_words() -> None:
    assert {frozenset(WORDS[language]) for language in LANGUAGES} == {frozenset(WORDS["kk"])}


@pytest.mark.parametrize(
    ("asked", "language"),
    [("", "kk"), ("de", "kk"), ("ru-RU,ru;q=0.9,en;q=0.8", "ru"), ("en-GB", "en"), ("*", "kk")],
)
def test_preferred_language(asked: str, language: Language) -> None:
    assert preferred(asked) == language


def test_when_says_local_time_with_its_zone() -> None:
    moments = when(STARTS, STARTS + timedelta(minutes=90), "Asia/Almaty", "en")
    assert (moments.day, moments.hours, moments.place) == (
        "Wednesday, 13 May 2020",
        "17:00–18:30",
        "Almaty, UTC+6",
    )
    later = STARTS.replace(year=2026)
    assert when(later, later, "Asia/Almaty", "kk").place == "Алматы, UTC+5"
    assert when(later, later, "Asia/Kathmandu", "ru").place.endswith(", UTC+5:45")
    assert when(later, later, "America/St_Johns", "ru").place.endswith(", UTC-2:30")
