"""What happens in the judging of a fair besides what was hoped for: planned by the play, and told
by the log."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from admin.rehearsal.outside import Log, Seen


@dataclass(slots=True)
class Happened:
    """How often each thing happened. `late_conflicts` became known after the round was closed."""

    conflicts: int = 0
    late_conflicts: int = 0
    declines: int = 0
    replacements: int = 0
    amendments: int = 0
    ties_at_line: int = 0
    no_shows: int = 0
    failed_quorums: int = 0
    appeals: int = 0

    def counts(self) -> Mapping[str, int]:
        """By name, as in the report."""
        return asdict(self)


def told_by(log: Log) -> Happened:
    """The same, from the log alone."""
    sealed = {seen.subject: seen.sequence for seen in log.of("ScoresSealed")}
    conflicts = log.of("ConflictDeclared")
    return Happened(
        conflicts=len(conflicts),
        late_conflicts=sum(1 for seen in conflicts if _is_after(seen, sealed)),
        declines=len(log.of("AssignmentDeclined")),
        replacements=len(log.of("JudgeReplaced")),
        amendments=_amendments(log),
        ties_at_line=len({seen.subject for seen in log.of("DecisionRecorded") if _tied(seen)}),
        no_shows=len(log.of("PitchMissed")),
        failed_quorums=len(log.of("QuorumFailed")),
        appeals=len(log.of("AppealLodged")),
    )


def hashes_of(log: Log) -> Mapping[str, Mapping[str, str]]:
    """Both hashes of the last ranking of each round."""
    found: dict[str, Mapping[str, str]] = {}
    for seen in sorted(log.of("RankingComputed"), key=lambda seen: seen.sequence):
        fields = seen.event.model_dump()
        found[fields["round_id"]] = {
            name: fields[name] for name in ("inputs_hash", "table_hash", "ruleset_hash")
        }
    return dict(sorted(found.items()))


def _is_after(seen: Seen, sealed: Mapping[str, int]) -> bool:
    return seen.sequence > sealed.get(seen.subject, seen.sequence)


def _amendments(log: Log) -> int:
    """Sheets that took the place of another by the same judge."""
    sheets = log.of("ScoreRecorded")
    return len(sheets) - len(
        {(seen.subject, seen.event.model_dump()["judge_id"]) for seen in sheets}
    )


def _tied(seen: Seen) -> bool:
    return seen.event.model_dump()["chair_reason"] is not None
