"""The fair, phase by phase, each as its people would do it over HTTP."""

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from admin.rehearsal.cast import Cast
from admin.rehearsal.client import CallFailed, Client
from admin.rehearsal.mailbox import Mailbox
from admin.rehearsal.steps import Step, Steps

PATIENCE_SECONDS = 60.0
CHAIRS_REASON = "Төраға тең жобаларды қарап, ретін белгіледі (a sample reason)"
Assignment = tuple[str, Mapping[str, Any]]
"""A judge, and what the judge has to score."""
Phase = tuple[str, Callable[[], Awaitable[object]]]
Points = Sequence[Mapping[str, str]]


class Play(Steps):
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
        super().__init__(client, step, patience)
        self._cast = cast
        self._yaml = season_yaml
        self._mailbox = Mailbox(maildir)
        self._judges: dict[str, str] = {}
        self.season = cast.season.id
        self.rounds = [f"{self.season}-{stage.id}" for stage in cast.season.rounds]
        self.table_hash = ""

    def phases(self) -> Sequence[Phase]:
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
            members = self._members(panel)
            await self._as_admin(
                "PUT",
                "scoring",
                f"/seasons/{self.season}/panels/{panel}",
                json={"members": members},
            )
        judges = [
            member
            for panel in ("jury", "commission")
            for member in self._members(panel)
            if member["role"] != "secretary"
        ]
        await self._all("appoint", [self._sign_in(judge) for judge in judges])

    def _members(self, panel: str) -> list[dict[str, Any]]:
        return self._cast.panel(panel)

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
        await self._draw(round_id)
        await self._hand_in(round_id, panel, await self._assignments(round_id, panel))
        await self._close(round_id)

    async def _draw(self, round_id: str) -> None:
        await self._repeat_while(
            ("not-heard-yet", "not-screened", "season-open", "not-published", "no-projects"),
            lambda: self._as_secretary(
                "POST",
                "scoring",
                f"/rounds/{round_id}/draw",
                json={"seed": f"{self._cast.seed}/{round_id}"},
            ),
        )

    async def _assignments(self, round_id: str, panel: str) -> list[Assignment]:
        """Who has what to score."""
        return [
            (judge, assignment)
            for judge in self._voting(panel)
            for assignment in await self._call(
                "GET", "scoring", f"/rounds/{round_id}/assignments", self._judges[judge]
            )
        ]

    async def _hand_in(self, round_id: str, panel: str, work: Sequence[Assignment]) -> None:
        phase = "first-round" if panel == "jury" else "final"
        sheets = [
            self._sheet(round_id, judge, it, self._cast.points(round_id, it["project_id"], judge))
            for judge, it in work
        ]
        await self._all(phase, sheets)

    async def _sheet(
        self,
        round_id: str,
        judge: str,
        assignment: Mapping[str, Any],
        points: Points,
        **more: Any,
    ) -> Any:
        """Hand in a judge's sheet; `more` is what a change of it takes."""
        project = assignment["project_id"]
        body = {
            "project_version": assignment["project_version"],
            "points": points,
            "comments": self._cast.comments(round_id, project, points),
        }
        return await self._call(
            "PUT",
            "scoring",
            f"/rounds/{round_id}/projects/{project}/sheet",
            self._judges[judge],
            json=body | more,
        )

    async def _close(self, round_id: str) -> None:
        await self._as_secretary("POST", "scoring", f"/rounds/{round_id}/close")
        await self._rank(round_id)

    async def _rank(self, round_id: str, few_sheets_reason: str | None = None) -> None:
        """Rank a closed round; the reason is for whom a late void left with too few sheets."""
        body = {"few_sheets_reason": few_sheets_reason}
        path = f"/rounds/{round_id}/ranking"
        ranking = await self._as_secretary("POST", "scoring", path, json=body)
        self.table_hash = ranking["table_hash"]

    async def _decide(self, round_id: str, panel: str, *, publish: bool) -> dict[str, Any]:
        body = await self._meet(round_id, panel) | await self._words_of_the_chair(round_id)
        answer: dict[str, Any] = await self._as_secretary(
            "POST", "scoring", f"/rounds/{round_id}/decision", json=body
        )
        if publish:
            await self._as_secretary("POST", "scoring", f"/rounds/{round_id}/publication")
        return answer

    async def _meet(self, round_id: str, panel: str) -> dict[str, Any]:
        """Who attends the decision."""
        return {"attended": self._voting(panel)}

    async def _words_of_the_chair(self, round_id: str) -> dict[str, Any]:
        """The chair's order of the projects that the line cuts through, where there are any."""
        ranking = await self._as_secretary("GET", "scoring", f"/rounds/{round_id}/ranking")
        stage = self._cast.season.rounds[self.rounds.index(round_id)]
        tied = tied_at_the_line(ranking["table"], stage.limit)
        return {"chair_order": tied, "chair_reason": CHAIRS_REASON} if tied else {}

    async def _awards(self) -> None:
        """Best first, each what it asked for, as long as the funds of its nomination last."""
        decided = await self._decide(self.rounds[-1], "commission", publish=False)
        chosen = [row["project_id"] for row in decided["projects"] if row["chosen"]]
        for done, project_id in enumerate(chosen, start=1):
            amount = await self._asks_for(project_id)
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

    async def _asks_for(self, project_id: str) -> int:
        """What the applicant asked for."""
        project = await self._as_secretary("GET", "submission", f"/projects/{project_id}")
        requested: int = project["versions"][-1]["content"]["budget"]["requested_tiyn"]
        return requested

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
            member["person_id"] for member in self._members(panel) if member["role"] != "secretary"
        ]


def tied_at_the_line(table: Sequence[Mapping[str, Any]], limit: int) -> list[str]:
    """The projects of the tie that the line after `limit` cuts through; mostly none."""
    if len(table) <= limit or not table[limit - 1]["tied_with_next"]:
        return []
    first, last = limit - 1, limit
    while first > 0 and table[first - 1]["tied_with_next"]:
        first -= 1
    while table[last]["tied_with_next"]:
        last += 1
    return [row["project_id"] for row in table[first : last + 1]]
