"""The final as its people hold it: slots are drawn, finalists pitch, answer and defend budgets."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from admin.rehearsal.happened import Happened
from admin.rehearsal.play import Assignment, Play, Points

REASON = "Ережеге сай (a sample reason)"
SLOT_MINUTES = 15
STARTS, ENDS = time(9), time(18)
BREAK_STARTS, BREAK_ENDS = time(13), time(14)
QUESTIONS = 5
"""Finalists who are asked something, and whose budgets are revised."""


class PitchingPlay(Play):
    """A fair with pitches. One finalist comes late and is given another slot; one never comes."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.happened = Happened()
        self._planned: dict[tuple[str, str], Points] = {}

    async def _pitch_all(self, round_id: str, work: Sequence[Assignment]) -> None:
        """Draw the slots; then every pitch, scored while it goes on."""
        days = [self._day(day) for day in self._cast.season.final_days]
        drawn = await self._as_secretary(
            "POST",
            "scoring",
            f"/rounds/{round_id}/pitches",
            json={
                "seed": f"{self._cast.seed}/{round_id}/pitches",
                "days": days,
                "slot_minutes": SLOT_MINUTES,
            },
        )
        late, *others, absent = [slot["project_id"] for slot in drawn["pitches"]]
        await self._miss(round_id, absent)
        await self._miss(round_id, late)
        await self._as_secretary(
            "POST",
            "scoring",
            f"/rounds/{round_id}/projects/{late}/pitch/reschedule",
            json={"starts_at": _after(drawn["pitches"][-1]["ends_at"]), "reason": REASON},
        )
        judges: dict[str, list[Assignment]] = {}
        for judge, assignment in work:
            judges.setdefault(assignment["project_id"], []).append((judge, assignment))
        await self._all(
            "final",
            [
                self._pitch(round_id, project, judges[project], asked=number < QUESTIONS)
                for number, project in enumerate((*others, late))
            ],
        )

    async def _pitch(
        self, round_id: str, project: str, work: Sequence[Assignment], *, asked: bool
    ) -> None:
        """One pitch from its start to its end."""
        path = f"/rounds/{round_id}/projects/{project}"
        await self._as_secretary("POST", "scoring", f"{path}/pitch/start")
        if asked:
            await self._ask(path, project, member=work[0][0])
            await self._revise(project, member=work[-1][0])
        for judge, assignment in work:
            await self._sheet(round_id, judge, assignment, self._planned[judge, project])
        await self._as_secretary("POST", "scoring", f"{path}/pitch/end")

    async def _ask(self, path: str, project: str, member: str) -> None:
        question = f"{path}/questions/{self._cast.id('question', project)}"
        asked = {"text": "Нәтижені қалай өлшейсіздер? (a sample question)"}
        await self._call("PUT", "scoring", question, self._judges[member], json=asked)
        answer = {"text": "Сауалнамамен және келу санымен. (a sample answer)"}
        await self._call(
            "PUT", "scoring", f"{question}/answer", self._applicant(project), json=answer
        )

    async def _revise(self, project: str, member: str) -> None:
        """A tenth less on the first line, as the member asked."""
        budget = f"/seasons/{self.season}/budgets/{project}"
        lines = (await self._as_secretary("GET", "scoring", budget))["lines"]
        await self._as_secretary(
            "PUT",
            "scoring",
            f"{budget}/revisions/{self._cast.id('revision', project)}",
            json={
                "asked_by": member,
                "lines": [{"line": 1, "requested_tiyn": lines[0] - lines[0] // 10}],
                "reason": REASON,
            },
        )

    async def _miss(self, round_id: str, project: str) -> None:
        path = f"/rounds/{round_id}/projects/{project}/pitch/miss"
        await self._as_secretary("POST", "scoring", path)
        self.happened.no_shows += 1

    async def _asks_for(self, project_id: str) -> int:
        """The budget as it was defended."""
        path = f"/seasons/{self.season}/budgets/{project_id}"
        requested: int = (await self._as_secretary("GET", "scoring", path))["requested_tiyn"]
        return requested

    def _applicant(self, project: str) -> str:
        """The token of a project's applicant."""
        plan = next(plan for plan in self._cast.projects() if plan.id == project)
        return self._client.operator("applicant", plan.applicant)

    def _day(self, day: date) -> dict[str, Any]:
        zone = ZoneInfo(self._cast.season.timezone)

        def at(moment: time) -> str:
            local = datetime.combine(day, moment, zone)
            return _moment(local)

        pause = {"starts_at": at(BREAK_STARTS), "ends_at": at(BREAK_ENDS)}
        return {"starts_at": at(STARTS), "ends_at": at(ENDS), "breaks": [pause]}


def _after(ends_at: str) -> str:
    """A slot later."""
    return _moment(datetime.fromisoformat(ends_at) + timedelta(minutes=SLOT_MINUTES))


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
