"""`zharmenke replay promote` and `drop` under traffic: no restart, nothing lost on the way."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from admin.replay import running
from admin.terminal import Trouble
from services.kit.envelope import Envelope
from services.kit.fold import read_event
from services.kit.history import fold_all
from services.scoring.replay import HISTORY
from tests.admin.replays import Replays
from tests.applicants import Applicants, applicants
from tests.rooms import Rooms, eventually

PROJECTS = 24
BEFORE = 6


@pytest.fixture(scope="module")
async def ngos(rooms: Rooms) -> Applicants:
    return applicants(rooms, "promote", projects=PROJECTS)


@pytest.fixture(scope="module")
async def submission(rooms: Rooms, ngos: Applicants) -> httpx.AsyncClient:
    """Submission and two replicas of scoring, with the first projects handed in."""
    client = await rooms.open("submission")
    await rooms.open("scoring")
    await rooms.open("scoring")
    await ngos.open_season(client)
    for plan in ngos.cast.projects()[:BEFORE]:
        await ngos.hand_in(client, plan)
    return client


@pytest.fixture
async def scoring(rooms: Rooms, submission: httpx.AsyncClient) -> Replays:
    return Replays(rooms, "scoring")


@pytest.fixture(autouse=True)
def _no_wait_after_a_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "STALE", timedelta(0))


async def whole(rooms: Rooms) -> dict[str, Any]:
    """What submission's stream comes to, in memory."""
    records = await rooms.records("submission")
    events = []
    for record in records:
        envelope = Envelope.from_headers(record.headers)
        if model := HISTORY.models.get(envelope.type):
            events.append(read_event(envelope, record, model, people=False))
    (projects,) = [part for part in HISTORY.heard if part.collection == "heard_projects"]
    return {
        id: (state.model_dump(mode="json"), marks)
        for id, (state, marks) in fold_all(projects.fold, events).items()
    }


async def generation(replays: Replays, number: int) -> dict[str, Any]:
    found = await replays.documents(f"heard_projects_g{number}")
    return {id: (doc["state"], doc["heard"]) for id, doc in found.items()}


async def test_services_go_on_in_the_new_generation_and_lose_nothing_of_the_traffic(
    rooms: Rooms, ngos: Applicants, submission: httpx.AsyncClient, scoring: Replays
) -> None:
    found = await scoring.replay("run")
    assert (found["generation"], found["different"]) == (1, {})

    async def traffic() -> None:
        for plan in ngos.cast.projects()[BEFORE:]:
            await ngos.hand_in(submission, plan)

    async def switches() -> list[Any]:
        first = await scoring.replay("promote")
        await scoring.replay("run")
        return [first, await scoring.replay("promote")]

    _, (first, second) = await asyncio.gather(traffic(), switches())

    assert (first["before"], first["generation"]) == (0, 1)
    assert (second["before"], second["generation"]) == (1, 2)

    async def all_there() -> bool:
        return len(await generation(scoring, 2)) == PROJECTS

    await eventually(all_there, "every project is in the new generation")
    assert await generation(scoring, 2) == await whole(rooms)
    assert (await scoring.replay("plan"))["different"] == {}


async def test_old_generations_are_kept_until_they_are_dropped(scoring: Replays) -> None:
    for number in (0, 1):
        name = f"heard_projects_g{number}" if number else "heard_projects"
        assert await scoring.documents(name) != {}

    gone = (await scoring.replay("drop"))["dropped"]

    assert {"heard_projects", "heard_projects_g1", "heard_seasons_g1"} <= set(gone)
    assert "heard_projects_g2" not in gone
    assert await scoring.documents("heard_projects") == {}
    assert len(await generation(scoring, 2)) == PROJECTS
    assert (await scoring.replay("drop"))["dropped"] == []


async def test_restarted_service_reads_the_live_generation(
    rooms: Rooms, ngos: Applicants, scoring: Replays
) -> None:
    await rooms.open("scoring")
    async with scoring.place() as place:
        assert await place.pointer.look() == 2
        indexes = await place.database["heard_projects_g2"].index_information()
    assert "by_season" in indexes
    assert await scoring.documents("heard_projects") == {}


async def test_promote_before_catching_up_is_refused(
    scoring: Replays, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "AT_MOST_BEHIND", 3)
    async with scoring.place() as place, running.opened(place):
        pass  # begun, and cut off at once

    line = await scoring.refused("replay", "promote", "scoring")

    assert "Generation 3 is" in line
    assert "first: zharmenke replay run scoring" in line
    async with scoring.place() as place:
        assert await place.pointer.look() == 2
    await scoring.replay("drop")


async def test_promote_that_folds_too_long_changes_nothing(
    scoring: Replays, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scoring.replay("run")
    monkeypatch.setattr(running, "PROMOTE_SECONDS", 0.0)
    async with scoring.place() as place:
        with pytest.raises(Trouble, match="nothing was changed"):
            await running.promote(place)
        assert await place.pointer.look() == 2
        assert await place.pointer.settled(2)


async def test_promote_beside_a_handover_is_refused(scoring: Replays) -> None:
    async with scoring.place() as place:
        handover = await place.pointer.hand_over()
        assert handover is not None
        line = await scoring.refused("replay", "promote", "scoring")
        await place.pointer.call_off(handover)
    assert "A handover is under way" in line
    assert (await scoring.replay("promote"))["generation"] == 3


async def test_drop_waits_for_those_who_still_look_at_the_old_generation(
    scoring: Replays, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "STALE", timedelta(hours=1))
    line = await scoring.refused("replay", "drop", "scoring")
    assert "may still look at the one before" in line
