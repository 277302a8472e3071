"""What a project is made of: the draft, and when it is complete enough to be judged."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from schemas.base import Language, Line, Paragraphs, Slug
from schemas.people import Email
from schemas.season import Goal, SeasonDefinition, SettlementKind
from schemas.submission import (
    Budget,
    BudgetLine,
    Organisation,
    ProjectContent,
)
from services.kit.refusal import Fault, Refused
from services.submission.domain.base import State

LARGEST_BUDGET_TIYN = 10**15
"""The largest sum of money the contract can say."""


class Contact(State):
    """The person to write to about a project, as the applicant gives it."""

    name: Line
    email: Email
    language: Language


class Draft(State):
    """What an applicant has filled in so far. Every field may still be missing."""

    title: Line | None = None
    summary: Paragraphs | None = None
    organisation: Organisation | None = None
    nomination: Slug | None = None
    goals: Annotated[tuple[Goal, ...], Field(max_length=17)] | None = None
    region: Slug | None = None
    settlement_kind: SettlementKind | None = None
    language: Language | None = None
    budget_lines: Annotated[tuple[BudgetLine, ...], Field(max_length=100)] | None = None


def complete(draft: Draft, season: SeasonDefinition, *, contact_given: bool) -> ProjectContent:
    """The draft as content to be judged; refused with every field that is missing or wrong."""
    faults = [
        Fault(name, "is required")
        for name in Draft.model_fields
        if getattr(draft, name) in (None, ())
    ]
    if not contact_given:
        faults.append(Fault("contact", "is required"))
    faults += misfits(draft, season)
    if faults:
        raise invalid(faults)
    lines = draft.budget_lines or ()
    return ProjectContent.model_validate(
        {
            **draft.model_dump(exclude={"budget_lines"}),
            "goals": tuple(sorted(set(draft.goals or ()))),
            "budget": Budget(
                lines=lines,
                total_tiyn=sum(line.quantity * line.unit_price_tiyn for line in lines),
                requested_tiyn=sum(line.requested_tiyn for line in lines),
            ),
        }
    )


def misfits(draft: Draft, season: SeasonDefinition) -> Iterator[Fault]:
    """What is filled in but does not fit the season."""
    known: tuple[tuple[str, str | None, Sequence[str]], ...] = (
        ("nomination", draft.nomination, [nomination.id for nomination in season.nominations]),
        ("region", draft.region, [region.id for region in season.regions]),
        ("settlement_kind", draft.settlement_kind, season.settlement_kinds),
    )
    for name, value, allowed in known:
        if value is not None and value not in allowed:
            yield Fault(name, f"{value!r} is not one of: {', '.join(allowed)}")
    for goal in draft.goals or ():
        if goal not in season.goals:
            yield Fault("goals", f"goal {goal} is not one of the season's")
    requested = total = 0
    for index, line in enumerate(draft.budget_lines or ()):
        requested += line.requested_tiyn
        amount = line.quantity * line.unit_price_tiyn
        total += amount
        if amount != line.requested_tiyn + line.own_tiyn:
            yield Fault(
                f"budget_lines.{index}",
                f"quantity x unit_price_tiyn is {amount}, but requested_tiyn + own_tiyn is "
                f"{line.requested_tiyn + line.own_tiyn}",
            )
    if requested > season.requested_cap_tiyn:
        yield Fault(
            "budget_lines",
            f"{requested} tiyn requested, the cap is {season.requested_cap_tiyn}",
        )
    if total > LARGEST_BUDGET_TIYN:
        yield Fault("budget_lines", f"the total of {total} tiyn is above {LARGEST_BUDGET_TIYN}")


def invalid(faults: Sequence[Fault]) -> Refused:
    detail = "; ".join(f"{fault.where}: {fault.what}" for fault in faults)
    return Refused("invalid", "project-invalid", detail, faults)
