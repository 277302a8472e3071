"""The rules of sittings: every event is decided anew from the sitting as it stood before it."""

from admin.verify.facts import Facts, Handlers
from admin.verify.reading import Said
from schemas.scoring import (
    AttendanceTaken,
    MotionDecided,
    MotionPut,
    QuorumEstablished,
    QuorumFailed,
    ScoringEvent,
    SittingClosed,
    SittingOpened,
    VoteCast,
)
from services.kit.refusal import Refused
from services.scoring.domain import sitting as rules
from services.scoring.domain import voting
from services.scoring.domain.commission import Commission, commission_id
from services.scoring.domain.sitting import Sitting


class SittingRules:
    """Checks sittings; a sitting is small, so it is kept whole."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._findings = facts.findings
        self._opened: list[Said] = []

    def handlers(self) -> Handlers:
        """What looks at which event."""
        later = (
            *(AttendanceTaken, QuorumEstablished, QuorumFailed),
            *(MotionPut, VoteCast, MotionDecided, SittingClosed),
        )
        return {SittingOpened: self._on_opened, **dict.fromkeys(later, self._on_said)}

    def settle(self) -> None:
        """Compare who may vote, and by which rules, with the panel and the season."""
        for said in self._opened:
            event: SittingOpened = said.event
            panel = self._facts.trace(
                f"scoring/commission/{commission_id(event.season_id, event.panel)}"
            )
            season = self._facts.seasons.get(event.season_id)
            panels = season.panels if season else ()
            found = next((one for one in panels if one.name == event.panel), None)
            if not isinstance(panel, Commission) or found is None:
                self._findings.fault("sitting", said.place, "its panel is not on record")
                continue
            expected = rules.open_sitting(
                None,
                sitting_id=event.sitting_id,
                round_id=event.round_id,
                commission=panel,
                definition=found,
                at=event.opened_at,
            )
            self._findings.expect(
                expected == [event],
                "sitting",
                said.place,
                "voting members, chair, quorum or tie rule are not the panel's",
            )

    def _on_opened(self, said: Said) -> None:
        first = said.subject.trace is None
        self._findings.expect(first, "sitting", said.place, "the sitting was opened before")
        if first:
            said.subject.trace = rules.evolve(None, said.event)
            self._opened.append(said)

    def _on_said(self, said: Said) -> None:
        sitting = said.subject.trace
        if not isinstance(sitting, Sitting):
            self._findings.fault("sitting", said.place, "the sitting was not opened before")
            return
        try:
            expected, why = decided_anew(sitting, said.event), "the sitting makes it otherwise"
        except Refused as refused:
            expected, why = [], refused.detail
        self._findings.expect(said.event in expected, "sitting", said.place, why)
        said.subject.trace = rules.evolve(sitting, said.event)


def decided_anew(sitting: Sitting, event: ScoringEvent) -> list[ScoringEvent]:
    """What the same command comes to at this sitting. Raises Refused."""
    match event:
        case AttendanceTaken():
            return rules.take_attendance(
                sitting, {member.person_id: member.how for member in event.attendance}
            )
        case QuorumEstablished() | QuorumFailed():
            outcome = QuorumEstablished if sitting.quorate else QuorumFailed
            present, needed = len(sitting.present), sitting.needed()
            return [outcome(present=present, needed=needed, **rules.common_fields(sitting))]
        case MotionPut():
            return voting.put_motion(
                sitting,
                motion_id=event.motion_id,
                text=event.text,
                project_id=event.project_id,
                recused=event.recused,
                appeal=event.appeal,
            )
        case VoteCast():
            return voting.cast_vote(sitting, event.motion_id, event.person_id, event.vote)
        case MotionDecided():
            return voting.decide_motion(sitting, event.motion_id)
    assert isinstance(event, SittingClosed)
    return rules.close_sitting(sitting, event.closed_at)
