"""The HTTP API of the ledger, for the staff: what was planned and what became of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import ConfigDict, JsonValue

from schemas.base import UUID_PATTERN, Moment, Uuid
from schemas.notify import Purpose
from services.kit.access import Access, command_key
from services.kit.aggregate import CommandKey, Decision
from services.kit.http import context_of, server_now
from services.kit.refusal import Refused
from services.kit.tokens import Caller
from services.notify import domain
from services.notify.store import Ledger

MessageId = Annotated[str, Path(pattern=UUID_PATTERN)]


_EXAMPLE: dict[str, JsonValue] = {
    "message_id": "3b7b0a86-0c5f-5d6e-9a55-2a7c7d4f9e10",
    "purpose": "submission-receipt",
    "about": "project/7f0c0e4e-6f3e-5d0a-9a53-0a3c1f2b4d5e",
    "occurrence": "submission/project/7f0c0e4e-6f3e-5d0a-9a53-0a3c1f2b4d5e:1",
    "person_id": "0b1c1f9e-3c57-5a5f-8a3d-2f6f0a5d1c11",
    "status": "accepted",
    "planned_at": "2020-04-10T09:00:00.000Z",
    "attempts": 1,
    "resending": False,
    "smtp_reply": "250 OK",
}


class MessageAnswer(domain.State):
    """A message without its address: that is in nobody's log."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": _EXAMPLE})

    message_id: Uuid
    purpose: Purpose
    about: str
    occurrence: str
    person_id: Uuid
    status: domain.Status
    planned_at: Moment
    attempts: int
    resending: bool
    smtp_reply: str
    suppressed_because: domain.Reason | None = None


class MessagePage(domain.State):
    """A page of messages in the order of their ids; ask again with `after` = `next`."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"items": [_EXAMPLE], "next": _EXAMPLE["message_id"]}},
    )

    items: tuple[MessageAnswer, ...]
    next: str | None


def routes(ledger: Ledger, access: Access) -> APIRouter:
    """All endpoints."""
    router = APIRouter(prefix="/messages", tags=["messages"])
    Staff = Annotated[Caller, Depends(access.require("secretary", "admin"))]

    @router.get("", summary="Messages by status")
    async def list_messages(
        _caller: Staff,
        status: domain.Status | None = None,
        about: str | None = None,
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> MessagePage:
        query: dict[str, object] = {"_id": {"$gt": after}}
        if status:
            query["state.status"] = status
        if about:
            query["state.plan.about"] = about
        found = await ledger.messages.find(query, limit=limit)
        items = tuple(_answer(message) for _, message in found)
        return MessagePage(items=items, next=items[-1].message_id if len(items) == limit else None)

    @router.get("/counts", summary="How many messages are in each status")
    async def counts(_caller: Staff) -> dict[str, int]:
        return await ledger.counts()

    @router.get("/{message_id}", summary="One message")
    async def read(message_id: MessageId, _caller: Staff) -> MessageAnswer:
        message = await ledger.messages.get(message_id)
        if message is None:
            raise Refused("missing", "unknown-message", f"There is no message {message_id}.")
        return _answer(message)

    @router.post("/{message_id}/resend", summary="Send again what may not have arrived")
    async def resend(
        message_id: MessageId,
        request: Request,
        caller: Staff,
        key: Annotated[CommandKey | None, Depends(command_key)],
    ) -> MessageAnswer:
        result = await ledger.messages.execute(
            message_id,
            lambda message: Decision(domain.resend(message, message_id)),
            context_of(request, caller),
            now=server_now(),
            key=key,
        )
        return _answer(result.state)

    return router


def _answer(message: domain.Message) -> MessageAnswer:
    plan = message.plan
    return MessageAnswer(
        message_id=message.message_id,
        purpose=plan.purpose,
        about=plan.about,
        occurrence=plan.occurrence,
        person_id=plan.person_id,
        status=message.status,
        planned_at=message.planned_at,
        attempts=message.attempts,
        resending=message.resending,
        smtp_reply=message.smtp_reply,
        suppressed_because=message.suppressed_because,
    )
