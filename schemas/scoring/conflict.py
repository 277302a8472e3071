"""Conflicts of interest, and judges who leave a project: barred, unwilling, or replaced."""

from typing import ClassVar, Literal

from schemas.base import Line, Slug, Uuid
from schemas.scoring.base import ScoringEvent

ConflictGround = Literal["same-person", "organisation", "family", "financial", "other"]
ConflictSource = Literal["declared", "detected"]
RulingOutcome = Literal["conflict", "no-conflict"]
RulingOffice = Literal["chair", "deputy", "secretary"]


class AboutJudge(ScoringEvent):
    """Said of one judge and one project in one round."""

    season_id: Slug
    round_id: Slug
    project_id: Uuid
    judge_id: Uuid


class ConflictDeclared(AboutJudge):
    """A judge has, or seems to have, an interest in a project; bars the judge at once."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "a judge or the secretary declares a conflict, or one is detected"
    ground: ConflictGround
    """same-person, organisation, family, financial, or other."""
    source: ConflictSource
    """Whether somebody declared it, or it was detected from what is on record."""


class ConflictRuled(AboutJudge):
    """Somebody in charge decided whether it is a conflict; the last ruling stands."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "the chair, the deputy or the secretary rules on a conflict"
    ruling: RulingOutcome
    """conflict, or no-conflict."""
    office: RulingOffice
    """By which office it was ruled: nobody rules on a conflict of their own."""
    reason: Line


class JudgeRecused(AboutJudge):
    """An assigned judge is barred from the project: neither sees nor scores it."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "a conflict of an assigned judge becomes known"


class JudgeReinstated(AboutJudge):
    """A recused judge may score the project again; a voided sheet stays void."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "a ruling finds that there was no conflict"


class AssignmentDeclined(AboutJudge):
    """An assigned judge refuses the duty of scoring this project."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "a judge declines a project before scoring it"
    reason: Line


class JudgeAbstained(AboutJudge):
    """An assigned judge chooses not to score this project; that is not a score of 0."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "a judge abstains from scoring a project"
    reason: Line


class JudgeReplaced(AboutJudge):
    """Another judge takes the place of this one, and is assigned next."""

    KIND: ClassVar[str] = "evaluation"
    SAID_WHEN: ClassVar[str] = "the secretary puts another judge in a judge's place"
    by_judge_id: Uuid
    """Who scores the project instead."""
    reason: Line
