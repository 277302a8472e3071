"""The fair with what goes wrong in a real one, and is put right by the procedure."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from admin.rehearsal.pitching import REASON, PitchingPlay
from admin.rehearsal.play import Assignment, Phase, Points

CONFLICTS = 4
"""Declared before the draw, with the first projects."""
DECLINES = 2
AMENDMENTS = 3
PRESENT_IN_VAIN = 2
"""How many come to the sitting that fails."""


class EventfulPlay(PitchingPlay):
    """A fair of at least five jurors. What it plays besides is counted in `happened`.

    In the first round: conflicts declared, detected and ruled both ways, one of them late;
    judges who decline and are replaced; amended sheets; a tie at the line, for the chair to break;
    a sitting without its quorum, and another; appeals. The seed says which projects are hit.
    """

    # ── Conflicts ────────────────────────────────────────────────────────────────────────────────

    def _members(self, panel: str) -> list[dict[str, Any]]:
        """One juror works for an applicant: that is on record, and detected."""
        members = super()._members(panel)
        if panel == "jury":
            employer = self._cast.projects()[-1].draft["organisation"]
            members[-1] = members[-1] | {"organisation": employer["name"], "bin": employer["bin"]}
        return members

    async def _draw(self, round_id: str) -> None:
        if round_id == self.rounds[0]:
            await self._declare_before_the_draw(round_id)
        else:
            member, finalist = self._voting("commission")[1], (await self._finalists())[0]
            await self._declare(round_id, finalist, member, "organisation")
        await super()._draw(round_id)

    async def _declare_before_the_draw(self, round_id: str) -> None:
        chair, deputy, *others = self._voting("jury")
        projects = [plan.id for plan in self._cast.projects()]
        declared = (
            (deputy, "family"),
            (others[0], "financial"),
            (chair, "other"),
            (others[1], "organisation"),
        )
        for (judge, ground), project in zip(declared, projects[:CONFLICTS], strict=True):
            await self._declare(round_id, project, judge, ground)
        await self._rule(round_id, projects[1], others[0], chair, "no-conflict")
        await self._rule(round_id, projects[2], chair, deputy, "conflict")
        self.happened.conflicts += 1  # the draw detects the juror's employer

    async def _declare(self, round_id: str, project: str, judge: str, ground: str) -> None:
        await self._repeat_while(
            ("unknown-project", "not-appointed", "unknown-round"),
            lambda: self._call(
                "PUT",
                "scoring",
                f"/rounds/{round_id}/projects/{project}/conflicts/{judge}",
                self._judges[judge],
                json={"ground": ground},
            ),
        )
        self.happened.conflicts += 1

    async def _rule(self, round_id: str, project: str, judge: str, by: str, ruling: str) -> None:
        await self._call(
            "PUT",
            "scoring",
            f"/rounds/{round_id}/projects/{project}/conflicts/{judge}/ruling",
            self._judges[by],
            json={"ruling": ruling, "reason": REASON},
        )

    # ── Sheets ───────────────────────────────────────────────────────────────────────────────────

    async def _hand_in(self, round_id: str, panel: str, work: Sequence[Assignment]) -> None:
        if panel == "jury":
            await self._decline(round_id, work)
            work = await self._assignments(round_id, panel)
        self._plan(round_id, work, tie=panel == "jury")
        if panel != "jury":
            await self._pitch_all(round_id, work)
            return
        changes = [await self._begin(round_id, it) for it in work[:AMENDMENTS]]
        changes += [{} for _ in work[AMENDMENTS:]]
        sheets = [
            self._sheet(
                round_id,
                judge,
                assignment,
                self._planned[judge, assignment["project_id"]],
                **change,
            )
            for (judge, assignment), change in zip(work, changes, strict=True)
        ]
        await self._all("first-round", sheets)

    async def _begin(self, round_id: str, work: Assignment) -> dict[str, Any]:
        """A sheet that is changed later: the first one, unless one is in; what the change takes."""
        judge, assignment = work
        project, session = assignment["project_id"], self._judges[judge]
        path = f"/rounds/{round_id}/projects/{project}"
        first = (await self._call("GET", "scoring", path, session))["own_sheet"]
        if first is None:
            points = _moved(self._planned[judge, project])
            first = await self._sheet(round_id, judge, assignment, points)
        self.happened.amendments += 1
        return {"reason": REASON, "replaces": first["event_id"]}

    async def _decline(self, round_id: str, work: Sequence[Assignment]) -> None:
        """The last assignments are refused, and others take them over."""
        judges = set(self._voting("jury"))
        free = [(judge, it) for judge, it in work if it["project_id"] not in self._delicate()]
        for judge, assignment in free[-DECLINES:]:
            project = assignment["project_id"]
            path = f"/rounds/{round_id}/projects/{project}/judges/{judge}"
            await self._call(
                "POST", "scoring", f"{path}/decline", self._judges[judge], json={"reason": REASON}
            )
            self.happened.declines += 1
            busy = {other for other, has in work if has["project_id"] == project}
            swap = {"by_judge_id": min(judges - busy), "reason": REASON}
            await self._as_secretary("POST", "scoring", f"{path}/replace", json=swap)
            self.happened.replacements += 1

    def _delicate(self) -> set[str]:
        """The projects with which a juror has, or had, a conflict."""
        projects = [plan.id for plan in self._cast.projects()]
        return {*projects[:CONFLICTS], projects[-1]}

    def _plan(self, round_id: str, work: Iterable[Assignment], *, tie: bool) -> None:
        """All sheets; with `tie` those of the first project below the line are as those above."""
        judges: dict[str, list[str]] = {}
        for judge, assignment in work:
            project = assignment["project_id"]
            judges.setdefault(project, []).append(judge)
            self._planned[judge, project] = self._cast.points(round_id, project, judge)
        stage = self._cast.season.rounds[self.rounds.index(round_id)]
        if not tie or len(judges) <= stage.limit:
            return
        weights = {criterion.id: Decimal(criterion.weight) for criterion in stage.criteria}
        order = sorted(judges, key=lambda id: (-self._mean(id, judges[id], weights), id))
        above, below = order[stage.limit - 1], order[stage.limit]
        for index, judge in enumerate(sorted(judges[below])):
            twin = sorted(judges[above])[index % len(judges[above])]
            self._planned[judge, below] = self._planned[twin, above]
        self.happened.ties_at_line += 1

    def _mean(self, project: str, judges: Sequence[str], weights: Mapping[str, Decimal]) -> Decimal:
        return sum(
            (
                weights[item["criterion"]] * Decimal(item["points"])
                for judge in judges
                for item in self._planned[judge, project]
            ),
            Decimal(0),
        ) / len(judges)

    # ── After the closing ────────────────────────────────────────────────────────────────────────

    async def _close(self, round_id: str) -> None:
        await super()._close(round_id)
        if round_id == self.rounds[0]:
            await self._find_a_late_conflict(round_id)
            await self._rank(round_id, few_sheets_reason=REASON)

    async def _find_a_late_conflict(self, round_id: str) -> None:
        """The least of the best project's sheets turns out to be a relative's."""
        ranking = await self._as_secretary("GET", "scoring", f"/rounds/{round_id}/ranking")
        best = ranking["table"][0]["project_id"]
        await self._declare(round_id, best, self._hardest(best), "family")
        self.happened.late_conflicts += 1

    async def _meet(self, round_id: str, panel: str) -> dict[str, Any]:
        """A sitting; the first one of the jury comes to nothing."""
        if panel == "jury":
            await self._sit(round_id, panel, self._voting(panel)[:PRESENT_IN_VAIN], "in-vain")
            self.happened.failed_quorums += 1
        present = self._voting(panel)
        sitting = await self._sit(round_id, panel, present, "quorate")
        motion = f"/sittings/{sitting}/motions/{self._cast.id('motion', round_id)}"
        await self._as_secretary(
            "PUT", "scoring", motion, json={"text": "Ұсынылған тізім бекітілсін (sample motion)"}
        )
        for member in present:
            vote = {"vote": "against" if member == present[-1] else "for"}
            await self._call(
                "PUT", "scoring", f"{motion}/votes/{member}", self._judges[member], json=vote
            )
        await self._as_secretary("POST", "scoring", f"{motion}/decision")
        return {"sitting_id": sitting}

    async def _sit(self, round_id: str, panel: str, present: Sequence[str], name: str) -> str:
        """Open a sitting and call the roll."""
        sitting = self._cast.id("sitting", round_id, name)
        path = f"/sittings/{sitting}"
        await self._as_secretary("PUT", "scoring", path, json={"round_id": round_id})
        roll = {
            member: "remote" if member in present else "absent" for member in self._voting(panel)
        }
        await self._as_secretary("PUT", "scoring", f"{path}/attendance", json={"attendance": roll})
        if len(present) < len(roll) / 2:
            await self._as_secretary("POST", "scoring", f"{path}/close")
        return sitting

    # ── Appeals ──────────────────────────────────────────────────────────────────────────────────

    def phases(self) -> Sequence[Phase]:
        """Those of every fair, and the appeals against the shortlist."""
        before = list(super().phases())
        at = [name for name, _ in before].index("shortlist") + 1
        return [*before[:at], ("appeals", self._appeal), *before[at:]]

    async def _appeal(self) -> None:
        """The first below the line is dismissed; the last has its hardest sheet struck out."""
        first = self.rounds[0]
        decision = await self._as_secretary("GET", "scoring", f"/rounds/{first}/decision")
        rejected = [row["project_id"] for row in decision["projects"] if not row["chosen"]]
        below, last = rejected[0], rejected[-1]
        struck = self._hardest(last)
        for project, ground, resolution in (
            (below, "procedure", {"outcome": "dismissed", "reason": REASON}),
            (
                last,
                "conflict-of-interest",
                {"outcome": "upheld", "reason": REASON, "void_judges": [struck]},
            ),
        ):
            path = f"/rounds/{first}/projects/{project}/appeal"
            await self._call(
                "PUT",
                "scoring",
                path,
                self._applicant(project),
                json={"ground": ground, "text": f"{REASON}: қайта қарауды сұраймыз."},
            )
            await self._as_secretary("POST", "scoring", f"{path}/resolution", json=resolution)
            self.happened.appeals += 1

    def _hardest(self, project: str) -> str:
        """The judge who gave a project the least."""
        points = {
            judge: sum(Decimal(item["points"]) for item in sheet)
            for (judge, scored), sheet in self._planned.items()
            if scored == project
        }
        return min(points, key=lambda judge: (points[judge], judge))

    async def _finalists(self) -> list[str]:
        """The shortlist, best first."""
        path = f"/rounds/{self.rounds[0]}/decision"
        decision = await self._as_secretary("GET", "scoring", path)
        return [row["project_id"] for row in decision["projects"] if row["chosen"]]


def _moved(points: Points) -> Points:
    """A first thought: half a point off on the first criterion."""
    first, *others = points
    value = Decimal(first["points"])
    other = value - Decimal("0.5") if value >= 1 else value + Decimal("0.5")
    return [{**first, "points": f"{other:.2f}"}, *others]
