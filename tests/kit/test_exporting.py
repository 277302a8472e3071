"""Spans on their way to a collector that speaks OTLP over HTTP, and one that does not listen."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from admin.stack.stack import Stack
from tests.kit.conftest import NewTopicNamed
from tests.kit.running import Ears, Place, new_place, running
from tests.ports import free_port


@pytest.fixture
async def place(parts: Stack, new_topic: NewTopicNamed) -> AsyncIterator[Place]:
    async with new_place(parts, new_topic) as made:
        yield made


class Collector:
    """A collector in so far as it takes what is sent; `deaf`, it never answers."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.deaf = deaf
        self.paths: list[str] = []
        self.taken: list[ExportTraceServiceRequest] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            )
            body = await reader.readexactly(length)
            self.paths.append(head.split(b" ")[1].decode())
            self.taken.append(ExportTraceServiceRequest.FromString(body))
            if self.deaf:
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


async def test_spans_go_to_the_collector_that_is_named_at_the_latest_at_the_end(
    place: Place,
) -> None:
    collector = Collector()
    server = await asyncio.start_server(collector.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    service = place.service(Ears(), otel_exporter_otlp_endpoint=f"http://127.0.0.1:{port}/")
    async with running(service) as (client, app):

        @app.get("/jars/{jar_id}")
        async def jar(jar_id: str) -> str:
            return jar_id

        assert (await client.get("/jars/1")).status_code == 200
    server.close()
    assert set(collector.paths) == {"/v1/traces"}
    (resource,) = collector.taken[-1].resource_spans
    told = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert (told["service.namespace"], told["service.name"]) == ("zharmenke", "kit")
    names = [span.name for scope in resource.scope_spans for span in scope.spans]
    assert names == ["GET /jars/{jar_id}"]


@pytest.mark.parametrize("deaf", [True, False], ids=["never answers", "is not there"])
async def test_a_collector_that_does_not_take_spans_holds_nothing_up(
    place: Place, deaf: bool
) -> None:
    collector, port = Collector(deaf=True), free_port()
    server = await asyncio.start_server(collector.serve, "127.0.0.1", port) if deaf else None
    service = place.service(Ears(), otel_exporter_otlp_endpoint=f"http://127.0.0.1:{port}")
    async with running(service) as (client, app):

        @app.get("/jars/{jar_id}")
        async def jar(jar_id: str) -> str:
            return jar_id

        assert (await client.get("/jars/1")).status_code == 200
        began = time.monotonic()
    assert time.monotonic() - began < 8
    if server:
        server.close()
        assert collector.paths == ["/v1/traces"]


async def test_without_a_collector_no_span_is_made(place: Place) -> None:
    service = place.service(Ears())
    async with running(service):
        assert not service.tracing.on
