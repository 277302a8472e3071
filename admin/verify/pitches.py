"""The rules of pitches: slots as they were drawn, and what may come of a pitch."""

from admin.verify.facts import Facts, Handlers, Stage
from admin.verify.judges import Evaluation
from admin.verify.reading import Said
from admin.verify.scoring import Round
from schemas.scoring import (
    PitchEnded,
    PitchesDrawn,
    PitchMissed,
    PitchRescheduled,
    PitchScheduled,
    PitchStarted,
)
from services.scoring.domain.base import evaluation_id
from services.scoring.domain.final import may_follow, pitch_after
from services.scoring.domain.pitch import timetable_faults
from services.scoring.domain.slots import pitches_inputs_hash, slots


class PitchRules:
    """Checks the draws of pitch slots, and each pitch against its own events before."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._findings = facts.findings
        self._scheduled: list[Said] = []

    def handlers(self) -> Handlers:
        """What looks at which event."""
        about = (PitchScheduled, PitchStarted, PitchEnded, PitchMissed, PitchRescheduled)
        return {PitchesDrawn: self._on_drawn, **dict.fromkeys(about, self._on_pitch)}

    def settle(self, rounds: dict[str, Round]) -> None:
        """Repeat every draw, and compare it with the slots that were given out."""
        given = {(said.event.round_id, said.event.project_id): said for said in self._scheduled}
        drawn: set[tuple[str, str]] = set()
        for round_ in rounds.values():
            if round_.pitches is not None:
                event: PitchesDrawn = round_.pitches.event
                drawn |= {(event.round_id, pitch.project_id) for pitch in event.pitches}
                self._check_draw(round_.pitches, round_, given)
        for pitch, said in given.items():
            self._findings.expect(
                pitch in drawn, "slots", said.place, "no slot was drawn for the project"
            )

    def _on_drawn(self, said: Said) -> None:
        round_ = said.subject.trace
        fits = isinstance(round_, Round) and round_.pitches is None and round_.closed is None
        self._findings.expect(
            fits, "slots", said.place, "slots were drawn before, or the round was not open"
        )
        if fits:
            round_.pitches = said

    def _on_pitch(self, said: Said) -> None:
        trace, kind = said.subject.trace, type(said.event)
        if not isinstance(trace, Evaluation):
            self._findings.fault("pitch", said.place, "the project was given to no judge before")
            return
        fits = may_follow(trace.pitch, kind) and not (trace.sealed and kind is not PitchEnded)
        self._findings.expect(
            fits and said.actor.startswith("secretary/") and self._keeps_length(said, trace),
            "pitch",
            said.place,
            f"{kind.__name__} by {said.actor} does not follow from how the pitch stood",
        )
        if kind is PitchScheduled:
            self._scheduled.append(said)
            if trace.last:
                self._findings.fault("pitch", said.place, "the project has sheets already")
        trace.pitch = pitch_after(trace.pitch, said.event) or trace.pitch

    def _keeps_length(self, said: Said, trace: Evaluation) -> bool:
        """Another slot is as long as the one that was drawn."""
        event, before = said.event, trace.pitch
        if not isinstance(event, PitchRescheduled) or before is None:
            return True
        return bool(event.ends_at - event.starts_at == before.ends_at - before.starts_at)

    def _check_draw(self, said: Said, round_: Round, given: dict[tuple[str, str], Said]) -> None:
        drawn: PitchesDrawn = said.event
        hash_ = pitches_inputs_hash(drawn.seed, drawn.days, drawn.slot_minutes, drawn.pitches)
        self._findings.expect(
            hash_ == drawn.inputs_hash,
            "slots",
            said.place,
            f"inputs_hash is {hash_} when recomputed",
        )
        what = self._misfit(drawn, round_, self._facts.stages.get(drawn.round_id))
        self._findings.expect(not what, "slots", said.place, what)
        for slot in slots(drawn):
            found = given.get((drawn.round_id, slot.project_id))
            self._findings.checked["slots"] += 1
            if found is None:
                what = f"project {slot.project_id} was not given its slot"
                self._findings.missing("slots", said.place, said.time, what)
            elif (found.event.starts_at, found.event.ends_at) != (slot.starts_at, slot.ends_at):
                what = f"the draw gives project {slot.project_id} the slot at {slot.starts_at}"
                self._findings.fault("slots", found.place, what)

    def _misfit(self, drawn: PitchesDrawn, round_: Round, stage: Stage | None) -> str:
        """What is wrong with what was drawn from, or nothing."""
        ids = [pitch.project_id for pitch in drawn.pitches]
        if stage is None or ids != sorted(set(ids)) or set(ids) - {*round_.drawn.event.projects}:
            return "its projects are not those of the round, each once, in the order of their ids"
        if timetable_faults(drawn.days, stage.season if stage.is_last else None):
            return "its days are not in order, or not those of the final"
        if len(slots(drawn)) < len(ids):
            return "its times have too few slots"
        for pitch in drawn.pitches:
            trace = self._facts.trace(
                f"scoring/evaluation/{evaluation_id(drawn.round_id, pitch.project_id)}"
            )
            known = set(trace.rulings) if isinstance(trace, Evaluation) else set()
            if unknown := set(pitch.recused) - known:
                return f"{', '.join(sorted(unknown))} had no conflict with {pitch.project_id}"
        return ""
