"""Signing in over HTTP: a link works once, only here, only by POST, and only for a judge."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from services.kit.service import Service, Topics
from services.kit.tokens import Role, issue_bearer, issue_link
from services.scoring.store import Judging

from .fair import Court, Fair, fine, refused

JUDGE = "0b1c1f9e-3c57-5a5f-8a3d-2f6f0a5d1c11"


async def exchange(court: Court, token: str, key: str = "") -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await court.scoring.post("/sessions", json={"token": token}, headers=headers)


async def test_a_link_is_exchanged_once_for_a_judges_session(fair: Fair) -> None:
    link = fair.link(JUDGE, "message-once")
    session = fine(await exchange(fair.court, link))

    assert session["judge_id"] == JUDGE
    assert session["token_type"] == "bearer"
    bearer = {"Authorization": f"Bearer {session['access_token']}"}
    await fair.open()
    assert (await fair.get(f"/rounds/{fair.first}/assignments", bearer)).json() == []
    refused(await exchange(fair.court, link), 410, "link-used")
    fine(await exchange(fair.court, fair.link(JUDGE, "message-once-more")))


async def test_a_link_exchanged_by_many_at_once_gives_one_session(fair: Fair) -> None:
    link = fair.link(JUDGE, "message-raced")
    answers = await asyncio.gather(*(exchange(fair.court, link) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200, *[410] * 7]


async def test_who_lost_the_answer_asks_again_with_the_same_key(fair: Fair) -> None:
    link, key = fair.link(JUDGE, "message-repeated"), "a-key-that-nobody-guesses"
    fine(await exchange(fair.court, link, key))  # and the answer is lost

    session = fine(await exchange(fair.court, link, key))

    await fair.open()
    bearer = {"Authorization": f"Bearer {session['access_token']}"}
    assert (await fair.get(f"/rounds/{fair.first}/assignments", bearer)).json() == []
    refused(await exchange(fair.court, link, "a-key-of-somebody-else"), 410, "link-used")
    refused(await exchange(fair.court, link), 410, "link-used")


async def test_link_that_was_used_without_a_key_cannot_be_used_with_one(fair: Fair) -> None:
    link = fair.link(JUDGE, "message-without-key")
    fine(await exchange(fair.court, link))

    refused(await exchange(fair.court, link, "a-key-that-comes-late"), 410, "link-used")
    refused(await exchange(fair.court, link, "short"), 422, "invalid-request")


async def test_repeat_is_taken_for_ten_minutes(fair: Fair) -> None:
    service = Service("scoring", fair.court.rooms.settings("scoring"), Topics("", "", "", ""))
    judging, used = Judging(service), datetime(2020, 5, 1, 9, 0, tzinfo=UTC)
    try:
        assert await judging.sign_in("message-late", "key", used)
        assert await judging.sign_in("message-late", "key", used + timedelta(minutes=10))
        assert not await judging.sign_in("message-late", "key", used + timedelta(minutes=11))
    finally:
        service.client.close()


async def test_page_whose_answer_was_lost_can_be_sent_again(fair: Fair) -> None:
    link = fair.link(JUDGE, "message-reloaded")
    first, other = [await attempt_on_page(fair, link) for _ in range(2)]
    sent = {"token": link, "attempt": first}
    for _ in range(2):
        assert (await fair.court.scoring.post("/sign-in", data=sent)).status_code == 200

    another = await fair.court.scoring.post("/sign-in", data=sent | {"attempt": other})

    assert another.status_code == 410


async def attempt_on_page(fair: Fair, link: str) -> str:
    page = await fair.court.scoring.get("/sign-in", params={"token": link})
    found = re.search(r'name="attempt" value="([\w-]+)"', page.text)
    assert found
    return found.group(1)


async def test_looking_at_the_page_does_not_use_the_link(fair: Fair) -> None:
    link = fair.link(JUDGE, "message-scanned")
    for _ in range(3):
        page = await fair.court.scoring.get("/sign-in", params={"token": link})
        assert page.status_code == 200
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
    head = await fair.court.scoring.head("/sign-in", params={"token": link})
    assert head.status_code in (200, 405)

    pressed = await fair.court.scoring.post("/sign-in", data={"token": link})
    assert pressed.status_code == 200
    assert pressed.headers["cache-control"] == "no-store"
    again = await fair.court.scoring.post("/sign-in", data={"token": link})
    assert (again.status_code, again.headers["content-type"][:9]) == (410, "text/html")
    assert "Ask the secretary for a new one" in again.text
    refused(await exchange(fair.court, link), 410, "link-used")


async def test_the_page_escapes_what_stands_in_its_address(court: Court) -> None:
    page = await court.scoring.get("/sign-in", params={"token": '"><script>alert(1)</script>'})

    assert "<script>alert" not in page.text


def stranger_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    "wrong",
    [
        "forged",
        "expired",
        "for another service",
        "for another purpose",
        "a bearer token",
        "unsigned",
        "no token at all",
    ],
)
async def test_a_link_that_is_not_ours_is_refused(fair: Fair, wrong: str) -> None:
    now = datetime.now(UTC)
    later = now + timedelta(hours=1)
    token = {
        "forged": issue_link(
            stranger_key(),
            audience="scoring",
            purpose="sign-in",
            subject=JUDGE,
            message_id="m",
            expires=later,
        ),
        "expired": fair.link(JUDGE, "m", expires=now - timedelta(seconds=1)),
        "for another service": fair.link(JUDGE, "m", audience="webinar"),
        "for another purpose": fair.link(JUDGE, "m", purpose="join"),
        "a bearer token": fair.judge(JUDGE)["Authorization"].removeprefix("Bearer "),
        "unsigned": jwt.encode(
            {"aud": "scoring", "purpose": "sign-in", "sub": JUDGE, "typ": "link", "jti": "m",
             "exp": later},
            "",
            algorithm="none",
        ),
        "no token at all": "x" * 40,
    }[wrong]  # fmt: skip

    refused(await exchange(fair.court, token), 401, "token-rejected")


async def test_a_refused_link_is_not_used_up(fair: Fair) -> None:
    refused(
        await exchange(fair.court, fair.link(JUDGE, "message-kept", audience="webinar")),
        401,
        "token-rejected",
    )

    fine(await exchange(fair.court, fair.link(JUDGE, "message-kept")))


async def test_a_link_is_never_a_bearer_token(fair: Fair) -> None:
    await fair.open()
    bearer = {"Authorization": f"Bearer {fair.link(JUDGE, 'message-bearer')}"}

    refused(await fair.get(f"/rounds/{fair.first}/assignments", bearer), 401, "token-rejected")


def session_key(fair: Fair) -> str:
    return Path(fair.court.rooms.settings("scoring").session_key_file).read_text()


@pytest.mark.parametrize("role", ["admin", "secretary", "applicant"])
async def test_scorings_key_vouches_for_judges_alone(fair: Fair, role: Role) -> None:
    """Even somebody who holds scoring's own session key can't become more than a judge."""
    token = issue_bearer(
        session_key(fair),
        issuer="scoring",
        subject=JUDGE,
        role=role,
        now=datetime.now(UTC),
        lifetime=timedelta(hours=1),
    )
    bearer = {"Authorization": f"Bearer {token}"}

    refused(await fair.court.scoring.post(f"/rounds/{fair.first}/close", headers=bearer), 401,
            "token-rejected")  # fmt: skip
    path = f"/seasons/{fair.season}/panels/jury"
    refused(await fair.court.scoring.put(path, json={"members": fair.cast.panel("jury")},
                                         headers=bearer), 401, "token-rejected")  # fmt: skip


async def test_a_session_of_scoring_is_good_nowhere_else_and_for_nothing_else(fair: Fair) -> None:
    session = fine(await exchange(fair.court, fair.link(JUDGE, "message-abroad")))
    bearer = {"Authorization": f"Bearer {session['access_token']}"}

    refused(await fair.court.submission.get("/projects", headers=bearer), 401, "token-rejected")
    refused(
        await fair.court.scoring.post(f"/rounds/{fair.first}/close", headers=bearer),
        403,
        "role-not-allowed",
    )
