"""The bodies of requests and answers of the scoring API, with examples for OpenAPI."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Language, Line, Localised, Moment, Slug, Tiyn, Uuid
from schemas.people import Email, Person
from schemas.scoring import DecidedProject, FewSheets, JudgeTerms, Member, RankedProject
from schemas.scoring.panel import Bin
from schemas.season import RoundDefinition
from services.kit.http import Command
from services.scoring import examples
from services.scoring.domain.awards import Award
from services.scoring.domain.base import State
from services.scoring.domain.line import ChairWord
from services.scoring.domain.moves import Move

EXAMPLE_JUDGE = examples.JUDGE


class Appointee(Command):
    """A person appointed to a seat; the address goes to the people topic only."""

    model_config = examples.of_request(examples.APPOINTEE)
    person_id: Uuid
    name: Line
    email: Email
    language: Language
    post: Localised
    role: Annotated[str, Field(pattern="^(chair|member|secretary)$")]
    organisation: Line | None = None
    bin: Bin | None = None
    related_bins: Annotated[tuple[Bin, ...], Field(max_length=50)] | None = None

    def member(self) -> Member:
        """The public part."""
        return Member.model_validate(
            self.model_dump(exclude={"email", "language"}, exclude_none=True)
        )

    def person(self) -> Person:
        """The private part."""
        return Person(
            person_id=self.person_id,
            name=self.name,
            email=self.email,
            language=self.language,
            consents=("judging-correspondence",),
        )


class AppointPanel(Command):
    """All members of a panel at once."""

    model_config = examples.of_request({"members": [examples.APPOINTEE]})
    members: Annotated[tuple[Appointee, ...], Field(min_length=1, max_length=60)]


class PanelAnswer(State):
    """A panel as everybody may see it."""

    model_config = examples.of_answer(examples.PANEL)
    season_id: Slug
    panel: str
    quorum: int
    members: tuple[Member, ...]


class LinkSent(State):
    """The event that has the mail sent."""

    model_config = examples.of_answer(
        {"person_id": examples.JUDGE, "event_id": "scoring/commission/2020-jury:2"}
    )
    person_id: Uuid
    event_id: str


class Draw(Command):
    """The seed of the draw, for instance from a public livestream."""

    model_config = examples.of_request({"seed": "2020-first-draw"})
    seed: Line
    terms: Annotated[tuple[JudgeTerms, ...], Field(max_length=60)] = ()
    """Judges who read only some languages, or should not get some regions."""


class DrawAnswer(State):
    """What the draw came to."""

    model_config = examples.of_answer(examples.DRAWN)
    round_id: Slug
    event_id: str | None
    seed: str
    inputs_hash: str
    projects: int
    judges: int
    judges_per_project: int


class AddAssignment(Command):
    """Give one more judge a project."""

    model_config = examples.of_request({"project_id": EXAMPLE_JUDGE, "judge_id": EXAMPLE_JUDGE})
    project_id: Uuid
    judge_id: Uuid


class Assignment(State):
    """A project that a judge has to score, and whether the judge's own sheet is in."""

    model_config = examples.of_answer(examples.ASSIGNMENT)
    round_id: Slug
    project_id: Uuid
    title: Line
    nomination: Slug
    project_version: int
    scored: bool


class ScoreAnswer(State):
    """What was said of a judge and a project; null when there was nothing to say."""

    model_config = examples.of_answer(examples.SCORED)
    round_id: Slug
    project_id: Uuid
    judge_id: Uuid
    event_id: str | None


class RoundAnswer(State):
    """How far a round is, as everybody may see it."""

    model_config = examples.of_answer(examples.ROUND_STATE)
    round_id: Slug
    season_id: Slug
    stage: RoundDefinition
    status: str
    event_id: str | None = None


class RankRound(Command):
    """Why projects that a late void left with too few sheets are ranked all the same."""

    model_config = examples.of_request({"few_sheets_reason": "После отвода замены нет"})
    few_sheets_reason: Line | None = None


class Moved(State):
    """What changed against the ranking before, whose event is named."""

    against: str
    projects: tuple[Move, ...]


class RankingAnswer(State):
    """A ranking with the hashes that anyone can recompute from the log.

    `few_sheets` are those ranked by fewer sheets than are due; `moved` is for the staff, once the
    round was ranked anew.
    """

    model_config = examples.of_answer(examples.RANKING)
    round_id: Slug
    event_id: str
    ruleset_hash: str
    inputs_hash: str
    table_hash: str
    table: tuple[RankedProject, ...]
    corrects: str | None = None
    """The published ranking that this one corrects on appeal; it can be read still."""
    few_sheets: FewSheets | None = None
    moved: Moved | None = None


class RecordDecision(Command):
    """The sitting, or just who attended it; and the chair's word on a tie at the line."""

    model_config = examples.of_request({"attended": [EXAMPLE_JUDGE]})
    attended: Annotated[tuple[Uuid, ...], Field(max_length=60)] | None = None
    sitting_id: Uuid | None = None
    chair_order: Annotated[tuple[Uuid, ...], Field(min_length=2, max_length=500)] | None = None
    chair_reason: Line | None = None
    reserve: Annotated[int, Field(strict=True, ge=0, le=50)] | None = None
    """In the final: how many after the line are in reserve, where the season does not say."""

    @model_validator(mode="after")
    def _sitting_or_attendance(self) -> Self:
        if (self.attended is None) == (self.sitting_id is None):
            raise ValueError("say either sitting_id or attended")
        return self

    @model_validator(mode="after")
    def _order_and_reason_go_together(self) -> Self:
        if (self.chair_order is None) != (self.chair_reason is None):
            raise ValueError("chair_order and chair_reason go together")
        return self

    @property
    def chair(self) -> ChairWord | None:
        """The chair's word, when there is one."""
        if self.chair_order is None or self.chair_reason is None:
            return None
        return ChairWord(order=self.chair_order, reason=self.chair_reason)


class DecisionAnswer(State):
    """What was decided; pending until published."""

    model_config = examples.of_answer(examples.DECISION)
    round_id: Slug
    event_id: str | None
    published: bool
    quorum: int
    projects: tuple[DecidedProject, ...]
    reserve: tuple[Uuid, ...] = ()
    """In the order in which they move up when an award falls away."""


class ConfirmAward(Command):
    """The amount of an award."""

    model_config = examples.of_request({"amount_tiyn": 350_000_000})
    amount_tiyn: Annotated[int, Field(strict=True, ge=1, le=10**15)]


class DeclineAward(Command):
    """Why an award falls away."""

    model_config = examples.of_request({"reason": "Біз басқа қордан грант алдық."})
    reason: Line


class PromoteReserve(Command):
    """Whose place a project of the reserve takes, and with how much."""

    model_config = examples.of_request({"in_place_of": EXAMPLE_JUDGE, "amount_tiyn": 300_000_000})
    in_place_of: Uuid
    amount_tiyn: Annotated[int, Field(strict=True, ge=1, le=10**15)]


class FreePlace(State):
    """An award that fell away, and who of the reserve may take its place."""

    in_place_of: Uuid
    nomination: Slug
    amount_tiyn: Tiyn
    event_id: str
    taken_by: Uuid | None = None
    next: Uuid | None = None
    """Null when the place is taken, or when nobody can move up."""
    room_tiyn: Tiyn
    """The most that the funds leave for whom is next."""


class ReserveAnswer(State):
    """The reserve as the final decided it, and the places that are free."""

    model_config = examples.of_answer(examples.RESERVE)
    season_id: Slug
    reserve: tuple[Uuid, ...]
    places: tuple[FreePlace, ...]


class AwardsAnswer(State):
    """The season's awards and what they add up to."""

    model_config = examples.of_answer(examples.AWARDS)
    season_id: Slug
    event_id: str | None = None
    published: bool
    funds_tiyn: Tiyn
    awarded_tiyn: Tiyn
    awards: tuple[Award, ...]


class SignIn(Command):
    """The link token from the mail; it works once."""

    model_config = examples.of_request(examples.SIGN_IN)
    token: Annotated[str, Field(min_length=20, max_length=2000)]


class Session(State):
    """A judge's bearer token."""

    model_config = examples.of_answer(examples.SESSION)
    access_token: str
    token_type: Literal["bearer"] = "bearer"
    judge_id: Uuid
    expires_at: Moment
