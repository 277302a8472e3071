"""`zharmenke trace`: one tree from the request of a submission to the mail server's answer."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from schemas.topics import dead, dead_people
from tests.admin.terminal import Terminal, event, put
from tests.applicants import applicants
from tests.rooms import Rooms, eventually


@dataclass
class HandedIn:
    """A project that was handed in, whose receipt was mailed."""

    project: str
    correlation: str
    terminal: Terminal
    personal: tuple[str, ...]


@pytest.fixture(scope="module")
async def handed_in(rooms: Rooms) -> HandedIn:
    everybody = applicants(rooms, "trace")
    (plan,) = everybody.cast.projects()
    submission = await rooms.open("submission")
    await rooms.open("notify")
    await everybody.open_season(submission)
    answer = await everybody.hand_in(submission, plan)

    async def accepted() -> bool:
        return bool(await rooms.said("notify", "MessageAccepted"))

    await eventually(accepted, "the receipt is accepted")
    servers = rooms.environment["KAFKA_BOOTSTRAP_SERVERS"]
    contact = plan.draft["contact"]
    return HandedIn(
        project=plan.id,
        correlation=answer.headers["x-correlation-id"],
        terminal=Terminal(servers, rooms.prefix),
        personal=(contact["name"], contact["email"], plan.draft["title"]),
    )


def types(nodes: list[dict[str, Any]]) -> list[Any]:
    return [[node["type"], *types(node["children"])] for node in nodes]


async def test_trace_is_one_tree_from_the_request_to_the_mail_server_s_answer(
    handed_in: HandedIn,
) -> None:
    told = await handed_in.terminal.run("trace", handed_in.correlation, "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert sorted(types(found["roots"])) == [
        ["PersonRecorded"],
        ["ProjectSubmitted", ["MessagePlanned", ["MessageAccepted"]]],
    ]
    assert found["mails"] == {"MessageAccepted": 1}
    (project,) = [root for root in found["roots"] if root["type"] == "ProjectSubmitted"]
    accepted = project["children"][0]["children"][0]
    assert accepted["detail"].startswith("purpose: submission-receipt, attempt: 1, smtp reply: 250")
    assert accepted["after_seconds"] > 0


async def test_trace_of_an_event_s_id_is_that_of_what_it_follows_from(handed_in: HandedIn) -> None:
    event_id = f"submission/project/{handed_in.project}:1"
    by_event = await handed_in.terminal.run("trace", event_id)
    by_request = await handed_in.terminal.run("trace", handed_in.correlation)
    assert by_event.exit_code == 0
    assert by_event.stdout == by_request.stdout
    assert by_event.stdout.startswith(handed_in.correlation)
    assert "4 events in " in by_event.stdout
    assert "mails: 1 accepted." in by_event.stdout


async def test_trace_shows_no_personal_data_and_no_body(handed_in: HandedIn) -> None:
    for words in (("--all",), ("--json",)):
        told = await handed_in.terminal.run("trace", handed_in.correlation, *words)
        assert "PersonRecorded" in told.output
        for secret in handed_in.personal:
            assert secret not in told.output


async def test_trace_of_an_unknown_id_is_a_finding(handed_in: HandedIn) -> None:
    told = await handed_in.terminal.run("trace", "http/nobody-ever-asked")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == ("No event has the correlation id or the id 'http/nobody-ever-asked'.\n")
    outside = await handed_in.terminal.run("trace", handed_in.correlation, "--to", "1h")
    assert outside.exit_code == 1


async def test_trace_of_what_was_parked_says_by_whom_and_is_a_finding(
    handed_in: HandedIn, rooms: Rooms
) -> None:
    about = event("project/stuck", correlation_id="http/stuck")
    person = event("person/Айгүл", type_name="PersonRecorded", correlation_id="http/stuck")
    by_scoring = (("dead-group", b"scoring"), ("dead-reason", b"Unreadable: no title"))
    by_notify = (("dead-group", b"notify"), ("dead-reason", "Айгүл".encode()))
    async with AIOKafkaProducer(bootstrap_servers=handed_in.terminal.servers) as producer:
        await put(producer, dead("scoring", rooms.prefix), about, b"{", more=by_scoring)
        await put(producer, dead_people("notify", rooms.prefix), person, b"{", more=by_notify)
    told = await handed_in.terminal.run("trace", "http/stuck")
    assert told.exit_code == 1
    assert "parked by scoring: Unreadable: no title" in told.stdout
    assert "parked by notify: reason not shown" in told.stdout
    assert "2 parked on the way." in told.stdout
    assert "Айгүл" not in told.stdout


async def test_trace_with_the_broker_away_is_trouble(handed_in: HandedIn) -> None:
    line = await handed_in.terminal.refused("trace", "http/1", "--bootstrap", "127.0.0.1:1")
    assert line == "error: No Kafka broker answers at 127.0.0.1:1."
