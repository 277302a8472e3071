"""What a field means, in words: its docstring in the model, or else the glossary below.

The glossary holds the names that mean the same in every event. A docstring under the field in the
model takes precedence; a field that has neither is a fault that `schemas.contract` reports.
"""

import ast
import inspect
import textwrap
from functools import cache

from schemas.base import Contract

GLOSSARY = {
    "about": "What the message is about: the subject of the event that calls for it.",
    "accepted_at": "When the recipient's mail server took the message.",
    "amount_tiyn": "The grant, in tiyn.",
    "attempt": "Which attempt at sending this was, from 1.",
    "attended": "Person ids of the members who took part in the sitting.",
    "award_day": "The day the winners are announced, in the season's time zone.",
    "bin": "Business identification number: 12 digits.",
    "budget": "What the project costs, line by line.",
    "capacity": "How many seats there are; null when everybody gets a link.",
    "chosen": "Whether the project was chosen.",
    "closed_at": "From this moment on nothing is accepted.",
    "consents": "What the person agreed to, one name each.",
    "contact_person_id": "The person who is written to; name and address are in `people` alone.",
    "content": "The version that was handed in: what is judged.",
    "criteria": "The rubric.",
    "criterion": "Id of the criterion in the round's rubric.",
    "cut": "The last sequence taken into account of each `<service>/<kind>/<id>`.",
    "deadline": "The last moment for handing in, before the minutes of grace.",
    "email": "The address given at registration, the only one that is written to.",
    "en": "The text in English.",
    "ends_at": "When the webinar ends.",
    "final_days": "The days of the final, in the season's time zone.",
    "funds_tiyn": "What can be awarded in all, in tiyn.",
    "goals": "The Sustainable Development Goals, by number.",
    "grace_minutes": "How long after the deadline a project is still accepted.",
    "id": "The readable id that other messages refer to.",
    "judge_id": "Person id of the judge.",
    "judges": "Person ids of the judges in the draw, sorted.",
    "judges_per_project": "How many judges score each project; `all` is the whole panel.",
    "kind": "City of republican significance, or region.",
    "kk": "The text in Kazakh.",
    "language": "Kazakh, Russian or English.",
    "languages": "The languages a project may be written in.",
    "lines": "The costs, one by one.",
    "maximum": "The highest points a judge can give.",
    "members": "The people appointed to the panel.",
    "message_id": "The message; the same on every attempt.",
    "minimum": "The lowest points a judge can give.",
    "minimum_sheets": "With fewer score sheets than this a project is not ranked.",
    "minutes": "How long it lasts.",
    "motion_id": "The motion, as the secretary's client named it.",
    "name": "The name.",
    "nomination": "Id of the nomination.",
    "nominations": "The categories, each with its part of the funds.",
    "not_chosen": "How many projects were not chosen.",
    "occurrence": "Sets this message apart from others of its purpose: event, version or resend.",
    "opens_at": "From this moment on projects are accepted.",
    "organisation": "Name of the NGO.",
    "outcome": "Whether the project goes on to the judges.",
    "own_tiyn": "The NGO's own share, in tiyn.",
    "panel": "The jury of the first round, or the commission of the final.",
    "panels": "The bodies that score, by their posts.",
    "person_id": "The person, as in `people`; one id per registration, not per human.",
    "points": "The points.",
    "post": "The post the member holds: public record.",
    "present": "How many voting members take part, in person or remotely.",
    "project_id": "The project.",
    "project_version": "The version of the project that the judge read.",
    "projects": "The projects concerned.",
    "purpose": "What the message is for.",
    "quantity": "How many are bought.",
    "quorum": "How many members a valid sitting needs.",
    "rank": "Place in the ranking, from 1.",
    "ranking_event_id": "`ce_id` of the RankingComputed that was decided on.",
    "reason": "Why, in one sentence.",
    "reason_code": "Why the project is ineligible; null when it is eligible.",
    "region": "Id of the region, as the season defines it.",
    "regions": "The regions as they stood in this season.",
    "registration_id": "The registration.",
    "requested_tiyn": "What is asked of the fair, in tiyn.",
    "required": "Whether a score sheet without this criterion is refused.",
    "restored_at": "From this moment on mails are sent again.",
    "role": "What the member does on the panel; the secretary does not vote.",
    "round_id": "The evaluation stage.",
    "rounds": "The evaluation stages, in order.",
    "ru": "The text in Russian.",
    "ruleset_hash": "SHA-256 of the rules that the ranking was computed by.",
    "schedule_version": "Counts the changes of the schedule from 1: a calendar entry's SEQUENCE.",
    "score_event_id": "`ce_id` of the ScoreRecorded that no longer counts.",
    "season": "The definition: everything the season is run by.",
    "season_id": "The season.",
    "seats": "The places on the panel.",
    "seed": "What the draw starts from: the same seed and lists give the same draw.",
    "settlement_kind": "Where the project works.",
    "settlement_kinds": "The kinds of settlement a project may name.",
    "sheets": "How many score sheets count.",
    "sitting_id": "The sitting, as the secretary's client named it.",
    "smtp_reply": "The mail server's answer.",
    "speaker": "Who speaks.",
    "starts_at": "When the webinar starts.",
    "step": "Points are given in multiples of this, from the minimum up.",
    "submitted_at": "When the server received it.",
    "summary": "The idea in the applicant's words.",
    "suppressed_at": "From this moment on nothing is sent.",
    "table": "The ranking, best first.",
    "table_hash": "SHA-256 of the ranking's table in canonical form.",
    "theme": "What this season is about.",
    "ticket": "Place in the queue: lower numbers get a free seat first.",
    "timezone": "IANA name of the organiser's time zone.",
    "title": "The title.",
    "total_tiyn": "The sum of all costs, in tiyn.",
    "unit_price_tiyn": "What one costs, in tiyn.",
    "version": "The project's version, from 1; a version never changes.",
    "webinar_id": "The webinar.",
    "webinars": "The webinars of the season.",
    "weight": "The criterion's part of the total; a rubric's weights add up to 1.",
    "Budget.requested_tiyn": "What is asked of the fair in all, in tiyn.",
    "BudgetLine.title": "What is paid for.",
    "CriterionPoints.points": "The points given: an exact decimal, written as a string.",
    "DecisionRecorded.projects": "What was decided of each project.",
    "AssignmentsDrawn.projects": "Ids of the projects in the draw, sorted.",
    "JudgeAssigned.judge_id": "Person id of the judge who got the project.",
    "Nomination.funds_tiyn": "What can be awarded in this nomination, in tiyn.",
    "Organisation.name": "The NGO's name.",
    "Person.language": "The language the person is written to in.",
    "Person.name": "How the person is addressed.",
    "PanelDefinition.name": "The jury of the first round, or the commission of the final.",
    "Person.organisation": "Whom the person named as theirs when registering.",
    "ProjectContent.organisation": "The NGO that hands the project in.",
    "ResultsPublished.chosen": "How many projects were chosen.",
    "ScoreRecorded.points": "The points, one entry per criterion scored.",
    "WebinarRegistered.person_id": "The person who is due a personal link.",
}


def description_of(model: type[Contract], field: str) -> str:
    """What `field` of `model` means, or an empty text when nobody has said."""
    if text := model.model_fields[field].description:
        return text
    for owner in model.__mro__:
        if issubclass(owner, Contract) and (text := _docstrings(owner).get(field)):
            return text
    return GLOSSARY.get(f"{model.__name__}.{field}") or GLOSSARY.get(field, "")


@cache
def _docstrings(model: type[Contract]) -> dict[str, str]:
    """The docstrings that stand under the fields in the model's source."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for line, following in zip(tree.body, tree.body[1:], strict=False):
        match line, following:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(inspect.cleandoc(text).split())
    return found
