"""The ledger as the staff sees it over HTTP, and the events that make it fill."""

import httpx

from schemas.people import Person
from tests.notify.stage import Stage, sample
from tests.rooms import Rooms, eventually


class LedgerView:
    """What the staff sees of the messages about one project or registration."""

    def __init__(self, rooms: Rooms, client: httpx.AsyncClient, about: str) -> None:
        self._headers = rooms.token("secretary")
        self._client = client
        self._about = about

    async def messages(self) -> list[dict[str, object]]:
        """All of them."""
        answer = await self._client.get(
            "/messages", params={"about": self._about}, headers=self._headers
        )
        found: list[dict[str, object]] = answer.json()["items"]
        return found

    async def until(self, status: str) -> dict[str, object]:
        """The first message, once it has this status."""

        async def there() -> dict[str, object] | None:
            found = await self.messages()
            return found[0] if found and found[0]["status"] == status else None

        message: dict[str, object] = await eventually(there, f"a message is {status}", within=40)
        return message

    async def resend(self, message_id: object) -> httpx.Response:
        """Have it sent again."""
        return await self._client.post(f"/messages/{message_id}/resend", headers=self._headers)


async def submitted(stage: Stage, person: Person, project_id: str) -> None:
    """A project is handed in: a receipt is due."""
    event = sample("ProjectSubmitted", project_id=project_id, contact_person_id=person.person_id)
    await stage.say(event, project_id)


async def registered(stage: Stage, person: Person, registration_id: str) -> None:
    """Somebody registers for a webinar: a link is due."""
    event = sample("WebinarRegistered", registration_id=registration_id, person_id=person.person_id)
    await stage.say(event, registration_id)
