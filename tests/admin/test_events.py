"""`zharmenke events` on real topics: what it finds, by which filters, and what it refuses."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaProducer

from admin.log.reading import open_log
from schemas.base import format_utc
from schemas.topics import dead, people, stream
from tests.admin.terminal import Terminal, event, put
from tests.rooms import Rooms

NOW = datetime.now(UTC)
PEOPLE = "0b1c1f9e-3c57-5a5f-8a3d-2f6f0a5d1c11"


def ago(minutes: int) -> int:
    """A time before the tests, in milliseconds since 1970."""
    return int((NOW - timedelta(minutes=minutes)).timestamp() * 1000)


@pytest.fixture(scope="module")
async def terminal(rooms: Rooms) -> Terminal:
    """A terminal, and topics on which five events, a person and a dead letter are.

    The events are written now, in the order of their numbers, at times that go by tens of minutes.
    """
    servers, prefix = rooms.environment["KAFKA_BOOTSTRAP_SERVERS"], rooms.prefix
    submission, scoring = stream("submission", prefix), stream("scoring", prefix)
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        await put(
            producer, submission, event("project/a"), '{"title": "Үлгі"}'.encode(), at=ago(60)
        )
        await put(
            producer,
            scoring,
            event("evaluation/e", service="scoring", type_name="ScoreRecorded"),
            at=ago(50),
        )
        await put(producer, submission, event("project/b"), at=ago(40))
        screened = event("project/a", 2, type_name="ProjectScreened")
        await put(producer, submission, screened, at=ago(30))
        await put(producer, submission, event("project/c"), at=ago(20))
        person = event(f"person/{PEOPLE}", type_name="PersonRecorded")
        body = '{"name": "Айгүл", "email": "aigul@example.org"}'.encode()
        await put(producer, people("submission", prefix), person, body)
        await put(
            producer,
            dead("scoring", prefix),
            event("project/a"),
            b"\x00not json, and may be anything",
            more=(("dead-group", b"scoring"), ("dead-reason", b"Unreadable")),
        )
    return Terminal(servers, prefix)


async def subjects(terminal: Terminal, *words: str) -> list[str]:
    return [line["subject"] for line in await terminal.lines("events", *words)]


async def test_events_of_all_streams_come_in_the_order_in_which_they_were_written(
    terminal: Terminal,
) -> None:
    assert await subjects(terminal) == [
        "project/a",
        "evaluation/e",
        "project/b",
        "project/a",
        "project/c",
    ]


async def test_a_line_for_a_person_says_when_what_of_what_and_where(terminal: Terminal) -> None:
    told = await terminal.run("events", "--subject", "project/a", "--type", "ProjectScreened")
    (line,) = told.stdout.splitlines()
    assert line.startswith("2026-07-01T12:00:02.000Z  ProjectScreened")
    assert "project/a#2" in line
    assert f"{terminal.prefix}.submission/" in line
    assert "match." in told.stderr


async def test_a_line_of_json_has_the_attributes_the_place_and_the_body(
    terminal: Terminal,
) -> None:
    first, *_ = await terminal.lines("events")
    assert first["id"] == "submission/project/a:1"
    assert first["topic"] == stream("submission", terminal.prefix)
    assert first["data"] == {"title": "Үлгі"}
    assert first["written_at"] == format_utc(NOW - timedelta(minutes=60))


async def test_topics_and_types_choose(terminal: Terminal) -> None:
    assert await subjects(terminal, "--topic", "scoring") == ["evaluation/e"]
    scored = ("--type", "ScoreRecorded", "--type", "ProjectScreened")
    assert await subjects(terminal, *scored) == ["evaluation/e", "project/a"]
    both = ("--topic", stream("submission", terminal.prefix), "--type", "ScoreRecorded")
    assert await subjects(terminal, *both) == []


async def test_times_choose_from_the_first_up_to_and_without_the_second(
    terminal: Terminal,
) -> None:
    at = (NOW - timedelta(minutes=40)).isoformat(timespec="milliseconds")
    assert await subjects(terminal, "--from", at) == ["project/b", "project/a", "project/c"]
    assert await subjects(terminal, "--to", at) == ["project/a", "evaluation/e"]
    assert await subjects(terminal, "--from", "55min", "--to", "35min") == [
        "evaluation/e",
        "project/b",
    ]
    assert await subjects(terminal, "--from", "1s") == []


async def test_a_subject_is_sought_in_its_own_partition_alone(terminal: Terminal) -> None:
    submission = stream("submission", terminal.prefix)
    told = await terminal.run("events", "--topic", submission, "--subject", "project/a", "--json")
    found = [json.loads(line) for line in told.stdout.splitlines()]
    assert [one["sequence"] for one in found] == ["0000000001", "0000000002"]
    async with open_log(terminal.servers) as log:
        (partition,) = log.partitions(submission, b"project/a")
        there = (await log.ranges([partition]))[partition].size
    assert {one["partition"] for one in found} == {partition.partition}
    assert told.stderr == f"2 of {there} records match.\n"


async def test_a_person_s_record_is_found_and_never_shown(terminal: Terminal) -> None:
    topic = people("submission", terminal.prefix)
    words = ("events", "--topic", topic, "--subject", f"person/{PEOPLE}")
    shown = (await terminal.run(*words)).output + (await terminal.run(*words, "--json")).output
    assert shown.count(PEOPLE) >= 2
    assert "Айгүл" not in shown
    assert "aigul" not in shown


async def test_a_dead_letter_says_who_parked_it_and_hides_its_body(terminal: Terminal) -> None:
    (letter,) = await terminal.lines("events", "--topic", dead("scoring", terminal.prefix))
    assert letter["parked"] == {"group": "scoring", "reason": "Unreadable"}
    assert letter["hidden"] is True
    assert "data" not in letter


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--topic", "nothing.like.it"), "There is no topic 'nothing.like.it'"),
        (("--type", "ScoreRecordet"), "Did you mean ScoreRecorded"),
        (("--subject", "project"), "'project' is no subject"),
        (("--from", "2999-01-01"), "has not come yet"),
        (("--to", "1900-01-01"), "is before 1970"),
        (("--from", "1h", "--to", "2h"), "is not after"),
        (("--follow", "--to", "1h"), "leave --to out"),
        (("--bootstrap", "127.0.0.1:1"), "No Kafka broker answers at 127.0.0.1:1."),
    ],
)
async def test_what_can_t_be_is_refused_in_one_line(
    terminal: Terminal, words: tuple[str, ...], why: str
) -> None:
    line = await terminal.refused("events", *words)
    assert line.startswith("error: ")
    assert why in line


async def test_a_topic_s_name_that_is_nearly_right_is_put_right(terminal: Terminal) -> None:
    line = await terminal.refused("events", "--topic", f"{terminal.prefix}.submissio")
    assert f"did you mean {terminal.prefix}.submission?" in line
