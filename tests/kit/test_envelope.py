"""The event on the wire: what is written is read again, and what is wrong is named."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.envelope import Envelope, Unreadable, utc_text
from tests.kit.jars import wire

WORD = st.text(min_size=1, max_size=30).filter(lambda text: "\x00" not in text)
NAME = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
MOMENT = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ENVELOPES = st.builds(
    Envelope,
    service=NAME,
    type=NAME,
    major=st.integers(1, 99),
    subject=st.builds("{}/{}".format, NAME, WORD),
    sequence=st.integers(1, 9_999_999_999),
    time=MOMENT.map(utc_text),
    season=st.just("") | WORD,
    actor=st.just("") | WORD,
    via=st.sampled_from(["", "page", "api", "admin", "schedule", "import"]),
    causation_id=st.just("") | WORD,
    correlation_id=st.just("") | WORD,
    traceparent=st.just("") | WORD,
    namespace=NAME,
    imported=st.just(""),
)
JAR = Envelope("kit", "CoinAdded", 1, "jar/a", 7, "2026-07-01T12:00:00.000Z", "2020")
REQUIRED = [name for name, _ in JAR.headers() if name != "ce_season"]


def without(name: str) -> tuple[tuple[str, bytes | None], ...]:
    return tuple((n, v) for n, v in wire(JAR) if n != name)


def changed(name: str, value: bytes | None) -> tuple[tuple[str, bytes | None], ...]:
    return tuple((n, value if n == name else v) for n, v in wire(JAR))


@given(ENVELOPES)
def test_envelope_read_from_its_own_headers_is_the_same(envelope: Envelope) -> None:
    assert Envelope.from_headers(wire(envelope)) == envelope


@given(ENVELOPES, ENVELOPES)
def test_envelope_id_follows_from_service_subject_and_sequence_alone(
    one: Envelope, other: Envelope
) -> None:
    assert one.id == f"{one.service}/{one.subject}:{one.sequence}"
    same = (one.service, one.subject, one.sequence) == (
        other.service,
        other.subject,
        other.sequence,
    )
    assert (one.id == other.id) == same


def test_headers_are_cloud_events_in_binary_mode() -> None:
    assert dict(JAR.headers()) == {
        "ce_specversion": "1.0",
        "ce_id": "kit/jar/a:7",
        "ce_source": "/zharmenke/kit",
        "ce_type": "CoinAdded",
        "ce_subject": "jar/a",
        "ce_time": "2026-07-01T12:00:00.000Z",
        "ce_dataschema": "urn:zharmenke:schema:CoinAdded:v1",
        "content-type": "application/json",
        "ce_sequence": "0000000007",
        "ce_season": "2020",
    }


@pytest.mark.parametrize("name", REQUIRED)
def test_header_missing_is_named(name: str) -> None:
    with pytest.raises(Unreadable, match=f"header {name} "):
        Envelope.from_headers(without(name))


@pytest.mark.parametrize("name", [name for name, _ in JAR.headers()])
def test_header_null_is_named(name: str) -> None:
    with pytest.raises(Unreadable, match=f"header {name} is null"):
        Envelope.from_headers(changed(name, None))


@pytest.mark.parametrize("name", [name for name, _ in JAR.headers()])
def test_header_not_utf_8_is_named(name: str) -> None:
    with pytest.raises(Unreadable, match=f"header {name} is not UTF-8"):
        Envelope.from_headers(changed(name, b"\xff\xfe"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_specversion", b"0.3"),
        ("ce_id", b"kit/jar/a:8"),
        ("ce_source", b"kit"),
        ("ce_source", b"/zharmenke/"),
        ("ce_source", b"/zharmenke/kit/more"),
        ("ce_type", b""),
        ("ce_subject", b"jar"),
        ("ce_subject", b"/a"),
        ("ce_subject", b"jar/"),
        ("ce_time", b"yesterday"),
        ("ce_time", b"2026-07-01T12:00:00.000+05:00"),
        ("ce_time", b"2026-13-01T12:00:00.000Z"),
        ("ce_dataschema", b"urn:zharmenke:schema:CoinAdded"),
        ("ce_dataschema", b"urn:zharmenke:schema:CoinAdded:vone"),
        ("ce_dataschema", b"urn:zharmenke:schema:JarSealed:v1"),
        ("ce_dataschema", b"urn:zharmenke:schema:CoinAdded:v" + b"9" * 5000),
        ("content-type", b"application/avro"),
        ("ce_sequence", b"0000000000"),
        ("ce_sequence", b"7"),
        ("ce_sequence", b"-000000007"),
        ("ce_sequence", "٠٠٠٠٠٠٠٠٠٧".encode()),
        ("ce_sequence", b"9" * 5000),
    ],
)
def test_header_wrong_is_named(name: str, value: bytes) -> None:
    with pytest.raises(Unreadable, match=f"header {name} "):
        Envelope.from_headers(changed(name, value))


@given(st.lists(st.tuples(st.text(max_size=20), st.none() | st.binary(max_size=40)), max_size=12))
def test_headers_of_any_kind_are_read_or_unreadable_and_nothing_else(
    headers: list[tuple[str, bytes | None]],
) -> None:
    with pytest.raises(Unreadable):
        Envelope.from_headers(headers)


@given(st.sampled_from(REQUIRED), st.binary(max_size=60))
def test_header_with_random_bytes_is_read_or_unreadable_and_nothing_else(
    name: str, value: bytes
) -> None:
    try:
        outcome = Envelope.from_headers(changed(name, value)).id
    except Unreadable as error:
        outcome = str(error)
    assert outcome == "kit/jar/a:7" or outcome.startswith("header ")


def test_headers_of_others_may_be_anything() -> None:
    headers = (*wire(JAR), ("x-tool", None), ("x-other", b"\xff"), ("", b""))
    assert Envelope.from_headers(headers) == JAR


def test_consequence_says_its_cause_and_keeps_the_way_and_the_correlation() -> None:
    cause = Envelope(
        "kit", "CoinAdded", 1, "jar/a", 7, JAR.time, "2020", "judge/b", "page", "", "c-1", "t-1"
    )
    context = cause.consequence("service/notify")
    assert (context.actor, context.via) == ("service/notify", "page")
    assert (context.causation_id, context.correlation_id) == ("kit/jar/a:7", "c-1")
    assert context.traceparent == "t-1"


def test_consequence_of_an_event_without_correlation_is_correlated_by_its_id() -> None:
    assert JAR.consequence("service/notify").correlation_id == "kit/jar/a:7"


def test_utc_text_is_utc_with_milliseconds_from_any_zone() -> None:
    almaty = timezone(timedelta(hours=5))
    moment = datetime(2026, 7, 1, 17, 0, 0, 999_999, tzinfo=almaty)
    assert utc_text(moment) == "2026-07-01T12:00:00.999Z"
