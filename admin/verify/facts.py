"""What the rules remember of a season: enough for what other subjects say of it, and no more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from admin.verify.findings import Findings, Place
from admin.verify.inputs import Given, given_in
from admin.verify.reading import Said
from admin.verify.subjects import Subject
from schemas.scoring import CriterionPoints, ScoreRecorded
from schemas.season import RoundDefinition, SeasonDefinition
from services.scoring.domain.rubric import comment_faults

MOST_WAITING = 10_000
"""Events that wait for their season to be read; a season that is never opened keeps no more."""


class Lookup(Protocol):
    """Finds a subject by its origin."""

    def __call__(self, origin: str) -> Subject | None:
        """The subject, if it ever said anything."""
        ...


@dataclass(frozen=True, slots=True)
class Stage:
    """A round as its season defines it."""

    season: SeasonDefinition
    index: int
    definition: RoundDefinition

    @property
    def round_id(self) -> str:
        """The id of the round that this stage runs."""
        return f"{self.season.id}-{self.definition.id}"

    @property
    def before(self) -> str | None:
        """The id of the round before, or None."""
        if self.index == 0:
            return None
        return f"{self.season.id}-{self.season.rounds[self.index - 1].id}"

    @property
    def is_last(self) -> bool:
        """The last stage's decision proposes awards."""
        return self.index == len(self.season.rounds) - 1


class Rubric:
    """What points and comments a round takes; the same points are looked at once."""

    def __init__(self, stage: RoundDefinition) -> None:
        self.stage = stage
        self._own: dict[str, Rubric] = {}
        self._criteria = {criterion.id: criterion for criterion in stage.criteria}
        self._required = frozenset(c.id for c in stage.criteria if c.required)
        self._known: dict[Given, tuple[str, bool]] = {}
        """Of points on a criterion: what is wrong with them, and whether they ask for a comment."""

    @property
    def varies(self) -> bool:
        """Whether some nominations are scored otherwise than by this."""
        return bool(self.stage.nominations)

    def within(self, nomination: str) -> "Rubric":
        """The rubric of one nomination's projects."""
        if not self.varies:
            return self
        if nomination not in self._own:
            self._own[nomination] = Rubric(self.stage.within(nomination))
        return self._own[nomination]

    def misfit(self, sheet: ScoreRecorded, given: Sequence[Given] | None = None) -> str:
        """What is wrong with a sheet, or nothing; `given` is `given_in(sheet)`."""
        known = self._known
        asks = False
        given = given or given_in(sheet)
        for key, item in zip(given, sheet.points, strict=True):
            what, due = known.get(key) or self._learn(key, item)
            if what:
                return what
            asks |= due
        criteria = {criterion for criterion, _ in given}
        if len(criteria) < len(given):
            return "a criterion appears twice"
        if not self._required <= criteria:
            return f"{', '.join(sorted(self._required - criteria))} is required"
        return self._comments_of(sheet) if asks or sheet.comments else ""

    def _learn(self, key: Given, item: CriterionPoints) -> tuple[str, bool]:
        criterion = self._criteria.get(item.criterion)
        due = criterion is not None and criterion.comments.due(item.points)
        found = self._known[key] = self._judge(item), due
        return found

    def _comments_of(self, sheet: ScoreRecorded) -> str:
        found = comment_faults(sheet.points, sheet.comments or (), self.stage.criteria)
        return "; ".join(f"{fault.where} {fault.what}" for fault in found)

    def _judge(self, item: CriterionPoints) -> str:
        criterion = self._criteria.get(item.criterion)
        if criterion is None:
            return f"{item.criterion} is no criterion of the round"
        if not criterion.minimum <= item.points <= criterion.maximum:
            return (
                f"{item.points} for {item.criterion} is not within "
                f"{criterion.minimum} to {criterion.maximum}"
            )
        if (item.points - criterion.minimum) % criterion.step:
            return f"{item.points} for {item.criterion} is not in steps of {criterion.step}"
        return ""


Status = Literal["submitted", "eligible", "ineligible", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Step:
    """A project after one of its events."""

    sequence: int
    status: Status
    version: int
    nomination: str
    region: str
    requested_tiyn: int


@dataclass(slots=True)
class Project:
    """A project's way. `title`, `organisation` are those of the last version."""

    season_id: str
    place: Place
    first_submitted_at: Any
    contact_person_id: str
    title: str
    organisation: str
    applicant: str = ""
    """Who handed it in first, as an actor."""
    lines: tuple[tuple[int, int], ...] = ()
    """What each line of the last version's budget costs, and what it asks for."""
    steps: list[Step] = field(default_factory=list)
    withdrawn_at: str = ""
    screened_versions: set[int] = field(default_factory=set)

    def at(self, sequence: int) -> Step | None:
        """The project as it stood after this event of its own."""
        return next((step for step in reversed(self.steps) if step.sequence <= sequence), None)

    @property
    def last(self) -> Step:
        """As it stands at the end."""
        return self.steps[-1]


Check = Callable[[Said, SeasonDefinition], None]


class Facts:
    """What is known so far: seasons and their stages, and every subject's trace."""

    def __init__(self, findings: Findings, lookup: Lookup) -> None:
        self.findings = findings
        self.lookup = lookup
        self.seasons: dict[str, SeasonDefinition] = {}
        self.stages: dict[str, Stage] = {}
        self.rubrics: dict[str, Rubric] = {}
        self._waiting: dict[str, list[tuple[Said, Check]]] = {}

    def open(self, season: SeasonDefinition) -> None:
        """Learn of a season, and check what waited for it."""
        self.seasons[season.id] = season
        for index, definition in enumerate(season.rounds):
            stage = Stage(season, index, definition)
            self.stages[stage.round_id] = stage
            self.rubrics[stage.round_id] = Rubric(definition)
        for said, check in self._waiting.pop(season.id, []):
            check(said, season)

    def with_season(self, season_id: str, said: Said, check: Check) -> None:
        """Check an event against its season, now or when the season has been read.

        Partitions are read side by side: a project may come before the season it belongs to.
        """
        season = self.seasons.get(season_id)
        if season is not None:
            check(said, season)
            return
        waiting = self._waiting.setdefault(season_id, [])
        if len(waiting) < MOST_WAITING:
            waiting.append((said, check))

    def project(self, project_id: str) -> Project | None:
        """A project, if it was submitted."""
        trace = self.trace(f"submission/project/{project_id}")
        return trace if isinstance(trace, Project) else None

    def trace(self, origin: str) -> Any:
        """What the rules remember of a subject, or None."""
        found = self.lookup(origin)
        return found.trace if found else None

    def settle(self) -> None:
        """Say which seasons were never opened although something belongs to them."""
        for season_id, waiting in self._waiting.items():
            first = waiting[0][0]
            self.findings.fault(
                "season",
                first.place,
                f"belongs to season {season_id!r}, which was not opened on record; "
                "neither this nor what else belongs to it could be checked",
            )


Handler = Callable[[Said], None]
Handlers = Mapping[type, Handler]
