"""What was checked, how much of it, and what does not hold."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

MOST_KEPT = 50
"""Faults of one rule that are kept in words; all are counted."""

RULES: Mapping[str, str] = MappingProxyType(
    {
        "manifest": "the file is as its manifest says",
        "envelope": "headers are a CloudEvent of ours; topic, key and partition are the subject's",
        "schema": "the body is valid against the event's schema",
        "sequence": "a subject's events are numbered from 1 without a gap, in order",
        "content": "no event id has two contents",
        "provenance": "every event says who did it and by what way, and its cause is on record",
        "subject": "an event is said by the aggregate and the season that it is about",
        "moment": "an event that notes its own moment notes that of its headers",
        "season": "a season is opened once and closed at most once, with every project it counted",
        "window": "a version is handed in within the season's opening, deadline and grace",
        "versions": "a project is submitted exactly once; its versions rise by one",
        "content-fits": "nomination, goals, region and settlement are the season's",
        "budget": "a budget's sums are those of its lines, and within the season's cap",
        "screening": "the version that counts is screened once; nothing follows a withdrawal",
        "panel": "a panel has the seats that the season gives it",
        "draw": "a draw can be repeated from its seed, and every judge drawn was assigned",
        "assigned": "only a judge who has the project scores it, by their own hand",
        "conflict": "a conflict is ruled by others; it takes the judge off and voids the sheet",
        "slots": "pitch slots are those that the draw's seed gives, one for each project",
        "pitch": "a pitch begins and ends, or is missed, put off once; no score comes before it",
        "question": "a member without a conflict asks, by their own hand; each is answered once",
        "sheet": "no required criterion or comment is missing; points are within range and step",
        "amended": "a sheet that takes another's place names it, and says why if that one counted",
        "scored-version": "the version that was scored is the last that was handed in",
        "void": "a voided sheet is the judge's effective one",
        "sealed": "after ScoresSealed no score comes; a void, for a late conflict or on appeal",
        "closed": "a round closes after its evaluations are sealed, at their last sequence",
        "ruleset": "a ranking's ruleset_hash is that of the season's rules",
        "inputs": "a ranking's inputs_hash is that of the scores in its cut",
        "table": "a ranking's table and table_hash are those of the scores in its cut",
        "few-sheets": "who is ranked by fewer sheets than are due is named, with a reason",
        "candidates": "the ranked are the closed round's projects, eligible as heard",
        "sitting": "a sitting's roll, votes and motions follow its rules",
        "quorum": "a decision has the quorum of the panel's voting members",
        "decision": "a decision follows its ranking, down to the limit, ties by the chair's word",
        "outcome": "each project has one outcome a round, as decided and published",
        "award": "an award is the final's choice, within the project's defended budget",
        "defence": "a budget is revised line by line, never to more in all or below its award",
        "funds": "awards are within the season's and the nomination's funds, at every step",
        "declined": "an award falls away by those concerned, and when its project withdrew",
        "reserve": "the next of the reserve moves up, each time for one award that fell away",
        "appeal": "an appeal is in time and its applicant's, and resolved once by who may",
        "correction": "what changes after the results names the upheld appeal it follows from",
        "webinar": "a season's webinars are announced once, as the season has them",
        "registration": "a registration is confirmed once, before the start, or cancelled for good",
        "capacity": "no more are confirmed than there are seats, each seat once",
        "queue": "nobody is given a seat before who waited longer",
        "planned": "every mail that an event calls for is planned, exactly once",
        "due": "every planned mail is called for by an event",
        "mail": "a mail has one outcome at a time, and another attempt only for a reason on record",
        "suppression": "a mailbox is suppressed once until it is restored",
    }
)
"""Every rule that is checked, in the order of the report."""


class Place(NamedTuple):
    """Where a record is: its coordinates, or its line in a file, and its id."""

    topic: str
    partition: int
    offset: int
    id: str

    @property
    def coordinates(self) -> str:
        """`topic/partition/offset`, or `line N` of a file."""
        if self.partition < 0:
            return f"line {self.offset}"
        return f"{self.topic}/{self.partition}/{self.offset}"

    def __str__(self) -> str:
        return f"{self.coordinates} {self.id}".rstrip()


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not hold: the rule, the record it was seen at, and what is wrong."""

    rule: str
    place: Place
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A ranking that was computed anew: from how many score events, and whether all is the same."""

    id: str
    scores: int
    projects: int
    inputs_hash: str
    table_hash: str
    same: bool


@dataclass(slots=True)
class Findings:
    """Counts by rule. `edge` is the moment after which a fact may still await what follows it.

    A log that is being written has such facts at its end: they are counted apart as `awaited`.
    """

    edge: str = ""
    records: int = 0
    repeats: int = 0
    people: int = 0
    """Records of people in a file; on a broker they are not read."""
    events: Counter[str] = field(default_factory=Counter)
    subjects: int = 0
    rankings: list[Ranked] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    awaited: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    @property
    def hold(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.failed

    def fault(self, rule: str, place: Place, what: str) -> None:
        """Note that a rule does not hold here."""
        assert rule in RULES
        self.failed[rule] += 1
        if self.failed[rule] <= MOST_KEPT:
            self.faults.append(Fault(rule, place, what))

    def expect(self, holds: bool, rule: str, place: Place, what: str) -> None:
        """Count one check, and a fault when it fails."""
        self.checked[rule] += 1
        if not holds:
            self.fault(rule, place, what)

    def missing(self, rule: str, place: Place, at: str, what: str) -> None:
        """Note that something should have followed a fact of the moment `at`.

        Near the end of a log that is being written it may only not be there yet.
        """
        if self.edge and at > self.edge:
            self.awaited[rule] += 1
        else:
            self.fault(rule, place, what)
