"""HTTP as all services speak it: problem+json (RFC 9457), correlation ids, limits."""

import json
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Self

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.telemetry import TelemetryConfig
from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, model_validator
from pydantic_core import PydanticCustomError
from pymongo.errors import PyMongoError
from starlette.exceptions import HTTPException

from services.kit.correlation import Answered, App, Correlation, Receive, Scope, Send
from services.kit.envelope import NAMESPACE, Context
from services.kit.refusal import Fault, Kind, Refused
from services.kit.tokens import Caller
from services.kit.tracing import OFF, Tracing

log = structlog.get_logger(__name__)

LARGEST_BODY = 512 * 1024
NO_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)
"""FastAPI's own spans hold queries, and with them the tokens of links; ours do not."""
STATUS: Mapping[Kind, int] = {
    "invalid": 422,
    "unauthenticated": 401,
    "forbidden": 403,
    "missing": 404,
    "conflict": 409,
    "gone": 410,
    "busy": 503,
}


class ProblemFault(BaseModel):
    """One thing that is wrong with the request."""

    where: str
    what: str


class Problem(BaseModel):
    """Why a request was refused (RFC 9457). `type` is stable; `detail` is for a person."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:zharmenke:problem:unknown-region",
                "title": "Unprocessable Content",
                "status": 422,
                "detail": "The region 'atlantis' is not one of season 2020.",
                "instance": "/projects/7f0c0e4e-6f3e-5d0a-9a53-0a3c1f2b4d5e",
                "errors": [{"where": "content.region", "what": "unknown region 'atlantis'"}],
            }
        }
    )
    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[ProblemFault] = []


class Command(BaseModel):
    """A request body. Unknown fields are refused, so that a typing error can't be lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _whole_letters(cls, value: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        """JSON can spell half a letter (\\ud800), which no database and no mail can keep."""
        command = validate(value)
        try:
            json.dumps(value, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError:
            raise PydanticCustomError("half_letter", "there is half a letter in it") from None
        return command


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body is not JSON"},
    401: {"model": Problem, "description": "No token, or one that is not valid"},
    403: {"model": Problem, "description": "The caller's role may not do this"},
    404: {"model": Problem, "description": "Nothing with this id"},
    409: {"model": Problem, "description": "The rules do not allow it now"},
    413: {"model": Problem, "description": "The body is too large"},
    422: {"model": Problem, "description": "A field is missing or wrong"},
    503: {"model": Problem, "description": "The database is away; nothing was changed"},
}
"""Error answers for OpenAPI; every one is application/problem+json."""


def problem(
    request_path: str, status: int, rule: str, detail: str, faults: tuple[Fault, ...] = ()
) -> Response:
    """A problem+json answer."""
    body = Problem(
        type=f"urn:{NAMESPACE}:problem:{rule}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request_path,
        errors=[ProblemFault(where=fault.where, what=fault.what) for fault in faults],
    )
    headers = {"Retry-After": "2"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(
        body.model_dump(), status, headers=headers, media_type="application/problem+json"
    )


def install(app: FastAPI, answered: Answered | None = None, tracing: Tracing = OFF) -> None:
    """Give an app the error answers, the body limit, correlation ids, and an OpenAPI of them.

    `answered` is told of each request.
    """
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(PyMongoError, _database_away)
    app.add_exception_handler(Exception, _crashed)
    app.add_middleware(BodyLimit)
    app.add_middleware(Correlation, answered=answered, tracing=tracing)
    original = app.openapi
    app.openapi = lambda: _with_problem_media_type(original())  # type: ignore[method-assign]


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return problem(request.url.path, STATUS[error.kind], error.rule, error.detail, error.faults)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if any(item["type"] == "json_invalid" for item in errors):
        return problem(request.url.path, 400, "not-json", "The body is not valid JSON.")
    faults = tuple(
        Fault(".".join(str(part) for part in item["loc"] if part != "body") or "body", item["msg"])
        for item in errors
    )
    detail = "; ".join(f"{fault.where}: {fault.what}" for fault in faults)[:1000]
    return problem(request.url.path, 422, "invalid-request", detail, faults)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    rule = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    return problem(request.url.path, error.status_code, rule, str(error.detail))


async def _database_away(request: Request, error: Exception) -> Response:
    log.warning("database_away", error=str(error)[:300], path=request.url.path)
    detail = "The database does not answer; please try again with the same id or Idempotency-Key."
    return problem(request.url.path, 503, "database-away", detail)


async def _crashed(request: Request, error: Exception) -> Response:
    # This runs outside of Correlation, whose id is only in the request's state by now.
    correlation = getattr(request.state, "correlation_id", "")
    log.error("request_failed", path=request.url.path, correlation_id=correlation, exc_info=error)
    answer = problem(request.url.path, 500, "internal-error", "Something went wrong on our side.")
    answer.headers["x-correlation-id"] = correlation
    return answer


def _with_problem_media_type(document: dict[str, Any]) -> dict[str, Any]:
    for path in document.get("paths", {}).values():
        for operation in path.values():
            for status, answer in operation.get("responses", {}).items():
                content = answer.get("content", {})
                if status[0] in "45" and "application/json" in content:
                    content["application/problem+json"] = content.pop("application/json")
    return document


class BodyLimit:
    """Refuses bodies above `LARGEST_BODY` before they are parsed."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to the limit, then hand it on."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        chunks, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > LARGEST_BODY:
                detail = f"The body is larger than {LARGEST_BODY // 1024} KiB."
                answer = problem(scope["path"], 413, "body-too-large", detail)
                await answer(scope, receive, send)
                return
            if not message.get("more_body", False):
                break
        whole = {"type": "http.request", "body": b"".join(chunks), "more_body": False}
        given = False

        async def replay() -> MutableMapping[str, Any]:
            nonlocal given
            if given:
                return await receive()
            given = True
            return whole

        await self._app(scope, replay, send)


class Starting:
    """Answers 503 until the service has made the indexes that its rules rely on."""

    def __init__(self, app: App, prepared: Callable[[], bool]) -> None:
        self._app = app
        self._prepared = prepared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let probes, metrics and the documentation through at any time."""
        always = ("/health/", "/metrics", "/openapi.json", "/docs")
        if scope["type"] != "http" or self._prepared() or scope["path"].startswith(always):
            await self._app(scope, receive, send)
            return
        detail = "The service is starting; please try again."
        await problem(scope["path"], 503, "starting", detail)(scope, receive, send)


def context_of(request: Request, caller: Caller | None, via: str = "api") -> Context:
    """The context of a command that came by HTTP."""
    return Context(
        actor=caller.actor if caller else "public",
        via="admin" if caller and caller.role == "admin" else via,
        correlation_id=request.state.correlation_id,
        traceparent=request.state.traceparent,
    )


def server_now() -> datetime:
    """The server's time of receipt."""
    return datetime.now(UTC)
