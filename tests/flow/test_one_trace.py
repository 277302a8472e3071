"""One trace from the HTTP request of a submission to the SMTP answer of its receipt."""

from dataclasses import dataclass

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from admin.rehearsal.outside import read_topic
from schemas.topics import stream
from tests.applicants import applicants
from tests.rooms import Rooms, eventually

CALLER = f"00-{'5' * 32}-{'7' * 16}-01"


@dataclass
class Traced:
    """The spans of one submission, and what of it is personal."""

    spans: list[ReadableSpan]
    personal: tuple[str, ...]

    def one(self, name: str, **attributes: str) -> ReadableSpan:
        """The only span of this name that has these attributes."""
        wanted = {name.replace("__", "."): value for name, value in attributes.items()}
        (found,) = [
            span
            for span in self.spans
            if span.name == name and wanted.items() <= dict(span.attributes or {}).items()
        ]
        return found

    def line(self, span: ReadableSpan) -> list[str]:
        """The names from a span up to the beginning of its trace."""
        by_id = {one.context.span_id: one for one in self.spans if one.context}
        names = [span.name]
        while span.parent and (above := by_id.get(span.parent.span_id)):
            names.append(above.name)
            span = above
        return names


@pytest.fixture(scope="module")
async def traced(rooms: Rooms) -> Traced:
    exporter = InMemorySpanExporter()
    clients = {}
    for name in ("submission", "notify", "scoring"):
        clients[name], app = await rooms.open_with_app(name)
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        app.state.tracing.use(provider)
    everybody = applicants(rooms, "one-trace")
    (plan,) = everybody.cast.projects()
    await everybody.open_season(clients["submission"])
    clients["submission"].headers["traceparent"] = CALLER
    await everybody.hand_in(clients["submission"], plan)

    def ours() -> list[ReadableSpan]:
        finished = exporter.get_finished_spans()
        return [s for s in finished if s.context and f"{s.context.trace_id:032x}" == "5" * 32]

    async def answered() -> bool:
        return f"send {stream('notify', rooms.prefix)}" in [
            span.name for span in ours() if (span.start_time or 0) > sent(ours())
        ]

    await eventually(answered, "the mail server's answer is on Kafka")
    contact = plan.draft["contact"]
    return Traced(ours(), (contact["name"], contact["email"], plan.draft["title"]))


def sent(spans: list[ReadableSpan]) -> int:
    """When the mail was sent, in the clock of spans; later than anything while it was not."""
    return next((span.end_time or 0 for span in spans if span.name == "send mail"), 2**63)


async def test_the_trace_leads_from_the_request_to_the_mail_server_s_answer(
    traced: Traced, rooms: Rooms
) -> None:
    mail = traced.one("send mail")
    assert traced.line(mail) == [
        "send mail",
        "process ProjectSubmitted",
        "POST /projects/{project_id}/submit",
    ]
    attributes = dict(mail.attributes or {})
    assert attributes["zharmenke.purpose"] == "submission-receipt"
    assert attributes["zharmenke.outcome"] == "accepted"
    assert str(attributes["zharmenke.smtp_reply"]).startswith("250 ")


async def test_each_part_on_the_way_has_its_span(traced: Traced, rooms: Rooms) -> None:
    request = "POST /projects/{project_id}/submit"
    lines = [traced.line(span) for span in traced.spans]
    assert ["write projects", request] in lines
    said = traced.one(
        f"send {stream('submission', rooms.prefix)}",
        messaging__destination__name=stream("submission", rooms.prefix),
    )
    assert traced.line(said)[1:] == [request]
    planned = ["process ProjectSubmitted", request]
    assert ["write messages", *planned] in lines
    assert ["write messages", "send mail", *planned] in lines
    accepted = [f"send {stream('notify', rooms.prefix)}", "send mail", *planned]
    assert accepted in lines


async def test_the_events_on_kafka_carry_the_trace(traced: Traced, rooms: Rooms) -> None:
    servers = rooms.environment["KAFKA_BOOTSTRAP_SERVERS"]
    records = await read_topic(servers, stream("notify", rooms.prefix))
    traces = {dict(record.headers)["traceparent"][3:35] for record in records}
    assert traces == {b"5" * 32}


async def test_no_span_has_anything_personal(traced: Traced) -> None:
    told = "".join(span.to_json() for span in traced.spans)
    for secret in traced.personal:
        assert secret not in told


async def test_an_event_that_causes_nothing_has_no_span_of_its_own(traced: Traced) -> None:
    """Scoring folds the project into its state: that belongs to the batch."""
    assert [span.name for span in traced.spans].count("process ProjectSubmitted") == 1
