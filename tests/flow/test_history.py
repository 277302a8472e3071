"""What the streams of a played fair come to: the documents that the services have."""

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from admin.rehearsal.cast import FairSize
from admin.rehearsal.commands import Fair
from admin.rehearsal.outside import read_topic
from admin.stack.stack import Stack
from schemas.topics import SERVICES, SERVICES_WITH_PEOPLE, people, stream
from services.kit.history import History, Told, tell_people
from tests.parts import caller_environment

SMALL = FairSize(projects=12, shortlist=4, jury=5, judges_per_project=3, registrants=10)
BY_THE_WAY = {"version", "commands", "tokens", "work"}
"""What the service keeps for itself in a document, and no event tells."""
UNPLAYED = {"sittings", "appeals", "suppressions"}
"""The play holds no sitting, nobody appeals, and none of its mailboxes is refused."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(
        tmp_path_factory.mktemp("history"), free_ports=True, environment=caller_environment()
    )
    stack.up()
    yield stack
    stack.down()


async def test_documents_of_all_services_follow_from_their_streams(stack: Stack) -> None:
    fair = Fair(stack, "history", SMALL, datetime.now(UTC).date())
    await fair.play(lambda phase, done, total: None)

    for service in SERVICES:
        history = history_of(service)
        told = await documents_told(stack, history)
        live = await documents_live(stack, history)

        assert sorted(told) == sorted(live)
        for collection, documents in live.items():
            assert documents or collection in UNPLAYED, f"{service} has {collection}"
            assert set(told[collection]) == set(documents), collection
            for id, document in documents.items():
                assert without_drafts(told[collection][id], collection) == without_drafts(
                    document, collection
                ), f"{service} {collection} {id}"


def history_of(service: str) -> History:
    found: History = importlib.import_module(f"services.{service}.replay").HISTORY
    return found


async def documents_told(stack: Stack, history: History) -> dict[str, dict[str, Any]]:
    servers = stack.environment()["KAFKA_BOOTSTRAP_SERVERS"]
    met: dict[str, Told] = {}
    if history.service in SERVICES_WITH_PEOPLE:
        tell_people(await read_topic(servers, people(history.service)), met)
    records = await read_topic(servers, stream(history.service))
    return history.documents(history.read(records), met)


async def documents_live(stack: Stack, history: History) -> dict[str, dict[str, Any]]:
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(stack.environment()["MONGO_URL"])
    try:
        database = client[history.service]
        return {
            owned.collection: {
                document["_id"]: document async for document in database[owned.collection].find()
            }
            for owned in history.owned
        }
    finally:
        client.close()


def without_drafts(document: dict[str, Any], collection: str) -> dict[str, Any]:
    """All but what the service keeps for itself, the edited draft, and a mail's values."""
    kept = {name: value for name, value in document.items() if name not in BY_THE_WAY}
    state = dict(kept["state"])
    if collection == "projects":
        del state["draft"]
    if collection == "messages":
        state["plan"] = state["plan"] | {"values": {}}
    return kept | {"state": state}
