"""What must be true of a fair that was played, judged from the topics and the mailbox alone."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from admin.rehearsal.cast import Cast
from admin.rehearsal.happened import Happened, hashes_of, told_by
from admin.rehearsal.mailbox import Mail
from admin.rehearsal.outside import Log
from schemas.canonical import canonical_hash, inputs_hash
from schemas.notify import MessagePlanned
from schemas.scoring import (
    CommissionAppointed,
    RankingComputed,
    ScoreRecorded,
    ScoreVoided,
    WinnerAnnounced,
)
from schemas.webinar import WebinarRegistered


@dataclass(slots=True)
class Findings:
    """The figures of the report and every check that does not hold."""

    submitted: int = 0
    shortlisted: int = 0
    winners: int = 0
    funds_tiyn: int = 0
    awarded_tiyn: int = 0
    parked: int = 0
    events: dict[str, int] = field(default_factory=dict)
    mails: dict[str, object] = field(default_factory=dict)
    webinars: list[dict[str, object]] = field(default_factory=list)
    ranking_hash: str = ""
    judging: dict[str, object] = field(default_factory=dict)
    """What happened in the judging besides what was hoped for, and the rankings' hashes."""
    verified: dict[str, object] = field(default_factory=dict)
    """What verifying the record found, on the topics and in the exported file."""
    failures: list[str] = field(default_factory=list)


def check_fair(
    log: Log, mails: Sequence[Mail], cast: Cast, happened: Happened | None = None
) -> Findings:
    """Compare what the log and the mailbox hold with what the fair had to come to.

    `happened` is what was played besides; when it is not said, the log is taken at its word.
    """
    found = Findings(events=log.counts(), parked=log.parked, failures=list(log.faults))
    found.submitted = len({seen.subject for seen in log.of("ProjectSubmitted")})
    found.shortlisted = len(log.of("ProjectShortlisted"))
    _check_money(log, cast, found)
    _check_rankings(log, cast, found)
    _check_mails(log, mails, found)
    _check_webinars(log, mails, cast, found)
    _expect(found, "submitted", found.submitted, cast.size.projects)
    _expect(found, "shortlisted", found.shortlisted, min(cast.size.shortlist, cast.size.projects))
    _expect(found, "parked", found.parked, 0)
    told = told_by(log)
    found.judging = dict(told.counts()) | {"hashes": hashes_of(log)}
    for name, wanted in (happened or told).counts().items():
        _expect(found, f"judging.{name}", found.judging[name], wanted)
    for type_name, wanted in _expected_events(log, cast, found.winners, told).items():
        _expect(found, type_name, found.events.get(type_name, 0), wanted)
    return found


def _expected_events(log: Log, cast: Cast, winners: int, told: Happened) -> Mapping[str, int]:
    size = cast.size
    finalists = min(size.shortlist, size.projects)
    final = f"{cast.season.id}-{cast.season.rounds[-1].id}"
    barred = sum(
        1 for seen in log.of("ConflictDeclared") if seen.event.model_dump()["round_id"] == final
    )
    struck = sum(len(seen.event.model_dump()["voids"] or ()) for seen in log.of("AppealResolved"))
    to_score = finalists * (len(cast.panel("commission")) - 1) - barred
    to_score += size.projects * size.judges_per_project
    return {
        "SeasonOpened": 1,
        "SeasonClosed": 1,
        "ProjectScreened": size.projects,
        "CommissionAppointed": 2,
        "AssignmentsDrawn": 2,
        "RoundClosed": 2,
        "RankingComputed": 2 + told.late_conflicts + bool(struck),
        "JudgeAssigned": to_score + told.replacements,
        "ScoreRecorded": to_score + told.amendments - _unscored(log),
        "ScoreVoided": told.late_conflicts + struck,
        "ScoresSealed": size.projects + finalists,
        "DecisionRecorded": 2,
        "ResultsPublished": 2,
        "ProjectNotShortlisted": size.projects - finalists,
        "ProjectNotAwarded": finalists - winners,
        "WebinarRegistered": size.registrants * len(cast.season.webinars),
    }


def _unscored(log: Log) -> int:
    """Sheets that nobody had to hand in: of finalists who never came."""
    begun = {seen.subject for seen in log.of("PitchStarted")}
    never = {seen.subject for seen in log.of("PitchMissed")} - begun
    return sum(1 for seen in log.of("JudgeAssigned") if seen.subject in never)


def _check_money(log: Log, cast: Cast, found: Findings) -> None:
    season = cast.season
    found.funds_tiyn = season.funds_tiyn
    by_nomination: Counter[str] = Counter()
    for seen in log.of("WinnerAnnounced"):
        winner = seen.event
        assert isinstance(winner, WinnerAnnounced)
        by_nomination[winner.nomination] += winner.amount_tiyn
        found.winners += 1
    found.awarded_tiyn = by_nomination.total()
    if not found.winners:
        found.failures.append("nobody won")
    if found.awarded_tiyn > season.funds_tiyn:
        found.failures.append("more is awarded than the season's funds")
    for nomination in season.nominations:
        if by_nomination[nomination.id] > nomination.funds_tiyn:
            found.failures.append(f"more is awarded than the funds of {nomination.id}")


def _check_rankings(log: Log, cast: Cast, found: Findings) -> None:
    """Recompute both hashes of every ranking from the events it cites."""
    scores = [
        (seen.subject, seen.sequence, seen.type, seen.event)
        for seen in log.of("ScoreRecorded", "ScoreVoided")
    ]
    for seen in log.of("RankingComputed"):
        ranking = seen.event
        assert isinstance(ranking, RankingComputed)
        inputs = inputs_hash(item for item in scores if _in_cut(item, ranking))
        if inputs != ranking.inputs_hash:
            found.failures.append(f"{seen.id}: inputs_hash is {inputs} when recomputed")
        table = canonical_hash([row.model_dump(mode="json") for row in ranking.table])
        if table != ranking.table_hash:
            found.failures.append(f"{seen.id}: table_hash is {table} when recomputed")
        if ranking.round_id == f"{cast.season.id}-{cast.season.rounds[-1].id}":
            found.ranking_hash = table


def _in_cut(item: tuple[str, int, str, object], ranking: RankingComputed) -> bool:
    subject, sequence, _, event = item
    assert isinstance(event, ScoreRecorded | ScoreVoided)
    last = ranking.cut.get(f"scoring/{subject}", 0)
    return event.round_id == ranking.round_id and sequence <= last


def _check_mails(log: Log, mails: Sequence[Mail], found: Findings) -> None:
    planned = {}
    for seen in log.of("MessagePlanned"):
        plan = seen.event
        assert isinstance(plan, MessagePlanned)
        planned[plan.message_id] = plan
    due = set(_due(log))
    plans = Counter((p.purpose, p.about, p.person_id) for p in planned.values())
    unplanned = due - set(plans)
    if unplanned:
        found.failures.append(f"{len(unplanned)} mails due were not planned")
    if set(plans) - due:
        found.failures.append(f"{len(set(plans) - due)} mails planned were not due")
    by_id = Counter(mail.message_id.partition("@")[0] for mail in mails)
    unknown = {seen.subject.partition("/")[2] for seen in log.of("MessageUnknown")}
    missing = set(planned) - set(by_id)
    twice = {id: count for id, count in by_id.items() if count > 1}
    duplicates = sum(count - 1 for id, count in twice.items() if id not in unknown)
    duplicates += sum(count - 1 for count in plans.values())
    found.mails = {
        "planned": len(planned),
        "accepted": len({seen.subject for seen in log.of("MessageAccepted")}),
        "in_maildir": len(by_id),
        "missing": len(missing),
        "duplicates": duplicates,
        "resent_unknown": sum(count - 1 for id, count in twice.items() if id in unknown),
        "by_language": dict(sorted(Counter(mail.language for mail in mails).items())),
    }
    _expect(found, "mails.missing", len(missing), 0)
    _expect(found, "mails.duplicates", duplicates, 0)
    _expect(found, "mails.accepted", found.mails["accepted"], len(planned))
    _expect(found, "mails of no plan", len(set(by_id) - set(planned)), 0)


def _due(log: Log) -> Iterable[tuple[str, str, str]]:
    """Every mail that the events call for: (purpose, about, person), derived independently."""
    purposes = {
        "ProjectSubmitted": "submission-receipt",
        "ProjectShortlisted": "shortlisted",
        "ProjectNotShortlisted": "not-shortlisted",
        "WinnerAnnounced": "won",
        "ProjectNotAwarded": "not-awarded",
    }
    for seen in log.of(*purposes):
        fields = seen.event.model_dump()
        yield purposes[seen.type], f"project/{fields['project_id']}", fields["contact_person_id"]
    for seen in log.of("WebinarRegistered"):
        yield "webinar-link", seen.subject, seen.event.model_dump()["person_id"]
    for seen in log.of("CommissionAppointed"):
        appointed = seen.event
        assert isinstance(appointed, CommissionAppointed)
        for member in appointed.members:
            if member.role != "secretary":
                yield "judge-appointed", seen.subject, member.person_id


def _check_webinars(log: Log, mails: Sequence[Mail], cast: Cast, found: Findings) -> None:
    """Each registrant has one mail with a link, at the address given, with a calendar.

    Copies of one mail (the same Message-ID) count once here: `_check_mails` judges those, and
    allows them where the server's answer was lost.
    """
    mails = list({mail.message_id: mail for mail in mails}.values())
    links = Counter(
        mail.recipient for mail in mails if "/join?token=" in mail.text and mail.has_calendar
    )
    tokens = Counter(word for mail in mails for word in mail.text.split() if "/join?token=" in word)
    if any(count > 1 for count in tokens.values()):
        found.failures.append("two people were sent the same link")
    registered: Counter[str] = Counter()
    for seen in log.of("WebinarRegistered"):
        registration = seen.event
        assert isinstance(registration, WebinarRegistered)
        registered[registration.webinar_id] += 1
    for webinar in cast.season.webinars:
        webinar_id = f"{cast.season.id}-{webinar.id}"
        addresses = [person.body["email"] for person in cast.registrants(webinar_id)]
        in_maildir = sum(1 for address in addresses if links[address] == 1)
        found.webinars.append(
            {
                "id": webinar_id,
                "registered": registered[webinar_id],
                "links_in_maildir": in_maildir,
            }
        )
        _expect(found, f"links of {webinar_id}", in_maildir, len(addresses))


def _expect(found: Findings, what: str, value: object, wanted: object) -> None:
    if value != wanted:
        found.failures.append(f"{what}: {value}, expected {wanted}")
