"""The protocol of a sitting: attendance, quorum, recusals, motions, votes, ranking, decision."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from schemas.base import Language
from schemas.scoring import DecidedProject, Vote
from schemas.season import RoundDefinition, SeasonDefinition
from services.kit.refusal import Refused
from services.kit.writing import moment
from services.scoring.document_words import DOCUMENT_WORDS
from services.scoring.domain.commission import Commission
from services.scoring.domain.decision import Decision
from services.scoring.domain.evaluation import Evaluation
from services.scoring.domain.heard import HeardProject
from services.scoring.domain.round import Round
from services.scoring.domain.sitting import Motion, Sitting
from services.scoring.printing import Paper

VOTES: tuple[Vote, ...] = ("for", "against", "abstain")
Json = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Minutes:
    """Everything a protocol tells of, as it stands."""

    season: SeasonDefinition
    stage: RoundDefinition
    sitting: Sitting
    panel: Commission
    round_: Round | None
    decision: Decision | None
    """The round's decision, by whichever sitting."""
    conflicts: Sequence[Evaluation]
    projects: Mapping[str, HeardProject]


def protocol(minutes: Minutes, language: Language) -> Paper:
    """The protocol of a closed sitting; refused while something may still be added to it."""
    sitting = minutes.sitting
    if sitting.status != "closed":
        raise Refused("conflict", "sitting-open", "The protocol is of a sitting that is closed.")
    if sitting.opened_at is None or sitting.closed_at is None:
        raise Refused("conflict", "no-moment", "It was not noted when this sitting met.")
    return _Protocol(minutes, language).paper(sitting.opened_at, sitting.closed_at)


@dataclass(frozen=True, slots=True)
class _Protocol:
    minutes: Minutes
    language: Language

    def paper(self, opened_at: datetime, closed_at: datetime) -> Paper:
        minutes, zone = self.minutes, self.minutes.season.timezone
        title = self._words(f"protocol-{minutes.sitting.panel}")
        data: Json = {
            "language": self.language,
            "title": title,
            "author": minutes.season.title.get(self.language),
            "subtitle": minutes.season.title.get(self.language),
            "footer": f"{title} · {minutes.sitting.sitting_id}",
            "facts": [
                [self._words("season"), minutes.season.theme.get(self.language)],
                [self._words("round"), minutes.stage.name.get(self.language)],
                [self._words("opened"), moment(opened_at, zone, self.language)],
                [self._words("closed"), moment(closed_at, zone, self.language)],
            ],
            "sections": [
                self._attendance(),
                self._conflicts(),
                self._motions(),
                self._ranking(),
                self._decision(),
            ],
            "signatures": [
                [self._words(member.role), member.name]
                for member in minutes.panel.members
                if member.person_id == minutes.sitting.chair_id or member.role == "secretary"
            ],
        }
        return Paper("protocol.typ", closed_at, data)

    def _words(self, key: str, **values: object) -> str:
        return DOCUMENT_WORDS[self.language][key].format_map(values)

    def _name(self, person_id: str) -> str:
        members = self.minutes.panel.members
        return next((one.name for one in members if one.person_id == person_id), person_id)

    def _attendance(self) -> Json:
        sitting, roll = self.minutes.sitting, self.minutes.sitting.attendance
        how = {one.person_id: self._words(one.how) for one in roll}
        rows = [
            [
                member.name,
                member.post.get(self.language),
                self._words(member.role),
                self._words("does-not-vote")
                if member.role == "secretary"
                else how.get(member.person_id, self._words("absent")),
            ]
            for member in self.minutes.panel.members
        ]
        quorum = self._words(
            "quorum",
            voting=len(sitting.voting),
            present=len(sitting.present),
            share=sitting.quorum_share,
            needed=sitting.needed(),
        )
        found = self._words("quorate" if sitting.quorate else "inquorate")
        head = [self._words(key) for key in ("name", "post", "office", "presence")]
        return self._section("attendance", [f"{quorum} {found}"], (head, rows, (3, 4, 0, 0)))

    def _conflicts(self) -> Json:
        rows = [
            [
                self._name(judge),
                self._title(found.project_id),
                self._words(f"ground-{conflict.ground or 'other'}"),
                self._words(f"ruled-{conflict.ruling}" if conflict.ruling else "not-ruled"),
            ]
            for found in sorted(self.minutes.conflicts, key=lambda one: one.project_id)
            for judge, conflict in sorted(found.conflicts.items())
        ]
        if not rows:
            return self._section("conflicts", [self._words("no-conflicts")])
        head = [self._words(key) for key in ("member", "project", "ground", "ruling")]
        return self._section("conflicts", [], (head, rows, (3, 4, 2, 2)))

    def _motions(self) -> Json:
        motions = self.minutes.sitting.motions
        texts = [
            " ".join(self._motion(number, motion)) for number, motion in enumerate(motions, start=1)
        ]
        return self._section("motions", texts or [self._words("no-motions")])

    def _motion(self, number: int, motion: Motion) -> Iterator[str]:
        text = motion.text if motion.text.endswith((".", "!", "?")) else f"{motion.text}."
        yield self._words("motion", number=number, text=text)
        if motion.project_id is not None:
            yield self._words("about", title=self._title(motion.project_id))
        if motion.appeal is not None:
            yield self._words("on-appeal")
        for vote in VOTES:
            yield from self._group(
                vote, [id for id, given in motion.votes.items() if given == vote]
            )
        yield from self._group("recused", motion.recused)
        if motion.decided is not None:
            if motion.decided.tie_broken_by:
                yield self._words(f"tie-{motion.decided.tie_broken_by}")
            yield self._words("carried" if motion.decided.carried else "not-carried")

    def _group(self, key: str, people: Sequence[str]) -> Iterator[str]:
        """The names in the panel's own order, whatever the order of the votes."""
        if people:
            members = [one.person_id for one in self.minutes.panel.members]
            names = ", ".join(self._name(id) for id in sorted(people, key=members.index))
            yield self._words(key, count=len(people), names=names)

    def _ranking(self) -> Json:
        """The ranking that this sitting decided on; else the round's last."""
        round_, own = self.minutes.round_, self._own_decision()
        last = round_.ranking if round_ else None
        if round_ is None or last is None:
            return self._section("ranking", [self._words("no-ranking")])
        event_id = own.recorded.ranking_event_id if own else round_.ranking_event_id
        references: list[JsonValue] = [[self._words("ranking-event"), event_id]]
        if event_id == round_.ranking_event_id:
            references += [["ruleset_hash", last.ruleset_hash], ["inputs_hash", last.inputs_hash]]
        table_hash = own.recorded.table_hash if own else last.table_hash
        references.append(["table_hash", table_hash])
        return self._section("ranking", [self._words("ranking-text")], references=references)

    def _decision(self) -> Json:
        own = self._own_decision()
        if own is None:
            return self._section("decision", [self._words("no-decision")])
        recorded = own.recorded
        texts = [self._words("decided", chosen=len(own.chosen), of=len(recorded.projects))]
        if recorded.chair_reason:
            texts.append(self._words("chair-reason", reason=recorded.chair_reason))
        rows = [
            [
                str(row.rank),
                self._title(row.project_id),
                self._outcome(own, row),
            ]
            for row in recorded.projects
        ]
        head = [self._words(key) for key in ("rank", "project", "outcome")]
        references: list[JsonValue] = [[self._words("decision-event"), own.recorded_event_id]]
        return self._section("decision", texts, (head, rows, (0, 1, 0)), references)

    def _outcome(self, own: Decision, row: DecidedProject) -> str:
        if row.project_id in own.reserve:
            return self._words("in-reserve", place=own.reserve.index(row.project_id) + 1)
        return self._words("chosen" if row.chosen else "not-chosen")

    def _own_decision(self) -> Decision | None:
        found = self.minutes.decision
        if found and found.recorded.sitting_id == self.minutes.sitting.sitting_id:
            return found
        return None

    def _title(self, project_id: str) -> str:
        found = self.minutes.projects.get(project_id)
        return found.content.title if found else project_id

    def _section(
        self,
        key: str,
        paragraphs: Sequence[str],
        table: tuple[Sequence[str], Sequence[Sequence[str]], Sequence[int]] | None = None,
        references: Sequence[JsonValue] = (),
    ) -> Json:
        """A table is its head, its rows, and how wide its columns are; 0 is as wide as needed."""
        rows: Json | None = None
        if table is not None:
            head, body, widths = table
            rows = {
                "head": list(head),
                "rows": [list(row) for row in body],
                "widths": list(widths),
            }
        return {
            "heading": self._words(key),
            "paragraphs": list(paragraphs),
            "table": rows,
            "references": list(references),
        }
