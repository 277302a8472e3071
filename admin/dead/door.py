"""One service's door to its parked records, called as an admin with the operator's key."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from admin.tokens import operator_token

LONGEST_SECONDS = 600.0
"""A long queue takes its time; the service goes on with it when nobody waits any more."""


class DoorClosed(Exception):
    """The service did not do it; the text says why, for a person."""


class Door:
    """The endpoints under `/parked` of a service; every call raises DoorClosed when refused."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def records(self) -> list[dict[str, Any]]:
        """Every parked record, by topic, partition and offset."""
        found: list[dict[str, Any]] = []
        after: str | None = ""
        while after is not None:
            page = self._call("GET", "/parked", params={"after": after, "limit": 500})
            found += page["items"]
            after = page["next"]
        return sorted(found, key=lambda one: (one["topic"], one["partition"], one["offset"]))

    def record(self, id: str, *, with_people: bool) -> dict[str, Any]:
        """One parked record with its content."""
        params = {"with_people": str(with_people).lower()}
        return self._call("GET", f"/parked/{id}", params=params)

    def redrive(self, what: dict[str, Any]) -> list[dict[str, Any]]:
        """Redrive the queues that are named; what became of each."""
        queues: list[dict[str, Any]] = self._call("POST", "/parked/redrive", json=what)["queues"]
        return queues

    def discard(self, id: str, reason: str) -> dict[str, Any]:
        """Give a record up; the decision on record."""
        return self._call("POST", "/parked/discard", json={"id": id, "reason": reason})

    def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            where = f"{self._http.base_url}"
            raise DoorClosed(f"No answer from {where} ({type(error).__name__}).") from error
        if answer.is_success:
            body: dict[str, Any] = answer.json()
            return body
        raise DoorClosed(_detail(answer))


def admin_token(key_file: Path, subject: str) -> str:
    """An admin's token that names `subject`."""
    return operator_token(key_file, "admin", subject, timedelta(hours=1))


@contextmanager
def open_door(url: str, token: str) -> Iterator[Door]:
    """A door to the service at `url`, for the admin whom the token names."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=LONGEST_SECONDS) as http:
        yield Door(http)


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.request.url} answered {answer.status_code}."
