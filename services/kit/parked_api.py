"""The admin's door to a service's parked records: list, show, redrive, discard."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Query, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.kit.access import Access
from services.kit.parked_view import (
    DiscardedRecord,
    DiscardRequest,
    ParkedDetail,
    ParkedPage,
    QueueReport,
    RedriveReport,
    RedriveRequest,
    detail_of,
    discarded_of,
    record_of,
)
from services.kit.redrive import Queue as ParkedQueue
from services.kit.redrive import Redrive
from services.kit.refusal import Refused
from services.kit.tokens import Caller

log = structlog.get_logger(__name__)

_bearer = HTTPBearer(auto_error=False, description="A token made by `zharmenke token`.")


@lru_cache
def _access(key_file: Path) -> Access:
    return Access(key_file.read_text())


def routes(found: Callable[[], Redrive | None], key_file: Path) -> APIRouter:
    """All endpoints; `found` gives the redrive once the service is assembled."""
    router = APIRouter(prefix="/parked", tags=["parked"])

    async def admin(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> Caller:
        return await _access(key_file).require("admin")(credentials)

    Admin = Annotated[Caller, Depends(admin)]

    def redrive() -> Redrive:
        if (made := found()) is None:
            raise Refused("busy", "starting", "The service is starting; please try again.")
        return made

    Redriving = Annotated[Redrive, Depends(redrive)]

    @router.get("", summary="What is parked, without personal data")
    async def list_parked(
        _caller: Admin,
        redriving: Redriving,
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> ParkedPage:
        parking = redriving.parking
        cursor = parking.collection.find({"_id": {"$gt": after}}, {"value": 0, "outbox": 0})
        docs = await cursor.sort("_id", 1).limit(limit).to_list(None)
        return ParkedPage(
            items=[record_of(doc, people=parking.is_people(doc["topic"])) for doc in docs],
            next=docs[-1]["_id"] if len(docs) == limit else None,
            total=await parking.count(),
        )

    @router.get("/{topic}/{partition}/{offset}", summary="One parked record with all it came with")
    async def show_parked(
        caller: Admin,
        redriving: Redriving,
        topic: str,
        partition: int,
        offset: int,
        with_people: Annotated[
            bool, Query(description="Personal data too; that it was asked for is logged.")
        ] = False,
    ) -> ParkedDetail:
        id = f"{topic}/{partition}/{offset}"
        doc = await redriving.parking.collection.find_one({"_id": id})
        if doc is None:
            raise Refused("missing", "not-parked", f"No record {id} is parked.")
        people = redriving.parking.is_people(topic)
        if people and with_people:
            log.warning("people_record_shown", id=id, by=caller.actor)
        return detail_of(doc, people=people, shown=with_people)

    @router.post("/redrive", summary="Handle parked records again, in their order")
    async def redrive_parked(
        request: RedriveRequest, caller: Admin, redriving: Redriving
    ) -> RedriveReport:
        queues = await _queues(redriving, request)
        outcomes = [await redriving.run(queue, caller.actor) for queue in queues]
        people = redriving.parking.is_people
        return RedriveReport(
            queues=[QueueReport.of(made, people=people(made.queue.topic)) for made in outcomes]
        )

    @router.post("/discard", summary="Decide that a parked record is never handled")
    async def discard_parked(
        request: DiscardRequest, caller: Admin, redriving: Redriving
    ) -> DiscardedRecord:
        return discarded_of(await redriving.discard(request.id, request.reason, caller.actor))

    return router


async def _queues(redriving: Redrive, request: RedriveRequest) -> list[ParkedQueue]:
    if request.all:
        return await redriving.queues()
    if request.id is not None:
        return [await redriving.queue_of(request.id)]
    assert request.topic is not None
    assert request.key is not None
    queue = ParkedQueue(request.topic, request.key.encode(), "")
    if await redriving.parking.head(queue.query) is None:
        raise Refused("missing", "not-parked", "Nothing of this topic and key is parked.")
    return [queue]
