"""The HTTP API of suppressions, for the staff: to whom nothing is sent, and how that is ended."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import ConfigDict, JsonValue

from schemas.base import UUID_PATTERN, Line, Moment, Uuid
from services.kit.access import Access, command_key
from services.kit.aggregate import CommandKey, Decision
from services.kit.http import Command, context_of, server_now
from services.kit.tokens import Caller
from services.notify import domain
from services.notify.suppressions import Suppressions

PersonId = Annotated[str, Path(pattern=UUID_PATTERN)]

_EXAMPLE: dict[str, JsonValue] = {
    "person_id": "0b1c1f9e-3c57-5a5f-8a3d-2f6f0a5d1c11",
    "active": True,
    "message_id": "3b7b0a86-0c5f-5d6e-9a55-2a7c7d4f9e10",
    "smtp_reply": "550 5.1.1 (address): no such mailbox",
    "suppressed_at": "2020-04-10T09:00:00.000Z",
}


class SuppressionAnswer(domain.State):
    """A person whose mailbox was refused for good; the address itself is not told."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": _EXAMPLE})

    person_id: Uuid
    active: bool
    """False once it was lifted."""
    message_id: Uuid
    """The message that was refused."""
    smtp_reply: str
    suppressed_at: Moment | None = None
    restored_at: Moment | None = None
    restored_because: str = ""


class SuppressionPage(domain.State):
    """A page of suppressions in the order of their people; ask again with `after` = `next`."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"items": [_EXAMPLE], "next": _EXAMPLE["person_id"]}},
    )

    items: tuple[SuppressionAnswer, ...]
    next: str | None


class Lift(Command):
    """Why mails may be sent there again."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"reason": "The NGO wrote that its mailbox works again."}},
    )
    reason: Line


def routes(suppressions: Suppressions, access: Access) -> APIRouter:
    """All endpoints."""
    router = APIRouter(prefix="/suppressions", tags=["suppressions"])
    Staff = Annotated[Caller, Depends(access.require("secretary", "admin"))]

    @router.get("", summary="People to whom nothing is sent")
    async def list_suppressions(
        _caller: Staff,
        active: bool = True,
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> SuppressionPage:
        query: dict[str, object] = {"_id": {"$gt": after}, "state.active": active}
        found = await suppressions.store.find(query, limit=limit)
        items = tuple(_answer(suppression) for _, suppression in found)
        return SuppressionPage(
            items=items, next=items[-1].person_id if len(items) == limit else None
        )

    @router.post("/{person_id}/lift", summary="Send mails to this person again")
    async def lift(
        person_id: PersonId,
        body: Lift,
        request: Request,
        caller: Staff,
        key: Annotated[CommandKey | None, Depends(command_key)],
    ) -> SuppressionAnswer:
        now = server_now()
        result = await suppressions.store.execute(
            person_id,
            lambda found: Decision(domain.restore(found, person_id, body.reason, now)),
            context_of(request, caller),
            now=now,
            key=key,
        )
        return _answer(result.state)

    return router


def _answer(suppression: domain.Suppression) -> SuppressionAnswer:
    return SuppressionAnswer.model_validate(suppression.model_dump(exclude={"season_id"}))
