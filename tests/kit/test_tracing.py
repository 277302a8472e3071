"""Spans: what continues what, what is told of an error, and that nothing is made while off."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from services.kit import http
from services.kit.envelope import Context
from services.kit.refusal import Refused
from services.kit.store import Store
from services.kit.tracing import CLIENT, SERVER, Tracing
from tests.kit.jars import CONTEXT, JARS, NOW, add, heard, seal

TRACE, SPAN = "a" * 32, "b" * 16
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> Tracing:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    made = Tracing()
    made.use(provider)
    return made


def traceparent(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-01"


def parent(span: ReadableSpan) -> str:
    return f"{span.parent.span_id:016x}" if span.parent else ""


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_step_continues_its_parent_and_says_how_to_continue_it(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    with tracing.step("write jars", PARENT, CLIENT, db__system__name="mongodb") as step:
        step.note(zharmenke__events=["kit/jar/a:1"])
    (span,) = exporter.get_finished_spans()
    assert (traceparent(span)[3:35], parent(span)) == (TRACE, SPAN)
    assert step.traceparent == traceparent(span)
    assert attributes(span) == {
        "db.system.name": "mongodb",
        "zharmenke.events": ("kit/jar/a:1",),
    }


@pytest.mark.parametrize("nothing", ["", "00-xyz", PARENT.upper(), PARENT + "\n"])
def test_a_step_without_a_parent_begins_a_trace(
    tracing: Tracing, exporter: InMemorySpanExporter, nothing: str
) -> None:
    with tracing.step("one", nothing), tracing.step("other", ""):
        pass
    one, other = exporter.get_finished_spans()
    assert parent(one) == parent(other) == ""
    assert traceparent(one)[3:35] != traceparent(other)[3:35]


def test_a_trace_that_is_not_sampled_stays_so(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    with tracing.step("one", f"00-{TRACE}-{SPAN}-00") as step:
        pass
    assert exporter.get_finished_spans() == ()
    assert step.traceparent.startswith(f"00-{TRACE}-")
    assert step.traceparent.endswith("-00")


def test_an_error_is_told_by_its_type_alone_and_a_refusal_is_no_error(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    for error in (ValueError("aigul@example.org"), Refused("conflict", "sealed", "It is sealed.")):
        with pytest.raises(type(error)), tracing.step("one", PARENT):
            raise error
    failed, refused = exporter.get_finished_spans()
    assert (failed.status.status_code, failed.events) == (StatusCode.ERROR, ())
    assert attributes(failed) == {"error.type": "ValueError"}
    assert (refused.status.status_code, refused.events) == (StatusCode.UNSET, ())
    assert "aigul" not in failed.to_json()


def test_an_event_continues_its_own_trace_and_is_linked_to_the_batch(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    event = heard("a", 1, "x")
    caused = [with_trace(event, PARENT), with_trace(event, f"00-{'c' * 32}-{SPAN}-01")]
    with tracing.batch("process batch", 2):
        for one in caused:
            with tracing.processing(one) as continued:
                consequence = continued.envelope.consequence("service/kit")
                assert consequence.traceparent != one.envelope.traceparent
    first, second, batch = exporter.get_finished_spans()
    assert [traceparent(span)[3:35] for span in (first, second)] == [TRACE, "c" * 32]
    assert traceparent(batch)[3:35] not in (TRACE, "c" * 32)
    for span in (first, second):
        assert [link.context for link in span.links] == [batch.context]
    assert attributes(first)["messaging.message.id"] == "kit/jar/a:1"


def with_trace(event: Any, trace: str) -> Any:
    return event._replace(envelope=event.envelope._replace(traceparent=trace))


def test_while_off_nothing_is_made_and_the_trace_is_handed_on() -> None:
    off = Tracing()
    event = with_trace(heard("a", 1, "x"), PARENT)
    with off.step("one", PARENT, SERVER) as step, off.batch("b", 1), off.sending([]):
        step.note(a="b")
        step.call("other")
        step.fail("why")
        with off.processing(event) as continued:
            assert continued is event
    assert step.traceparent == PARENT


async def test_each_command_of_a_group_has_a_step_in_its_own_trace(
    collection: Any, tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    jars = Store(collection, JARS, tracing=tracing)
    contexts = [Context("a", "api", "c", "", f"00-{n * 32}-{SPAN}-01") for n in "123"]
    await asyncio.gather(*(jars.execute("a", add("x"), one, now=NOW) for one in contexts))
    await jars.execute("a", seal, CONTEXT, now=NOW)
    with pytest.raises(Refused):
        await jars.execute("a", add("y"), CONTEXT, now=NOW)
    *grouped, _, refused = exporter.get_finished_spans()
    assert sorted(traceparent(span)[3:35] for span in grouped) == ["1" * 32, "2" * 32, "3" * 32]
    assert sorted(attributes(span)["zharmenke.events"][0] for span in grouped) == [
        f"kit/jar/a:{n}" for n in (1, 2, 3)
    ]
    assert refused.status.status_code is StatusCode.UNSET


async def test_a_request_s_span_has_the_route_and_status_and_never_the_query(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    app = FastAPI(telemetry=http.NO_TELEMETRY)
    http.install(app, tracing=tracing)

    @app.get("/jars/{jar_id}")
    async def jar(jar_id: str, request: Request) -> str:
        return str(request.state.traceparent)

    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("secret of the house")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://kit.test") as client:
        answer = await client.get("/jars/1?token=secret", headers={"traceparent": PARENT})
        await client.get("/jars/2")
        await client.get("/crash")
    asked, fresh, crashed = exporter.get_finished_spans()
    assert answer.json() == traceparent(asked)
    assert (asked.name, parent(asked), parent(fresh)) == ("GET /jars/{jar_id}", SPAN, "")
    assert attributes(asked) == {
        "http.request.method": "GET",
        "http.route": "/jars/{jar_id}",
        "http.response.status_code": 200,
        "zharmenke.correlation_id": answer.headers["x-correlation-id"],
    }
    assert attributes(crashed)["http.response.status_code"] == 500
    assert crashed.status.status_code is StatusCode.ERROR
    assert "secret" not in "".join(span.to_json() for span in (asked, fresh, crashed))
