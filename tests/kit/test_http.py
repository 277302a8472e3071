"""HTTP as all services speak it: every refusal is problem+json, and says what and where."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from pydantic import Field
from pymongo.errors import AutoReconnect
from starlette.responses import PlainTextResponse

from services.kit import http
from services.kit.access import Access, command_key
from services.kit.aggregate import CommandKey
from services.kit.http import context_of
from services.kit.refusal import Fault, Kind, Refused
from services.kit.tokens import Caller, issue_bearer, issue_link
from tests.kit.test_tokens import KEYS, OPERATOR, bearer, key_pair, unsigned

BOOTH_KEY, BOOTH_PUBLIC = key_pair()
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


class Coin(http.Command):
    tiyn: Annotated[int, Field(ge=0, strict=True)]
    note: str = ""


def make_app() -> FastAPI:
    app = FastAPI(title="Booth", responses=http.PROBLEMS)
    http.install(app)
    access = Access(KEYS["operator"])
    access.trust("booth", BOOTH_PUBLIC, frozenset({"judge"}))

    @app.post("/coins")
    async def add_coin(
        coin: Coin, caller: Annotated[Caller, Depends(access.require("judge", "admin"))]
    ) -> dict[str, str]:
        return {"caller": caller.actor, "note": coin.note}

    @app.post("/open-coins")
    async def add_open_coin(coin: Coin) -> dict[str, int]:
        return {"tiyn": coin.tiyn}

    @app.put("/raw")
    async def put_raw(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    @app.get("/whoami")
    async def who_am_i(
        request: Request, caller: Annotated[Caller | None, Depends(access.optional())]
    ) -> dict[str, str]:
        context = context_of(request, caller)
        return {
            "actor": context.actor,
            "via": context.via,
            "correlation": context.correlation_id,
            "trace": context.traceparent,
        }

    @app.get("/refused/{kind}")
    async def refuse(kind: Kind) -> None:
        raise Refused(kind, "some-rule", "A sentence.", [Fault("coin.note", "is blank")])

    @app.get("/away")
    async def away() -> None:
        raise AutoReconnect("10.0.0.7:27017 secret host")

    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("secret of the house")

    @app.post("/keyed")
    async def keyed(
        key: Annotated[CommandKey | None, Depends(command_key)],
    ) -> dict[str, str | None]:
        return {"key": key.key if key else None, "print": key.fingerprint if key else None}

    return app


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://booth.test") as made:
        yield made


def authorised(token: str = "") -> dict[str, str]:
    return {"Authorization": f"Bearer {token or bearer(role='judge')}"}


def assert_problem(answer: httpx.Response, status: int, rule: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-correlation-id"]
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"urn:zharmenke:problem:{rule}"
    assert body["status"] == status
    assert body["instance"] == answer.request.url.path
    assert body["title"]
    assert body["detail"]
    return body


@pytest.mark.parametrize(
    "body", [b"", b"{", b"tiyn=1", b"\xff\xfe", b"[" * 100_000, b'{"tiyn": 1}}'], ids=repr
)
async def test_body_that_is_not_json_is_400(client: httpx.AsyncClient, body: bytes) -> None:
    headers = authorised() | {"content-type": "application/json"}
    answer = await client.post("/coins", content=body, headers=headers)
    if body:
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    else:
        assert_problem(answer, 422, "invalid-request")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"tiyn": "1"}, "tiyn"),
        ({"tiyn": 1.5}, "tiyn"),
        ({"tiyn": -1}, "tiyn"),
        ({"tiyn": 1, "nota": "x"}, "nota"),
        ({}, "tiyn"),
        ([], "body"),
        ("text", "body"),
        (None, "body"),
        ({"tiyn": 1, "note": None}, "note"),
    ],
    ids=str,
)
async def test_field_that_is_wrong_unknown_or_missing_is_422_and_named(
    client: httpx.AsyncClient, body: Any, where: str
) -> None:
    answer = await client.post("/coins", json=body, headers=authorised())
    problem = assert_problem(answer, 422, "invalid-request")
    assert [fault["where"] for fault in problem["errors"]] == [where]
    assert where in problem["detail"]


@pytest.mark.parametrize("body", [b'{"tiyn": 1, "\\ud800": 2}', b'{"tiyn": 1, "note": "\\ud800"}'])
async def test_half_a_letter_is_422_and_not_a_crash(client: httpx.AsyncClient, body: bytes) -> None:
    headers = authorised() | {"content-type": "application/json"}
    answer = await client.post("/coins", content=body, headers=headers)
    assert_problem(answer, 422, "invalid-request")


async def test_body_of_a_megabyte_is_413(client: httpx.AsyncClient) -> None:
    answer = await client.post("/open-coins", json={"tiyn": 1, "note": "x" * 1_000_000})
    assert_problem(answer, 413, "body-too-large")


async def test_chunked_body_of_a_megabyte_is_413_and_not_read_to_its_end(
    client: httpx.AsyncClient,
) -> None:
    sent: list[int] = []

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(64):
            sent.append(number)
            yield b"x" * 65_536

    assert_problem(await client.put("/raw", content=chunks()), 413, "body-too-large")
    assert len(sent) <= 10


async def test_body_up_to_the_limit_is_taken_whole(client: httpx.AsyncClient) -> None:
    fine = await client.put("/raw", content=b"x" * http.LARGEST_BODY)
    assert fine.json() == {"size": http.LARGEST_BODY}
    over = await client.put("/raw", content=b"x" * (http.LARGEST_BODY + 1))
    assert_problem(over, 413, "body-too-large")


async def test_caller_that_leaves_in_the_middle_of_a_body_is_left_alone() -> None:
    called: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        called.append("app")

    messages = iter(
        [{"type": "http.request", "body": b"x", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        called.append("send")

    await http.BodyLimit(app)({"type": "http", "method": "PUT", "path": "/"}, receive, send)
    assert called == []


async def test_unknown_route_and_method_are_problems(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/nowhere"), 404, "not-found")
    assert_problem(await client.delete("/coins"), 405, "method-not-allowed")


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}], ids=str
)
async def test_no_token_is_401_and_says_how(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.post("/coins", json={"tiyn": 1}, headers=headers)
    assert_problem(answer, 401, "token-missing")
    assert answer.headers["www-authenticate"] == "Bearer"


LINK = issue_link(
    OPERATOR,
    audience="zharmenke",
    purpose="join",
    subject="r-1",
    message_id="m-1",
    expires=datetime.now(UTC) + timedelta(hours=1),
)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(bearer(BOOTH_KEY), id="forged"),
        pytest.param(bearer(exp=datetime.now(UTC) - timedelta(minutes=1)), id="expired"),
        pytest.param(bearer(iss="elsewhere"), id="other issuer"),
        pytest.param(unsigned({"iss": "operator", "sub": "x", "role": "admin"}), id="alg none"),
        pytest.param(bearer(BOOTH_KEY, iss="booth", role="admin"), id="role not vouched for"),
        pytest.param(LINK, id="link token"),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/coins"), ("GET", "/whoami")])
async def test_token_that_is_not_valid_is_401_even_where_none_is_needed(
    client: httpx.AsyncClient, token: str, method: str, path: str
) -> None:
    answer = await client.request(method, path, json={"tiyn": 1}, headers=authorised(token))
    assert_problem(answer, 401, "token-rejected")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_role_that_may_not_is_403_and_hears_who_may(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/coins", json={"tiyn": 1}, headers=authorised(bearer(role="secretary"))
    )
    problem = assert_problem(answer, 403, "role-not-allowed")
    assert "judge, admin" in problem["detail"]


async def test_trusted_issuer_vouches_for_its_role(client: httpx.AsyncClient) -> None:
    token = issue_bearer(
        BOOTH_KEY,
        issuer="booth",
        subject="aigul",
        role="judge",
        now=datetime.now(UTC),
        lifetime=timedelta(minutes=1),
    )
    answer = await client.post("/coins", json={"tiyn": 1}, headers=authorised(token))
    assert answer.json()["caller"] == "judge/aigul"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("invalid", 422),
        ("unauthenticated", 401),
        ("forbidden", 403),
        ("missing", 404),
        ("conflict", 409),
        ("gone", 410),
        ("busy", 503),
    ],
)
async def test_refusal_becomes_the_status_of_its_kind(
    client: httpx.AsyncClient, kind: str, status: int
) -> None:
    answer = await client.get(f"/refused/{kind}")
    problem = assert_problem(answer, status, "some-rule")
    assert problem["detail"] == "A sentence."
    assert problem["errors"] == [{"where": "coin.note", "what": "is blank"}]
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_database_that_is_away_is_503_and_tells_nothing_of_it(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/away")
    assert_problem(answer, 503, "database-away")
    assert "secret" not in answer.text
    assert answer.headers["retry-after"] == "2"


async def test_crash_is_500_without_details_and_the_log_has_them(
    client: httpx.AsyncClient, logged: list[Any]
) -> None:
    answer = await client.get("/crash", headers={"x-correlation-id": "report/7"})
    assert_problem(answer, 500, "internal-error")
    assert "secret" not in answer.text
    assert answer.headers["x-correlation-id"] == "report/7"
    (entry,) = [entry for entry in logged if entry["event"] == "request_failed"]
    assert str(entry["exc_info"]) == "secret of the house"
    assert entry["correlation_id"] == "report/7"


async def test_correlation_id_of_the_caller_is_kept_and_said(client: httpx.AsyncClient) -> None:
    headers = {"x-correlation-id": "order-7/a.b:c~d", "traceparent": TRACE}
    answer = await client.get("/whoami", headers=headers)
    assert answer.headers["x-correlation-id"] == "order-7/a.b:c~d"
    assert answer.json()["correlation"] == "order-7/a.b:c~d"
    assert answer.json()["trace"] == TRACE


@pytest.mark.parametrize(
    "junk", ["", "a b", "<script>", "x" * 101, "a\n", "ү".encode(), b"\xff", "a,b", '"a"'], ids=repr
)
async def test_junk_is_no_correlation_id(client: httpx.AsyncClient, junk: str | bytes) -> None:
    value = junk.encode() if isinstance(junk, str) else junk
    answer = await client.get("/whoami", headers=[(b"x-correlation-id", value)])
    assert re.fullmatch(r"http/[0-9a-f]{24}", answer.headers["x-correlation-id"])
    assert answer.json()["correlation"] == answer.headers["x-correlation-id"]


@pytest.mark.parametrize("junk", ["", "00-x-y-01", TRACE.upper(), f"{TRACE}0", f"{TRACE}\n"])
async def test_junk_is_no_traceparent(client: httpx.AsyncClient, junk: str) -> None:
    answer = await client.get("/whoami", headers=[(b"traceparent", junk.encode())])
    trace = answer.json()["trace"]
    assert trace != junk
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", trace)


async def test_requests_at_once_keep_their_own_correlation_ids(client: httpx.AsyncClient) -> None:
    names = [f"c-{n}" for n in range(20)]
    answers = await asyncio.gather(
        *(client.get("/whoami", headers={"x-correlation-id": name}) for name in names)
    )
    assert [answer.json()["correlation"] for answer in answers] == names


async def test_context_says_who_and_by_what_way(client: httpx.AsyncClient) -> None:
    async def seen(headers: dict[str, str]) -> tuple[str, str]:
        body = (await client.get("/whoami", headers=headers)).json()
        return body["actor"], body["via"]

    assert await seen({}) == ("public", "api")
    assert await seen(authorised()) == ("judge/aigul", "api")
    assert await seen(authorised(bearer(role="admin"))) == ("admin/aigul", "admin")


async def test_idempotency_key_is_told_apart_by_who_what_and_where(
    client: httpx.AsyncClient,
) -> None:
    async def fingerprint(
        body: str = "x", token: str = "", path: str = "/keyed", key: str = "k"
    ) -> Any:
        headers = authorised(token) | {"idempotency-key": key}
        return (await client.post(path, content=body, headers=headers)).json()["print"]

    first = await fingerprint()
    renewed = bearer(role="judge", exp=datetime.now(UTC) + timedelta(hours=9))
    assert await fingerprint() == first
    assert await fingerprint(token=renewed) == first
    others = [
        await fingerprint(body="y"),
        await fingerprint(token=bearer(role="judge", sub="somebody")),
        await fingerprint(token=bearer(role="admin")),
        await fingerprint(path="/keyed?twice=true"),
    ]
    assert len({first, *others}) == 5


async def test_idempotency_key_is_optional_and_bounded(client: httpx.AsyncClient) -> None:
    assert (await client.post("/keyed")).json() == {"key": None, "print": None}
    for junk in ("", "x" * 201):
        answer = await client.post("/keyed", headers={"idempotency-key": junk})
        problem = assert_problem(answer, 422, "invalid-request")
        assert problem["errors"][0]["where"] == "header.idempotency-key"


async def test_openapi_says_problem_json_with_an_example_for_every_error(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/openapi.json")).json()
    assert (await client.get("/openapi.json")).json() == document
    for path, operations in document["paths"].items():
        for operation in operations.values():
            errors = {s: a for s, a in operation["responses"].items() if s[0] in "45"}
            assert {"400", "401", "403", "404", "409", "413", "422", "503"} <= set(errors), path
            for answer in errors.values():
                assert list(answer["content"]) == ["application/problem+json"]
                reference = answer["content"]["application/problem+json"]["schema"]["$ref"]
                assert reference == "#/components/schemas/Problem"
    assert document["components"]["schemas"]["Problem"]["example"]["status"] == 422
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_service_that_starts_answers_503_but_its_probes_and_documents() -> None:
    prepared = False

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("fine")(scope, receive, send)

    starting = http.Starting(app, prepared=lambda: prepared)
    transport = httpx.ASGITransport(starting)
    async with httpx.AsyncClient(transport=transport, base_url="http://booth.test") as client:
        for path in ("/health/live", "/health/ready", "/metrics", "/openapi.json"):
            assert (await client.get(path)).text == "fine"
        answer = await client.put("/projects/1")
        assert (answer.status_code, answer.json()["type"][-8:]) == (503, "starting")
        assert answer.headers["retry-after"] == "2"
        prepared = True
        assert (await client.put("/projects/1")).text == "fine"
