"""Bad input over HTTP on the real parts: refused in words, and nothing of it is left anywhere."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx
import pytest
import yaml
from motor.motor_asyncio import AsyncIOMotorClient

from admin.rehearsal.cast import Cast, FairSize, season_text
from admin.rehearsal.outside import read_topic
from schemas.topics import people
from services.submission.season_file import parse_season
from tests.rooms import Rooms, eventually

from .given import SEASON_FILE, SEASON_TEXT

TODAY = season_text(SEASON_FILE, datetime.now(UTC).date(), FairSize(projects=1))
DRAFT = Cast("bad-input", FairSize(projects=1), parse_season(TODAY)).projects()[0].draft
MEGABYTE = "ә" * 500_000
PAST = {"opens_at": "2020-01-01T00:00:00Z", "deadline": "2020-02-01T00:00:00Z"}
FUTURE = {"opens_at": "2990-01-01T00:00:00Z", "deadline": "2999-01-01T00:00:00Z"}
OWNER, OTHER = "ngo-1", "ngo-2"


def project_id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"bad-input/{name}"))


def season_like(id: str, **changes: Any) -> str:
    """Today's season under another id, with changes."""
    return yaml.safe_dump(yaml.safe_load(TODAY) | {"id": id} | changes, allow_unicode=True)


def draft(**changes: Any) -> dict[str, Any]:
    return DRAFT | changes


def with_line(**changes: Any) -> dict[str, Any]:
    """A draft whose only budget line is right but for the changes."""
    line = {
        "title": "Сөре",
        "quantity": 1,
        "unit_price_tiyn": 9,
        "requested_tiyn": 9,
        "own_tiyn": 0,
    }
    return draft(budget_lines=[line | changes])


@dataclass(frozen=True)
class Bad:
    """A request, and the refusal it meets."""

    name: str
    request: dict[str, Any]
    status: int
    rule: str
    where: str = ""
    method: str = "PUT"
    path: str = "/projects/" + project_id("never")
    role: Any = "applicant"
    subject: str = OWNER
    headers: dict[str, str] = field(default_factory=dict)


def command(verb: str, project: str) -> str:
    return f"/projects/{project_id(project)}/{verb}"


def bad_draft(name: str, where: str, **changes: Any) -> Bad:
    return Bad(name, {"json": draft(**changes)}, 422, "invalid-request", where)


def bad_line(name: str, where: str, **changes: Any) -> Bad:
    where = f"budget_lines.0.{where}"
    return Bad(name, {"json": with_line(**changes)}, 422, "invalid-request", where)


def misfit(name: str, where: str, **changes: Any) -> Bad:
    return Bad(name, {"json": draft(**changes)}, 422, "project-invalid", where)


def bad_season(name: str, text: str | bytes, where: str = "", **changes: Any) -> Bad:
    fields: dict[str, Any] = {"path": "/seasons/2020", "role": "admin"} | changes
    return Bad(name, {"content": text}, 422, "season-invalid", where, **fields)


SCREENING = {"version": 1, "outcome": "eligible"}

DRAFTS = [
    misfit("unknown nomination", "nomination", nomination="sports"),
    misfit("unknown region", "region", region="atlantis"),
    bad_draft("goal 0", "goals.0", goals=[0]),
    bad_draft("goal 18", "goals.1", goals=[1, 18]),
    bad_draft("goal in words", "goals.0", goals=["four"]),
    bad_draft("18 goals", "goals", goals=[1] * 18),
    bad_draft("unknown settlement kind", "settlement_kind", settlement_kind="castle"),
    bad_line("negative tiyn", "requested_tiyn", requested_tiyn=-1),
    bad_line("fractional tiyn", "requested_tiyn", requested_tiyn=8.5),
    bad_line("tiyn as a float", "own_tiyn", own_tiyn=0.0),
    bad_line("tiyn in a string", "unit_price_tiyn", unit_price_tiyn="9"),
    bad_line("tiyn beyond counting", "unit_price_tiyn", unit_price_tiyn=10**30),
    bad_line("quantity 0", "quantity", quantity=0),
    bad_line("a line without its title", "title", title=None),
    Bad("sums differ", {"json": with_line(own_tiyn=1)}, 422, "project-invalid", "budget_lines.0"),
    Bad(
        "above the cap",
        {"json": with_line(unit_price_tiyn=10**14, requested_tiyn=10**14)},
        422,
        "project-invalid",
        "budget_lines",
    ),
    Bad(
        "a total beyond counting",
        {
            "json": with_line(
                quantity=2, unit_price_tiyn=6 * 10**14, requested_tiyn=2 * 10**14, own_tiyn=10**15
            )
        },
        422,
        "project-invalid",
        "budget_lines",
    ),
    bad_draft("101 lines", "budget_lines", budget_lines=with_line()["budget_lines"] * 101),
    bad_draft("unknown field", "nominaton", nominaton="environment"),
    bad_draft("empty title", "title", title=" "),
    bad_draft("a title of two lines", "title", title="a\nBcc: everybody"),
    bad_draft("half a letter", "title", title="\ud800"),
    bad_draft("half a letter in a key", "", **{"\ud800": 1}),
    bad_line("no number", "own_tiyn", own_tiyn=float("nan")),
    Bad("nested without end", {"content": b"[" * 200_000}, 400, "bad-request"),
    Bad(
        "a number of 5000 digits",
        {"content": b'{"title": ' + b"9" * 5000 + b"}"},
        400,
        "bad-request",
    ),
    Bad("not UTF-8", {"content": b'{"title": "\xff"}'}, 400, "bad-request"),
    bad_draft("wrong BIN", "organisation.bin", organisation={"name": "Үлгі", "bin": "12"}),
    bad_draft("unknown language", "language", language="fr"),
    bad_draft("no e-mail", "contact.email", contact=DRAFT["contact"] | {"email": "nobody"}),
    bad_draft("too long a text", "summary", summary="ә" * 8001),
    bad_draft("200 000 letters", "summary", summary="a" * 200_000),
    bad_draft("no season", "season_id", season_id=None),
    Bad("1 MB of text", {"json": draft(summary=MEGABYTE)}, 413, "body-too-large"),
    Bad("1 MB that is no JSON", {"content": MEGABYTE.encode()}, 413, "body-too-large"),
    Bad("not JSON", {"content": b"{title:"}, 400, "not-json"),
    Bad("no body", {}, 422, "invalid-request", "body"),
    Bad("a list", {"json": [DRAFT]}, 422, "invalid-request", "body"),
    Bad("a season nobody opened", {"json": draft(season_id="1999")}, 404, "unknown-season"),
    Bad("deadline passed", {"json": draft(season_id="past")}, 409, "deadline-passed"),
    Bad("not open yet", {"json": draft(season_id="future")}, 409, "season-not-open-yet"),
    Bad("closed", {"json": draft(season_id="closed")}, 409, "deadline-passed"),
    Bad("no token", {"json": draft()}, 401, "token-missing", role=None),
    Bad(
        "forged token",
        {"json": draft()},
        401,
        "token-rejected",
        role=None,
        headers={"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJvcGVyYXRvciJ9."},
    ),
    Bad("judge", {"json": draft()}, 403, "role-not-allowed", role="judge"),
    Bad("secretary", {"json": draft()}, 403, "role-not-allowed", role="secretary"),
    Bad("admin", {"json": draft()}, 403, "role-not-allowed", role="admin"),
    Bad(
        "no UUID", {"json": draft()}, 422, "invalid-request", "path.project_id", path="/projects/1"
    ),
    Bad(
        "somebody else's project",
        {"json": draft(title="Stolen")},
        403,
        "not-your-project",
        path=f"/projects/{project_id('draft')}",
        subject=OTHER,
    ),
    Bad(
        "another season",
        {"json": draft(season_id="other")},
        409,
        "season-fixed",
        path=f"/projects/{project_id('draft')}",
    ),
]

COMMANDS = [
    *[
        Bad(f"submit without {name}", {}, 422, "project-invalid", name, "POST",
            command("submit", f"without-{name}"))
        for name in ("title", "nomination", "goals", "budget_lines", "contact")
    ],
    Bad("submit the unknown", {}, 404, "unknown-project", "", "POST", command("submit", "never")),
    Bad("submit for another", {}, 403, "not-your-project", "", "POST", command("submit", "draft"),
        subject=OTHER),
    Bad("submit without token", {}, 401, "token-missing", "", "POST", command("submit", "draft"),
        role=None),
    Bad("submit as secretary", {}, 403, "role-not-allowed", "", "POST",
        command("submit", "draft"), role="secretary"),
    Bad("submit with too long a key", {}, 422, "invalid-request", "header.idempotency-key", "POST",
        command("submit", "draft"), headers={"Idempotency-Key": "k" * 201}),
    Bad("withdraw a draft", {}, 409, "not-submitted", "", "POST", command("withdrawal", "draft")),
    Bad("withdraw for another", {}, 403, "not-your-project", "", "POST",
        command("withdrawal", "submitted"), subject=OTHER),
    Bad("withdraw the unknown", {}, 404, "unknown-project", "", "POST",
        command("withdrawal", "never")),
    Bad("screen as applicant", {"json": SCREENING}, 403, "role-not-allowed", "", "POST",
        command("screening", "submitted")),
    Bad("screen the unknown", {"json": SCREENING}, 404, "unknown-project", "", "POST",
        command("screening", "never"), role="secretary"),
    Bad("screen a draft", {"json": SCREENING}, 404, "unknown-project", "", "POST",
        command("screening", "draft"), role="secretary"),
    Bad("screen another version", {"json": SCREENING | {"version": 2}}, 409, "version-outdated",
        "", "POST", command("screening", "submitted"), role="secretary"),
    Bad("screen without reason", {"json": SCREENING | {"outcome": "ineligible"}}, 422,
        "project-invalid", "reason_code", "POST", command("screening", "submitted"),
        role="secretary"),
    Bad("screen with an unknown reason", {"json": SCREENING | {"reason_code": "ugly"}}, 422,
        "invalid-request", "reason_code", "POST", command("screening", "submitted"),
        role="secretary"),
    Bad("screen with version 0", {"json": SCREENING | {"version": 0}}, 422, "invalid-request",
        "version", "POST", command("screening", "submitted"), role="secretary"),
    Bad("screen with no JSON", {"content": b"eligible"}, 400, "not-json", "", "POST",
        command("screening", "submitted"), role="secretary"),
]  # fmt: skip

SEASONS = [
    bad_season("a key with a typing error", TODAY.replace("timezone:", "timezome:"), "timezome"),
    bad_season("a wrong value", TODAY.replace("grace_minutes: 15", "grace_minutes: x"), "grace_"),
    bad_season("no YAML", "id: [", "line 1"),
    bad_season("no mapping", "[]", "line 1"),
    bad_season("no UTF-8", b"\xff\xfe"),
    bad_season("another id", TODAY, path="/seasons/2021"),
    Bad("as secretary", {"content": TODAY}, 403, "role-not-allowed", "", "PUT", "/seasons/2020",
        role="secretary"),
    Bad("without token", {"content": TODAY}, 401, "token-missing", "", "PUT", "/seasons/2020",
        role=None),
    Bad("another definition", {"content": SEASON_TEXT}, 409, "season-already-open", "", "PUT",
        "/seasons/2020", role="admin"),
    Bad("1 MB", {"content": MEGABYTE.encode()}, 413, "body-too-large", "", "PUT", "/seasons/2020",
        role="admin"),
    Bad("close the unknown", {}, 404, "unknown-season", "", "POST", "/seasons/1999/close",
        role="admin"),
    Bad("close as applicant", {}, 403, "role-not-allowed", "", "POST", "/seasons/2020/close"),
]  # fmt: skip

READS = [
    Bad("unknown project", {}, 404, "unknown-project", "", "GET", f"/projects/{project_id('x')}"),
    Bad("a draft, by the public", {}, 404, "unknown-project", "", "GET",
        f"/projects/{project_id('draft')}", role=None),
    Bad("a draft, by another", {}, 404, "unknown-project", "", "GET",
        f"/projects/{project_id('draft')}", subject=OTHER),
    Bad("a draft, by the secretary", {}, 404, "unknown-project", "", "GET",
        f"/projects/{project_id('draft')}", role="secretary"),
    Bad("an id that is none", {}, 422, "invalid-request", "path.project_id", "GET", "/projects/1"),
    Bad("unknown season", {}, 404, "unknown-season", "", "GET", "/seasons/1999", role=None),
    Bad("a page of 0", {}, 422, "invalid-request", "query.limit", "GET", "/projects?limit=0"),
    Bad("a page of 501", {}, 422, "invalid-request", "query.limit", "GET", "/projects?limit=501"),
    Bad("own projects of nobody", {}, 401, "token-missing", "", "GET", "/projects?mine=true",
        role=None),
    Bad("own projects of the secretary", {}, 403, "role-not-allowed", "", "GET",
        "/projects?mine=true", role="secretary"),
    Bad("no such page", {}, 404, "not-found", "", "GET", "/nowhere"),
    Bad("no such method", {}, 405, "method-not-allowed", "", "DELETE", "/projects"),
]  # fmt: skip


@pytest.fixture(scope="module")
async def database(rooms: Rooms) -> AsyncIterator[Any]:
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(rooms.environment["MONGO_URL"])
    yield client[rooms.database("submission")]
    client.close()


@pytest.fixture(scope="module")
async def submission(rooms: Rooms, database: Any) -> httpx.AsyncClient:
    """A room with seasons of every kind, a draft, incomplete drafts, and a submitted project."""
    client = await rooms.open("submission")
    seasons = {
        "2020": TODAY,
        "other": season_like("other"),
        "closed": season_like("closed"),
        "past": season_like("past", **PAST),
        "future": season_like("future", **FUTURE),
    }
    for id, text in seasons.items():
        put = await client.put(f"/seasons/{id}", content=text, headers=rooms.token("admin"))
        assert put.status_code == 200, put.text
    await client.post("/seasons/closed/close", headers=rooms.token("admin"))
    owner = rooms.token("applicant", OWNER)
    missing = ("title", "nomination", "goals", "budget_lines", "contact")
    drafts = {f"without-{name}": draft(**{name: None}) for name in missing}
    for name, body in (drafts | {"draft": DRAFT, "submitted": DRAFT}).items():
        put = await client.put(f"/projects/{project_id(name)}", json=body, headers=owner)
        assert put.status_code == 200, put.text
    await client.post(command("submit", "submitted"), headers=owner)
    await eventually(lambda: _nothing_pending(database), "the outboxes are empty")
    return client


@pytest.mark.parametrize("bad", DRAFTS + COMMANDS + SEASONS + READS, ids=lambda bad: bad.name)
async def test_bad_input_is_refused_in_words_and_leaves_nothing(
    bad: Bad, rooms: Rooms, submission: httpx.AsyncClient, database: Any
) -> None:
    before = await everything(database)
    request = _request(bad)
    if bad.role:
        request["headers"] = request["headers"] | rooms.token(bad.role, bad.subject)

    answer = await submission.request(bad.method, bad.path, **request)

    assert answer.status_code == bad.status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"urn:zharmenke:problem:{bad.rule}"
    assert problem["status"] == bad.status
    assert problem["detail"]
    assert problem["instance"] == bad.path.partition("?")[0]
    if bad.where:
        assert any(bad.where in error["where"] for error in problem["errors"]), problem["errors"]
        assert all(error["what"] for error in problem["errors"])
    assert await everything(database) == before


async def test_after_all_bad_input_the_topics_hold_what_was_there_before(
    rooms: Rooms, submission: httpx.AsyncClient, database: Any
) -> None:
    async def drained() -> bool:
        return (await submission.get("/health/ready")).is_success and await _nothing_pending(
            database
        )

    await eventually(drained, "the relay has nothing to say")
    said = sorted(id for id, _ in await rooms.said("submission"))
    opened = [f"submission/season/{id}:1" for id in ("2020", "closed", "future", "other", "past")]
    expected = [
        f"submission/project/{project_id('submitted')}:1",
        "submission/season/closed:2",
        *opened,
    ]
    assert said == sorted(expected)

    topic = people("submission", rooms.prefix)
    records = await read_topic(rooms.environment["KAFKA_BOOTSTRAP_SERVERS"], topic)
    assert len(records) == 1, "only the project that was handed in told others of its person"


async def everything(database: Any) -> dict[str, list[Any]]:
    """Every document of the service, with its people and its outbox."""
    names = ("seasons", "projects", "outcomes", "parked")
    return {name: await database[name].find({}).sort("_id", 1).to_list(None) for name in names}


async def _nothing_pending(database: Any) -> bool:
    for name in ("seasons", "projects"):
        if await database[name].find_one({"pending": True}):
            return False
    return True


def _request(bad: Bad) -> dict[str, Any]:
    """The body as bytes: httpx writes JSON as UTF-8, which can't hold half a letter."""
    request = bad.request
    if "json" in request:
        request = {"content": json.dumps(request["json"]).encode()}
    if "content" in request and bad.path.startswith("/projects"):
        return request | {"headers": {"Content-Type": "application/json"} | bad.headers}
    return request | {"headers": bad.headers}
