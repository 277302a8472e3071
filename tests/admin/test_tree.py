"""The causal tree: what hangs under what, from the headers alone."""

import json
from dataclasses import replace
from typing import Any

import pytest

from admin.log.display import print_trace
from admin.log.tree import Node, grow
from admin.log.view import Viewed, viewed
from services.kit.envelope import Envelope
from tests.admin.terminal import event
from tests.kit.jars import Record, wire

PROJECT = "project/7f0c0e4e-6f3e-5d0a-9a53-0a3c1f2b4d5e"
SUBMITTED = f"submission/{PROJECT}:1"
PERSON = "person/0b1c1f9e-3c57-5a5f-8a3d-2f6f0a5d1c11"


def seen(
    envelope: Envelope,
    body: Any = None,
    *,
    topic: str = "zharmenke.submission",
    dead: bool = False,
    **headers: bytes,
) -> Viewed:
    """An event as the log gives it."""
    more = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    value = json.dumps(body or {}).encode()
    record = Record(topic=topic, key=b"k", value=value, headers=(*wire(envelope), *more))
    return viewed(record, dead=dead)


def mail(number: int, sequence: int, type_name: str, cause: str, **body: Any) -> Viewed:
    about = event(
        f"message/{number}", sequence, service="notify", type_name=type_name, causation_id=cause
    )
    return seen(about, {"purpose": "submission-receipt", **body}, topic="zharmenke.notify")


def shape(nodes: list[Node]) -> list[Any]:
    return [[node.id, *shape(node.children)] for node in nodes]


def test_events_hang_under_their_causes_up_to_the_mail_server_s_answer() -> None:
    planned = "notify/message/1:1"
    trace = grow(
        "http/1",
        [
            mail(1, 2, "MessageAccepted", planned, smtp_reply="250 OK"),
            mail(1, 1, "MessagePlanned", SUBMITTED),
            seen(event(PROJECT)),
        ],
    )
    assert shape(trace.roots) == [[SUBMITTED, [planned, ["notify/message/1:2"]]]]
    assert trace.nodes()[2].detail == "purpose: submission-receipt, smtp reply: 250 OK"
    assert trace.mails() == {"MessageAccepted": 1}


def test_an_event_whose_cause_is_not_there_is_a_root() -> None:
    trace = grow("http/1", [seen(event(PROJECT, causation_id="scoring/round/1:1"))])
    assert shape(trace.roots) == [[SUBMITTED]]


def test_an_event_written_twice_is_one_node_that_says_so() -> None:
    once = seen(event(PROJECT))
    (root,) = grow("http/1", [once, replace(once, offset=1)]).roots
    assert (root.repeats, root.event.offset) == (1, 0)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_ring_of_causes_is_cut_and_every_event_shown_once(length: int) -> None:
    ring = [
        seen(event(f"project/{n}", causation_id=f"submission/project/{(n + 1) % length}:1"))
        for n in range(length)
    ]
    outside = seen(event("project/9", causation_id="submission/project/0:1"))
    trace = grow("http/1", [*ring, outside])
    assert sorted(node.id for node in trace.nodes()) == sorted(
        f"submission/project/{n}:1" for n in (*range(length), 9)
    )


def test_a_dead_letter_is_told_at_the_event_that_was_parked() -> None:
    parked = {"dead_group": b"scoring", "dead_reason": b"body is not valid: title"}
    letter = seen(event(PROJECT), topic="zharmenke.dead.scoring", dead=True, **parked)
    trace = grow("http/1", [letter, seen(event(PROJECT))])
    (root,) = trace.roots
    assert [one.parked["group"] for one in root.parked] == ["scoring"]
    assert trace.parked == 1


def test_a_dead_letter_alone_is_shown_by_what_it_says_of_itself() -> None:
    letter = seen(event(PROJECT), topic="zharmenke.dead.scoring", dead=True, dead_group=b"scoring")
    trace = grow("http/1", [letter])
    assert shape(trace.roots) == [[SUBMITTED]]
    assert trace.parked == 1


def test_a_person_is_shown_by_id_alone_and_an_address_in_an_answer_not_at_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    person = seen(
        event(PERSON, type_name="PersonRecorded"),
        {"name": "Айгүл Үлгі", "email": "aigul@example.org"},
        topic="zharmenke.submission.people",
    )
    bounced = mail(
        1, 2, "MessageBounced", SUBMITTED, smtp_reply="550 5.1.1 <aigul@example.org> is not known"
    )
    trace = grow("http/1", [person, bounced, seen(event(PROJECT), {"title": "Үлгі"})])
    print_trace(trace, whole=True)
    told = capsys.readouterr().out + json.dumps(trace.as_json(), ensure_ascii=False)
    assert PERSON in told
    assert "550 5.1.1 <(address)> is not known" in told
    assert "aigul" not in told
    assert "Айгүл" not in told
    assert "Үлгі" not in told


def test_a_dead_letter_of_a_person_shows_neither_key_nor_reason_nor_odd_headers() -> None:
    odd = event("person/Айгүл Үлгі", type_name="PersonRecorded", actor="aigul@example.org")
    letter = seen(
        odd,
        {"name": "Айгүл"},
        topic="zharmenke.dead.notify.people",
        dead=True,
        dead_reason="Айгүл".encode(),
        dead_group=b"notify",
    )
    told = json.dumps(letter.as_json(), ensure_ascii=False)
    assert "notify" in told
    assert "Айгүл" not in told
    assert "aigul" not in told


def test_many_of_a_type_are_cut_short_unless_all_are_wanted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    many = [mail(n, 1, "MessagePlanned", SUBMITTED) for n in range(8)]
    trace = grow("http/1", [seen(event(PROJECT)), *many])
    print_trace(trace, whole=False)
    short = capsys.readouterr().out
    assert short.count("message/") == 5
    assert "… and 3 more MessagePlanned (--all shows them)" in short
    assert "9 events in 0.000 s; mails: 8 under way." in short
    print_trace(trace, whole=True)
    assert capsys.readouterr().out.count("message/") == 8


def test_text_from_outside_can_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    trace = grow(
        "http/1\x1b[2J[red]", [seen(event("project/\x9b31m[bold]", actor="a\x1b]0;x\x07"))]
    )
    print_trace(trace, whole=False)
    told = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\x07"} & set(told)
    assert "[bold]" in told
