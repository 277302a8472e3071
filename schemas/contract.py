"""The contract as files: generated from the models, committed, and compared with them.

`python -m schemas.contract write` makes `schemas/asyncapi.yaml`, `schemas/events/` and
`schemas/people/Person/`. `check` says in words what differs from the models, and what they break
for readers of a release or for a team with a contract in `schemas/consumers/`; it exits with 1
then. `release` keeps today's schemas and samples: from then on others rely on them.
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from schemas import asyncapi
from schemas.base import Event
from schemas.json_schema import json_schema
from schemas.messages import Message, all_messages, faults
from schemas.readme import event_page, index_page, person_page
from schemas.registry import EVENTS
from schemas.releases import broken, release
from schemas.reliance import team_contracts, unmet
from schemas.samples import SAMPLES
from schemas.samples.sample import Sample

ROOT = Path(__file__).parent
GENERATED = ("asyncapi.yaml", "events/*/**/*", "events/README.md", "people/Person/**/*")
HOW_TO_CHANGE = (
    "within a major only optional fields are added: anything else is a new major, which runs beside"
    " the old one; a release that nobody was given yet may be deleted and made again"
    " (schemas/events/README.md)"
)
MAJOR_FILE = re.compile(r"^(?P<folder>[a-z]+/\w+)/v(?P<major>\d+)\.")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _files_of(message: Message, schema: dict[str, Any], readme: str) -> dict[str, str]:
    stem = f"{message.folder}/v{message.major}"
    files = {
        f"{message.folder}/README.md": readme,
        f"{stem}.schema.json": _json(schema),
        f"{stem}.headers.json": _json(message.headers),
    }
    for name, body in message.samples().items():
        files[f"{stem}.samples/{name}.json"] = _json(body)
    return files


def generate(
    events: Mapping[str, type[Event]] = EVENTS, samples: Mapping[str, Sample] = SAMPLES
) -> dict[str, str]:
    """Every generated file by its path below `schemas/`. The same models give the same bytes."""
    messages, teams = all_messages(events, samples), team_contracts(ROOT)
    files = {
        "asyncapi.yaml": asyncapi.document(messages, teams),
        "events/README.md": index_page(events.values()),
    }
    for message in messages:
        schema = json_schema(message.model, message.dataschema, message.visibility)
        if issubclass(message.model, Event):
            readme = event_page(message, message.model, schema, events.values(), teams)
        else:
            readme = person_page(message, schema, teams)
        files |= _files_of(message, schema, readme)
    return files


def _present(root: Path) -> set[str]:
    return {
        path.relative_to(root).as_posix()
        for pattern in GENERATED
        for path in root.glob(pattern)
        if path.is_file() and ".released/" not in path.as_posix()
    }


def _stale(root: Path, expected: Mapping[str, str], majors: Mapping[str, int]) -> list[str]:
    """Files that no model makes. Those of an event's earlier majors stay: the log holds such."""
    stale = []
    for name in sorted(_present(root) - expected.keys()):
        match = MAJOR_FILE.match(name)
        if not match or int(match["major"]) >= majors.get(match["folder"], 0):
            stale.append(name)
    return stale


def _majors() -> dict[str, int]:
    return {message.folder: message.major for message in all_messages()}


def drift(root: Path = ROOT) -> list[str]:
    """In words, how the files below `root` differ from the models; empty when they agree."""
    expected = generate()
    found = faults()
    for name, text in expected.items():
        path = root / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif (there := path.read_text(encoding="utf-8")) != text:
            found.append(f"{name} differs from the models, {_first_difference(there, text)}")
    unknown = _stale(root, expected, _majors())
    return found + [f"{name} is made from no model" for name in unknown]


def _first_difference(there: str, expected: str) -> str:
    pairs = zip_longest(there.splitlines(), expected.splitlines())
    for number, (has, wants) in enumerate(pairs, start=1):
        if has != wants:
            return f"first in line {number}: it has {has!r} and should have {wants!r}"
    return "in its line ends"


def write(root: Path = ROOT) -> list[str]:
    """Make the files below `root` agree with the models; says what was changed.

    Idempotent. Raises ValueError, and changes nothing, when a model lacks its sample or its words.
    """
    if found := faults():
        raise ValueError("\n".join(found))
    expected, changed = generate(), []
    for name, text in expected.items():
        path = root / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        changed.append(f"wrote {name}")
    for name in _stale(root, expected, _majors()):
        (root / name).unlink()
        changed.append(f"removed {name}")
    return changed


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit code 1 when `check` finds something or the others can't be done."""
    parser = argparse.ArgumentParser(prog="python -m schemas.contract", description=__doc__)
    parser.add_argument("action", choices=("write", "check", "release"))
    parser.add_argument("--root", type=Path, default=ROOT, help="the folder of the contract")
    options = parser.parse_args(arguments)
    try:
        done = {"write": _write, "check": _check, "release": _release}[options.action](options.root)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(done))
    return 0


def _write(root: Path) -> list[str]:
    return write(root) or ["the contract agrees with the models already"]


def _check(root: Path) -> list[str]:
    if found := drift(root):
        raise ValueError("\n".join([*found, "mend it with: make contract"]))
    messages = all_messages()
    relied = [line for team in team_contracts(root) for line in unmet(team, messages)]
    if found := broken(root) + relied:
        raise ValueError("\n".join([*found, HOW_TO_CHANGE]))
    return ["the contract agrees with the models, its releases and its readers"]


def _release(root: Path) -> list[str]:
    if found := drift(root):
        raise ValueError("\n".join([*found, "mend it first with: make contract"]))
    return release(root) or ["nothing has changed since the last release"]


if __name__ == "__main__":
    sys.exit(main())
