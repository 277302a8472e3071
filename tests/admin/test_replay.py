"""`zharmenke replay plan` and `run` beside services that work on the same documents."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from admin.replay import running, source
from admin.terminal import Trouble
from schemas.topics import stream
from tests.admin.replays import Replays
from tests.admin.terminal import event, put
from tests.applicants import Applicants, applicants
from tests.rooms import Rooms, eventually

PROJECTS = 6
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
async def ngos(rooms: Rooms) -> Applicants:
    """Six projects, handed in, heard by scoring, their receipts mailed."""
    everybody = applicants(rooms, "replay", projects=PROJECTS)
    submission = await rooms.open("submission")
    await rooms.open("scoring")
    await rooms.open("notify")
    await everybody.open_season(submission)
    for plan in everybody.cast.projects():
        await everybody.hand_in(submission, plan)

    async def mailed() -> bool:
        return len(await rooms.said("notify", "MessageAccepted")) == PROJECTS

    await eventually(mailed, "the receipts are mailed")
    scoring = Replays(rooms, "scoring")

    async def heard() -> bool:
        return len(await scoring.documents("heard_projects")) == PROJECTS

    await eventually(heard, "scoring has heard of all projects")
    return everybody


@pytest.fixture
async def scoring(rooms: Rooms, ngos: Applicants) -> Any:
    """Scoring's replays, with no generation left behind."""
    found = Replays(rooms, "scoring")
    yield found
    await found.replay("drop")


async def change(replays: Replays, collection: str, id: str, **fields: Any) -> None:
    async with replays.database() as database:
        await database[collection].update_one({"_id": id}, {"$set": fields})


@pytest.mark.parametrize("service", ["submission", "scoring", "notify"])
async def test_plan_and_run_find_that_all_documents_follow_from_history(
    rooms: Rooms, ngos: Applicants, service: str
) -> None:
    replays = Replays(rooms, service)
    collection = {"submission": "projects", "scoring": "heard_projects", "notify": "messages"}

    planned = await replays.replay("plan")
    found = await replays.replay("run")

    for told in (planned, found):
        assert (told["different"], told["differences"], told["problems"]) == ({}, [], [])
        assert told["documents"][collection[service]] == PROJECTS
        assert (told["mails"], told["waiting"]) == (0, 0)
    assert sum(planned["records"].values()) == found["records"] > PROJECTS
    assert (found["generation"], found["resumed"]) == (1, False)
    assert len(await rooms.said("notify", "MessagePlanned")) == PROJECTS
    await replays.replay("drop")


async def test_difference_of_a_heard_document_is_shown_field_by_field(
    scoring: Replays, ngos: Applicants
) -> None:
    project = ngos.cast.projects()[0]
    before = (await scoring.documents("heard_projects"))[project.id]
    await change(scoring, "heard_projects", project.id, **{"state.status": "eligible"})

    planned = await scoring.replay("plan", exit_code=1)
    found = await scoring.replay("run", exit_code=1)
    shown = await scoring.terminal.run("replay", "run", "scoring")

    difference = {
        "collection": "heard_projects",
        "id": project.id,
        "fields": [{"field": "state.status", "live": "eligible", "told": "submitted"}],
    }
    assert planned["differences"] == found["differences"] == [difference]
    assert 'state.status: "eligible" → "submitted"' in shown.stdout
    assert "0 mails were sent" in shown.stdout
    await change(scoring, "heard_projects", project.id, state=before["state"])


async def test_differences_of_owned_documents_lost_ones_and_strangers_are_found(
    rooms: Rooms, ngos: Applicants
) -> None:
    replays = Replays(rooms, "notify")
    messages = await replays.documents("messages")
    lost, changed = sorted(messages)[:2]
    async with replays.database() as database:
        await database["messages"].delete_one({"_id": lost})
        await database["messages"].insert_one(messages[lost] | {"_id": NOBODY, "pending": False})
        await database["messages"].update_one({"_id": changed}, {"$set": {"state.attempts": 7}})

    found = await replays.replay("run", exit_code=1)

    told = {one["id"]: one["fields"] for one in found["differences"]}
    assert set(told) == {lost, changed, NOBODY}
    assert told[changed] == [{"field": "state.attempts", "live": 7, "told": 1}]
    assert "live" not in told[lost][0]
    assert "told" not in told[NOBODY][0]
    async with replays.database() as database:
        await database["messages"].delete_one({"_id": NOBODY})
        await database["messages"].delete_one({"_id": changed})
        await database["messages"].insert_many([messages[lost], messages[changed]])
    assert (await replays.replay("run"))["different"] == {}
    await replays.replay("drop")


async def test_plan_can_be_of_one_subject_or_of_what_was_written_lately(
    scoring: Replays, rooms: Rooms, ngos: Applicants
) -> None:
    project = ngos.cast.projects()[0]
    of_one = await scoring.replay("plan", "--subject", f"project/{project.id}")
    lately = await scoring.replay("plan", "--from", "1h")

    assert of_one["documents"] == {"heard_projects": 1}
    assert lately["documents"]["heard_projects"] == PROJECTS
    assert await scoring.documents("generations") == {}


async def test_interrupted_run_goes_on_from_its_checkpoint(
    scoring: Replays, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "WINDOW", 1)
    reading = asyncio.Event()

    async def interrupted() -> None:
        async with scoring.place() as place, running.opened(place) as shadow:
            await running.run(shadow, lambda done: reading.set() if done else None)

    task = asyncio.create_task(interrupted())
    await reading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    found = await scoring.replay("run")

    assert found["generation"] == 1
    assert found["different"] == {}
    assert found["documents"]["heard_projects"] == PROJECTS
    again = await scoring.replay("run")
    assert (again["records"], again["resumed"]) == (0, True)


async def test_broker_that_goes_away_in_the_middle_leaves_a_run_that_goes_on(
    scoring: Replays, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "WINDOW", 1)
    async with scoring.place() as place, running.opened(place) as shadow:
        whole = place.log.batches

        async def broken(*of: Any) -> AsyncIterator[list[Any]]:
            async for records in whole(*of):
                yield records
                raise Trouble("The broker went away.")

        monkeypatch.setattr(place.log, "batches", broken)
        with pytest.raises(Trouble, match="went away"):
            await running.run(shadow)

    found = await scoring.replay("run")
    assert (found["generation"], found["different"]) == (1, {})
    assert found["documents"]["heard_projects"] == PROJECTS


async def test_second_replay_at_once_is_refused(scoring: Replays) -> None:
    async with scoring.place() as place, running.claimed(place):
        for words in (("replay", "run"), ("replay", "drop"), ("restore",)):
            line = await scoring.refused(*words, "scoring")
            assert "Another replay or restore of scoring runs now" in line
    assert (await scoring.replay("run"))["generation"] == 1


async def test_generation_begun_by_other_code_is_not_gone_on_with(scoring: Replays) -> None:
    await scoring.replay("run")
    async with scoring.database() as database:
        await database["generations"].update_one({"_id": 1}, {"$set": {"code": "another"}})

    line = await scoring.refused("replay", "run", "scoring")

    assert "begun by other code" in line
    assert "zharmenke replay drop scoring" in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("replay", "run", "scorin"), "There is no service 'scorin'"),
        (("replay", "promote", "webinar"), "keeps nothing of what it hears"),
        (("replay", "promote", "submission"), "first: zharmenke replay run submission"),
        (("replay", "plan", "scoring", "--from", "2999-01-01"), "has not come yet"),
        (("replay", "plan", "scoring", "--from", "1960-01-01"), "before 1970"),
        (("replay", "plan", "scoring", "--from", "0s"), "nothing was written"),
        (("replay", "plan", "scoring", "--from", "soon"), "is no moment"),
        (("replay", "plan", "scoring", "--subject", "project"), "is no subject"),
        (("replay", "plan", "scoring", "--subject", "project/x"), "no document of scoring"),
        (("replay", "run", "scoring", "--bootstrap", "127.0.0.1:1"), "No Kafka broker answers"),
        (("replay", "run", "scoring", "--mongo", "mongodb://127.0.0.1:1"), "does not answer"),
        (("replay", "run", "scoring", "--mongo", "kafka://nowhere"), "is no address of a database"),
        (("restore", "scorin"), "There is no service 'scorin'"),
    ],
)
async def test_what_can_not_be_done_is_refused_in_one_line(
    rooms: Rooms, ngos: Applicants, words: tuple[str, ...], said: str
) -> None:
    service = words[2] if words[2:] and words[0] == "replay" else "scoring"
    replays = Replays(rooms, service if service in ("submission", "webinar") else "scoring")
    assert said in await replays.refused(*words)
    assert await Replays(rooms, "scoring").documents("generations") == {}


async def test_topic_that_is_missing_is_named(rooms: Rooms, ngos: Applicants) -> None:
    terminal = Replays(rooms, "scoring").terminal
    terminal.prefix = "nobody-uses-this"
    told = await terminal.run("replay", "run", "scoring")
    assert told.exit_code == 2
    assert "There is no topic 'nobody-uses-this.scoring'" in told.stderr


async def test_record_that_can_not_be_read_is_told_of_unless_it_is_parked(
    rooms: Rooms, ngos: Applicants, scoring: Replays
) -> None:
    """The services park what is on submission's stream; their own they must understand."""
    topic = stream("submission", rooms.prefix)
    bad = event(f"project/{NOBODY}")
    async with AIOKafkaProducer(bootstrap_servers=scoring.terminal.servers) as producer:
        await put(producer, topic, bad, b'{"not": "a project"}')
    await eventually(lambda: scoring.documents("parked"), "scoring has parked it")

    heard = await scoring.replay("run")
    own = await Replays(rooms, "submission").replay("plan", exit_code=1)

    assert (heard["problems"], heard["parked"], heard["different"]) == ([], 1, {})
    assert heard["documents"]["heard_projects"] == PROJECTS
    (problem,) = own["problems"]
    assert problem["record"].startswith(f"{topic}/")
    assert "body is not valid" in problem["reason"]
    line = await scoring.refused("replay", "promote", "scoring")
    assert "Some records are parked" in line
    assert "zharmenke dead list scoring" in line
