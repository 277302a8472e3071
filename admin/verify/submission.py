"""The rules of seasons and projects."""

from collections.abc import Collection
from datetime import datetime, timedelta

from admin.verify.facts import Facts, Handlers, Project, Step
from admin.verify.findings import Place
from admin.verify.reading import Said
from schemas.base import format_utc
from schemas.season import SeasonDefinition
from schemas.submission import (
    Budget,
    ProjectRevised,
    ProjectScreened,
    ProjectSubmitted,
    ProjectWithdrawn,
    SeasonClosed,
    SeasonOpened,
)

CLOSING = timedelta(seconds=30)
"""A version that was on its way when the call was closed may still be taken."""


class SubmissionRules:
    """Checks submission's stream."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._findings = facts.findings
        self._closed: dict[str, Said] = {}
        self._submitted: dict[str, int] = {}
        self._latest: dict[str, tuple[datetime, Place]] = {}

    def handlers(self) -> Handlers:
        """What looks at which event."""
        return {
            SeasonOpened: self._on_opened,
            SeasonClosed: self._on_closed,
            ProjectSubmitted: self._on_submitted,
            ProjectRevised: self._on_submitted,
            ProjectScreened: self._on_screened,
            ProjectWithdrawn: self._on_withdrawn,
        }

    def settle(self) -> None:
        """Compare each closing with the projects on record."""
        for season_id, said in self._closed.items():
            counted, found = said.event.projects or 0, self._submitted.get(season_id, 0)
            self._findings.expect(
                counted <= found,
                "season",
                said.place,
                f"counted {counted} projects, {found} are on record",
            )
            latest, place = self._latest.get(season_id, (said.event.closed_at, said.place))
            if latest > said.event.closed_at + CLOSING:
                self._findings.fault(
                    "window", place, f"handed in after {said.id} had closed the call"
                )

    def _on_opened(self, said: Said) -> None:
        first = said.subject.trace is None
        self._findings.expect(first, "season", said.place, "the season was opened before")
        if first:
            said.subject.trace = said.event.season
            self._facts.open(said.event.season)

    def _on_closed(self, said: Said) -> None:
        known = said.subject.trace is not None
        self._findings.expect(known, "season", said.place, "the season was not opened before")
        again = said.event.season_id in self._closed
        self._findings.expect(not again, "season", said.place, "the season was closed before")
        self._closed.setdefault(said.event.season_id, said)

    def _on_submitted(self, said: Said) -> None:
        event, before = said.event, said.subject.trace
        version = before.last.version if before else 0
        revised = isinstance(event, ProjectRevised)
        self._findings.expect(
            revised == (before is not None) and event.version == version + 1,
            "versions",
            said.place,
            f"version {event.version} comes as {type(event).__name__} after version {version}",
        )
        if before is None:
            before = said.subject.trace = Project(
                season_id=event.season_id,
                place=said.place,
                first_submitted_at=event.submitted_at,
                contact_person_id=event.contact_person_id,
                title="",
                organisation="",
                applicant=said.actor,
            )
            count = self._submitted.get(event.season_id, 0)
            self._submitted[event.season_id] = count + 1
        elif before.last.status == "withdrawn":
            self._findings.fault("screening", said.place, "the project was withdrawn before")
        latest = self._latest.get(event.season_id)
        if latest is None or latest[0] < event.submitted_at:
            self._latest[event.season_id] = (event.submitted_at, said.place)
        content = event.content
        before.title, before.organisation = content.title, content.organisation.name
        before.lines = tuple(
            (line.quantity * line.unit_price_tiyn, line.requested_tiyn)
            for line in content.budget.lines
        )
        before.steps.append(
            Step(
                said.sequence,
                "submitted",
                event.version,
                content.nomination,
                content.region,
                content.budget.requested_tiyn,
            )
        )
        if event.contact_person_id != before.contact_person_id:
            self._findings.fault("versions", said.place, "names another contact person")
        self._facts.with_season(event.season_id, said, self._check_version)

    def _check_version(self, said: Said, season: SeasonDefinition) -> None:
        event, content = said.event, said.event.content
        self._check_window(said, season)
        known: tuple[tuple[str, object, Collection[object]], ...] = (
            ("nomination", content.nomination, {n.id for n in season.nominations}),
            ("region", content.region, {r.id for r in season.regions}),
            ("settlement_kind", content.settlement_kind, season.settlement_kinds),
            *(("goal", goal, season.goals) for goal in content.goals),
        )
        misfit = next((f"{name} {value!r}" for name, value, all in known if value not in all), "")
        self._findings.expect(
            not misfit, "content-fits", said.place, f"{misfit} is not one of season {season.id}"
        )
        wrong = budget_misfit(content.budget, season.requested_cap_tiyn)
        self._findings.expect(not wrong, "budget", said.place, f"version {event.version}: {wrong}")

    def _check_window(self, said: Said, season: SeasonDefinition) -> None:
        at: datetime = said.event.submitted_at
        self._findings.expect(
            season.opens_at <= at <= season.closes_at and format_utc(at) == said.time,
            "window",
            said.place,
            f"handed in at {format_utc(at)}, said at {said.time}; the season takes projects from "
            f"{format_utc(season.opens_at)} to {format_utc(season.closes_at)}",
        )

    def _on_screened(self, said: Said) -> None:
        event, project = said.event, said.subject.trace
        if not isinstance(project, Project):
            self._findings.fault("versions", said.place, "was not submitted before")
            return
        last = project.last
        self._findings.expect(
            event.version == last.version
            and event.version not in project.screened_versions
            and last.status != "withdrawn"
            and (event.outcome == "ineligible") == (event.reason_code is not None),
            "screening",
            said.place,
            f"version {event.version} is found {event.outcome} while version {last.version} is "
            f"{last.status}",
        )
        project.screened_versions.add(event.version)
        self._step(said, project, event.outcome)

    def _on_withdrawn(self, said: Said) -> None:
        project = said.subject.trace
        if not isinstance(project, Project):
            self._findings.fault("versions", said.place, "was not submitted before")
            return
        self._findings.expect(
            project.last.status != "withdrawn", "screening", said.place, "was withdrawn before"
        )
        project.withdrawn_at = said.time
        self._step(said, project, "withdrawn")

    def _step(self, said: Said, project: Project, status: str) -> None:
        last = project.last
        project.steps.append(
            Step(
                said.sequence,
                status,  # type: ignore[arg-type]
                last.version,
                last.nomination,
                last.region,
                last.requested_tiyn,
            )
        )


def budget_misfit(budget: Budget, cap_tiyn: int) -> str:
    """What is wrong with the sums of a budget, or nothing."""
    for index, line in enumerate(budget.lines):
        amount = line.quantity * line.unit_price_tiyn
        if amount != line.requested_tiyn + line.own_tiyn:
            return f"line {index + 1} comes to {amount}, and is parted otherwise"
    total = sum(line.quantity * line.unit_price_tiyn for line in budget.lines)
    requested = sum(line.requested_tiyn for line in budget.lines)
    if (total, requested) != (budget.total_tiyn, budget.requested_tiyn):
        return f"the lines come to {total} and {requested} requested, the sums say otherwise"
    if requested > cap_tiyn:
        return f"{requested} tiyn are requested, the cap is {cap_tiyn}"
    return ""
