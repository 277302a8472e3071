"""The rules of awards added after the results: who moves up, and for which award that fell away."""

from collections import Counter
from dataclasses import dataclass, field

from admin.verify.appeals import is_appeal
from admin.verify.deciding import Decision
from admin.verify.defence import DefenceRules
from admin.verify.facts import Facts
from admin.verify.reading import Said
from schemas.scoring import AwardAdded, AwardDeclined, WinnerAnnounced
from schemas.season import SeasonDefinition
from services.scoring.domain.reserve import next_of


@dataclass(slots=True)
class Later:
    """What happened to a season's awards after they were confirmed."""

    declined: dict[str, Said] = field(default_factory=dict)
    """The last AwardDeclined of each project that has no award since."""
    taken: set[str] = field(default_factory=set)
    """Ids of the AwardDeclined whose place somebody took."""
    added: dict[str, Said] = field(default_factory=dict)
    announced: set[str] = field(default_factory=set)


class ReserveRules:
    """Checks AwardAdded and what is announced of it."""

    def __init__(
        self, facts: Facts, season: SeasonDefinition, final: Decision, defence: DefenceRules
    ) -> None:
        self._facts = facts
        self._findings = facts.findings
        self._season = season
        self._defence = defence
        self._order = (final.last.reserve or ()) if final.last else ()
        self._later = Later()

    def confirmed(self, project_id: str) -> None:
        """A project has an award again: nobody takes its place."""
        self._later.declined.pop(project_id, None)

    def declined(self, said: Said, published: Said | None) -> None:
        """By whom an award falls away; its place is free."""
        event: AwardDeclined = said.event
        project = self._facts.project(event.project_id)
        role = said.actor.partition("/")[0]
        own = project is not None and said.actor == project.applicant and published is not None
        withdrew = project is not None and bool(project.withdrawn_at)
        self._findings.expect(
            own or role == "secretary" or (role == "service" and withdrew),
            "declined",
            said.place,
            f"{said.actor} declines it, who is not concerned or can't know of it yet",
        )
        self._later.declined[event.project_id] = said

    def added(self, said: Said, standing: dict[str, Said], published: Said | None) -> None:
        """Whether it is the next one's turn, for a place that is free."""
        event: AwardAdded = said.event
        self._check_budget(said)
        later = self._later
        later.added[event.project_id] = said
        if is_appeal(event.cause):
            self._findings.expect(
                event.project_id not in {*standing, *later.declined},
                "correction",
                said.place,
                f"project {event.project_id} has an award, or one of it fell away",
            )
            return
        place = next((one for one in later.declined.values() if one.id == event.cause), None)
        due = self._due(event, standing, place) if place else None
        self._findings.expect(
            published is not None
            and place is not None
            and event.cause not in later.taken
            and said.values.get("ce_causationid") == event.cause.encode()
            and event.project_id == due,
            "reserve",
            said.place,
            f"adds project {event.project_id} for {event.cause}; next is {due}, "
            f"{'who comes too late' if event.cause in later.taken else 'if a place is free'}",
        )
        later.taken.add(event.cause)

    def _check_budget(self, said: Said) -> None:
        event: AwardAdded = said.event
        project = self._facts.project(event.project_id)
        self._findings.expect(
            project is not None
            and event.nomination == project.last.nomination
            and 0 < event.amount_tiyn <= self._defence.budget_of(event.project_id),
            "award",
            said.place,
            f"{event.amount_tiyn} tiyn is not within the project's defended budget",
        )

    def announced(self, said: Said) -> None:
        """A winner that was announced after the others."""
        event: WinnerAnnounced = said.event
        added = self._later.added.get(event.project_id)
        again = event.project_id in self._later.announced
        self._findings.expect(
            added is not None
            and not again
            and (added.event.amount_tiyn, added.event.cause) == (event.amount_tiyn, event.cause),
            "outcome",
            said.place,
            "announces what was not added so after the results, or again",
        )
        self._later.announced.add(event.project_id)

    def place_of(self, project_id: str) -> int | None:
        """A project's place in the reserve, from 1."""
        return self._order.index(project_id) + 1 if project_id in self._order else None

    def settle(self) -> None:
        """All that were added are announced."""
        for project_id, said in self._later.added.items():
            self._findings.expect(
                project_id in self._later.announced,
                "outcome",
                said.place,
                f"project {project_id} was added, and is not announced",
            )

    def _due(self, event: AwardAdded, standing: dict[str, Said], place: Said) -> str | None:
        taken: Counter[str] = Counter()
        for award in standing.values():
            taken[award.event.nomination] += award.event.amount_tiyn
        funds = {part.id: part.funds_tiyn for part in self._season.nominations}
        left = self._season.funds_tiyn - taken.total()
        free: dict[str, str] = {}
        for id in self._order:
            project = self._facts.project(id)
            heard = (event.heard or {}).get(f"submission/project/{id}", 0)
            step = project.at(heard) if project else None
            if step is None or step.status != "eligible":
                continue
            if id not in standing and id not in self._later.declined:
                free[id] = step.nomination
        return next_of(
            self._order,
            free,
            place.event.nomination,
            lambda part: min(left, funds.get(part, 0) - taken[part]),
        )
