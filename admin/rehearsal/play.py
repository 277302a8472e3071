"""The fair, phase by phase, each as its people would do it over HTTP."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from admin.rehearsal.cast import Cast
from admin.rehearsal.client import CallFailed, Client
from admin.rehearsal.mailbox import Mailbox

SECRETARY, ADMIN = "office", "operator"
PATIENCE_SECONDS = 60.0
Step = Callable[[str, int, int], None]
"""Told the phase, how much of it is done, and how much there is."""


class Play:
    """One fair. The phases are to be played in order; each can be played again without harm."""

    def __init__(
        self,
        client: Client,
        cast: Cast,
        season_yaml: str,
        maildir: Path,
        step: Step,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`patience`: how many seconds it waits for a mail, or until a service has heard of it."""
        self._client = client
        self._cast = cast
        self._yaml = season_yaml
        self._mailbox = Mailbox(maildir)
        self._step = step
        self._patience = patience
        self._judges: dict[str, str] = {}
        self.season = cast.season.id
        self.rounds = [f"{self.season}-{stage.id}" for stage in cast.season.rounds]
        self.table_hash = ""

    def phases(self) -> Sequence[tuple[str, Callable[[], Awaitable[object]]]]:
        """The phases with their names, in order."""
        first, final = self.rounds[0], self.rounds[-1]
        return (
            ("open", self._open),
            ("submit", self._submit),
            ("screen", self._screen),
            ("appoint", self._appoint),
            ("first-round", lambda: self._score(first, "jury")),
            ("shortlist", lambda: self._decide(first, "jury", publish=True)),
            ("final", lambda: self._score(final, "commission")),
            ("awards", self._awards),
            ("webinars", self._webinars),
        )

    async def _open(self) -> None:
        await self._as_admin(
            "PUT",
            "submission",
            f"/seasons/{self.season}",
            content=self._yaml.encode(),
            headers={"Content-Type": "application/yaml"},
        )
        for service, path in (
            ("scoring", f"/rounds/{self.rounds[0]}"),
            ("webinar", f"/webinars?season_id={self.season}"),
        ):
            await self._until(lambda answer: bool(answer), service, path)

    async def _submit(self) -> None:
        plans = self._cast.projects()

        async def hand_in(plan: Any) -> None:
            token = self._client.operator("applicant", plan.applicant)
            await self._call("PUT", "submission", f"/projects/{plan.id}", token, json=plan.draft)
            await self._call("POST", "submission", f"/projects/{plan.id}/submit", token)

        await self._all("submit", [hand_in(plan) for plan in plans])

    async def _screen(self) -> None:
        async def screen(project_id: str) -> None:
            await self._as_secretary(
                "POST",
                "submission",
                f"/projects/{project_id}/screening",
                json={"version": 1, "outcome": "eligible"},
            )

        await self._all("screen", [screen(plan.id) for plan in self._cast.projects()])
        await self._as_admin("POST", "submission", f"/seasons/{self.season}/close")

    async def _appoint(self) -> None:
        for panel in ("jury", "commission"):
            members = self._cast.panel(panel)
            await self._as_admin(
                "PUT",
                "scoring",
                f"/seasons/{self.season}/panels/{panel}",
                json={"members": members},
            )
        judges = [
            member
            for panel in ("jury", "commission")
            for member in self._cast.panel(panel)
            if member["role"] != "secretary"
        ]
        await self._all("appoint", [self._sign_in(judge) for judge in judges])

    async def _sign_in(self, judge: dict[str, Any]) -> None:
        """Wait for the mail, follow its link, keep the session."""
        text = await self._mailbox.wait_for(judge["email"], self._patience)
        found = re.search(r"/sign-in\?token=([\w.-]+)", text)
        if not found:
            raise RuntimeError(f"the mail to {judge['email']} has no sign-in link")
        session = await self._call(
            "POST",
            "scoring",
            "/sessions",
            None,
            json={"token": found.group(1)},
            headers={"Idempotency-Key": secrets.token_hex(16)},
        )
        self._judges[judge["person_id"]] = session["access_token"]

    async def _score(self, round_id: str, panel: str) -> None:
        await self._repeat_while(
            ("not-heard-yet", "not-screened", "season-open", "not-published", "no-projects"),
            lambda: self._as_secretary(
                "POST",
                "scoring",
                f"/rounds/{round_id}/draw",
                json={"seed": f"{self._cast.seed}/{round_id}"},
            ),
        )
        work = [
            (judge, assignment)
            for judge in self._voting(panel)
            for assignment in await self._call(
                "GET", "scoring", f"/rounds/{round_id}/assignments", self._judges[judge]
            )
        ]

        async def score(judge: str, assignment: dict[str, Any]) -> None:
            project = assignment["project_id"]
            await self._call(
                "PUT",
                "scoring",
                f"/rounds/{round_id}/projects/{project}/sheet",
                self._judges[judge],
                json={
                    "project_version": assignment["project_version"],
                    "points": self._cast.points(round_id, project, judge),
                },
            )

        phase = "first-round" if panel == "jury" else "final"
        await self._all(phase, [score(judge, assignment) for judge, assignment in work])
        await self._as_secretary("POST", "scoring", f"/rounds/{round_id}/close")
        ranking = await self._as_secretary("POST", "scoring", f"/rounds/{round_id}/ranking")
        self.table_hash = ranking["table_hash"]

    async def _decide(self, round_id: str, panel: str, *, publish: bool) -> dict[str, Any]:
        answer: dict[str, Any] = await self._as_secretary(
            "POST",
            "scoring",
            f"/rounds/{round_id}/decision",
            json={"attended": self._voting(panel)},
        )
        if publish:
            await self._as_secretary("POST", "scoring", f"/rounds/{round_id}/publication")
        return answer

    async def _awards(self) -> None:
        """Best first, each what it asked for, as long as the funds of its nomination last."""
        decided = await self._decide(self.rounds[-1], "commission", publish=False)
        chosen = [row["project_id"] for row in decided["projects"] if row["chosen"]]
        for done, project_id in enumerate(chosen, start=1):
            project = await self._as_secretary("GET", "submission", f"/projects/{project_id}")
            amount = project["versions"][-1]["content"]["budget"]["requested_tiyn"]
            try:
                await self._as_secretary(
                    "PUT",
                    "scoring",
                    f"/seasons/{self.season}/awards/{project_id}",
                    json={"amount_tiyn": amount},
                )
            except CallFailed as failure:
                if "-funds" not in failure.body:
                    raise
            self._step("awards", done, len(chosen))
        await self._as_secretary("POST", "scoring", f"/seasons/{self.season}/awards/publication")

    async def _webinars(self) -> None:
        jobs = []
        for webinar in self._cast.season.webinars:
            webinar_id = f"{self.season}-{webinar.id}"
            for registrant in self._cast.registrants(webinar_id):
                path = f"/webinars/{webinar_id}/registrations/{registrant.id}"
                jobs.append(self._call("PUT", "webinar", path, None, json=registrant.body))
        await self._all("webinars", jobs)

    def _voting(self, panel: str) -> list[str]:
        return [
            member["person_id"]
            for member in self._cast.panel(panel)
            if member["role"] != "secretary"
        ]

    async def _call(
        self, method: str, service: str, path: str, token: str | None, **request: Any
    ) -> Any:
        return await self._client.call(method, service, path, token=token, **request)

    async def _as_secretary(self, method: str, service: str, path: str, **request: Any) -> Any:
        token = self._client.operator("secretary", SECRETARY)
        return await self._call(method, service, path, token, **request)

    async def _as_admin(self, method: str, service: str, path: str, **request: Any) -> Any:
        return await self._call(
            method, service, path, self._client.operator("admin", ADMIN), **request
        )

    async def _all(self, phase: str, jobs: Sequence[Awaitable[Any]]) -> None:
        async for done in _as_done(jobs):
            self._step(phase, done, len(jobs))

    async def _until(self, fits: Callable[[Any], bool], service: str, path: str) -> None:
        """Ask until another service has heard of it."""
        async with asyncio.timeout(self._patience):
            while True:
                try:
                    if fits(await self._call("GET", service, path, None)):
                        return
                except CallFailed as failure:
                    if failure.status != 404:
                        raise
                await asyncio.sleep(0.1)

    async def _repeat_while(self, rules: Sequence[str], step: Callable[[], Awaitable[Any]]) -> None:
        """Do it again while a service has not heard of everything yet."""
        async with asyncio.timeout(self._patience):
            while True:
                try:
                    await step()
                    return
                except CallFailed as failure:
                    if not any(f":{rule}" in failure.body for rule in rules):
                        raise
                await asyncio.sleep(0.1)


async def _as_done(jobs: Sequence[Awaitable[Any]]) -> AsyncIterator[int]:
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        for done, finished in enumerate(asyncio.as_completed(tasks), start=1):
            await finished
            yield done
    finally:
        for task in tasks:
            task.cancel()
