"""Where spans go: to a collector that speaks OTLP over HTTP."""

import asyncio
import threading

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from services.kit.envelope import NAMESPACE

ANSWER_SECONDS = 2.0
"""How long a collector may take; spans are lost rather than waited for."""
LAST_SECONDS = 1.0
"""How long it may hold up the end of a service."""


def collector(service: str, replica: str, endpoint: str) -> TracerProvider:
    """A provider whose spans are sent in batches to `<endpoint>/v1/traces`.

    Which traces are kept follows OTEL_TRACES_SAMPLER, and what a collector asks of its clients
    OTEL_EXPORTER_OTLP_HEADERS, as the SDK reads them.
    """
    provider = TracerProvider(
        resource=Resource.create(
            {
                SERVICE_NAME: service,
                SERVICE_INSTANCE_ID: replica,
                "service.namespace": NAMESPACE,
            }
        ),
        shutdown_on_exit=False,
    )
    url = f"{endpoint.rstrip('/')}/v1/traces"
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=ANSWER_SECONDS))
    )
    return provider


async def end(provider: TracerProvider) -> None:
    """Send what is left; a collector that does not take it holds nobody up."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def shut_down() -> None:
        provider.shutdown()
        loop.call_soon_threadsafe(done.set)

    # A daemon, unlike the threads of asyncio, which a process waits for at its end.
    threading.Thread(target=shut_down, daemon=True).start()
    try:
        await asyncio.wait_for(done.wait(), LAST_SECONDS)
    except TimeoutError:
        return
