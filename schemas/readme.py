"""The contract's pages for people: one per event, one of all events, one of the people record."""

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from schemas.base import POINTS_PATTERN, SLUG_PATTERN, UUID_PATTERN, Event
from schemas.messages import Message
from schemas.reliance import TeamContract
from schemas.topics import SERVICES_WITH_PEOPLE, people, stream

NOTE = "<!-- Made by `make contract` from the models in schemas/: change those, not this. -->"
VISIBILITY = {
    "internal": "for the services alone: what is shown of it is for each service to decide",
    "after-results": "under embargo until the ResultsPublished of its round",
    "public": "may be shown to anybody as soon as it is said",
}
PATTERNS = {
    UUID_PATTERN: "UUID",
    SLUG_PATTERN: "slug",
    "^[0-9a-f]{64}$": "SHA-256 in hex",
    POINTS_PATTERN: "decimal in a string",
}
FORMATS = {
    "date-time": "time in UTC with milliseconds",
    "date": "date",
    "email": "e-mail address",
}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines]


def type_words(node: dict[str, Any]) -> str:
    """A JSON Schema node in a few words."""
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in node:
        return " or ".join(type_words(part) for part in node["anyOf"])
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return " or ".join(f"`{value}`" for value in node["enum"])
    match node.get("type"):
        case "array":
            return f"list of {type_words(node['items'])}{_range(node, 'minItems', 'maxItems')}"
        case "integer":
            return f"integer{_range(node, 'minimum', 'maximum')}"
        case "object":
            return f"object: any key to {type_words(node['additionalProperties'])}"
        case "string":
            return _string_words(node)
        case other:
            return str(other)


def _string_words(node: dict[str, Any]) -> str:
    if pattern := node.get("pattern"):
        return PATTERNS.get(pattern, f"text like `{pattern}`")
    if form := node.get("format"):
        return FORMATS.get(form, str(form))
    return f"text{_range(node, 'minLength', 'maxLength')}"


def _range(node: dict[str, Any], low: str, high: str) -> str:
    if low in node and high in node:
        return f", {node[low]} to {node[high]}"
    if low in node:
        return f", at least {node[low]}"
    return f", at most {node[high]}" if high in node else ""


def _fields(schema: dict[str, Any]) -> list[str]:
    required = schema.get("required", [])
    rows = [
        (f"`{name}`", type_words(node), _presence(name in required, node), node["description"])
        for name, node in schema["properties"].items()
    ]
    return _table(("field", "type", "required", "meaning"), rows)


def _presence(required: bool, node: dict[str, Any]) -> str:
    if required:
        return "yes"
    return f"no, else `{json.dumps(node['default'])}`" if "default" in node else "no"


def _body(message: Message, schema: dict[str, Any]) -> list[str]:
    """The fields of the body and of everything in it, and the links to schema and samples."""
    lines = ["## Fields", "", *_fields(schema), ""]
    for name, part in schema.get("$defs", {}).items():
        lines += [f"### {name}", "", part["description"], "", *_fields(part), ""]
    stem = f"v{message.major}"
    lines += ["Readers ignore fields that they do not know.", "", "## Files", ""]
    lines += [
        f"* [JSON Schema]({stem}.schema.json), `{message.dataschema}`",
        f"* [the smallest body]({stem}.samples/minimal.json): required fields only",
        f"* [the full body]({stem}.samples/full.json) and [its headers]({stem}.headers.json)",
    ]
    if message.kazakh is None:
        lines.append("* no Kazakh sample: the body carries no free text")
    else:
        lines.append(f"* [a body with Kazakh text]({stem}.samples/kazakh.json)")
    return [*lines, ""]


def _page(title: str, description: str, facts: Iterable[Sequence[str]], body: list[str]) -> str:
    head = [f"# {title}", "", NOTE, "", description, "", *_table(("", ""), facts), ""]
    return "\n".join([*head, *body])


def event_page(
    message: Message,
    model: type[Event],
    schema: dict[str, Any],
    events: Iterable[type[Event]],
    teams: Iterable[TeamContract],
) -> str:
    """What a reader of one event needs to know of it."""
    siblings = [
        f"[{other.type_name()}](../{other.type_name()}/README.md)"
        for other in events
        if other.SERVICE == model.SERVICE
        and set(other.kinds()) & set(model.kinds())
        and other is not model
    ]
    subjects = " or ".join(f"`{kind}/<id>`" for kind in model.kinds())
    order = f"`ce_sequence` counts the events of one {subjects} from 1 without gaps"
    if siblings:
        order += f", together with {', '.join(siblings)}"
    facts = [
        ("Said when", model.SAID_WHEN),
        ("Said by", model.SERVICE),
        ("Heard by", _heard_by(teams, model.type_name(), "../..")),
        ("Topic", f"`{stream(model.SERVICE)}`, told apart by `ce_type` `{model.type_name()}`"),
        (
            "Key",
            f"`ce_subject`, which is {subjects}: `{message.headers['ce_subject']}`",
        ),
        ("Order", f"{order}. Between two subjects there is no order."),
        ("x-visibility", f"`{model.VISIBILITY}`: {VISIBILITY[model.VISIBILITY]}"),
    ]
    return _page(model.type_name(), schema["description"], facts, _body(message, schema))


def _heard_by(teams: Iterable[TeamContract], type_name: str, up: str) -> str:
    """The teams whose contract names the message, each with a link to it."""
    found = [
        f"[{team.team}]({up}/consumers/{team.team}/contract.yaml)"
        for team in teams
        if type_name in team.types()
    ]
    return ", ".join(found) or "nobody whose contract is in `schemas/consumers/`"


def person_page(message: Message, schema: dict[str, Any], teams: Iterable[TeamContract]) -> str:
    """The people record, with the rule by which a person is forgotten."""
    topics = ", ".join(f"`{people(service)}`" for service in SERVICES_WITH_PEOPLE)
    facts = [
        ("Written when", "a service meets a person, or what it knows of the person changes"),
        ("Written by", f"each service that meets people: {', '.join(SERVICES_WITH_PEOPLE)}"),
        ("Heard by", _heard_by(teams, message.headers["ce_type"], "../..")),
        ("Topics", f"{topics}; compacted, `ce_type` `{message.headers['ce_type']}`"),
        (
            "Key",
            f"the person id alone; `ce_subject` is `person/<id>`: "
            f"`{message.headers['ce_subject']}`",
        ),
        ("Order", "`ce_sequence` counts the records of one person from 1 without gaps."),
        ("x-visibility", f"`internal`: {VISIBILITY['internal']}"),
    ]
    erasing = [
        "## Erasing: the tombstone",
        "",
        "A record with the person's key, the headers of the next `ce_sequence` and **no value**",
        "is a tombstone: the person was erased. Compaction removes every earlier record of the",
        "key; the tombstone itself is kept for 90 days, so that a reader that was away hears it.",
        "Whoever reads a tombstone forgets the person: name, address, language, consents and",
        "organisation, in every document and file it wrote them to. A message that still waits",
        "for an erased person ends suppressed. A record that comes again with a lower",
        "`ce_sequence` than the tombstone is a repeat and brings nobody back.",
        "",
        "These topics are the only place in Kafka with personal data. Domain events carry person",
        "ids, and an erased person's id stays in them. There is one record per registration, not",
        "per human: erasing one does not touch another.",
        "",
    ]
    return _page(
        message.model.__name__, schema["description"], facts, _body(message, schema) + erasing
    )


def _changes() -> list[str]:
    """What may change within a major, and what may not."""
    rows = [
        ("a field is added, and may be left out", "nobody"),
        ("a field is added, and is required", "today's readers: old events lack it"),
        ("a field goes, may be left out or may be null", "readers of a release who rely on it"),
        ("a field's type, pattern or format changes", "both"),
        ("one more value in a list of values, or wider bounds", "readers of a release"),
        ("one value less, or narrower bounds", "today's readers of old events"),
        ("x-visibility changes", "who shows it, or what was promised of old events"),
    ]
    return [
        "## What may change",
        "",
        "What others rely on is kept in `v<major>.released/`: schema and samples of each release.",
        "`python -m schemas.contract check` compares today's models with all of them in both",
        "directions and says in words who would break on what. Within a major only optional fields",
        "are added; anything else is a new major, a file of its own beside the old one. A release",
        "that was given to nobody yet may be made again: delete its files, then",
        "`python -m schemas.contract release`.",
        "",
        *_table(("change", "breaks"), rows),
        "",
    ]


def index_page(events: Iterable[type[Event]]) -> str:
    """All events, by the service that says them."""
    lines = [
        "# The events",
        "",
        NOTE,
        "",
        "One folder per event: when it is said, its JSON Schema (one file a major), sample bodies",
        "as they stand on the wire, and sample headers. Extension headers without a value are left",
        "out: `ce_causationid` is there only when another event led to this one. Personal data is",
        "in none of them: see [Person](../people/Person/README.md). Who relies on what of them is",
        "in [consumers](../consumers/README.md); topics and headers are in",
        "[asyncapi.yaml](../asyncapi.yaml).",
        "",
        *_table(("x-visibility", "who may see it"), [(f"`{k}`", v) for k, v in VISIBILITY.items()]),
        "",
    ]
    lines += _changes()
    for service, said in groupby(events, key=lambda model: model.SERVICE):
        rows = [
            (
                f"[{model.type_name()}]({model.type_name()}/README.md)",
                " or ".join(f"`{kind}`" for kind in model.kinds()),
                model.SAID_WHEN,
                f"`{model.VISIBILITY}`",
            )
            for model in said
        ]
        lines += [f"## {service}: `{stream(service)}`", ""]
        lines += [*_table(("event", "said by a", "when", "x-visibility"), rows), ""]
    return "\n".join(lines)
