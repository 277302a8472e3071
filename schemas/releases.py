"""Releases: schemas and samples as they were when other teams began to rely on them.

`<message>/v<major>.released/<n>.schema.json` and `<n>.samples.json` are kept for ever. Today's
model must understand all of them, and their readers must understand today's events.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas.compatibility import breaks
from schemas.json_schema import json_schema
from schemas.messages import Message, all_messages
from schemas.reliance import TeamContract, relying_on, team_contracts

FOLDER = re.compile(r"^(?P<folder>[a-z]+/\w+)/v(?P<major>\d+)\.released/")
WORDS_ALONE = {"title", "description"}


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a message's major: its schema and the samples it came with."""

    number: int
    schema: Mapping[str, Any]
    samples: Mapping[str, Any]


def releases_of(root: Path, folder: str, major: int) -> list[Release]:
    """The releases kept below `root`, the first one first."""
    place = root / folder / f"v{major}.released"
    numbers = sorted(int(path.name.split(".")[0]) for path in place.glob("*.schema.json"))
    return [
        Release(number, _read(place / f"{number}.schema.json"), _read(_samples(place, number)))
        for number in numbers
    ]


def broken(root: Path, messages: Sequence[Message] | None = None) -> list[str]:
    """In words, what today's models and the releases below `root` break of each other."""
    known = all_messages() if messages is None else messages
    teams = team_contracts(root)
    found = [line for message in known for line in _broken_by(root, message, teams)]
    return found + list(_abandoned(root, known))


def release(root: Path) -> list[str]:
    """Keep today's schemas as the next releases, where they differ; the files written.

    Raises ValueError, and writes nothing, while anything is broken.
    """
    messages = all_messages()
    if found := broken(root, messages):
        raise ValueError("\n".join(found))
    written = []
    for message in messages:
        schema, kept = _schema(message), releases_of(root, message.folder, message.major)
        if kept and _bare(kept[-1].schema) == _bare(schema):
            continue
        number = kept[-1].number + 1 if kept else 1
        place = root / message.folder / f"v{message.major}.released"
        place.mkdir(parents=True, exist_ok=True)
        _write(place / f"{number}.schema.json", schema)
        _write(_samples(place, number), message.samples())
        written.append(f"released {message.model.__name__} v{message.major} as {number}")
    return written


def _broken_by(root: Path, message: Message, teams: Sequence[TeamContract]) -> Iterator[str]:
    name = message.model.__name__
    for kept in releases_of(root, message.folder, message.major):
        for found in breaks(name, kept.schema, kept.number, _schema(message)):
            concerned = relying_on(teams, found.path) if found.direction == "forward" else []
            yield f"{found} (read by {', '.join(concerned)})" if concerned else str(found)
        for sample, body in kept.samples.items():
            try:
                message.model.model_validate_json(json.dumps(body))
            except ValidationError as error:
                yield (
                    f"{name} no longer reads the {sample} sample of release {kept.number}: "
                    f"{_first(error)}"
                )


def _abandoned(root: Path, messages: Sequence[Message]) -> Iterator[str]:
    """Released messages that no model says or reads any more."""
    majors = {message.folder: message.major for message in messages}
    for place in sorted(root.glob("*/*/v*.released")):
        match = FOLDER.match(f"{place.relative_to(root).as_posix()}/")
        assert match is not None
        if int(match["major"]) > majors.get(match["folder"], 0):
            said = f"{place.parent.name} v{match['major']}"
            yield f"{said} was released and has no model: its readers hear nothing any more"


def _schema(message: Message) -> dict[str, Any]:
    return json_schema(message.model, message.dataschema, message.visibility)


def _bare(schema: Any) -> Any:
    """The schema without what is only told to people."""
    if isinstance(schema, Mapping):
        return {
            key: _bare(value)
            for key, value in schema.items()
            if not (key in WORDS_ALONE and isinstance(value, str))
        }
    return [_bare(item) for item in schema] if isinstance(schema, list) else schema


def _first(error: ValidationError) -> str:
    told = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, told["loc"])) or "(whole)"
    return f"{where}: {told['msg']}"


def _samples(place: Path, number: int) -> Path:
    return place / f"{number}.samples.json"


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")
