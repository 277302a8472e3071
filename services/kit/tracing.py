"""Traces: the spans of one service, by OpenTelemetry; off unless they have somewhere to go.

A trace travels as a `traceparent` (W3C Trace Context): with a request, in the headers of an event,
in the document of a mail. So it goes on in another process, and after a restart.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    TracerProvider,
    get_current_span,
    set_span_in_context,
    use_span,
)

from services.kit.envelope import NAMESPACE
from services.kit.fold import Heard
from services.kit.refusal import Refused

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")

CLIENT, CONSUMER, PRODUCER, SERVER = (
    SpanKind.CLIENT,
    SpanKind.CONSUMER,
    SpanKind.PRODUCER,
    SpanKind.SERVER,
)


@dataclass(frozen=True, slots=True)
class Step:
    """A span under way: what follows from it carries `traceparent`."""

    traceparent: str
    _span: Span = INVALID_SPAN

    def note(self, **attributes: Any) -> None:
        """Add attributes; two underscores in a name stand for a point."""
        self._span.set_attributes(_named(attributes))

    def call(self, name: str) -> None:
        """Give it another name."""
        self._span.update_name(name)

    def fail(self, why: str) -> None:
        """It did not do what it was for."""
        self._span.set_status(StatusCode.ERROR, why)


class Sent(Protocol):
    """An event on its way to Kafka."""

    @property
    def topic(self) -> str:
        """Where it goes."""
        ...

    @property
    def id(self) -> str:
        """Its `ce_id`."""
        ...

    @property
    def traceparent(self) -> str:
        """The trace that it belongs to, or nothing."""
        ...


class Tracing:
    """The spans of one service. While off, nothing is made, and a trace is only handed on."""

    def __init__(self) -> None:
        self._tracer: Tracer | None = None

    @property
    def on(self) -> bool:
        """Whether spans are made."""
        return self._tracer is not None

    def use(self, provider: TracerProvider | None) -> None:
        """Make spans with this provider from now on; with None, no more."""
        self._tracer = provider.get_tracer(NAMESPACE) if provider else None

    @contextmanager
    def step(
        self,
        name: str,
        parent: str,
        kind: SpanKind = SpanKind.INTERNAL,
        *,
        link: Span | None = None,
        **attributes: Any,
    ) -> Iterator[Step]:
        """A span as long as the block, which continues `parent`, or begins a trace without one.

        An error that leaves the block is noted by its type; its text may be personal.
        """
        if self._tracer is None:
            yield Step(parent)
            return
        links = [Link(link.get_span_context())] if link and link.is_recording() else []
        span = self._tracer.start_span(
            name, _context(parent), kind, attributes=_named(attributes), links=links
        )
        try:
            yield Step(_traceparent(span), span)
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            if not isinstance(error, Refused):  # which is an answer
                span.set_status(StatusCode.ERROR)
            raise
        finally:
            span.end()

    @contextmanager
    def batch(self, name: str, size: int) -> Iterator[None]:
        """A span of its own trace for a batch; the events that cause something link to it."""
        if self._tracer is None:
            yield
            return
        attributes: dict[str, Any] = {
            "messaging.system": "kafka",
            "messaging.batch.message_count": size,
        }
        span = self._tracer.start_span(name, Context(), CONSUMER, attributes=attributes)
        with use_span(span, end_on_exit=True, record_exception=False):
            yield

    @contextmanager
    def processing(self, heard: Heard) -> Iterator[Heard]:
        """A span for an event that causes something; what it gives back continues the span."""
        if self._tracer is None:
            yield heard
            return
        envelope = heard.envelope
        with self.step(
            f"process {envelope.type}",
            envelope.traceparent,
            CONSUMER,
            link=get_current_span(),
            messaging__system="kafka",
            messaging__destination__name=heard.record.topic,
            messaging__message__id=envelope.id,
        ) as step:
            yield heard._replace(envelope=envelope._replace(traceparent=step.traceparent))

    @contextmanager
    def sending(self, entries: Sequence[Sent]) -> Iterator[None]:
        """A span for each event that the block publishes; all of them end with it."""
        if self._tracer is None:
            yield
            return
        spans = [
            self._tracer.start_span(
                f"send {entry.topic}",
                _context(entry.traceparent),
                PRODUCER,
                attributes={
                    "messaging.system": "kafka",
                    "messaging.destination.name": entry.topic,
                    "messaging.message.id": entry.id,
                },
            )
            for entry in entries
        ]
        try:
            yield
        except BaseException as error:
            for span in spans:
                span.set_attribute("error.type", type(error).__name__)
            raise
        finally:
            for span in spans:
                span.end()


@asynccontextmanager
async def exported(
    tracing: Tracing, service: str, replica: str, endpoint: str
) -> AsyncIterator[None]:
    """Spans go to the collector at `endpoint` while the block runs; without one there are none."""
    if not endpoint:
        yield
        return
    # Only here: the SDK takes memory and time that a service without traces should not pay for.
    from services.kit import exporting

    provider = exporting.collector(service, replica, endpoint)
    tracing.use(provider)
    try:
        yield
    finally:
        tracing.use(None)
        await exporting.end(provider)


OFF = Tracing()
"""For what is not part of a service that traces."""


def _named(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("__", "."): value for name, value in attributes.items()}


def _context(parent: str) -> Context:
    """What a span continues; nothing of what happens to be under way here."""
    found = _TRACEPARENT.fullmatch(parent)
    if not found:
        return Context()
    trace, span, flags = (int(part, 16) for part in found.groups())
    remote = SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(flags))
    return set_span_in_context(NonRecordingSpan(remote), Context())


def _traceparent(span: Span) -> str:
    about = span.get_span_context()
    return f"00-{about.trace_id:032x}-{about.span_id:016x}-{about.trace_flags:02x}"
