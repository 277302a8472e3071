"""What somebody might do to a record, and the rule that must tell."""

import json
from collections.abc import Mapping

from tests.admin.chronicle import Chronicle, Written
from tests.admin.tampering import (
    Change,
    both,
    drop,
    drop_subject,
    edit,
    find,
    relabel,
    repeat,
    say_again,
)

OTHER = "00000000-0000-4000-8000-000000000000"
HASH = "0" * 64


def move(told: Chronicle) -> None:
    """A record on another service's stream."""
    find(told, "RoundClosed").topic = "zharmenke.webinar"


def rekey(told: Chronicle) -> None:
    """A record under a key that is not its subject."""
    find(told, "RoundClosed").key = b"round/2020-other"


def scatter(told: Chronicle) -> None:
    """A subject's last record in another partition than the others."""
    find(told, "SeasonClosed").partition += 1


def garble(told: Chronicle) -> None:
    """A body that is no JSON."""
    find(told, "RoundClosed").value = b"not json"


def rule_on_own(told: Chronicle) -> None:
    """The last ruling, by the judge whom it is about."""
    judge = json.loads(find(told, "ConflictRuled", -1).value or b"")["judge_id"]
    relabel("ConflictRuled", -1, ce_actor=f"judge/{judge}")(told)


def score_too_early(told: Chronicle) -> None:
    """The first sheet of the final before the pitch, under the other's number."""
    started = find(told, "PitchStarted")
    sheet = next(
        record
        for record in told.records
        if record.key == started.key and record.header("ce_type") == "ScoreRecorded"
    )
    renumber(started, int(sheet.header("ce_sequence")))
    renumber(sheet, int(sheet.header("ce_sequence")) - 1)
    first, second = told.records.index(started), told.records.index(sheet)
    told.records[first], told.records[second] = sheet, started


def renumber(record: Written, sequence: int) -> None:
    """Another sequence, and the id that goes with it."""
    values = dict(record.headers)
    origin = record.header("ce_id").rpartition(":")[0]
    values |= {"ce_sequence": f"{sequence:010d}".encode(), "ce_id": f"{origin}:{sequence}".encode()}
    record.headers = tuple(values.items())


def dear(line: dict[str, int]) -> dict[str, int]:
    """The line at a price that it never had."""
    return line | {"requested_tiyn": 10**12}


def award_what_was_asked_for(told: Chronicle) -> None:
    """The budget is cut down to almost nothing, and the award stays as it was."""
    body = json.loads(find(told, "BudgetRevised").value or b"")
    lines = body["lines"][:1]
    rest = body["requested_tiyn"] - lines[0]["requested_tiyn"]
    lines[0]["requested_tiyn"] = 0
    edit("BudgetRevised", lines=lines, requested_tiyn=rest)(told)
    edit("AwardConfirmed", amount_tiyn=rest + 1)(told)


def award_the_last(told: Chronicle) -> None:
    """The first award goes to whom the final did not choose."""
    rows = json.loads(find(told, "DecisionRecorded", -1).value or b"")["projects"]
    last = next(row for row in reversed(rows) if not row["chosen"])
    edit("AwardConfirmed", project_id=last["project_id"])(told)


def swap_tickets(told: Chronicle) -> None:
    """The seat went to the later ticket."""
    edit("RegistrationWaitlisted", 0, ticket=4)(told)
    edit("RegistrationWaitlisted", 1, ticket=3)(told)
    relabel("WebinarRegistered", 2, ce_time="2026-03-02T08:00:00.000Z")(told)


def amendment(**fields: object) -> Change:
    """Other values in the first sheet that changed another one."""
    return _first_sheet_with("reason", fields)


def commented(**fields: object) -> Change:
    """Other values in the first sheet with comments."""
    return _first_sheet_with("comments", fields)


def _first_sheet_with(member: str, fields: Mapping[str, object]) -> Change:
    def change(told: Chronicle) -> None:
        sheets = [one for one in told.records if one.header("ce_type") == "ScoreRecorded"]
        number = next(
            number for number, one in enumerate(sheets) if json.loads(one.value or b"")[member]
        )
        edit("ScoreRecorded", number, **fields)(told)

    return change


def outdated(told: Chronicle) -> None:
    """A sheet on the version before the one that counts."""
    revised = json.loads(find(told, "ProjectRevised").value or b"")
    for record in told.records:
        if record.header("ce_type") == "ScoreRecorded":
            body = json.loads(record.value or b"")
            if body["project_id"] == revised["project_id"]:
                body["project_version"] -= 1
                record.value = json.dumps(body, ensure_ascii=False).encode()
                return


def reorder(told: Chronicle) -> None:
    """The shortlist in another order than the ranking's."""

    def turned(rows: list[object]) -> list[object]:
        return [rows[1], rows[0], *rows[2:]]

    edit("DecisionRecorded", projects=turned)(told)


def revise_withdrawn(told: Chronicle) -> None:
    """A new version of a project that was withdrawn."""
    withdrawn = find(told, "ProjectWithdrawn")
    number = next(
        number
        for number, record in enumerate(
            one for one in told.records if one.header("ce_type") == "ProjectSubmitted"
        )
        if record.key == withdrawn.key
    )
    say_again("ProjectSubmitted", number)(told)
    relabel("ProjectSubmitted", -1, ce_type="ProjectRevised")(told)
    relabel("ProjectRevised", -1, ce_dataschema="urn:zharmenke:schema:ProjectRevised:v1")(told)
    edit("ProjectRevised", -1, version=2)(told)


def give_place_to_the_first(told: Chronicle) -> None:
    """A place on appeal for a project that has one."""
    first = json.loads(find(told, "DecisionRecorded").value or b"")["projects"][0]
    edit("DecisionCorrected", project_id=first["project_id"], rank=first["rank"])(told)


CASES: dict[str, tuple[str, Change]] = {
    "a header is missing": ("envelope", relabel("RoundClosed", ce_time=None)),
    "a header is no moment": (
        "envelope",
        relabel("RoundClosed", ce_time="2026-02-30T00:00:00.000Z"),
    ),
    "an id is another's": ("envelope", relabel("RoundClosed", ce_id="scoring/round/x:2")),
    "a type is unknown": (
        "envelope",
        relabel("RoundClosed", ce_type="Odd", ce_dataschema="urn:zharmenke:schema:Odd:v1"),
    ),
    "a major is unknown": (
        "envelope",
        relabel("RoundClosed", ce_dataschema="urn:zharmenke:schema:RoundClosed:v9"),
    ),
    "another service says it": ("envelope", relabel("RoundClosed", ce_source="/zharmenke/webinar")),
    "a topic is another's": ("envelope", move),
    "a key is not the subject": ("envelope", rekey),
    "a subject is in two partitions": ("envelope", scatter),
    "a body is no JSON": ("schema", garble),
    "points are a float": ("schema", edit("ScoreRecorded", points__0__points=7.5)),
    "an event is gone": ("sequence", drop("AwardConfirmed", 1)),
    "an event comes late": (
        "sequence",
        lambda told: told.records.append(
            told.records.pop(told.records.index(find(told, "RoundClosed")))
        ),
    ),
    "an id has two contents": ("content", repeat("ScoreRecorded", points__0__points="1.00")),
    "nobody did it": ("provenance", relabel("RoundClosed", ce_actor=None)),
    "an unknown way": ("provenance", relabel("RoundClosed", ce_via="magic")),
    "a cause is not on record": (
        "provenance",
        relabel("AwardDeclined", ce_causationid=f"submission/project/{OTHER}:1"),
    ),
    "a cause is no id": ("provenance", relabel("AwardDeclined", ce_causationid="somehow")),
    "another aggregate says it": ("subject", edit("ProjectWithdrawn", project_id=OTHER)),
    "another season": ("subject", relabel("RoundClosed", ce_season="2019")),
    "a season is opened twice": ("season", say_again("SeasonOpened")),
    "a season is closed twice": ("season", say_again("SeasonClosed")),
    "a project is gone": ("season", drop_subject("ProjectSubmitted", 3)),
    "no season is on record": ("season", drop_subject("SeasonOpened")),
    "a version came too early": (
        "window",
        both(
            edit("ProjectSubmitted", 3, submitted_at="2020-01-01T00:00:00.000Z"),
            relabel("ProjectSubmitted", 3, ce_time="2020-01-01T00:00:00.000Z"),
        ),
    ),
    "a version is dated back": (
        "window",
        edit("ProjectSubmitted", 3, submitted_at="2026-03-02T06:00:00.000Z"),
    ),
    "a version came after the call was closed": (
        "window",
        edit("SeasonClosed", closed_at="2026-03-02T05:00:00.000Z"),
    ),
    "a version is left out": ("versions", edit("ProjectRevised", version=3)),
    "a project is submitted twice": ("versions", say_again("ProjectSubmitted")),
    "an unknown nomination": ("content-fits", edit("ProjectSubmitted", content__nomination="x")),
    "an unknown region": ("content-fits", edit("ProjectSubmitted", content__region="atlantis")),
    "a wrong total": ("budget", edit("ProjectSubmitted", content__budget__total_tiyn=1)),
    "a wrong line": ("budget", edit("ProjectSubmitted", content__budget__lines__0__own_tiyn=1)),
    "screened twice": ("screening", say_again("ProjectScreened")),
    "found ineligible without a reason": (
        "screening",
        edit("ProjectScreened", outcome="ineligible"),
    ),
    "revised after a withdrawal": ("screening", revise_withdrawn),
    "a seat too few": ("panel", edit("CommissionAppointed", members=lambda all: all[1:])),
    "appointed twice": ("panel", say_again("CommissionAppointed")),
    "a link for a stranger": ("panel", edit("SignInLinkRequested", person_id=OTHER)),
    "another seed": ("draw", edit("AssignmentsDrawn", seed="another")),
    "an assignment is gone": ("draw", drop_subject("JudgeAssigned")),
    "assigned twice": ("assigned", say_again("JudgeAssigned")),
    "drawn from another region": ("draw", edit("AssignmentsDrawn", about__0__region="shymkent")),
    "nobody comes instead": ("assigned", edit("JudgeReplaced", by_judge_id=OTHER)),
    "abstains from what is another's": ("assigned", edit("JudgeAbstained", judge_id=OTHER)),
    "a stranger is replaced": ("assigned", edit("JudgeReplaced", judge_id=OTHER)),
    "a known conflict is declared again": ("conflict", say_again("ConflictDeclared")),
    "the same ruling again": ("conflict", say_again("ConflictRuled")),
    "a judge rules on their own conflict": ("conflict", rule_on_own),
    "another office": ("conflict", edit("ConflictRuled", office="chair")),
    "recused without a conflict": ("conflict", edit("JudgeRecused", judge_id=OTHER)),
    "reinstated in spite of a conflict": ("conflict", edit("ConflictRuled", ruling="conflict")),
    "scores in spite of a conflict": ("assigned", edit("ConflictRuled", ruling="conflict")),
    "a conflicted sheet counts": ("conflict", drop("ScoreVoided", -2)),
    "a stranger scores": ("assigned", edit("ScoreRecorded", judge_id=OTHER)),
    "another judge's hand": ("assigned", relabel("ScoreRecorded", ce_actor=f"judge/{OTHER}")),
    "too many points": ("sheet", edit("ScoreRecorded", points__0__points="99")),
    "points between the steps": ("sheet", edit("ScoreRecorded", points__0__points="7.37")),
    "a criterion is missing": ("sheet", edit("ScoreRecorded", points=lambda all: all[1:])),
    "a criterion twice": ("sheet", edit("ScoreRecorded", points=lambda all: [*all, all[0]])),
    "an unknown criterion": ("sheet", edit("ScoreRecorded", points__0__criterion="charm")),
    "a comment that is due is missing": ("sheet", commented(comments=None)),
    "a comment on no criterion": ("sheet", commented(comments__0__criterion="charm")),
    "a sheet is changed without a reason": ("amended", amendment(reason=None)),
    "a change does not name the sheet before": ("amended", amendment(replaces=None)),
    "a change names another sheet": ("amended", amendment(replaces=lambda id: id + "0")),
    "a first sheet gives a reason": ("amended", edit("ScoreRecorded", reason="Жай ғана")),
    "a version nobody saw": ("scored-version", edit("ScoreRecorded", project_version=9)),
    "a version that was revised": ("scored-version", outdated),
    "another sheet is voided": (
        "void",
        edit("ScoreVoided", score_event_id=lambda id: id.rpartition(":")[0] + ":1"),
    ),
    "a score after the seal": ("sealed", say_again("ScoreRecorded")),
    "a void after the seal": ("sealed", say_again("ScoreVoided")),
    "the seal counts otherwise": ("sealed", edit("ScoresSealed", sheets=9)),
    "a round closes at another sequence": (
        "closed",
        edit("RoundClosed", cut=lambda cut: cut | {next(iter(cut)): 1}),
    ),
    "a round leaves a project open": (
        "closed",
        edit("RoundClosed", cut=lambda cut: dict(list(cut.items())[1:])),
    ),
    "another ruleset": ("ruleset", edit("RankingComputed", ruleset_hash=HASH)),
    "the season's weights are others": (
        "ruleset",
        edit("SeasonOpened", season__rounds__0__tie_break=["median"]),
    ),
    "a score is changed": (
        "inputs",
        edit("ScoreRecorded", 4, points__0__points=lambda given: other(given)),
    ),
    "a void is gone from the cut": ("inputs", edit("ScoreVoided", reason="Другая причина")),
    "inputs_hash is another": ("inputs", edit("RankingComputed", inputs_hash=HASH)),
    "table_hash is another": ("table", edit("RankingComputed", table_hash=HASH)),
    "a total is changed": ("table", edit("RankingComputed", table__0__total="9.999999")),
    "too few sheets are hushed up": ("few-sheets", edit("RankingComputed", 1, few_sheets=None)),
    "another is short of sheets": (
        "few-sheets",
        edit("RankingComputed", 1, few_sheets__projects=[OTHER]),
    ),
    "nobody is short of sheets": (
        "few-sheets",
        edit("RankingComputed", few_sheets={"projects": [OTHER], "reason": "Жай ғана"}),
    ),
    "an unscreened project is ranked": (
        "candidates",
        edit("RankingComputed", cut=lambda cut: {k: _first(k, v) for k, v in cut.items()}),
    ),
    "a project is left out of the ranking": (
        "candidates",
        edit("RankingComputed", cut=lambda cut: dict(list(cut.items())[1:])),
    ),
    "slots by another seed": ("slots", edit("PitchesDrawn", seed="another")),
    "a slot for another project": ("slots", edit("PitchesDrawn", pitches__0__project_id=OTHER)),
    "somebody is recused for nothing": ("slots", edit("PitchesDrawn", pitches__0__recused=[OTHER])),
    "slots on another day": (
        "slots",
        edit("PitchesDrawn", days__0__starts_at="2026-01-01T04:00:00.000Z"),
    ),
    "a better slot": ("slots", edit("PitchScheduled", starts_at="2026-03-01T04:00:00.000Z")),
    "slots are drawn twice": ("slots", say_again("PitchesDrawn")),
    "a score before the pitch": ("pitch", score_too_early),
    "a pitch begins twice": ("pitch", say_again("PitchStarted")),
    "a no-show has pitched": ("pitch", say_again("PitchEnded")),
    "a judge begins a pitch": ("pitch", relabel("PitchStarted", ce_actor=f"judge/{OTHER}")),
    "put off twice": ("pitch", say_again("PitchRescheduled")),
    "a longer slot": ("pitch", edit("PitchRescheduled", ends_at="2027-01-01T04:00:00.000Z")),
    "a question under another name": ("question", edit("QuestionAsked", person_id=OTHER)),
    "the office asks": ("question", relabel("QuestionAsked", ce_actor="secretary/office")),
    "asked twice": ("question", say_again("QuestionAsked")),
    "answered twice": ("question", say_again("QuestionAnswered")),
    "an answer to nothing": ("question", edit("QuestionAnswered", question_id=OTHER)),
    "somebody else answers": ("question", edit("QuestionAnswered", person_id=OTHER)),
    "a judge answers": ("question", relabel("QuestionAnswered", ce_actor=f"judge/{OTHER}")),
    "a no-show is chosen": ("decision", edit("DecisionRecorded", -1, projects__2__chosen=True)),
    "others may vote": ("sitting", edit("SittingOpened", voting=lambda all: all[1:])),
    "a roll that names a stranger": (
        "sitting",
        edit("AttendanceTaken", attendance=lambda all: [{"person_id": OTHER, "how": "remote"}]),
    ),
    "a quorum that was not there": ("sitting", edit("QuorumFailed", present=9)),
    "a vote of somebody who is not there": ("sitting", edit("VoteCast", person_id=OTHER)),
    "a motion is counted otherwise": ("sitting", edit("MotionDecided", votes_against=9)),
    "a sitting of another day": (
        "moment",
        edit("SittingClosed", closed_at="2026-03-01T06:00:00.000Z"),
    ),
    "results that were out before": (
        "moment",
        edit("ResultsPublished", published_at="2026-03-01T06:00:00.000Z"),
    ),
    "closed twice": ("sitting", say_again("SittingClosed")),
    "a sitting without its quorum decides": (
        "quorum",
        edit(
            "AttendanceTaken",
            2,
            attendance=lambda all: [member | {"how": "absent"} for member in all],
        ),
    ),
    "no quorum": ("quorum", edit("DecisionRecorded", attended=lambda all: all[:1])),
    "a stranger votes": (
        "quorum",
        edit("DecisionRecorded", attended=lambda all: [OTHER, *all[1:]]),
    ),
    "a smaller quorum": ("quorum", edit("DecisionRecorded", quorum=1)),
    "one too many is chosen": ("decision", edit("DecisionRecorded", projects__3__chosen=True)),
    "another order": ("decision", reorder),
    "a decision on no ranking": (
        "decision",
        edit("DecisionRecorded", ranking_event_id="scoring/round/2020-first:9"),
    ),
    "a decision hides how far it heard": ("decision", edit("DecisionRecorded", heard={})),
    "a decision heard more than was said": (
        "decision",
        edit("DecisionRecorded", heard=lambda heard: heard | dict.fromkeys(list(heard)[:1], 99)),
    ),
    "decided anew when published": ("decision", say_again("DecisionRecorded")),
    "another rank": ("outcome", edit("ProjectShortlisted", rank=9)),
    "another title": ("outcome", edit("ProjectShortlisted", title="Басқа")),
    "shortlisted twice": ("outcome", say_again("ProjectShortlisted")),
    "an outcome is gone": ("outcome", drop("ProjectNotShortlisted", 1)),
    "published otherwise than counted": ("outcome", edit("ResultsPublished", chosen=9)),
    "a larger grant is announced": ("outcome", edit("WinnerAnnounced", amount_tiyn=1)),
    "announced twice": ("outcome", say_again("WinnerAnnounced")),
    "an award above the budget": (
        "award",
        edit("AwardConfirmed", amount_tiyn=lambda tiyn: tiyn * 3),
    ),
    "an award above the defended budget": ("award", award_what_was_asked_for),
    "a line asks for more than it costs": ("defence", edit("BudgetRevised", lines__0=dear)),
    "a budget revised to more": ("defence", edit("BudgetRevised", requested_tiyn=10**12)),
    "a line that asked for something else": (
        "defence",
        edit("BudgetRevised", lines__0__before_tiyn=1),
    ),
    "a stranger has a budget revised": ("defence", edit("BudgetRevised", asked_by=OTHER)),
    "revised by nobody in charge": ("defence", relabel("BudgetRevised", ce_actor="admin/x")),
    "revised twice": ("defence", say_again("BudgetRevised")),
    "an award for who was not chosen": ("award", award_the_last),
    "an award of nothing": ("award", edit("AwardConfirmed", amount_tiyn=0)),
    "more than the funds": ("funds", edit("AwardConfirmed", amount_tiyn=10**12)),
    "the funds were smaller": (
        "funds",
        edit("SeasonOpened", season__nominations=lambda all: [n | {"funds_tiyn": 1} for n in all]),
    ),
    "a withdrawn winner keeps the award": ("declined", drop("AwardDeclined", -1)),
    "another amount is declined": ("declined", edit("AwardDeclined", amount_tiyn=1)),
    "another applicant declines": (
        "declined",
        relabel("AwardDeclined", ce_actor=f"applicant/{OTHER}"),
    ),
    "a judge declines": ("declined", relabel("AwardDeclined", ce_actor=f"judge/{OTHER}")),
    "another reserve": ("decision", edit("DecisionRecorded", 1, reserve=[OTHER])),
    "no reserve, although the season has one": (
        "decision",
        edit("DecisionRecorded", 1, reserve=None),
    ),
    "a shortlist with a reserve": ("decision", edit("DecisionRecorded", reserve=[OTHER])),
    "another place in the reserve": ("outcome", edit("ProjectNotAwarded", reserve=7)),
    "somebody else moves up": ("reserve", edit("AwardAdded", project_id=OTHER)),
    "moves up for no reason on record": (
        "reserve",
        edit("AwardAdded", cause="scoring/awards/2020:1"),
    ),
    "moves up for another reason than it says": (
        "reserve",
        relabel("AwardAdded", ce_causationid="scoring/awards/2020:1"),
    ),
    "two move up for one award": ("reserve", say_again("AwardAdded")),
    "moves up before it was found eligible": (
        "reserve",
        edit("AwardAdded", heard=lambda heard: dict.fromkeys(heard, 1)),
    ),
    "more than the budget for the reserve": ("award", edit("AwardAdded", amount_tiyn=10**11)),
    "more than the funds for the reserve": ("funds", edit("AwardAdded", amount_tiyn=10**12)),
    "another amount for the reserve is announced": (
        "outcome",
        edit("WinnerAnnounced", -1, amount_tiyn=1),
    ),
    "the reserve is announced twice": ("outcome", say_again("WinnerAnnounced", -1)),
    "the reserve is added and not announced": ("outcome", drop("WinnerAnnounced", -1)),
    "a winner announced later without a reason": (
        "outcome",
        edit("WinnerAnnounced", -1, cause=None),
    ),
    "another appeals": ("appeal", relabel("AppealLodged", ce_actor=f"applicant/{OTHER}")),
    "an appeal against another outcome": (
        "appeal",
        edit("AppealLodged", against=lambda id: id.rpartition(":")[0] + ":1"),
    ),
    "an appeal comes late": ("appeal", relabel("AppealLodged", ce_time="2026-04-02T00:00:00.000Z")),
    "appeals are taken longer": (
        "appeal",
        edit("ResultsPublished", appeals_until="2026-09-01T00:00:00.000Z"),
    ),
    "appeals twice": ("appeal", say_again("AppealLodged")),
    "an appeal is resolved twice": ("appeal", say_again("AppealResolved")),
    "a judge resolves an appeal": ("appeal", relabel("AppealResolved", ce_actor=f"judge/{OTHER}")),
    "somebody resolves as the chair": ("appeal", edit("AppealResolved", office="chair")),
    "upheld by nothing": ("appeal", edit("AppealResolved", 1, motion_id=None, voids=[])),
    "upheld against the motion": ("appeal", edit("MotionDecided", carried=False)),
    "another project's sheet is to be void": (
        "appeal",
        edit("AppealResolved", 1, voids=[f"scoring/evaluation/2020-first~{OTHER}:2"]),
    ),
    "a motion about no appeal": ("appeal", edit("MotionPut", project_id=OTHER)),
    "a dismissed appeal corrects": ("correction", edit("AppealResolved", 1, outcome="dismissed")),
    "a sheet is void without its appeal": (
        "correction",
        edit("ScoreVoided", -1, cause=f"scoring/appeal/2020-first~{OTHER}:2"),
    ),
    "a void after the seal without an appeal": ("sealed", edit("ScoreVoided", -1, cause=None)),
    "an upheld appeal voids nothing": ("correction", drop("ScoreVoided", -1)),
    "ranked anew after the results": ("correction", edit("RankingComputed", 2, corrects=None)),
    "a correction of another ranking": (
        "correction",
        edit("RankingComputed", 2, corrects="scoring/round/2020-first:3"),
    ),
    "a correction without a voided sheet": ("correction", say_again("RankingComputed", 2)),
    "a place without an appeal": ("correction", drop_subject("AppealResolved", 1)),
    "a place for another reason than it says": (
        "correction",
        relabel("DecisionCorrected", ce_causationid=None),
    ),
    "a place for who was chosen": ("correction", give_place_to_the_first),
    "a place by another rank": ("correction", edit("DecisionCorrected", rank=1)),
    "a correction of another decision": (
        "correction",
        edit("DecisionCorrected", corrects="scoring/decision/2020-first:9"),
    ),
    "two places on one appeal": ("correction", say_again("DecisionCorrected")),
    "a place that is not told": ("correction", drop("ProjectShortlisted", -1)),
    "an outcome is corrected on its own": ("correction", drop("DecisionCorrected")),
    "an award on no appeal": (
        "correction",
        edit("AwardAdded", -1, cause="scoring/appeal/2020-final~x:2"),
    ),
    "an award corrects another outcome": (
        "correction",
        edit("WinnerAnnounced", -1, corrects="scoring/awards/2020:1"),
    ),
    "two awards on one appeal": ("correction", say_again("AwardAdded", -1)),
    "another webinar": ("webinar", edit("WebinarAnnounced", starts_at="2026-01-01T00:00:00.000Z")),
    "a webinar is not announced": ("webinar", drop_subject("WebinarAnnounced", 1)),
    "confirmed after the start": (
        "registration",
        relabel("WebinarRegistered", ce_time="2027-01-01T00:00:00.000Z"),
    ),
    "cancelled twice": ("registration", say_again("RegistrationCancelled")),
    "confirmed after it was cancelled": ("registration", say_again("WebinarRegistered")),
    "a seat above the capacity": ("capacity", edit("WebinarRegistered", 1, seat=3)),
    "a seat twice": ("capacity", edit("WebinarRegistered", 1, seat=1)),
    "a ticket twice": ("queue", edit("RegistrationWaitlisted", 1, ticket=3)),
    "a later ticket first": ("queue", swap_tickets),
    "a mail is not planned": ("planned", drop_subject("MessagePlanned", 3)),
    "a mail is planned twice": ("planned", say_again("MessagePlanned")),
    "a mail under another id": ("planned", edit("MessagePlanned", occurrence="another")),
    "a mail that nothing calls for": ("due", drop("SignInLinkRequested")),
    "suppressed twice": (
        "suppression",
        both(drop("AddressRestored"), say_again("AddressSuppressed")),
    ),
    "restored twice": ("suppression", say_again("AddressRestored")),
    "accepted twice": ("mail", say_again("MessageAccepted")),
    "sent again without an unknown": (
        "mail",
        edit("MessageAccepted", attempt=lambda number: number + 1),
    ),
}


def other(points: str) -> str:
    return "5.00" if points != "5.00" else "6.00"


def _first(origin: str, sequence: int) -> int:
    return 1 if origin.startswith("submission/project/") else sequence
