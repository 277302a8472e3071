"""The rules of budget defence: every revision follows from the budget before it."""

from admin.verify.facts import Facts, Project
from admin.verify.reading import Said
from schemas.scoring import BudgetRevised
from schemas.season import SeasonDefinition
from services.scoring.domain.base import evaluation_id
from services.scoring.domain.commission import Commission, commission_id


class DefenceRules:
    """Follows the budgets of one season, from its awards' first event to the last."""

    def __init__(self, facts: Facts, season: SeasonDefinition) -> None:
        self._facts = facts
        self._findings = facts.findings
        self._season = season
        self._lines: dict[str, list[int]] = {}
        self._known: set[str] = set()

    def budget_of(self, project_id: str) -> int:
        """The defended budget so far; 0 for a project that is not on record."""
        project = self._facts.project(project_id)
        return sum(self._current(project_id, project)) if project else 0

    def revised(self, said: Said, awarded_tiyn: int, published: Said | None) -> None:
        """Whether a revision can follow, while so much is awarded to the project."""
        event: BudgetRevised = said.event
        project = self._facts.project(event.project_id)
        what = "the project is not on record"
        if project is not None:
            what = self._misfit(event, project) or self._stranger(event)
        if published is not None or not said.actor.startswith("secretary/"):
            what = what or f"{said.actor} revises it, or the awards were published"
        if awarded_tiyn > event.requested_tiyn:
            what = what or f"{awarded_tiyn} tiyn are awarded, more than it leaves"
        self._findings.expect(not what, "defence", said.place, what)
        self._known.add(event.revision_id)
        if project is not None:
            lines = self._current(event.project_id, project)
            for changed in event.lines:
                if changed.line <= len(lines):
                    lines[changed.line - 1] = changed.requested_tiyn
            self._lines[event.project_id] = lines

    def _current(self, project_id: str, project: Project) -> list[int]:
        known = self._lines.get(project_id)
        return [asked for _, asked in project.lines] if known is None else [*known]

    def _misfit(self, event: BudgetRevised, project: Project) -> str:
        """What is wrong with the amounts, or nothing."""
        current = self._current(event.project_id, project)
        before = sum(current)
        if event.revision_id in self._known:
            return "the revision was made before"
        if event.project_version != project.last.version:
            return f"version {event.project_version} is not the one that counts"
        for changed in event.lines:
            if changed.line > len(current) or current[changed.line - 1] != changed.before_tiyn:
                return f"line {changed.line} did not ask for {changed.before_tiyn} tiyn"
            if changed.requested_tiyn > project.lines[changed.line - 1][0]:
                return f"line {changed.line} asks for more than it costs"
            current[changed.line - 1] = changed.requested_tiyn
        if sum(current) != event.requested_tiyn or sum(current) > before:
            return f"{event.requested_tiyn} tiyn in all, {before} before, {sum(current)} by lines"
        return ""

    def _stranger(self, event: BudgetRevised) -> str:
        """What is wrong with who asked, or nothing."""
        final = self._season.rounds[-1]
        round_id = f"{self._season.id}-{final.id}"
        evaluation = self._facts.trace(
            f"scoring/evaluation/{evaluation_id(round_id, event.project_id)}"
        )
        panel = self._facts.trace(
            f"scoring/commission/{commission_id(self._season.id, final.panel)}"
        )
        voting = panel.voting if isinstance(panel, Commission) else ()
        if evaluation is None:
            return "the project takes no part in the final"
        if event.asked_by not in {member.person_id for member in voting}:
            return f"{event.asked_by}, who asked, is not on the panel of the final"
        return ""
