"""The rules of awards: within budgets and funds at every step, announced once, freed again."""

from collections import Counter
from dataclasses import dataclass, field

from admin.verify.deciding import Decision, check_counts, check_told
from admin.verify.defence import DefenceRules
from admin.verify.facts import Facts, Handlers
from admin.verify.reading import Said
from admin.verify.reserve import ReserveRules
from schemas.scoring import (
    AwardAdded,
    AwardConfirmed,
    AwardDeclined,
    BudgetRevised,
    ProjectNotAwarded,
    ResultsPublished,
    WinnerAnnounced,
)
from schemas.season import SeasonDefinition


@dataclass(slots=True)
class Awards:
    """All that a season's awards said, in order."""

    said: list[Said] = field(default_factory=list)
    standing: dict[str, Said] = field(default_factory=dict)
    """The awards confirmed and not declined, at the end of what was looked at."""


class AwardRules:
    """Checks awards after everything has been read."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._findings = facts.findings
        self._awards: dict[str, Awards] = {}

    def handlers(self) -> Handlers:
        """What looks at which event. ResultsPublished of decisions is not looked at here."""
        return dict.fromkeys(
            (
                *(BudgetRevised, AwardConfirmed, AwardDeclined, AwardAdded),
                *(ResultsPublished, WinnerAnnounced, ProjectNotAwarded),
            ),
            self._on_said,
        )

    def settle(self, decisions: dict[str, Decision]) -> None:
        """Follow each season's awards from the first to the last."""
        for season_id, awards in self._awards.items():
            season = self._facts.seasons.get(season_id)
            if season is None:
                self._findings.fault("award", awards.said[0].place, "its season is not on record")
                continue
            final = f"{season.id}-{season.rounds[-1].id}"
            self._follow(awards, season, decisions.get(final) or Decision())
            self._check_withdrawn(awards)

    def _on_said(self, said: Said) -> None:
        if said.subject.trace is None:
            said.subject.trace = self._awards[said.subject.id] = Awards()
        said.subject.trace.said.append(said)

    def _follow(self, awards: Awards, season: SeasonDefinition, final: Decision) -> None:
        published: Said | None = None
        outcomes: list[Said] = []
        announced: dict[str, Said] = {}
        defence = DefenceRules(self._facts, season)
        reserve = ReserveRules(self._facts, season, final, defence)
        for said in awards.said:
            match said.event:
                case BudgetRevised():
                    award = awards.standing.get(said.event.project_id)
                    defence.revised(said, award.event.amount_tiyn if award else 0, published)
                case AwardConfirmed():
                    budget = defence.budget_of(said.event.project_id)
                    self._check_award(said, season, final, published, budget)
                    awards.standing[said.event.project_id] = said
                    self._check_funds(said, awards, season)
                    reserve.confirmed(said.event.project_id)
                case AwardDeclined():
                    self._decline(said, awards)
                    reserve.declined(said, published)
                case AwardAdded():
                    reserve.added(said, awards.standing, published)
                    awards.standing[said.event.project_id] = said
                    self._check_funds(said, awards, season)
                case WinnerAnnounced(cause=str()):
                    reserve.announced(said)
                case ResultsPublished():
                    self._findings.expect(
                        published is None, "outcome", said.place, "was published before"
                    )
                    published, announced = published or said, dict(awards.standing)
                case _:
                    outcomes.append(said)
                    self._check_announced(said, season, published, announced, reserve)
        reserve.settle()
        if published is None:
            return
        check_counts(self._facts, published, outcomes, WinnerAnnounced)
        decided = {row.project_id for row in final.last.projects} if final.last else set()
        check_told(self._facts, published, outcomes, decided)

    def _check_award(
        self,
        said: Said,
        season: SeasonDefinition,
        final: Decision,
        published: Said | None,
        budget: int,
    ) -> None:
        event: AwardConfirmed = said.event
        project = self._facts.project(event.project_id)
        chosen = any(
            row.chosen and row.project_id == event.project_id
            for decided in final.recorded
            for row in decided.event.projects
        )
        self._findings.expect(
            chosen
            and published is None
            and project is not None
            and project.season_id == season.id
            and event.nomination == project.last.nomination
            and 0 < event.amount_tiyn <= budget,
            "award",
            said.place,
            f"{event.amount_tiyn} tiyn for project {event.project_id}, whose budget is {budget} "
            f"and was {'' if chosen else 'not '}chosen by the final"
            f"{', after the awards were published' if published else ''}",
        )

    def _check_funds(self, said: Said, awards: Awards, season: SeasonDefinition) -> None:
        taken: Counter[str] = Counter()
        for standing in awards.standing.values():
            taken[standing.event.nomination] += standing.event.amount_tiyn
        funds = {nomination.id: nomination.funds_tiyn for nomination in season.nominations}
        nomination = said.event.nomination
        self._findings.expect(
            taken.total() <= season.funds_tiyn and taken[nomination] <= funds.get(nomination, 0),
            "funds",
            said.place,
            f"{taken.total()} of {season.funds_tiyn} tiyn are awarded with this, "
            f"{taken[nomination]} of {funds.get(nomination, 0)} in {nomination}",
        )

    def _decline(self, said: Said, awards: Awards) -> None:
        event: AwardDeclined = said.event
        before = awards.standing.pop(event.project_id, None)
        self._findings.expect(
            before is not None and before.event.amount_tiyn == event.amount_tiyn,
            "declined",
            said.place,
            f"declines {event.amount_tiyn} tiyn, which were not awarded so",
        )

    def _check_announced(
        self,
        said: Said,
        season: SeasonDefinition,
        published: Said | None,
        announced: dict[str, Said],
        reserve: ReserveRules,
    ) -> None:
        event = said.event
        award = announced.get(event.project_id)
        if isinstance(event, WinnerAnnounced):
            project = self._facts.project(event.project_id)
            fits = (
                award is not None
                and award.event.amount_tiyn == event.amount_tiyn
                and project is not None
                and (project.organisation, project.last.region)
                == (event.organisation, event.region)
            )
        else:
            fits = award is None and event.reserve == reserve.place_of(event.project_id)
        final = f"{season.id}-{season.rounds[-1].id}"
        self._findings.expect(
            fits and published is not None and event.round_id == final,
            "outcome",
            said.place,
            f"is not what was awarded to project {event.project_id} when results were published",
        )

    def _check_withdrawn(self, awards: Awards) -> None:
        for project_id, said in awards.standing.items():
            project = self._facts.project(project_id)
            self._findings.checked["declined"] += 1
            if project is not None and project.withdrawn_at:
                self._findings.missing(
                    "declined",
                    said.place,
                    max(project.withdrawn_at, said.time),
                    f"project {project_id} withdrew, and its award was not declined",
                )
