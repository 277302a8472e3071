"""A small fair on the real parts: both rooms, and what the people of a fair do in them."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import yaml

from admin.rehearsal.cast import Cast, FairSize, season_text
from schemas.season import SeasonDefinition
from services.kit.tokens import issue_link
from services.submission.season_file import parse_season
from tests.rooms import Rooms, eventually
from tests.submission.given import SEASON_FILE

SIZE = FairSize(projects=6, shortlist=3, jury=3, judges_per_project=2)
NOMINATION_FUNDS = 1000
VOTES = 4
"""Of the commission; three are a quorum."""
Body = dict[str, Any]


class Court:
    """The two rooms that every fair of these tests runs in."""

    def __init__(
        self, rooms: Rooms, submission: httpx.AsyncClient, scoring: httpx.AsyncClient
    ) -> None:
        self.rooms = rooms
        self.submission = submission
        self.scoring = scoring


def season_yaml(season_id: str, first: Body, final: Body) -> str:
    """Today's season, small: four on the commission, 1000 tiyn for each nomination.

    `first` and `final` are fields of its two rounds.
    """
    fields = yaml.safe_load(season_text(SEASON_FILE, datetime.now(UTC).date(), SIZE))
    fields |= {"id": season_id, "funds_tiyn": NOMINATION_FUNDS * len(fields["nominations"])}
    for nomination in fields["nominations"]:
        nomination["funds_tiyn"] = NOMINATION_FUNDS
    commission = next(panel for panel in fields["panels"] if panel["name"] == "commission")
    commission["seats"] = [*commission["seats"][:VOTES], commission["seats"][-1]]
    fields["rounds"][0] |= json.loads(json.dumps(first))  # a season has no aliases
    fields["rounds"][-1] |= {"minimum_sheets": 3} | final
    text: str = yaml.safe_dump(fields, allow_unicode=True)
    return text


class Fair:
    """One season from the call to the awards; each step is what its people would do over HTTP."""

    def __init__(
        self, court: Court, season_id: str, *, first: Body | None = None, **final: Any
    ) -> None:
        self.court = court
        self.season = season_id
        self.yaml = season_yaml(season_id, first or {}, final)
        self.definition: SeasonDefinition = parse_season(self.yaml)
        self.cast = Cast(season_id, SIZE, self.definition)
        self.plans = {plan.id: plan for plan in self.cast.projects()}
        self.first, self.final = f"{season_id}-first", f"{season_id}-final"
        token = court.rooms.token
        self.admin, self.secretary = token("admin"), token("secretary", "office")
        self.outsiders = [{}, token("applicant", "ngo"), *map(self.judge, self.voting("jury"))]

    # ── People ───────────────────────────────────────────────────────────────────────────────────

    def voting(self, panel: str) -> list[str]:
        """The ids of a panel's voting members."""
        return [
            member["person_id"]
            for member in self.cast.panel(panel)
            if member["role"] != "secretary"
        ]

    def judge(self, person_id: str) -> dict[str, str]:
        """A judge's token."""
        return self.court.rooms.token("judge", person_id)

    def applicant(self, project_id: str) -> dict[str, str]:
        """The token of a project's applicant."""
        return self.court.rooms.token("applicant", self.plans[project_id].applicant)

    def link(self, subject: str, message_id: str, **changes: Any) -> str:
        """The token in a judge's mail."""
        key = Path(self.court.rooms.settings("notify").link_private_key_file).read_text()
        fields: dict[str, Any] = {
            "audience": "scoring",
            "purpose": "sign-in",
            "expires": datetime.now(UTC) + timedelta(days=1),
        }
        return issue_link(key, subject=subject, message_id=message_id, **(fields | changes))

    # ── Steps ────────────────────────────────────────────────────────────────────────────────────

    async def open(self) -> None:
        """The call: opened, six projects handed in and found eligible, closed, panels appointed."""
        room = self.court.submission
        fine(await room.put(f"/seasons/{self.season}", content=self.yaml, headers=self.admin))
        await asyncio.gather(*(self._hand_in(id) for id in self.plans))
        fine(await room.post(f"/seasons/{self.season}/close", headers=self.admin))
        for panel in ("jury", "commission"):
            await self.appoint(panel)

    async def _hand_in(self, id: str) -> None:
        room, headers = self.court.submission, self.applicant(id)
        fine(await room.put(f"/projects/{id}", json=self.plans[id].draft, headers=headers))
        fine(await room.post(f"/projects/{id}/submit", headers=headers))
        eligible = {"version": 1, "outcome": "eligible"}
        fine(await room.post(f"/projects/{id}/screening", json=eligible, headers=self.secretary))

    async def appoint(self, panel: str) -> None:
        """Appoint a panel once scoring has heard of the season."""
        path = f"/seasons/{self.season}/panels/{panel}"
        members = {"members": self.cast.panel(panel)}

        async def appointed() -> bool:
            answer = await self.court.scoring.put(path, json=members, headers=self.admin)
            return answer.status_code == httpx.codes.OK

        await eventually(appointed, f"the {panel} is appointed")

    async def draw(self, round_id: str, terms: Sequence[Body] = ()) -> Body:
        """Draw the judges once scoring has heard of everything."""

        async def drawn() -> Body | None:
            answer = await self.post(
                f"/rounds/{round_id}/draw", {"seed": "сид", "terms": list(terms)}
            )
            waits = ("not-heard-yet", "not-screened", "season-open")
            if answer.status_code == httpx.codes.CONFLICT and rule_of(answer) in waits:
                return None
            return fine(answer)

        body: Body = await eventually(drawn, f"the judges of {round_id} are drawn")
        return body

    async def assignments(self, round_id: str, judge: str) -> list[Body]:
        """What a judge has to score."""
        answer = await self.get(f"/rounds/{round_id}/assignments", self.judge(judge))
        found: list[Body] = json.loads(answer.text)
        assert answer.status_code == httpx.codes.OK, answer.text
        return found

    async def score(
        self,
        round_id: str,
        project: str,
        judge: str,
        points: Sequence[Body] | None = None,
        **fields: Any,
    ) -> httpx.Response:
        """Hand in a sheet; by default the judge's own opinion."""
        body = {
            "project_version": 1,
            "points": points or self.cast.points(round_id, project, judge),
        } | fields
        path = f"/rounds/{round_id}/projects/{project}/sheet"
        return await self.court.scoring.put(path, json=body, headers=self.judge(judge))

    async def score_all(self, round_id: str, panel: str) -> None:
        """Every judge scores every assignment."""
        for judge in self.voting(panel):
            for assignment in await self.assignments(round_id, judge):
                fine(await self.score(round_id, assignment["project_id"], judge))

    async def close_and_rank(self, round_id: str) -> Body:
        """Close a round and rank it."""
        fine(await self.post(f"/rounds/{round_id}/close"))
        return fine(await self.post(f"/rounds/{round_id}/ranking"))

    async def decide(self, round_id: str, panel: str) -> list[str]:
        """A sitting with everybody present; the chosen projects, best first."""
        answer = fine(
            await self.post(f"/rounds/{round_id}/decision", {"attended": self.voting(panel)})
        )
        return [row["project_id"] for row in answer["projects"] if row["chosen"]]

    async def to_shortlist(self) -> list[str]:
        """From the call to the published shortlist."""
        await self.open()
        await self.draw(self.first)
        await self.score_all(self.first, "jury")
        await self.close_and_rank(self.first)
        chosen = await self.decide(self.first, "jury")
        fine(await self.post(f"/rounds/{self.first}/publication"))
        return chosen

    async def to_decided_final(self) -> list[str]:
        """From the call to the final's decision."""
        await self.to_shortlist()
        await self.draw(self.final)
        await self.score_all(self.final, "commission")
        await self.close_and_rank(self.final)
        return await self.decide(self.final, "commission")

    async def award(self, project: str, amount: int) -> httpx.Response:
        """Confirm an award."""
        path = f"/seasons/{self.season}/awards/{project}"
        return await self.court.scoring.put(
            path, json={"amount_tiyn": amount}, headers=self.secretary
        )

    async def awards(self) -> Body:
        """The awards as the secretary sees them."""
        return fine(await self.get(f"/seasons/{self.season}/awards", self.secretary))

    async def withdraw(self, project: str) -> None:
        """The applicant takes the project back."""
        path = f"/projects/{project}/withdrawal"
        fine(await self.court.submission.post(path, headers=self.applicant(project)))

    # ── Calls ────────────────────────────────────────────────────────────────────────────────────

    async def post(self, path: str, body: Body | None = None, **headers: str) -> httpx.Response:
        """A POST to scoring by the secretary."""
        return await self.court.scoring.post(path, json=body, headers=self.secretary | headers)

    async def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """A GET from scoring, by the public if no token is given."""
        return await self.court.scoring.get(path, headers=headers or {})

    async def said(self, *types: str) -> list[tuple[str, str, Body]]:
        """(type, id, body) of what scoring has said of this season up to now, in log order."""
        await eventually(self._all_published, "scoring's outbox is empty")
        found = []
        for record in await self.court.rooms.records("scoring"):
            headers = {name: value.decode() for name, value in record.headers}
            if headers["ce_season"] == self.season and (not types or headers["ce_type"] in types):
                found.append((headers["ce_type"], headers["ce_id"], json.loads(record.value)))
        return found

    async def _all_published(self) -> bool:
        metrics = (await self.court.scoring.get("/metrics")).text
        return 'zharmenke_outbox_depth{service="scoring"} 0.0' in metrics


def fine(answer: httpx.Response) -> Body:
    """The body of an answer that has to be a success."""
    assert answer.status_code == httpx.codes.OK, f"{answer.request.url}: {answer.text}"
    body: Body = answer.json()
    return body


def rule_of(answer: httpx.Response) -> str:
    """The rule that a refusal names."""
    return str(answer.json()["type"]).rpartition(":")[2]


def refused(answer: httpx.Response, status: int, rule: str) -> None:
    """Assert a refusal in words."""
    assert (answer.status_code, rule_of(answer)) == (status, rule), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
