"""`zharmenke restore`: a stopped service's documents become what its own stream tells."""

import contextlib
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from admin.replay import running
from admin.replay.restoring import Restoring
from tests.admin.replays import Replays
from tests.applicants import Applicants, applicants
from tests.rooms import Rooms, eventually

PROJECTS = 5
STRANGER = "00000000-0000-4000-8000-000000000000"


@asynccontextmanager
async def serving(rooms: Rooms, *names: str) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """These services, until the end of the block."""
    async with contextlib.AsyncExitStack() as exits:
        clients = {}
        for name in names:
            create_app = importlib.import_module(f"services.{name}.app").create_app
            app = create_app(rooms.settings(name))
            await exits.enter_async_context(app.router.lifespan_context(app))
            clients[name] = await exits.enter_async_context(
                httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{name}")
            )

        async def ready() -> bool:
            answers = [await client.get("/health/ready") for client in clients.values()]
            return all(answer.is_success for answer in answers)

        await eventually(ready, "the services are ready")
        yield clients


async def draft(rooms: Rooms, submission: httpx.AsyncClient, ngos: Applicants) -> str:
    """Save a draft that is not handed in; its id."""
    plan = ngos.cast.projects()[-1]
    token = rooms.token("applicant", plan.applicant)
    answer = await submission.put(f"/projects/{plan.id}", json=plan.draft, headers=token)
    answer.raise_for_status()
    return plan.id


@pytest.fixture(scope="module")
async def ngos(rooms: Rooms) -> Applicants:
    """All but the last project are handed in; the last one is a draft. Nobody runs any more."""
    everybody = applicants(rooms, "restore", projects=PROJECTS)
    async with serving(rooms, "submission", "notify") as clients:
        submission = clients["submission"]
        await everybody.open_season(submission)
        for plan in everybody.cast.projects()[:-1]:
            await everybody.hand_in(submission, plan)
        await draft(rooms, submission, everybody)

        async def mailed() -> bool:
            return len(await rooms.said("notify", "MessageAccepted")) == PROJECTS - 1

        await eventually(mailed, "the receipts are mailed")
    return everybody


@pytest.fixture
async def submission(rooms: Rooms, ngos: Applicants) -> AsyncIterator[Replays]:
    found = Replays(rooms, "submission")
    yield found
    await found.replay("drop")


async def states(replays: Replays, collection: str) -> dict[str, Any]:
    return {id: doc["state"] for id, doc in (await replays.documents(collection)).items()}


async def test_restore_of_what_is_as_it_should_be_changes_nothing(submission: Replays) -> None:
    before = await submission.documents("projects")

    told = await submission.told("restore", "submission")

    assert told["same"] == {"seasons": 1, "projects": PROJECTS - 1}
    assert told["drafts"] == {"projects": 1}
    assert (told["replaced"], told["added"], told["removed"], told["left"]) == ({}, {}, {}, {})
    assert await submission.documents("projects") == before


async def test_restore_replaces_adds_and_removes_and_keeps_drafts(
    rooms: Rooms, ngos: Applicants, submission: Replays
) -> None:
    before = await submission.documents("projects")
    spoiled, lost, *_ = [plan.id for plan in ngos.cast.projects()]
    async with submission.database() as database:
        await database["projects"].update_one(
            {"_id": spoiled},
            {"$set": {"state.status": "withdrawn", "state.draft.title": "Edited since"}},
        )
        await database["projects"].delete_one({"_id": lost})
        stranger = before[spoiled] | {"_id": STRANGER}
        await database["projects"].insert_one(stranger)

    told = await submission.told("restore", "submission")

    assert told["replaced"] == told["added"] == told["removed"] == {"projects": 1}
    after = await submission.documents("projects")
    assert set(after) == set(before)
    assert after[spoiled]["state"]["draft"]["title"] == "Edited since"
    assert after[spoiled]["version"] > before[spoiled]["version"]
    for id in (spoiled, lost):
        said = {name: after[id]["state"][name] for name in ("status", "versions", "contact")}
        assert said == {name: before[id]["state"][name] for name in said}
        assert after[id]["sequence"] == before[id]["sequence"]
        assert after[id]["people"] == before[id]["people"]
    kept = await submission.documents("restored_g1")
    assert set(kept) == {f"projects/{spoiled}", f"projects/{STRANGER}"}
    assert kept[f"projects/{spoiled}"]["document"]["state"]["status"] == "withdrawn"
    assert (await submission.told("restore", "submission"))["replaced"] == {}


async def test_restored_service_goes_on_with_the_next_sequence(
    rooms: Rooms, ngos: Applicants, submission: Replays
) -> None:
    plan = ngos.cast.projects()[0]
    async with submission.database() as database:
        await database["projects"].delete_one({"_id": plan.id})
    assert (await submission.told("restore", "submission"))["added"] == {"projects": 1}

    async with serving(rooms, "submission") as clients:
        token = rooms.token("applicant", plan.applicant)
        answer = await clients["submission"].post(f"/projects/{plan.id}/withdrawal", headers=token)
        assert answer.is_success, answer.text

        async def said() -> list[tuple[str, bytes]]:
            return await rooms.said("submission", "ProjectWithdrawn")

        ((id, _),) = await eventually(said, "the withdrawal is said")
    assert id == f"submission/project/{plan.id}:2"


async def test_restore_cut_off_in_the_middle_is_done_by_the_next_one(
    ngos: Applicants, submission: Replays, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [plan.id for plan in ngos.cast.projects()[1:3]]
    before = await states(submission, "projects")
    async with submission.database() as database:
        for id in ids:
            await database["projects"].update_one(
                {"_id": id}, {"$set": {"state.status": "withdrawn", "state.draft.title": "Mine"}}
            )
    put = Restoring._put

    async def once(self: Any, *of: Any) -> Any:
        await put(self, *of)
        raise KeyboardInterrupt

    monkeypatch.setattr(Restoring, "_put", once)
    assert (await submission.terminal.run("restore", "submission")).exit_code == 130
    monkeypatch.undo()

    told = await submission.told("restore", "submission")

    assert told["replaced"] == {"projects": 1}
    after = await states(submission, "projects")
    for id in ids:
        assert after[id]["status"] == before[id]["status"]
        assert after[id]["draft"]["title"] == "Mine"


async def test_restore_is_refused_while_the_service_runs(rooms: Rooms, submission: Replays) -> None:
    async with serving(rooms, "submission"):
        line = await submission.refused("restore", "submission")
    assert "Stop submission first" in line
    assert "member" in line


async def test_restore_is_refused_while_a_replica_holds_a_lease(submission: Replays) -> None:
    async with submission.place() as place:
        now = await place.clock.now()
        await place.database["leases"].update_one(
            {"_id": "slot-03"}, {"$set": {"owner": "replica-7", "until": now.replace(year=2100)}}
        )
        line = await submission.refused("restore", "submission")
        await place.database["leases"].update_one({"_id": "slot-03"}, {"$set": {"until": now}})
    assert "replica-7 holds a lease" in line


async def test_restore_is_refused_while_events_are_not_on_the_stream(
    ngos: Applicants, submission: Replays
) -> None:
    id = ngos.cast.projects()[0].id
    async with submission.database() as database:
        await database["projects"].update_one({"_id": id}, {"$set": {"pending": True}})
        line = await submission.refused("restore", "submission")
        await database["projects"].update_one({"_id": id}, {"$set": {"pending": False}})
    assert "1 document(s) of projects have events that are not on the stream yet" in line


async def test_restore_of_notify_mails_nobody(rooms: Rooms, ngos: Applicants) -> None:
    """What is missing notify puts back by itself, as not known to have arrived or accepted."""
    notify = Replays(rooms, "notify")
    messages = await notify.documents("messages")
    lost, lowered, spoiled, *_ = sorted(messages)
    async with notify.database() as database:
        await database["messages"].delete_one({"_id": lost})
        await database["messages"].update_one({"_id": lowered}, {"$set": {"sequence": 1}})
        await database["messages"].update_one(
            {"_id": spoiled}, {"$set": {"state.status": "planned", "work.data_started": False}}
        )

    told = await notify.told("restore", "notify")

    assert told["left"] == {"messages": 1}
    assert told["replaced"] == {"messages": 2}
    assert lost not in await notify.documents("messages")
    mails = len(list(rooms.stack.maildir.glob("new/*")))
    async with serving(rooms, "notify"):

        async def whole() -> bool:
            found = await notify.documents("messages")
            return {doc["state"]["status"] for doc in found.values()} == {"accepted"} and set(
                found
            ) == set(messages)

        await eventually(whole, "the ledger is whole")
    assert len(list(rooms.stack.maildir.glob("new/*"))) == mails
    assert len(await rooms.said("notify", "MessageAccepted")) == PROJECTS - 1
    await notify.replay("drop")


async def test_claim_is_free_again_after_every_refusal(submission: Replays) -> None:
    async with submission.place() as place, running.claimed(place):
        pass
