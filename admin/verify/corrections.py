"""The rules of corrections: nothing changes after the results but for an upheld appeal."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from admin.verify.appeals import Appeal, AppealRules, is_appeal
from admin.verify.deciding import Decision
from admin.verify.facts import Facts, Handlers
from admin.verify.reading import Said
from admin.verify.scoring import Round
from schemas.scoring import (
    AwardAdded,
    DecisionCorrected,
    DecisionRecorded,
    ProjectShortlisted,
    RankingComputed,
    ScoreVoided,
    WinnerAnnounced,
)
from services.scoring.domain.correction import is_above_the_line


@dataclass(slots=True)
class _Corrected:
    """Everything that corrects something, in order."""

    voids: list[Said] = field(default_factory=list)
    places: list[Said] = field(default_factory=list)
    awards: list[Said] = field(default_factory=list)
    outcomes: list[Said] = field(default_factory=list)


class CorrectionRules:
    """Checks corrections after everything has been read."""

    def __init__(self, facts: Facts, appeals: AppealRules) -> None:
        self._facts = facts
        self._findings = facts.findings
        self._appeals = appeals
        self._said = _Corrected()

    def handlers(self) -> Handlers:
        """What looks at which event."""
        return {
            ScoreVoided: self._on_void,
            DecisionCorrected: lambda said: self._said.places.append(said),
            AwardAdded: self._on_added,
            ProjectShortlisted: self._on_outcome,
            WinnerAnnounced: self._on_outcome,
        }

    def settle(self, decisions: dict[str, Decision], rounds: dict[str, Round]) -> None:
        """Check what was corrected against the appeals, and the appeals against it."""
        self._check_voids()
        for round_id, round_ in rounds.items():
            self._check_rankings(round_id, round_.rankings)
        told = {_key(said): said for said in self._said.outcomes}
        given: set[tuple[str, str]] = set()
        for said in (*self._said.places, *self._said.awards):
            appeal = self._cause(said)
            what = self._misfit(said, appeal, decisions, rounds) if appeal else "no upheld appeal"
            if not what and not self._is_told(said, told.get(_key(said))):
                what = "it is not told to the project as what it corrects"
            self._findings.expect(
                not what and _key(said) not in given,
                "correction",
                said.place,
                f"corrects the results for project {said.event.project_id}: {what or 'again'}",
            )
            given.add(_key(said))
        self._check_told()

    def _on_void(self, said: Said) -> None:
        if said.event.cause is not None:
            self._said.voids.append(said)

    def _on_added(self, said: Said) -> None:
        if is_appeal(said.event.cause):
            self._said.awards.append(said)

    def _on_outcome(self, said: Said) -> None:
        if said.event.corrects is not None:
            self._said.outcomes.append(said)

    def _cause(self, said: Said) -> Appeal | None:
        """The upheld appeal of its project that an event names twice as its cause."""
        cause: str = said.event.cause
        found = self._appeals.upheld(cause)
        if found is None or said.values.get("ce_causationid") != cause.encode():
            return None
        return found if found.lodged.event.project_id == said.event.project_id else None

    def _check_voids(self) -> None:
        voided = set()
        for said in self._said.voids:
            appeal = self._cause(said)
            resolved = appeal.resolved.event if appeal and appeal.resolved else None
            self._findings.expect(
                resolved is not None and said.event.score_event_id in resolved.voids,
                "correction",
                said.place,
                f"{said.event.cause} is no upheld appeal that voids {said.event.score_event_id}",
            )
            voided.add((said.event.cause, said.event.score_event_id))
        for appeal in self._appeals.all:
            said_ = appeal.resolved
            for score_event_id in said_.event.voids if said_ else ():
                assert said_ is not None
                if (said_.id, score_event_id) not in voided:
                    self._findings.missing(
                        "correction", said_.place, said_.time, f"{score_event_id} is not voided"
                    )

    def _check_rankings(self, round_id: str, rankings: Sequence[Said]) -> None:
        """What was published is ranked anew only when appeals voided sheets since."""
        published = self._appeals.published.get(round_id)
        for index, said in enumerate(rankings):
            ranking: RankingComputed = said.event
            if ranking.corrects is None:
                self._findings.expect(
                    published is None or said.time <= published.time,
                    "correction",
                    said.place,
                    "ranks anew what is published, and does not say what it corrects",
                )
                continue
            before = rankings[index - 1] if index else None
            self._findings.expect(
                before is not None
                and published is not None
                and published.time <= said.time
                and ranking.corrects == before.id
                and self._voided_since(before.event, ranking),
                "correction",
                said.place,
                f"{ranking.corrects} is not the ranking before, or no appeal voided sheets since",
            )

    def _voided_since(self, before: RankingComputed, after: RankingComputed) -> bool:
        return any(
            before.cut.get(said.subject.origin, said.sequence)
            < said.sequence
            <= after.cut.get(said.subject.origin, 0)
            for said in self._said.voids
        )

    def _misfit(
        self,
        said: Said,
        appeal: Appeal,
        decisions: dict[str, Decision],
        rounds: dict[str, Round],
    ) -> str:
        """What is wrong with a place or an award that an appeal gave, or nothing."""
        about = appeal.lodged.event
        decision, round_ = decisions.get(about.round_id), rounds.get(about.round_id)
        stage = self._facts.stages.get(about.round_id)
        if decision is None or decision.last is None or round_ is None or stage is None:
            return "nothing was decided"
        row = next((r for r in decision.last.projects if r.project_id == about.project_id), None)
        if row is None or about.round_id not in self._appeals.published:
            return "the project was not decided on, or the results are not published"
        if isinstance(said.event, DecisionCorrected) and (
            row.chosen or said.event.corrects != decision.recorded[-1].id
        ):
            return "the project was chosen, or it corrects another decision"
        if isinstance(said.event, AwardAdded) != stage.is_last:
            return "it corrects another round"
        return self._not_due(said, appeal, decision.last, round_, stage.definition.limit)

    def _not_due(
        self, said: Said, appeal: Appeal, decided: DecisionRecorded, round_: Round, limit: int
    ) -> str:
        event = said.event
        ranking = next((r for r in round_.rankings if r.id == event.ranking_event_id), None)
        if ranking is None:
            return f"{event.ranking_event_id} is no ranking of the round"
        if isinstance(event, DecisionCorrected):
            ranks = {row.project_id: row.rank for row in ranking.event.table}
            told = (event.table_hash, event.rank)
            if told != (ranking.event.table_hash, ranks.get(event.project_id)):
                return "its table_hash or rank are not the ranking's"
        assert appeal.resolved is not None
        by_motion = appeal.resolved.event.motion_id is not None
        if by_motion or (
            ranking.event.corrects is not None
            and is_above_the_line(ranking.event.table, decided, limit, event.project_id)
        ):
            return ""
        return "by the corrected ranking it is below the line, and no motion was carried"

    def _is_told(self, said: Said, told: Said | None) -> bool:
        if told is None or told.subject is not said.subject or told.sequence < said.sequence:
            return False
        before = self._appeals.outcomes.get(told.event.corrects)
        if before is None or before.subject is not said.subject:
            return False
        if isinstance(said.event, DecisionCorrected) and told.event.rank != said.event.rank:
            return False
        return bool(before.event.project_id == said.event.project_id)

    def _check_told(self) -> None:
        """No outcome is corrected on its own."""
        given = {_key(said) for said in (*self._said.places, *self._said.awards)}
        told: set[tuple[str, str]] = set()
        for said in self._said.outcomes:
            self._findings.expect(
                _key(said) in given and _key(said) not in told,
                "correction",
                said.place,
                f"corrects {said.event.corrects}, without a place or an award on appeal; or again",
            )
            told.add(_key(said))


def _key(said: Said) -> tuple[str, str]:
    """The aggregate that corrects an outcome, and whose outcome it is."""
    return said.subject.name, said.event.project_id
