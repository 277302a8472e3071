"""Pitches: the slots are drawn once; each pitch begins and ends, or is missed.

In a round with pitches a project is scored only once its pitch has begun. A missed pitch can be
put off once, by the secretary with a reason. One that stays missed needs no sheets: the project is
ranked last, and is not chosen.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.scoring import (
    DrawnPitch,
    PitchDay,
    PitchEnded,
    PitchesDrawn,
    PitchMissed,
    PitchRescheduled,
    PitchScheduled,
    PitchStarted,
    ScoringEvent,
)
from schemas.season import SeasonDefinition
from services.kit.refusal import Fault, Refused
from services.scoring.domain.base import State, invalid
from services.scoring.domain.evaluation import Evaluation, sealed
from services.scoring.domain.final import Pitch, may_follow, not_begun
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.round import Round, unknown_round
from services.scoring.domain.slots import Slot, faults_of, pitches_inputs_hash, times


class Timetable(State):
    """When there can be pitches, and how long a slot is."""

    days: tuple[PitchDay, ...]
    slot_minutes: int


def draw_pitches(
    round_: Round | None,
    round_id: str,
    *,
    seed: str,
    timetable: Timetable,
    evaluations: Sequence[Evaluation],
    voting: Sequence[str],
    season: SeasonDefinition | None = None,
) -> list[ScoringEvent]:
    """Draw the slots of the projects that still take part; the same again says nothing.

    `season` is given for the last round: then the days are the season's final days.
    """
    if round_ is None:
        raise unknown_round(round_id)
    drawn = round_.pitches
    if drawn is not None:
        if (drawn.seed, drawn.days, drawn.slot_minutes) == (
            seed,
            timetable.days,
            timetable.slot_minutes,
        ):
            return []
        raise Refused(
            "conflict", "pitches-drawn", f"The slots of {round_id} were drawn before; they stand."
        )
    if round_.cut is not None:
        raise sealed(round_id)
    if not evaluations:
        raise Refused("conflict", "no-projects", "There is no project to pitch in this round.")
    if faults := timetable_faults(timetable.days, season):
        raise invalid("timetable-invalid", faults)
    free = sum(1 for _ in times(timetable.days, timetable.slot_minutes))
    if free < len(evaluations):
        raise Refused(
            "conflict",
            "too-few-slots",
            f"{len(evaluations)} projects are to pitch, the times have {free} slots.",
        )
    _require_unscored(evaluations)
    pitches = tuple(
        DrawnPitch(
            project_id=one.project_id, recused=tuple(sorted(id for id in voting if one.barred(id)))
        )
        for one in sorted(evaluations, key=lambda found: found.project_id)
    )
    return [
        PitchesDrawn(
            season_id=round_.season_id,
            round_id=round_id,
            seed=seed,
            days=timetable.days,
            slot_minutes=timetable.slot_minutes,
            pitches=pitches,
            inputs_hash=pitches_inputs_hash(seed, timetable.days, timetable.slot_minutes, pitches),
        )
    ]


def schedule(evaluation: Evaluation | None, drawn: PitchesDrawn, slot: Slot) -> list[ScoringEvent]:
    """Give a project the slot that was drawn; again says nothing."""
    found = _known(evaluation)
    if found.pitch is not None:
        return []
    if found.sealed:
        raise sealed(found.round_id)
    _require_unscored([found])
    return [
        PitchScheduled(
            season_id=drawn.season_id,
            round_id=drawn.round_id,
            project_id=slot.project_id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
        )
    ]


def start(evaluation: Evaluation | None, project: HeardProject) -> list[ScoringEvent]:
    """Have the pitch begin; again says nothing."""
    found, pitch = require_pitch(evaluation)
    if pitch.begun:
        return []
    if found.sealed:
        raise sealed(found.round_id)
    if project.status != "eligible":
        raise Refused("conflict", "project-not-eligible", f"The project is {project.status}.")
    if not may_follow(pitch, PitchStarted):
        raise Refused(
            "conflict", "pitch-missed", "The pitch was missed; it can be put off to another slot."
        )
    return [PitchStarted(**about(found))]


def end(evaluation: Evaluation | None) -> list[ScoringEvent]:
    """End a pitch that has begun; again says nothing."""
    found, pitch = require_pitch(evaluation)
    if pitch.status == "ended":
        return []
    if not may_follow(pitch, PitchEnded):
        raise not_begun()
    return [PitchEnded(**about(found))]


def miss(evaluation: Evaluation | None) -> list[ScoringEvent]:
    """Note that nobody came; again says nothing."""
    found, pitch = require_pitch(evaluation)
    if pitch.status == "missed":
        return []
    if found.sealed:
        raise sealed(found.round_id)
    if not may_follow(pitch, PitchMissed):
        raise Refused("conflict", "pitch-begun", "The pitch has begun, so it was not missed.")
    return [PitchMissed(**about(found))]


def reschedule(
    evaluation: Evaluation | None, starts_at: datetime, reason: str
) -> list[ScoringEvent]:
    """Give a missed pitch another slot of the same length, once; the same again says nothing."""
    found, pitch = require_pitch(evaluation)
    length: timedelta = pitch.ends_at - pitch.starts_at
    if pitch.rescheduled and pitch.status == "scheduled" and pitch.starts_at == starts_at:
        return []
    if found.sealed:
        raise sealed(found.round_id)
    if pitch.rescheduled:
        raise Refused(
            "conflict", "already-rescheduled", "A pitch is put off once; now it stays as it is."
        )
    if not may_follow(pitch, PitchRescheduled):
        raise Refused("conflict", "pitch-not-missed", "Only a missed pitch can be put off.")
    return [
        PitchRescheduled(
            **about(found), starts_at=starts_at, ends_at=starts_at + length, reason=reason
        )
    ]


def timetable_faults(days: Sequence[PitchDay], season: SeasonDefinition | None) -> list[Fault]:
    """What is wrong with the times; with a season they must be on its final days."""
    if season is None:
        return faults_of(days)
    zone = ZoneInfo(season.timezone)
    final = ", ".join(day.isoformat() for day in season.final_days)
    return faults_of(days) + [
        Fault(f"days.{number}.{name}", f"is not on a day of the final: {final}")
        for number, day in enumerate(days)
        for name, moment in (("starts_at", day.starts_at), ("ends_at", day.ends_at))
        if moment.astimezone(zone).date() not in season.final_days
    ]


def _require_unscored(evaluations: Sequence[Evaluation]) -> None:
    """A sheet from before the draw would be one from before the pitch."""
    scored = [one.project_id for one in evaluations if one.pitch is None and one.effective()]
    if scored:
        raise Refused(
            "conflict",
            "already-scored",
            "These projects have sheets; void them before slots are drawn: " + ", ".join(scored),
        )


def _known(evaluation: Evaluation | None) -> Evaluation:
    if evaluation is None or not evaluation.judges:
        raise Refused("missing", "not-in-round", "This project takes no part in the round.")
    return evaluation


def require_pitch(evaluation: Evaluation | None) -> tuple[Evaluation, Pitch]:
    """The evaluation with its pitch; refused where the project has no slot."""
    found = _known(evaluation)
    if found.pitch is None:
        raise Refused("missing", "no-pitch", "This project has no pitch slot in this round.")
    return found, found.pitch


def about(evaluation: Evaluation) -> dict[str, str]:
    """What every event about a pitch says."""
    return {
        "season_id": evaluation.season_id,
        "round_id": evaluation.round_id,
        "project_id": evaluation.project_id,
    }
