"""The draw of the pitch slots: seeded, and repeatable by anyone from its event."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from schemas.canonical import canonical_hash
from schemas.scoring import DrawnPitch, PitchDay, PitchesDrawn
from services.kit.refusal import Fault


@dataclass(frozen=True, slots=True)
class Slot:
    """When a project pitches."""

    project_id: str
    starts_at: datetime
    ends_at: datetime


def pitches_inputs_hash(
    seed: str, days: Sequence[PitchDay], slot_minutes: int, pitches: Sequence[DrawnPitch]
) -> str:
    """What the draw depends on, as one hash."""
    return canonical_hash(
        {
            "seed": seed,
            "days": [day.model_dump(mode="json") for day in days],
            "slot_minutes": slot_minutes,
            "pitches": [pitch.model_dump(mode="json") for pitch in pitches],
        }
    )


def slots(drawn: PitchesDrawn) -> tuple[Slot, ...]:
    """Who pitches when, from the event alone, in the order of time.

    The n-th project of `pitch_order` gets the n-th slot of `times`.
    """
    free = times(drawn.days, drawn.slot_minutes)
    return tuple(
        Slot(project, starts, ends)
        for project, (starts, ends) in zip(pitch_order(drawn.seed, drawn.pitches), free)  # noqa: B905 - there may be more slots than projects
    )


def pitch_order(seed: str, pitches: Sequence[DrawnPitch]) -> tuple[str, ...]:
    """The projects in the order they pitch; the same for any order of `pitches`.

    Projects with the same recused members are a group and follow one another, so that who is
    recused leaves once for all of them. The first group is the one with the least
    SHA-256(`seed/member,member`), with the ids in order. Each next group shares the most members
    with the one before; among those it has the least hash. Within a group projects go by
    SHA-256(`seed/project`).
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for pitch in pitches:
        groups.setdefault(tuple(sorted(pitch.recused)), []).append(pitch.project_id)
    order: list[str] = []
    last: tuple[str, ...] = ()
    while groups:
        members = min(
            groups,
            key=lambda found: (-len({*found} & {*last}), _hash(seed, ",".join(found))),
        )
        order += sorted(groups.pop(members), key=lambda id: _hash(seed, id))
        last = members
    return tuple(order)


def times(days: Sequence[PitchDay], slot_minutes: int) -> Iterator[tuple[datetime, datetime]]:
    """All slots there are: each begins when the one before ends, or after the break it would meet.

    The last slot of a day is over by the day's end.
    """
    length = timedelta(minutes=slot_minutes)
    for day in days:
        starts = day.starts_at
        while starts + length <= day.ends_at:
            met = next(
                (
                    one
                    for one in day.breaks
                    if one.starts_at < starts + length and starts < one.ends_at
                ),
                None,
            )
            if met is not None:
                starts = met.ends_at
                continue
            yield starts, starts + length
            starts += length


def faults_of(days: Sequence[PitchDay]) -> list[Fault]:
    """What is wrong with the times: days and breaks must be in order, and breaks within days."""
    faults = []
    for number, day in enumerate(days):
        where = f"days.{number}"
        if day.ends_at <= day.starts_at:
            faults.append(Fault(f"{where}.ends_at", "must be after starts_at"))
        for place, one in enumerate(day.breaks):
            if not day.starts_at <= one.starts_at < one.ends_at <= day.ends_at:
                faults.append(Fault(f"{where}.breaks.{place}", "must be a time within the day"))
        if any(one.ends_at > other.starts_at for one, other in pairwise(day.breaks)):
            faults.append(Fault(f"{where}.breaks", "must follow one another"))
    faults += [
        Fault(f"days.{number}.starts_at", "must be after the day before is over")
        for number, (before, day) in enumerate(pairwise(days), start=1)
        if day.starts_at < before.ends_at
    ]
    return faults


def _hash(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()
